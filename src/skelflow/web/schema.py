"""What the API says, as its OpenAPI description lists it."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from skelflow.web.jobs import Job, Jobs

Answer = dict[str, Any]


class Sentence(BaseModel):
    """Why there is no answer."""

    error: str


class Sample(BaseModel):
    """A recording that is here already."""

    name: str
    title: str


class Overview(BaseModel):
    """What this server knows."""

    network: str = Field(description="the network's name")
    weights: str
    actions: list[str] = Field(description="what it can answer")
    samples: list[Sample]
    endings: list[str] = Field(description="of files that recordings consist of; a .zip of them")
    most_bytes: int = Field(description="of an upload")
    most_files: int = Field(description="of a .zip")


class JobStatus(BaseModel):
    """How far a recording is."""

    id: str
    name: str
    state: Literal["receiving", "waiting", "working", "done", "failed"]
    ahead: int = Field(description="recordings before it in the queue")
    stage: str
    done: int
    total: int
    error: str = Field(description="why it failed, one sentence")


def status_of(jobs: Jobs, job: Job) -> JobStatus:
    """How far a job is."""
    return JobStatus(
        id=job.id,
        name=job.name,
        state=job.state,
        ahead=jobs.ahead(job),
        stage=job.stage,
        done=job.done,
        total=job.total,
        error=job.error,
    )


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How answers of these statuses are described."""
    return {status: {"model": Sentence} for status in statuses}
