"""Human action recognition from RGB-D recordings, by scene flow with skeleton-guided attention."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from skelflow.version import __version__ as __version__

if TYPE_CHECKING:
    from skelflow.flow.api import scene_flow
    from skelflow.flow.sequence import scene_flow_sequence
    from skelflow.inference import Recognizer
    from skelflow.models.registry import create_model, list_models
    from skelflow.recordings import open_recording
    from skelflow.types import Camera, Recording

_HOME = {
    "Camera": "skelflow.types",
    "Recognizer": "skelflow.inference",
    "Recording": "skelflow.types",
    "create_model": "skelflow.models.registry",
    "list_models": "skelflow.models.registry",
    "open_recording": "skelflow.recordings",
    "scene_flow": "skelflow.flow.api",
    "scene_flow_sequence": "skelflow.flow.sequence",
}

__all__ = [
    "Camera",
    "Recognizer",
    "Recording",
    "create_model",
    "list_models",
    "open_recording",
    "scene_flow",
    "scene_flow_sequence",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'skelflow' has no attribute {name!r}")
    try:
        home = import_module(_HOME[name])
    except ModuleNotFoundError as error:
        from skelflow.extras import missing_extra

        raise (missing_extra(error) or error) from error
    return getattr(home, name)
