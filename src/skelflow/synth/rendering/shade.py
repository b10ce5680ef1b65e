"""How surfaces look: painted, under a lamp that casts shadows; and by the sensor's own infrared."""

from dataclasses import dataclass
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float32

from skelflow.flow.engines.numba.jit import compiled
from skelflow.synth.actor import Points
from skelflow.synth.rendering.raster import Raster, cross_edges
from skelflow.synth.scene.paint import COLOR, CONTRAST, GLOW, INFRARED, SECOND
from skelflow.synth.scene.solid import mix, mottle
from skelflow.synth.scene.stage import Stage
from skelflow.types import Camera, Color, Depth, Intensity

AMBIENT, LAMP, FROM_CAMERA = (np.float32(x) for x in (0.50, 0.50, 0.12))
EXPOSURE = 6.0  # of infrared: a gray level is 255 sqrt(EXPOSURE x what comes back)
VIGNETTE = np.float32(0.8)  # loss of infrared light per squared tangent of the angle
_DARKEST = np.float32(0.1)
_BIAS_M = np.float32(0.02)  # a surface this near behind the nearest one is no shadow
_ZERO, _HALF, _ONE, _WHITE = (np.float32(x) for x in (0, 0.5, 1, 255))


@dataclass(frozen=True)
class Light:
    """A lamp, and what it shines on.

    Parameters
    ----------
    place : (3, 4) float32, from the viewing camera's frame to the lamp's (z along its axis).
    camera : the lamp as a pinhole camera.
    depth_m : (h, w) what it shines on first, infinite where nothing is.
    """

    place: Float32[np.ndarray, "3 4"]
    camera: Camera
    depth_m: Depth


@dataclass(frozen=True)
class Surface:
    """What a camera sees, ready to be looked at.

    Parameters
    ----------
    raster : from that camera.
    points_m, normals : (points, 3) in that camera's frame.
    paints : (materials, 16), see `skelflow.synth.scene.paint`.
    """

    raster: Raster
    camera: Camera
    stage: Stage
    normals: Points
    paints: Float32[np.ndarray, "materials 16"]


def find_normals(points_m: Points, stage: Stage) -> Points:
    """The mean direction of the triangles at each point, by their areas; not of length 1."""
    normals = np.zeros_like(points_m)
    _add_normals(points_m, stage.faces, normals)
    return normals


def shade_color(surface: Surface, light: Light) -> Color:
    """RGB of every pixel; black where there is nothing."""
    raster, stage, camera = surface.raster, surface.stage, light.camera
    out = np.zeros((*raster.face.shape, 3), np.uint8)
    lamp = np.array([camera.fx, camera.fy, camera.cx, camera.cy], np.float32)
    lens = _lens(surface.camera)
    mesh = (stage.faces, stage.material, stage.paint_m, surface.normals)
    _paint(_layers(raster), mesh, surface.paints, lens, (light.place, lamp, light.depth_m), out)
    return out


def shade_infrared(surface: Surface) -> tuple[Intensity, Intensity]:
    """Gray levels 0..255 of the sensor's own light, and how much of it comes back.

    Returns
    -------
    gray : (h, w) float32, 0..255.
    signal : (h, w) float32, reflectance x cosine x light there / squared distance in meters.
    """
    raster, stage = surface.raster, surface.stage
    signal = np.zeros(raster.face.shape, np.float32)
    mesh = (stage.faces, stage.material, stage.paint_m, surface.normals)
    _reflect(_layers(raster), mesh, surface.paints, _lens(surface.camera), signal)
    gray = 255 * np.sqrt(np.minimum(np.float32(EXPOSURE) * signal, 1))
    return gray, signal


def _layers(raster: Raster) -> tuple[Any, Any, Any]:
    return raster.depth_m, raster.face, raster.weights


def _lens(camera: Camera) -> Float32[np.ndarray, "4"]:
    return np.array([camera.fx, camera.fy, camera.cx, camera.cy], np.float32)


@compiled
@no_type_check
def _add_normals(points: Any, faces: Any, normals: Any) -> None:
    for number in range(faces.shape[0]):
        i, j, k = faces[number, 0], faces[number, 1], faces[number, 2]
        x, y, z = cross_edges(points[i], points[j], points[k])
        for corner in (i, j, k):
            normals[corner, 0] += x
            normals[corner, 1] += y
            normals[corner, 2] += z


@compiled
@no_type_check
def _between(values: Any, corners: Any, weights: Any, axis: Any) -> Any:
    """What the three corners carry, at a point between them."""
    return (
        weights[0] * values[corners[0], axis]
        + weights[1] * values[corners[1], axis]
        + weights[2] * values[corners[2], axis]
    )


@compiled
@no_type_check
def _facing(normals: Any, corners: Any, weights: Any, across: Any, down: Any) -> Any:
    """The unit normal that looks back to the camera, and the cosine of its angle to the ray."""
    x = _between(normals, corners, weights, 0)
    y = _between(normals, corners, weights, 1)
    z = _between(normals, corners, weights, 2)
    along = x * across + y * down + z
    length = np.sqrt(x * x + y * y + z * z) + np.float32(1e-20)
    side = -_ONE / length if along > 0 else _ONE / length
    ray = np.sqrt(across * across + down * down + _ONE)
    return x * side, y * side, z * side, -along * side / ray


@compiled
@no_type_check
def _paint(layers: Any, mesh: Any, paints: Any, lens: Any, light: Any, out: Any) -> None:
    depth, face, weights = layers
    faces, material, paint_m, normals = mesh
    for y in range(face.shape[0]):
        down = (np.float32(y) - lens[3]) / lens[1]
        for x in range(face.shape[1]):
            number = face[y, x]
            if number < 0:
                continue
            across = (np.float32(x) - lens[2]) / lens[0]
            row, corners, share = paints[material[number]], faces[number], weights[y, x]
            p = _between(paint_m, corners, share, 0)
            q = _between(paint_m, corners, share, 1)
            r = _between(paint_m, corners, share, 2)
            bright = mottle(row, p, q, r)
            if row[GLOW] > 0:
                bright *= row[GLOW]
            else:
                nx, ny, nz, cosine = _facing(normals, corners, share, across, down)
                z = depth[y, x]
                lamp = _lamp_light(light, across * z, down * z, z, nx, ny, nz)
                bright *= AMBIENT + FROM_CAMERA * cosine + LAMP * lamp
            second = mix(row, p, q, r)
            for band in range(3):
                first = row[COLOR + band]
                value = bright * (first + second * (row[SECOND + band] - first))
                out[y, x, band] = np.uint8(min(max(_WHITE * value, _ZERO), _WHITE))


@compiled
@no_type_check
def _reflect(layers: Any, mesh: Any, paints: Any, lens: Any, signal: Any) -> None:
    depth, face, weights = layers
    faces, material, paint_m, normals = mesh
    for y in range(face.shape[0]):
        down = (np.float32(y) - lens[3]) / lens[1]
        for x in range(face.shape[1]):
            number = face[y, x]
            if number < 0:
                continue
            across = (np.float32(x) - lens[2]) / lens[0]
            row, corners, share = paints[material[number]], faces[number], weights[y, x]
            p = _between(paint_m, corners, share, 0)
            q = _between(paint_m, corners, share, 1)
            r = _between(paint_m, corners, share, 2)
            _, _, _, cosine = _facing(normals, corners, share, across, down)
            contrast = _ONE + row[CONTRAST] * (mix(row, p, q, r) - _HALF)
            wide, z = across * across + down * down, depth[y, x]
            beam = max(_DARKEST, _ONE - VIGNETTE * wide)
            back = row[INFRARED] * mottle(row, p, q, r) * contrast * cosine * beam
            signal[y, x] = max(back, _ZERO) / (z * z * (_ONE + wide))


@compiled
@no_type_check
def _lamp_light(light: Any, x: Any, y: Any, z: Any, nx: Any, ny: Any, nz: Any) -> Any:
    """Cosine to the lamp times the share of it that is not hidden."""
    place, lens, depth = light
    u = place[0, 0] * x + place[0, 1] * y + place[0, 2] * z + place[0, 3]
    v = place[1, 0] * x + place[1, 1] * y + place[1, 2] * z + place[1, 3]
    w = place[2, 0] * x + place[2, 1] * y + place[2, 2] * z + place[2, 3]
    length = np.sqrt(u * u + v * v + w * w)
    a = place[0, 0] * nx + place[0, 1] * ny + place[0, 2] * nz
    b = place[1, 0] * nx + place[1, 1] * ny + place[1, 2] * nz
    c = place[2, 0] * nx + place[2, 1] * ny + place[2, 2] * nz
    cosine = -(a * u + b * v + c * w) / length
    if cosine <= 0:
        return _ZERO
    if w <= _BIAS_M:
        return cosine
    return cosine * _unhidden(depth, lens, u / w, v / w, w)


@compiled
@no_type_check
def _unhidden(depth: Any, lens: Any, across: Any, down: Any, w: Any) -> Any:
    """The share, by bilinear weights, of the four nearest lamp pixels that reach so far."""
    x, y = across * lens[0] + lens[2], down * lens[1] + lens[3]
    left, top = int(np.floor(x)), int(np.floor(y))
    if left < 0 or top < 0 or left + 1 >= depth.shape[1] or top + 1 >= depth.shape[0]:
        return _ONE
    u, v = x - np.float32(left), y - np.float32(top)
    reach = w - _BIAS_M
    total = _ZERO
    for dy in range(2):
        for dx in range(2):
            if depth[top + dy, left + dx] >= reach:
                total += (u if dx else _ONE - u) * (v if dy else _ONE - v)
    return total
