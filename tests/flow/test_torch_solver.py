"""The batched solver: equal to its twins, and never waiting for its device."""

import subprocess
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from skelflow.errors import ConfigError
from skelflow.flow.api import scene_flow
from skelflow.flow.engines.numpy import energy
from skelflow.flow.engines.numpy import solver as reference
from skelflow.flow.engines.torch.energy import FrameBatch
from skelflow.flow.engines.torch.solver import solve, solve_tensors
from skelflow.flow.inputs import gather_pairs
from skelflow.flow.presets import PRESETS, Preset
from skelflow.flow.state import PyramidFrame
from skelflow.types import Camera, Flow

HEIGHT, WIDTH = 33, 45
CAMERA = Camera.from_fov(WIDTH, HEIGHT, 62.5)
Images = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


# all but those that match: these copy from their device, and with it wait for it
ON_DEVICE = sorted(name for name, preset in PRESETS.items() if not preset.match)


def draw_pair(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Images:
    """A textured scene of a slanted wall and a nearer box, moved, with noise and holes."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    waves = random.uniform(-0.4, 0.4, (4, 2))
    phases = random.uniform(0, 6, 4)
    tilt = random.uniform(-0.01, 0.01, 2)
    left, top = random.integers(0, width // 2), random.integers(0, height // 2)
    move = random.uniform(-1.5, 1.5, 2)
    images = []
    for k in (0, 1):
        xk, yk = x - k * move[0], y - k * move[1]
        slopes = waves[:, :1, None] * xk + waves[:, 1:, None] * yk
        images.append(130 + 25 * np.sin(slopes + phases[:, None, None]).sum(0))
        depth = 2.5 + tilt[0] * xk + tilt[1] * yk
        inside = (abs(xk - left - width / 4) < width / 5) & (
            abs(yk - top - height / 4) < height / 5
        )
        depth[inside] = 1.6 - 0.02 * k
        depth += random.normal(0, 0.002, depth.shape)
        depth[random.random(depth.shape) < random.uniform(0, 0.3)] = 0
        images.append(depth)
    a, b, c, d = (image.astype(np.float32) for image in images)
    return a, b, c, d


def stack(pairs: Sequence[Images], device: str = "cpu") -> list[Tensor]:
    return [torch.from_numpy(np.stack(same)).to(device) for same in zip(*pairs, strict=True)]


def flow_of(images: Sequence[Any], camera: Camera | Sequence[Camera], **settings: Any) -> Any:
    """Of intensity0, depth0, intensity1, depth1 by the authors' method, unless told otherwise."""
    gray0, depth0, gray1, depth1 = images
    settings = {"preset": "paper", **settings}
    return scene_flow(depth0, depth1, camera, intensity=(gray0, gray1), **settings)


def flow_of_unchecked(
    images: Sequence[Any], camera: Camera | Sequence[Camera], preset: str = "paper"
) -> Tensor:
    """The same without a look at the values."""
    gray0, depth0, gray1, depth1 = images
    pairs = gather_pairs(depth0, depth1, camera, (gray0, gray1))
    return solve_tensors(pairs, preset=PRESETS[preset], check=False)


def assert_agree(found: Tensor, expected: Sequence[Flow]) -> None:
    """As closely as the twins are promised to agree."""
    for one, other in zip(found.numpy(), expected, strict=True):
        difference_m = np.abs(one - other)
        assert difference_m.mean() < 1e-5
        assert np.percentile(difference_m, 99) < 1e-4


SIZES = st.tuples(st.integers(16, 50), st.integers(20, 50))
SEEDS = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=3)


@given(SIZES, SEEDS, st.sampled_from(ON_DEVICE))
@settings(max_examples=15, deadline=None)
def test_flow_is_that_of_the_reference(size: tuple[int, int], seeds: list[int], name: str) -> None:
    height, width = size
    pairs = [draw_pair(seed, height, width) for seed in seeds]
    cameras = [Camera.from_fov(width, height, 50.0 + 10 * k) for k in range(len(seeds))]
    found = flow_of(stack(pairs), cameras, preset=name)
    expected = [
        reference.solve(
            PyramidFrame(*pair[:2]), PyramidFrame(*pair[2:]), camera=camera, preset=PRESETS[name]
        )
        for pair, camera in zip(pairs, cameras, strict=True)
    ]
    assert_agree(found, expected)


@given(SIZES, SEEDS)
@settings(max_examples=15, deadline=None)
def test_flow_is_that_of_the_compiled_solver(size: tuple[int, int], seeds: list[int]) -> None:
    camera = Camera.from_fov(size[1], size[0], 62.5)
    pairs = [draw_pair(seed, *size) for seed in seeds]
    found = flow_of(stack(pairs), camera)
    assert_agree(found, [flow_of(pair, camera) for pair in pairs])


def test_flow_of_depth_alone_is_that_of_the_compiled_solver() -> None:
    """At a real size: a tiny relief is hardly softened, so that roundings show in its flow."""
    camera = Camera.from_fov(160, 120, 62.5)
    pairs = [draw_pair(seed, 120, 160) for seed in range(3)]
    _, depth0, _, depth1 = stack(pairs)
    found = flow_of((None, depth0, None, depth1), camera)
    expected = [flow_of((None, pair[1], None, pair[3]), camera) for pair in pairs]
    assert_agree(found, expected)


def test_flow_is_what_the_authors_program_makes_of_real_pairs(data_dir: Path) -> None:
    folders = [data_dir / "scene_flow" / name for name in ("pair1", "pair2")]
    if not all(folder.is_dir() for folder in folders):
        pytest.skip(f"no real pairs in {data_dir / 'scene_flow'}")
    pairs, theirs = [], []
    for folder in folders:
        read = [
            cv2.imread(str(folder / f"{name}.png"), cv2.IMREAD_UNCHANGED).astype(np.float32)
            for name in ("intensity0", "depth0", "intensity1", "depth1")
        ]
        images = [energy.halve_intensity(image) for image in read[::2]]
        depths = [energy.halve_depth(depth / np.float32(5000)) for depth in read[1::2]]
        pairs.append((images[0], depths[0], images[1], depths[1]))
        theirs.append(np.load(folder / "reference_flow.npz")["flow_240"])
    found = flow_of(stack(pairs), Camera.from_fov(320, 240, 62.5))
    assert_agree(found, theirs)


@pytest.mark.parametrize("preset", ON_DEVICE)
@pytest.mark.parametrize("color", [True, False], ids=["color", "depth-alone"])
def test_flow_of_identical_frames_is_exactly_zero(preset: str, color: bool) -> None:
    image, depth, _, _ = stack([draw_pair(0), draw_pair(1)])
    seen = image if color else None
    assert (flow_of((seen, depth, seen, depth), CAMERA, preset=preset) == 0).all()


def test_flow_of_a_pair_does_not_depend_on_the_others() -> None:
    pairs = [draw_pair(seed) for seed in range(3)]
    together = flow_of(stack(pairs), CAMERA)
    for number, pair in enumerate(pairs):
        alone = flow_of(stack([pair]), CAMERA)
        np.testing.assert_allclose(together[number], alone[0], atol=1e-6)


def test_flow_leaves_its_input_alone_and_carries_no_gradient() -> None:
    given = [field.requires_grad_() for field in stack([draw_pair(0, 16, 20)])]  # a single level
    before = [field.detach().clone() for field in given]
    flow = flow_of(given, Camera.from_fov(20, 16, 62.5))
    assert not flow.requires_grad
    assert all(torch.equal(a, b) for a, b in zip(given, before, strict=True))


class Watch(TorchDispatchMode):
    """Writes down every operation, and how many bytes of results are alive at most."""

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        super().__init__()
        self.operations: list[str] = []
        self.peak_bytes = 0
        self._alive_bytes = 0
        self._views: Counter[int] = Counter()
        self._inputs = {field.untyped_storage()._cdata for field in inputs}

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        given = [a for a in tree_leaves((args, kwargs)) if isinstance(a, Tensor)]
        made = [a for a in tree_leaves(result) if isinstance(a, Tensor)]
        self.operations.append(self._name(func, given, made))
        for tensor in made:
            if not any(tensor is other for other in given):
                self._add(tensor)
        return result

    def _name(self, func: Any, given: list[Tensor], made: list[Tensor]) -> str:
        name = str(func.overloadpacket)
        if len({tensor.device for tensor in given + made}) > 1:
            return f"{name} between devices"
        chosen = any(tensor.dtype is torch.bool for tensor in given)
        return f"{name} by mask" if name.startswith("aten.index") and chosen else name

    def _add(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata in self._inputs:
            return
        if not self._views[storage._cdata]:
            self._alive_bytes += storage.nbytes()
            self.peak_bytes = max(self.peak_bytes, self._alive_bytes)
        self._views[storage._cdata] += 1
        weakref.finalize(tensor, self._drop, storage._cdata, storage.nbytes())

    def _drop(self, key: int, size: int) -> None:
        self._views[key] -= 1
        if not self._views[key]:
            self._alive_bytes -= size


READS = {"aten._local_scalar_dense", "aten.item", "aten.is_nonzero", "aten.equal"}
OF_UNKNOWN_SIZE = {"aten.nonzero", "aten.masked_select", "aten.unique", "aten._unique2"}
FROM_HOST = {"aten.lift_fresh", "aten.lift_fresh_copy", "aten.scalar_tensor"}


def waits(operations: Sequence[str]) -> list[str]:
    """The operations that make the host wait for a device, or copy between the two."""
    forbidden = READS | OF_UNKNOWN_SIZE | FROM_HOST
    return [
        name
        for name in operations
        if name in forbidden or name.endswith(("by mask", "between devices"))
    ]


def watch(
    given: Sequence[Tensor | None], flow: Callable[..., Any] = flow_of, **options: Any
) -> Watch:
    with Watch([field for field in given if field is not None]) as seen:
        flow(given, CAMERA, **options)
    return seen


@pytest.mark.parametrize("preset", ON_DEVICE)
@pytest.mark.parametrize("color", [True, False], ids=["color", "depth-alone"])
def test_flow_reads_nothing_back_but_for_one_check(preset: str, color: bool) -> None:
    image0, depth0, image1, depth1 = stack([draw_pair(0), draw_pair(1)])
    given = (image0, depth0, image1, depth1) if color else (None, depth0, None, depth1)
    assert waits(watch(given, flow_of_unchecked, preset=preset).operations) == []
    assert waits(watch(given, preset=preset).operations) == ["aten._local_scalar_dense"]


def test_flow_does_the_same_whatever_the_values() -> None:
    one, other = (watch(stack([draw_pair(seed)]), flow_of_unchecked).operations for seed in (0, 1))
    assert one == other


@pytest.mark.parametrize("preset", ON_DEVICE)
@pytest.mark.parametrize("color", [True, False], ids=["color", "depth-alone"])
def test_flow_runs_where_tensors_have_no_values(preset: str, color: bool) -> None:
    field = torch.empty(2, HEIGHT, WIDTH, device="meta")
    seen = field if color else None
    given = seen, field, seen, field
    flow = flow_of_unchecked(given, [CAMERA, CAMERA], preset=preset)
    assert flow.device.type == "meta"
    assert flow.shape == (2, HEIGHT, WIDTH, 3)
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        flow_of(given, CAMERA, preset=preset)  # the check reads


@pytest.mark.parametrize("color", [True, False], ids=["color", "depth-alone"])
@pytest.mark.parametrize("preset", ON_DEVICE)
def test_flow_takes_no_more_memory_than_documented(preset: str, color: bool) -> None:
    camera = Camera.from_fov(160, 128, 62.5)  # nothing to pad
    image0, depth0, image1, depth1 = stack([draw_pair(seed, 128, 160) for seed in (0, 1)])
    given = (image0, depth0, image1, depth1) if color else (None, depth0, None, depth1)
    with Watch([field for field in given if field is not None]) as seen:
        flow_of(given, camera, preset=preset)
    assert seen.peak_bytes / depth0.numel() < 280


def test_import_of_the_compiled_solver_brings_no_torch() -> None:
    check = "import sys, skelflow.flow.engines.numba.solver; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@dataclass(frozen=True)
class Richer(Preset):
    """A preset with a setting that the batched solver has never heard of."""

    foresight: int = 1


def moving_body(right_px: float) -> np.ndarray:
    """Depth of a bulging body without background."""
    y, x = np.mgrid[:70, :90].astype(np.float32)
    inside = ((x - 45 - right_px) / 20) ** 2 + ((y - 35) / 30) ** 2
    bulge = 2.2 - 0.2 * np.sqrt(np.clip(1 - inside, 0, 1))
    return np.where(inside < 1, bulge, 0).astype(np.float32)


@pytest.mark.parametrize("color", [True, False], ids=["color", "depth-alone"])
def test_flow_of_a_match_is_that_of_the_compiled_solver(color: bool) -> None:
    camera = Camera.from_fov(90, 70, 62.5)
    pairs: list[Any] = [draw_pair(seed, 70, 90) for seed in range(2)]
    if not color:  # without the noise, whose shading makes chance matches that a rounding decides
        pairs = [(None, moving_body(0), None, moving_body(right_px)) for right_px in (2, 4)]
    gray0, depth0, gray1, depth1 = (
        None if images[0] is None else torch.from_numpy(np.stack(images))
        for images in zip(*pairs, strict=True)
    )
    found = flow_of((gray0, depth0, gray1, depth1), camera, preset="best").numpy()
    for one, pair in zip(found, pairs, strict=True):
        difference_m = np.abs(one - flow_of(pair, camera, preset="best"))
        assert np.percentile(difference_m, 95) < 1e-4
        assert difference_m.mean() < 1e-4


def test_solve_refuses_a_setting_it_does_not_know_but_not_its_default() -> None:
    frames = FrameBatch(*stack([draw_pair(0, 16, 20)])[:2])
    camera = Camera.from_fov(20, 16, 62.5)
    assert PRESETS["paper"] == Preset()  # a default is what the paper does
    with pytest.raises(ConfigError, match=r"'torch' has no foresight; use engine="):
        solve(frames, frames, cameras=[camera], preset=Richer(foresight=2))
    assert solve(frames, frames, cameras=[camera], preset=Richer()).shape == (1, 16, 20, 3)
