"""A picture of fitted cameras: their reprojection errors, and where joints were seen."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from skelflow.datasets.inspect.calibration import Calibration
from skelflow.io.atomic import atomic_write

_MOST_POINTS = 4000  # drawn of one image


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Draw, for each device, joints over the depth and the color image, colored by their error.

    A third column shows how many joints have at most which error.

    Parameters
    ----------
    calibration : with at least one device.
    path : of the PNG.

    Raises
    ------
    DataError
        It cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    devices = list(calibration.sensors.devices)
    figure = Figure(figsize=(15, 0.6 + 3.6 * len(devices)), layout="constrained")
    rows = FigureCanvasAgg(figure).figure.subplots(len(devices), 3, squeeze=False)
    for device, axes in zip(devices, rows, strict=True):
        _draw_device(calibration, device, axes)
    with atomic_write(path) as aside:
        figure.savefig(aside, dpi=100, format="png")


def _draw_device(calibration: Calibration, device: str, axes: Any) -> None:
    fitted = calibration.sensors.devices[device]
    names = [name for name, where in calibration.sensors.viewpoints.items() if where == device]
    viewpoints = [calibration.viewpoints[name] for name in names]
    axes[0].set_ylabel(f"{device}: {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}")
    views = ("depth", fitted.camera, axes[0]), ("color", fitted.projection, axes[1])
    for title, view, image in views:
        field = f"{title}_px"
        seen = np.concatenate([getattr(viewpoint.seen, field) for viewpoint in viewpoints])
        errors = [v.errors for v in viewpoints if v.errors is not None]
        error = np.concatenate([getattr(each, field) for each in errors])
        known = np.isfinite(error) & np.isfinite(seen).all(axis=1)
        if view is not None:
            _scatter(image, seen[known], error[known], (view.width, view.height), title)
            _accumulate(axes[2], error[known], title)
    axes[2].set_xlabel("reprojection error, pixels")
    axes[2].set_ylabel("% of joints at most")
    axes[2].set_xscale("log")
    axes[2].legend()


def _scatter(
    axes: Any,
    seen_px: Float64[np.ndarray, "n 2"],
    error_px: Float64[np.ndarray, " n"],
    size: tuple[int, int],
    title: str,
) -> None:
    step = -(-max(len(seen_px), 1) // _MOST_POINTS)
    x, y = seen_px[::step].T
    dots = axes.scatter(x, y, c=error_px[::step], s=3, cmap="viridis", vmin=0)
    axes.set_xlim(0, size[0])
    axes.set_ylim(size[1], 0)
    axes.set_aspect("equal")
    axes.set_title(f"joints in the {title} image")
    axes.figure.colorbar(dots, ax=axes, label="reprojection error, pixels", shrink=0.8)


def _accumulate(axes: Any, error_px: Float64[np.ndarray, " n"], title: str) -> None:
    rising = np.sort(np.maximum(error_px, 1e-6))
    share = 100 * np.arange(1, len(rising) + 1) / max(len(rising), 1)
    axes.plot(rising, share, label=title)
