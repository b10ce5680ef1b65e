"""Whatever the API is asked, as its own description allows it, it never fails."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from skelflow.web.limits import Limits
from tests.web.visitor import serving, write_recording


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    folder = tmp_path_factory.mktemp("recordings")
    with serving(write_recording(folder / "here"), Limits(waiting=2, work_s=20.0)) as address:
        yield schemathesis.openapi.from_url(f"{address}openapi.json")


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_api_answers_or_refuses_and_never_fails(case: schemathesis.Case) -> None:
    response = case.call()
    busy = response.status_code == 503 and "busy" in response.json()["error"]
    assert response.status_code < 500 or busy
