"""Shading: color under a lamp with shadows, infrared under the sensor's own light."""

from dataclasses import dataclass
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float32

from skelflow.flow.engines.jit import compiled
from skelflow.synth.actor import Points
from skelflow.synth.rendering.raster import Raster, cross_edges
from skelflow.synth.scene.scene_mesh import SceneMesh
from skelflow.synth.scene.texture_kernels import mix, mottle
from skelflow.synth.scene.textures import COLOR, CONTRAST, EMISSION, INFRARED, SECOND
from skelflow.types import Camera, Color, Depth, Intensity

AMBIENT, LAMP, FROM_CAMERA = (np.float32(x) for x in (0.50, 0.50, 0.12))
EXPOSURE = 6.0  # of infrared: a gray level is 255 sqrt(EXPOSURE x signal)
VIGNETTE = np.float32(0.8)  # loss of infrared light per squared tangent of the angle
_DARKEST = np.float32(0.1)
_BIAS_M = np.float32(0.02)  # shadow bias: surfaces this close behind the nearest are lit
_ZERO, _HALF, _ONE, _WHITE = (np.float32(x) for x in (0, 0.5, 1, 255))


@dataclass(frozen=True)
class Light:
    """A lamp with its shadow map.

    Parameters
    ----------
    from_view : (3, 4) float32, from the viewing camera's frame to the lamp's (z along its axis).
    camera : the lamp as a pinhole camera.
    depth_m : (h, w) depth of the nearest lit surface; infinite where there is none.
    """

    from_view: Float32[np.ndarray, "3 4"]
    camera: Camera
    depth_m: Depth


@dataclass(frozen=True)
class Surface:
    """Visible surfaces of a camera, ready for shading.

    Parameters
    ----------
    raster : visible triangle of each pixel.
    normals : (points, 3) in the camera's frame; need not have length 1.
    textures : (materials, 16), see `skelflow.synth.scene.textures`.
    """

    raster: Raster
    camera: Camera
    mesh: SceneMesh
    normals: Points
    textures: Float32[np.ndarray, "materials 16"]


def find_normals(points_m: Points, scene_mesh: SceneMesh) -> Points:
    """Area-weighted sum of the triangle normals at each point; not of length 1."""
    normals = np.zeros_like(points_m)
    _add_normals(points_m, scene_mesh.faces, normals)
    return normals


def shade_color(surface: Surface, light: Light) -> Color:
    """RGB of every pixel; black where there is no surface."""
    raster, scene_mesh, camera = surface.raster, surface.mesh, light.camera
    out = np.zeros((*raster.face.shape, 3), np.uint8)
    lamp = np.array([camera.fx, camera.fy, camera.cx, camera.cy], np.float32)
    lens = _lens(surface.camera)
    mesh = (scene_mesh.faces, scene_mesh.material, scene_mesh.texture_m, surface.normals)
    _shade_color(
        _layers(raster), mesh, surface.textures, lens, (light.from_view, lamp, light.depth_m), out
    )
    return out


def shade_infrared(surface: Surface) -> tuple[Intensity, Intensity]:
    """Infrared image under the sensor's own light, and the reflected signal.

    Returns
    -------
    gray : (h, w) float32, 0..255.
    signal : (h, w) float32, reflectance x cosine x illumination / squared distance (1/m^2).
    """
    raster, scene_mesh = surface.raster, surface.mesh
    signal = np.zeros(raster.face.shape, np.float32)
    mesh = (scene_mesh.faces, scene_mesh.material, scene_mesh.texture_m, surface.normals)
    _reflect(_layers(raster), mesh, surface.textures, _lens(surface.camera), signal)
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
def _interpolate(values: Any, corners: Any, weights: Any, axis: Any) -> Any:
    """Interpolate a quantity of the corners at a point of the triangle."""
    return (
        weights[0] * values[corners[0], axis]
        + weights[1] * values[corners[1], axis]
        + weights[2] * values[corners[2], axis]
    )


@compiled
@no_type_check
def _viewing_normal(normals: Any, corners: Any, weights: Any, across: Any, down: Any) -> Any:
    """The unit normal facing the camera, and the cosine of its angle to the viewing ray."""
    x = _interpolate(normals, corners, weights, 0)
    y = _interpolate(normals, corners, weights, 1)
    z = _interpolate(normals, corners, weights, 2)
    along = x * across + y * down + z
    length = np.sqrt(x * x + y * y + z * z) + np.float32(1e-20)
    side = -_ONE / length if along > 0 else _ONE / length
    ray = np.sqrt(across * across + down * down + _ONE)
    return x * side, y * side, z * side, -along * side / ray


@compiled
@no_type_check
def _shade_color(layers: Any, mesh: Any, textures: Any, lens: Any, light: Any, out: Any) -> None:
    depth, face, weights = layers
    faces, material, texture_m, normals = mesh
    for y in range(face.shape[0]):
        down = (np.float32(y) - lens[3]) / lens[1]
        for x in range(face.shape[1]):
            number = face[y, x]
            if number < 0:
                continue
            across = (np.float32(x) - lens[2]) / lens[0]
            row, corners, share = textures[material[number]], faces[number], weights[y, x]
            p = _interpolate(texture_m, corners, share, 0)
            q = _interpolate(texture_m, corners, share, 1)
            r = _interpolate(texture_m, corners, share, 2)
            bright = mottle(row, p, q, r)
            if row[EMISSION] > 0:
                bright *= row[EMISSION]
            else:
                nx, ny, nz, cosine = _viewing_normal(normals, corners, share, across, down)
                z = depth[y, x]
                lamp = _lamp_irradiance(light, across * z, down * z, z, nx, ny, nz)
                bright *= AMBIENT + FROM_CAMERA * cosine + LAMP * lamp
            second = mix(row, p, q, r)
            for band in range(3):
                first = row[COLOR + band]
                value = bright * (first + second * (row[SECOND + band] - first))
                out[y, x, band] = np.uint8(min(max(_WHITE * value, _ZERO), _WHITE))


@compiled
@no_type_check
def _reflect(layers: Any, mesh: Any, textures: Any, lens: Any, signal: Any) -> None:
    depth, face, weights = layers
    faces, material, texture_m, normals = mesh
    for y in range(face.shape[0]):
        down = (np.float32(y) - lens[3]) / lens[1]
        for x in range(face.shape[1]):
            number = face[y, x]
            if number < 0:
                continue
            across = (np.float32(x) - lens[2]) / lens[0]
            row, corners, share = textures[material[number]], faces[number], weights[y, x]
            p = _interpolate(texture_m, corners, share, 0)
            q = _interpolate(texture_m, corners, share, 1)
            r = _interpolate(texture_m, corners, share, 2)
            _, _, _, cosine = _viewing_normal(normals, corners, share, across, down)
            contrast = _ONE + row[CONTRAST] * (mix(row, p, q, r) - _HALF)
            wide, z = across * across + down * down, depth[y, x]
            beam = max(_DARKEST, _ONE - VIGNETTE * wide)
            back = row[INFRARED] * mottle(row, p, q, r) * contrast * cosine * beam
            signal[y, x] = max(back, _ZERO) / (z * z * (_ONE + wide))


@compiled
@no_type_check
def _lamp_irradiance(light: Any, x: Any, y: Any, z: Any, nx: Any, ny: Any, nz: Any) -> Any:
    """Cosine of the angle to the lamp times the lamp's visibility (shadow map)."""
    from_view, lens, depth = light
    u = from_view[0, 0] * x + from_view[0, 1] * y + from_view[0, 2] * z + from_view[0, 3]
    v = from_view[1, 0] * x + from_view[1, 1] * y + from_view[1, 2] * z + from_view[1, 3]
    w = from_view[2, 0] * x + from_view[2, 1] * y + from_view[2, 2] * z + from_view[2, 3]
    length = np.sqrt(u * u + v * v + w * w)
    a = from_view[0, 0] * nx + from_view[0, 1] * ny + from_view[0, 2] * nz
    b = from_view[1, 0] * nx + from_view[1, 1] * ny + from_view[1, 2] * nz
    c = from_view[2, 0] * nx + from_view[2, 1] * ny + from_view[2, 2] * nz
    cosine = -(a * u + b * v + c * w) / length
    if cosine <= 0:
        return _ZERO
    if w <= _BIAS_M:
        return cosine
    return cosine * _lamp_visibility(depth, lens, u / w, v / w, w)


@compiled
@no_type_check
def _lamp_visibility(depth: Any, lens: Any, across: Any, down: Any, w: Any) -> Any:
    """Bilinear share of the four nearest shadow-map pixels that reach the point."""
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
