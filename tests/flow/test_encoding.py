"""Flow to color and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skelflow.errors import ConfigError, DataError
from skelflow.flow.encoding import decode_flow, encode_flow, measure_range

RANGES = st.floats(1e-3, 10)


@given(hnp.arrays(np.float32, (3, 4, 3), elements=st.floats(-1, 1, width=32)), RANGES)
def test_color_round_trip_is_exact_to_half_a_step(unit: np.ndarray, range_m: float) -> None:
    flow = (unit * np.float32(range_m)).astype(np.float32)
    back = decode_flow(encode_flow(flow, range_m), range_m)
    assert np.abs(back - flow).max() <= range_m / 127 * 0.501


def test_color_of_no_motion_is_middle_gray() -> None:
    still = np.zeros((2, 2, 3), np.float32)
    assert (encode_flow(still, 0.1) == 128).all()
    assert (decode_flow(encode_flow(still, 0.1), 0.1) == 0).all()


def test_color_is_clipped_when_the_motion_is_out_of_range() -> None:
    assert encode_flow(np.float32([[9, -9, 0.05]]), 0.1).tolist() == [[255, 1, 192]]


def test_color_changes_sign_with_the_motion() -> None:
    flow = np.random.default_rng(0).uniform(-1, 1, (5, 3)).astype(np.float32)
    assert (
        encode_flow(flow, 1.0).astype(int) - 128 == 128 - encode_flow(-flow, 1.0).astype(int)
    ).all()


@pytest.mark.parametrize("companding", [0.3, 0.5, 1.0])
def test_color_decodes_to_itself_at_any_companding(companding: float) -> None:
    colored = np.arange(1, 256, dtype=np.uint8).repeat(3).reshape(-1, 3)
    meters = decode_flow(colored, 0.07, companding=companding)
    assert (encode_flow(meters, 0.07, companding=companding) == colored).all()
    assert (np.diff(meters[:, 0]) > 0).all()
    np.testing.assert_allclose(meters, -meters[::-1])


def test_companded_color_tells_small_motions_apart_that_linear_color_does_not() -> None:
    small = np.linspace(0, 0.0004, 9, dtype=np.float32)[:, None].repeat(3, axis=1)
    linear, companded = (encode_flow(small, 0.1, companding=share) for share in (1.0, 0.5))
    assert len(np.unique(linear)) == 2
    assert len(np.unique(companded)) >= 7


@pytest.mark.parametrize("companding", [0.0, -0.5, 1.1, float("nan")])
def test_color_rejects_a_companding_that_is_no_share(companding: float) -> None:
    with pytest.raises(ConfigError, match="companding must lie in"):
        encode_flow(np.zeros((1, 3), np.float32), 0.1, companding=companding)


@pytest.mark.parametrize("range_m", [0.0, -1.0, float("nan"), float("inf"), 1e-38, 1e39])
def test_color_rejects_a_range_that_is_not_positive(range_m: float) -> None:
    with pytest.raises(ConfigError, match="range_m"):
        encode_flow(np.zeros((1, 3), np.float32), range_m)
    with pytest.raises(ConfigError, match="range_m"):
        decode_flow(np.zeros((1, 3), np.uint8), range_m)


def test_color_rejects_flow_that_is_not_finite() -> None:
    with pytest.raises(DataError, match="NaN"):
        encode_flow(np.float32([[np.nan, 0, 0]]), 1.0)


def test_measured_range_is_the_largest_component() -> None:
    assert measure_range(np.float32([[0.1, -0.5, 0.2]])) == pytest.approx(0.5)
    assert measure_range(np.zeros((4, 3), np.float32)) == 1e-3
