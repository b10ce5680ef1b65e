"""Two depth images, and color if there is any, as a recording of two frames."""

from pathlib import Path

import numpy as np

from skelflow.camera.depth_units import check_meters, check_scale, without_codes
from skelflow.camera.plausible import check_camera
from skelflow.errors import ConfigError, DataError, FormatError
from skelflow.io.arrays import read_arrays
from skelflow.io.files import is_folder
from skelflow.recordings import find_reader, open_recording
from skelflow.recordings.streams.image_headers import check_pixels
from skelflow.recordings.streams.images import color_shift, read_color, read_depth_png
from skelflow.types import Camera, Color, Depth, Frames, Recording

FOV_X_DEG = 62.5  # horizontal field of view of the first Kinect, as the method's authors take it
DEPTH_SCALE = 0.001  # millimeters
_LARGEST_SCALE = 1000.0

_IMAGES = (".png", ".npy", ".npz", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".pgm")
_BEYOND_M = 1e9  # is refused; larger numbers would be infinite as float32
_RATE_HZ = 30.0  # unknown; only the time written into pictures depends on it


def open_frames(
    first: str | Path,
    second: str | Path | None = None,
    *,
    color: tuple[Path, Path] | None = None,
    depth_scale: float | None = None,
    fov_x_deg: float | None = None,
    lens: tuple[float, float, float, float] | None = None,
    any_depth: bool = False,
) -> Recording:
    """A recording, or two depth images as one of two frames.

    Parameters
    ----------
    first : a recording when it stands alone, else a depth image: 16-bit PNG, or `.npy` or `.npz`
        of meters (floats) or of units (integers, and floats where `depth_scale` is given).
    second : the depth image after it.
    color : their images, color or gray, in the depth images' pixels.
    depth_scale : meters a unit; when not given, 0.001 of integer depth, and floats are meters.
    fov_x_deg : horizontal field of view, degrees; 62.5 when neither it nor `lens` is given.
    lens : fx, fy, cx, cy in pixels.
    any_depth : take depth in units even when its median is none a sensor would deliver.

    Raises
    ------
    FormatError
        A file is missing, damaged, of another kind or size.
    DataError
        `first` is a single depth image, or depth is not in meters after scaling.
    ConfigError
        An option of depth images is given with a recording, or two exclude each other.
    """
    first = Path(first)
    if second is None:
        _check_alone(first)
        given = {
            "--color": color,
            "--depth-scale": depth_scale,
            "--fov": fov_x_deg,
            "--camera": lens,
            "--any-depth": any_depth or None,
        }
        if extra := [name for name, value in given.items() if value is not None]:
            raise ConfigError(
                f"{', '.join(extra)} goes with two depth images; {first} is a recording, which "
                "brings its own"
            )
        return open_recording(first)
    paths = first, Path(second)
    _check_images(paths)
    if depth_scale is not None and not 0 < depth_scale <= _LARGEST_SCALE:
        raise ConfigError(
            f"flow: depth_scale must be positive, found {depth_scale}; 0.001 is millimeters"
        )
    depths = [read_depth(path, depth_scale, any_depth=any_depth) for path in paths]
    camera = _camera(depths[0], fov_x_deg, lens)
    _check_depths(paths, depths)
    colors = None
    if color is not None:
        shift = color_shift(color)
        colors = [_read_color(path, paths[0], camera, shift) for path in color]
    return Recording(
        name=f"{paths[0].name} to {paths[1].name}",
        path=first,
        camera=camera,
        frame_rate_hz=_RATE_HZ,
        depth=Frames(2, depths.__getitem__),
        color=None if colors is None else Frames(2, colors.__getitem__),
    )


def read_depth(path: Path, scale: float | None = None, *, any_depth: bool = False) -> Depth:
    """A depth image in meters: as stored times `scale`.

    Parameters
    ----------
    path : of the image.
    scale : meters a unit; None = floats are meters already, integers millimeters.
    any_depth : take depth in units even when its median is none a sensor would deliver.

    Raises
    ------
    FormatError
        The file is missing, damaged, or holds no depth image.
    DataError
        Its values cannot be meters, or of units are none that a sensor delivers.
    """
    stored = _read_array(path)
    if stored.dtype.kind == "f":
        stored = np.ascontiguousarray(np.clip(stored, -_BEYOND_M, _BEYOND_M), np.float32)
    elif scale is None:
        scale = DEPTH_SCALE
    if scale is not None and not any_depth:
        check_scale(str(path), stored, scale)
    depth = stored if scale is None else stored * np.float32(scale)
    check_meters(str(path), depth)
    return np.asarray(depth, np.float32)


def _read_array(path: Path) -> np.ndarray:
    if path.suffix.lower() not in (".npy", ".npz"):
        return read_depth_png(path)
    stored = _pick(path, read_arrays(path))
    if stored.ndim != 2 or stored.dtype.kind not in "fui":
        raise FormatError(
            f"{path}: {stored.dtype} array of shape {stored.shape}, expected depth (h, w): "
            "meters as floats, or whole units"
        )
    check_pixels(path, stored.shape[1], stored.shape[0])
    if stored.dtype.kind == "f":
        return stored
    if stored.min(initial=0) < 0 or stored.max(initial=0) > 65535:
        raise FormatError(
            f"{path}: {stored.dtype} values outside 0 to 65535, expected 16-bit depth"
        )
    return without_codes(stored.astype(np.uint16))


def _pick(path: Path, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The array itself, or of several the one named depth."""
    if "depth" not in arrays and len(arrays) != 1:
        held = ", ".join(arrays) or "nothing"
        raise FormatError(f"{path}: holds {held}, expected an array named depth")
    return arrays["depth" if "depth" in arrays else next(iter(arrays))]


def _check_alone(path: Path) -> None:
    """Refuse one image where a recording or two images are expected."""
    is_image = path.suffix.lower() in _IMAGES
    if is_image and find_reader(path) is None:
        raise DataError(
            f"{path} is one image; flow needs the depth image after it too: "
            f"skelflow flow {path} SECOND --out DIR"
        )


def _check_images(paths: tuple[Path, Path]) -> None:
    """Refuse a folder where an image is expected."""
    for path in paths:
        if is_folder(path):
            raise DataError(
                f"{path} is a folder; two paths are two depth images, a recording stands alone"
            )


def _check_depths(paths: tuple[Path, Path], depths: list[Depth]) -> None:
    one, two = (f"{depth.shape[1]}x{depth.shape[0]}" for depth in depths)
    if one != two:
        raise FormatError(f"{paths[1]}: {two} pixels, {paths[0]} has {one}; expected one camera's")
    for path, depth in zip(paths, depths, strict=True):
        if not depth.any():
            raise DataError(f"{path}: depth is 0 (no reading) everywhere")


def _camera(
    depth: Depth, fov_x_deg: float | None, lens: tuple[float, float, float, float] | None
) -> Camera:
    height, width = depth.shape
    if lens is None:
        camera = Camera.from_fov(width, height, FOV_X_DEG if fov_x_deg is None else fov_x_deg)
        check_camera(camera)
        return camera
    if fov_x_deg is not None:
        raise ConfigError("--fov and --camera exclude each other: give the one you know")
    camera = Camera(width, height, *lens)
    check_camera(camera)
    return camera


def _read_color(path: Path, depth_path: Path, camera: Camera, shift: int | None) -> Color:
    color = read_color(path, shift=shift)
    if color.shape[:2] != (camera.height, camera.width):
        raise FormatError(
            f"{path}: {color.shape[1]}x{color.shape[0]} pixels, {depth_path} has "
            f"{camera.width}x{camera.height}; color must be in the depth image's pixels: register "
            "it (skelflow.camera.register.register_color), or resize it when both show the same "
            "view, or leave --color out"
        )
    return color
