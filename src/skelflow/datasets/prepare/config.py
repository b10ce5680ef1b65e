"""Settings of preparation: the flow that is stored, and how the work is done."""

from typing import Annotated, Any

from pydantic import Field

from skelflow.datasets.settings import FlowSettings
from skelflow.pose import PoseMode
from skelflow.settings import Count, Settings


class PrepareConfig(Settings):
    """How recordings become prepared sequences; the defaults are the paper's.

    Parameters
    ----------
    flow : crop, size, stride, solver, range; each may be given by its own name instead.
    skeletons_only : no flow at all: recordings need skeletons and no depth, and the store feeds
        the networks that read skeletons alone.
    pose : "auto" estimates joints where a recording has none, "estimate" always, "recorded" never.
    protocol : who trains, for measuring the range; None = the data set's usual protocol.
    workers : processes that prepare recordings side by side.
    retries : how often a recording is tried again whose worker died or failed unexpectedly.

    Raises
    ------
    ConfigError
        A value is out of range, or both kinds of range are asked for.

    Examples
    --------
    >>> PrepareConfig(stride=1, workers=2) == PrepareConfig(flow=FlowSettings(stride=1), workers=2)
    True
    """

    flow: FlowSettings = FlowSettings()
    skeletons_only: bool = False
    pose: PoseMode = "recorded"
    protocol: str | None = None
    workers: Count = 1
    retries: Annotated[int, Field(ge=0)] = 3

    def __init__(self, **values: Any) -> None:
        of_flow = {name: values.pop(name) for name in FlowSettings.model_fields if name in values}
        if of_flow:
            values["flow"] = values.get("flow", FlowSettings()).replace(**of_flow)
        super().__init__(**values)
