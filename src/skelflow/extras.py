"""Optional dependencies: which extra installs a package that is missing."""

from importlib.util import find_spec

from skelflow.errors import SkelflowError

EXTRA_OF = {
    "OpenEXR": "exr",
    "PIL": "viz",
    "ai_edge_litert": "pose",
    "accelerate": "train",
    "av": "video",
    "bokeh": "dashboard",
    "dask": "cluster",
    "distributed": "cluster",
    "fastapi": "web",
    "h5py": "keras",
    "huggingface_hub": "train",
    "jinja2": "viz",
    "matplotlib": "viz",
    "numcodecs": "train",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "openvino": "openvino",
    "pyrealsense2": "realsense",
    "rerun": "rerun",
    "rosbags": "ros",
    "safetensors": "train",
    "simplejpeg": "jpeg",
    "sklearn": "train",
    "starlette": "web",
    "tensorboard": "tensorboard",
    "torch": "train",
    "uvicorn": "web",
    "websockets": "web",
    "zarr": "train",
}


class MissingExtraError(SkelflowError, ImportError):
    """A package of an extra that is not installed is needed.

    Examples
    --------
    >>> print(MissingExtraError("torch"))
    torch is not installed; this needs: pip install "skelflow[train]"
    """

    def __init__(self, package: str) -> None:
        super().__init__(
            f'{package} is not installed; this needs: pip install "skelflow[{EXTRA_OF[package]}]"'
        )


def missing_extra(error: ModuleNotFoundError) -> MissingExtraError | None:
    """The error to raise instead of `error`; None unless it is about a package of an extra."""
    package = (error.name or "").partition(".")[0]
    return MissingExtraError(package) if package in EXTRA_OF else None


def require(*packages: str) -> None:
    """Raise `MissingExtraError` before work begins that would end at a missing package."""
    for package in packages:
        if find_spec(package) is None:
            raise MissingExtraError(package)
