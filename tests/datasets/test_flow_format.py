"""Flow files: what they keep, and what is refused as none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelflow.datasets.flow_files.format import FlowFile, load_flow, read_flow, save_flow
from skelflow.errors import DataError, FormatError
from skelflow.types import Camera
from tests.unchecked import unchecked_types

LENS = Camera(3, 2, 100.0, 101.0, 1.0, 0.5)


def pixels(*motions_m: float) -> np.ndarray:
    """A 2 x 3 flow that begins with these components."""
    flow = np.zeros(18, np.float32)
    flow[: len(motions_m)] = motions_m
    return flow.reshape(2, 3, 3)


def ones() -> np.ndarray:
    return np.ones((2, 3), np.float32)


@given(st.lists(st.floats(-3.25, 3.25, width=32), min_size=18, max_size=18))
def test_flow_file_keeps_motion_to_half_a_tenth_of_a_millimeter(
    tmp_path_factory: pytest.TempPathFactory, motions: list[float]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.npz"
    kept = save_flow(path, pixels(*motions), ones(), LENS)
    assert kept.saturated == 0
    np.testing.assert_array_equal(load_flow(path), kept.flow_m)
    np.testing.assert_allclose(kept.flow_m.ravel(), motions, atol=0.5e-4 + 1e-6)


def test_flow_file_keeps_every_bit_when_lossless(tmp_path: Path) -> None:
    flow = pixels(np.pi, -1e-7, 40.0)
    kept = save_flow(tmp_path / "flow.npz", flow, ones(), LENS, lossless=True)
    np.testing.assert_array_equal(load_flow(tmp_path / "flow.npz"), flow)
    assert kept.saturated == 0
    assert load_flow(tmp_path / "flow.npz").dtype == np.float32


def test_flow_file_counts_what_int16_cannot_hold(tmp_path: Path) -> None:
    kept = save_flow(tmp_path / "flow.npz", pixels(3.2767, 3.2769, -5, 1), ones(), LENS)
    assert kept.saturated == 2
    assert read_flow(tmp_path / "flow.npz").saturated == 2
    np.testing.assert_allclose(
        load_flow(tmp_path / "flow.npz").ravel()[:4], [3.2767, 3.2767, -3.2767, 1], atol=1e-6
    )


def test_flow_file_tells_rest_from_no_depth(tmp_path: Path) -> None:
    depth = np.array([[0, 2, 3], [4, 0, 0]], np.float32)
    save_flow(tmp_path / "flow.npz", pixels(), depth, LENS)
    found = read_flow(tmp_path / "flow.npz")
    np.testing.assert_array_equal(found.seen, depth > 0)
    assert found.median_depth_m == 3
    assert found.camera == LENS


def test_flow_file_is_plain_npz_with_units(tmp_path: Path) -> None:
    save_flow(tmp_path / "flow.npz", pixels(0.0123), ones(), LENS)
    with np.load(tmp_path / "flow.npz") as content:
        assert content["flow"].dtype == np.int16
        assert content["flow"][0, 0, 0] == 123
        assert content["scale_m"] == np.float32(1e-4)
        assert content["camera"].tolist() == [3, 2, 100, 101, 1, 0.5, 0, 0, 0]


def test_flow_file_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in "ab":
        save_flow(tmp_path / f"{name}.npz", pixels(0.1, 0.2), ones(), LENS)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_flow_file_refuses_what_is_not_finite(bad: float, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"flow\.npz: the flow has NaN"):
        save_flow(tmp_path / "flow.npz", pixels(bad), ones(), LENS)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("depth", "camera"), [(ones()[:1], LENS), (ones(), replace(LENS, height=3))]
)
def test_flow_file_refuses_sizes_that_could_not_be_read_again(
    depth: np.ndarray, camera: Camera, tmp_path: Path
) -> None:
    said = r"the flow is \(2, 3, 3\).*nothing was written"
    with unchecked_types(), pytest.raises(DataError, match=said):
        save_flow(tmp_path / "flow.npz", pixels(0.1), depth, camera)
    assert not any(tmp_path.iterdir())


def test_flow_file_takes_float64_as_it_takes_float32(tmp_path: Path) -> None:
    flow = pixels(0.1)
    with unchecked_types():
        kept = save_flow(tmp_path / "flow.npz", flow.astype(float), ones(), LENS, lossless=True)
    assert kept.flow_m.dtype == np.float32
    np.testing.assert_array_equal(load_flow(tmp_path / "flow.npz"), flow)


def test_read_flow_refuses_a_mask_of_another_size(tmp_path: Path) -> None:
    save_flow(tmp_path / "flow.npz", pixels(0.1), ones(), LENS)
    with np.load(tmp_path / "flow.npz") as content:
        fields = dict(content)
    np.savez(tmp_path / "flow.npz", **{**fields, "seen": np.ones((5, 5), bool)})
    with pytest.raises(FormatError, match=r"its seen is bool of the size \(5, 5\)"):
        read_flow(tmp_path / "flow.npz")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 torn"])
def test_load_flow_refuses_a_damaged_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "flow.npz").write_bytes(content)
    with pytest.raises(FormatError, match=r"flow\.npz: no flow that can be read, or damaged"):
        load_flow(tmp_path / "flow.npz")


def test_load_flow_refuses_a_torn_file_and_another_npz(tmp_path: Path) -> None:
    save_flow(tmp_path / "flow.npz", pixels(0.1), ones(), LENS)
    torn = (tmp_path / "flow.npz").read_bytes()[:-40]
    (tmp_path / "flow.npz").write_bytes(torn)
    np.savez(tmp_path / "other.npz", depth=ones())
    for name in ("flow.npz", "other.npz"):
        with pytest.raises(FormatError, match=f"{name}: no flow"):
            load_flow(tmp_path / name)
    with pytest.raises(FormatError, match=r"missing\.npz does not exist"):
        load_flow(tmp_path / "missing.npz")


def test_flow_file_holds_what_the_caller_gets_back(tmp_path: Path) -> None:
    made = save_flow(tmp_path / "flow.npz", pixels(0.01234567), ones(), LENS)
    found = read_flow(tmp_path / "flow.npz")
    for name in FlowFile.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(made, name), getattr(found, name))
