from collections.abc import Iterator
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from skelflow.datasets.loading.batch import Batch
from skelflow.errors import ConfigError, DataError
from skelflow.models.guides.normalize import present_bodies, root_origins
from skelflow.models.guides.residual import ResidualUnit, SameConv1d
from skelflow.models.guides.score import informativeness_score
from skelflow.models.registry import create_model
from skelflow.skeleton.layouts import KINECT_V1, KINECT_V2
from skelflow.skeleton.normalize import joint_extrema, root_origin

SMALL = {"joints": 4, "bodies": 2, "frames": 20, "width": 0.125, "classes": 3}


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def skeletons(joints_m: Tensor) -> Batch:
    count = len(joints_m)
    empty, index = torch.zeros(count, 0), torch.arange(count)
    return Batch(empty, empty, joints_m, index, index)


def random_joints(b: int = 3, frames: int = 20, bodies: int = 2, joints: int = 4) -> Tensor:
    return torch.randn(b, frames, bodies, joints, 3)


def parameters(model: nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


@pytest.mark.parametrize(("name", "count"), [("res_tcn", 1_874_492), ("res_tcn_bjcn", 3_282_748)])
def test_tcn_has_the_papers_parameter_count(name: str, count: int) -> None:
    assert parameters(create_model(name)) == count


def test_tcn_bjcn_keeps_a_row_for_each_coordinate_in_four_layers() -> None:
    trunk = create_model("res_tcn_bjcn").eval().skeleton
    _, activations = trunk.bjcn(torch.randn(1, 60, 150))
    assert [tuple(layer.shape) for layer in activations] == [(1, 128, 150)] * 4
    last = cast(ResidualUnit, trunk.bjcn.units[3])
    assert last.add(torch.zeros(1, 128, 150), activations[3]).shape == (1, 256, 75)
    assert trunk.outputs == 768


def test_same_conv_pads_three_left_and_four_right_at_stride_one() -> None:
    conv = SameConv1d(1, 1, 8, bias=False)
    nn.init.ones_(conv.weight)
    impulse = torch.zeros(1, 1, 20)
    impulse[0, 0, 10] = 1
    # output i covers inputs i-3 .. i+4, so input 10 is seen by outputs 6 .. 13
    assert conv(impulse).flatten().nonzero().flatten().tolist() == list(range(6, 14))


@pytest.mark.parametrize("length", [7, 8, 9, 75, 150, 300])
@pytest.mark.parametrize("stride", [1, 2])
def test_same_conv_follows_tensorflow(length: int, stride: int) -> None:
    conv = SameConv1d(1, 1, 8, stride=stride, bias=False).double()
    x = torch.randn(1, 1, length, dtype=torch.float64)
    outputs = -(-length // stride)
    left = max((outputs - 1) * stride + 8 - length, 0) // 2
    kernel, signal = conv.weight[0, 0].tolist(), x[0, 0].tolist()
    expected = [
        sum(
            kernel[k] * signal[start + k]
            for k in range(8)
            if 0 <= start + k < length  # zeros outside
        )
        for start in (i * stride - left for i in range(outputs))
    ]
    torch.testing.assert_close(conv(x).flatten(), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("name", ["res_tcn", "res_tcn_bjcn"])
@pytest.mark.parametrize(("layout", "bodies"), [(KINECT_V2, 2), (KINECT_V1, 1), (range(15), 3)])
def test_tcn_takes_any_layout(name: str, layout: object, bodies: int) -> None:
    joints = len(layout)  # type: ignore[arg-type]
    options = {"joints": joints, "bodies": bodies, "frames": 35, "width": 0.1, "classes": 7}
    model = create_model(name, **options).eval()
    assert model(skeletons(random_joints(2, 35, bodies, joints))).shape == (2, 7)


@pytest.mark.parametrize("name", ["res_tcn", "res_tcn_bjcn"])
@pytest.mark.parametrize("center", ["none", "root"])
def test_tcn_stays_finite_when_joints_are_missing(name: str, center: str) -> None:
    model = create_model(name, **SMALL, center=center).train()
    joints = random_joints()
    joints[0] = torch.nan
    joints[1, :, 1] = torch.nan
    joints[2, 10:] = torch.inf
    logits = model(skeletons(joints))
    logits.sum().backward()
    assert logits.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())


def test_tcn_rejects_frames_that_do_not_divide() -> None:
    with pytest.raises(ConfigError, match=r"frames: found 301.*time_factor = 5"):
        create_model("res_tcn_bjcn", frames=301)


def test_tcn_rejects_another_number_of_bodies() -> None:
    with pytest.raises(DataError, match=r"\(20, 1, 4\).*\(20, 2, 4\)"):
        create_model("res_tcn", **SMALL)(skeletons(random_joints(bodies=1)))


def test_tcn_mean_differs_from_stride_only_inside_a_group() -> None:
    mean = create_model("res_tcn_bjcn", **SMALL).eval()
    stride = create_model("res_tcn_bjcn", **SMALL, downsample="stride").eval()
    stride.load_state_dict(mean.state_dict())
    joints = random_joints()
    held = joints[:, ::5].repeat_interleave(5, dim=1)
    torch.testing.assert_close(mean(skeletons(held)), stride(skeletons(held)))
    assert not torch.allclose(mean(skeletons(joints)), stride(skeletons(joints)))


def test_tcn_softmax_options_scale_and_replace() -> None:
    literal = create_model("res_tcn_bjcn", **SMALL).eval()
    outputs = literal.skeleton.fc_bjcn.out_features
    batch = skeletons(random_joints())
    features = {}
    for activation in ("softmax", "softmax_scaled", "relu"):
        model = create_model("res_tcn_bjcn", **SMALL, fc_activation=activation).eval()
        model.load_state_dict(literal.state_dict())
        features[activation] = model.features(batch)[:, -outputs:]
    torch.testing.assert_close(features["softmax"].sum(dim=1), torch.ones(3))
    torch.testing.assert_close(features["softmax_scaled"], outputs * features["softmax"])
    assert (features["relu"] == 0).any()


def test_conv_weights_are_all_convolutions_and_no_dense_layer() -> None:
    model = create_model("res_tcn_bjcn", **SMALL)
    shapes = [weight.ndim for weight in model.conv_weights()]
    assert shapes == [3] * 2 * (10 + 2)  # ten and two shortcuts in each branch


# --- normalization ---------------------------------------------------------------------------


def test_normalizer_maps_the_extrema_to_one_and_missing_to_zero() -> None:
    model = create_model("res_tcn", **SMALL)
    joints = random_joints()
    joints[0, 3, 1, 2, 1] = torch.nan
    model.fit_normalization([sequence.numpy() for sequence in joints])
    rows = model.skeleton.normalizer(joints).reshape(3, 2, 4, 3, 20)
    assert (rows[0, 1, 2, :, 3] == 0).all()
    for axis in range(3):
        torch.testing.assert_close(rows[:, :, :, axis].amax(), torch.tensor(1.0))
        torch.testing.assert_close(rows[:, :, :, axis].amin(), torch.tensor(-1.0))


def test_normalizer_puts_the_coordinates_of_a_joint_side_by_side() -> None:
    joints = random_joints()
    rows = create_model("res_tcn", **SMALL).skeleton.normalizer(joints)
    torch.testing.assert_close(rows[1, 4 * 3 + 2 * 3 + 1, 7], joints[1, 7, 1, 2, 1])


def test_normalizer_ignores_where_the_body_stands_when_centered() -> None:
    model = create_model("res_tcn", **SMALL, center="root", root=1).eval()
    joints = random_joints()
    joints[:, 0] = torch.nan
    moved = joints + torch.tensor([0.5, -1.0, 2.0])
    torch.testing.assert_close(model(skeletons(joints)), model(skeletons(moved)))


def test_normalizer_extrema_stay_when_data_changes() -> None:
    model = create_model("res_tcn", **SMALL).train()
    model.fit_normalization([np.array([[[[-1, -2, 0]], [[3, 2, 4]]]], np.float32)])
    model(skeletons(100 * random_joints()))
    state = model.state_dict()
    assert state["skeleton.normalizer.low"].tolist() == [-1, -2, 0]
    assert state["skeleton.normalizer.high"].tolist() == [3, 2, 4]


def test_joint_extrema_refuse_a_training_set_without_joints() -> None:
    with pytest.raises(DataError, match="no valid joint"):
        joint_extrema([np.full((2, 1, 1, 3), np.nan, np.float32)])


@pytest.mark.parametrize("missing", [0.0, 0.6, 0.97, 1.0])
def test_root_origin_twins_agree(missing: float) -> None:
    joints = random_joints(8)
    joints[torch.rand(8, 20, 2, 4) < missing] = torch.nan
    expected = np.stack([root_origin(sequence.numpy(), root=2) for sequence in joints])
    np.testing.assert_array_equal(root_origins(joints, root=2)[:, 0, 0, 0], expected)


# --- Eq. 2 -----------------------------------------------------------------------------------


def activations(*layers: list[float]) -> list[Tensor]:
    """One sample, two bodies of two joints: 12 rows; two equal filters a layer."""
    return [torch.tensor(layer).repeat(1, 2, 1) for layer in layers]


ROWS = [1.0, 0, 0, 0, 2, 0, 0, 0, 3, 1, 1, 2]  # joints answer 1, 2, 3, 4 in each filter


def test_score_sums_filters_and_three_axes() -> None:
    both = torch.tensor([[True, True]])
    layers = activations(ROWS, ROWS[::-1], [0.0] * 12, [0.0] * 12)
    first = informativeness_score(layers, both, layer=1)
    torch.testing.assert_close(first, torch.tensor([[[0.0, 1 / 3], [2 / 3, 1.0]]]))
    second = informativeness_score(layers, both, layer=2)
    torch.testing.assert_close(second, first.flip(1, 2))
    divided = informativeness_score(layers, both, layer=1, scale="max")
    torch.testing.assert_close(divided, torch.tensor([[[0.25, 0.5], [0.75, 1.0]]]))


def test_score_adds_the_raw_layers_before_scaling() -> None:
    both = torch.tensor([[True, True]])
    layers = activations(ROWS, [10 * row for row in ROWS[::-1]], [0.0] * 12, [0.0] * 12)
    # 1 2 3 4 + 40 30 20 10 = 41 32 23 14
    expected = torch.tensor([[[1.0, 2 / 3], [1 / 3, 0.0]]])
    torch.testing.assert_close(informativeness_score(layers, both), expected)


@pytest.mark.parametrize("scale", ["min_max", "max"])
def test_score_of_an_absent_body_is_zero_and_takes_no_part(scale: str) -> None:
    present = torch.tensor([[True, False]])
    score = informativeness_score(activations(ROWS), present, layer=1, scale=scale)
    low = 0.0 if scale == "min_max" else 0.5
    torch.testing.assert_close(score, torch.tensor([[[low, 1.0], [0.0, 0.0]]]))


@pytest.mark.parametrize("scale", ["min_max", "max"])
@pytest.mark.parametrize("value", [0.0, 1.7])
def test_score_is_one_when_all_joints_answer_alike(scale: str, value: float) -> None:
    layers = [layer.requires_grad_() for layer in activations([value] * 12)]
    score = informativeness_score(layers, torch.tensor([[True, True]]), layer=1, scale=scale)
    score.sum().backward()
    assert (score == 1).all()
    assert layers[0].grad.isfinite().all()


def test_score_is_zero_without_any_body() -> None:
    score = informativeness_score(activations(ROWS), torch.tensor([[False, False]]), layer=1)
    assert (score == 0).all()


def test_present_bodies_need_one_joint_in_one_frame() -> None:
    joints = torch.full((1, 5, 2, 4, 3), torch.nan)
    joints[0, 3, 1, 2] = 0.0
    assert present_bodies(joints).tolist() == [[False, True]]


def test_score_of_a_network_equals_eq_2_by_hand() -> None:
    model = create_model("res_tcn_bjcn", **SMALL).eval()
    bjcn = model.skeleton.bjcn
    for norm in (unit.norm for unit in bjcn.units):
        nn.init.uniform_(norm.weight)
        nn.init.normal_(norm.bias)
    joints = random_joints(1)
    x = joints[0].reshape(4, 5, 24).mean(dim=1).T  # (row, time): the mean over 5 frames
    features = x @ bjcn.entry.weight[:, :, 0].T + bjcn.entry.bias
    total = torch.zeros(8)
    for unit in bjcn.units[:4]:
        normed = features / (1 + 1e-5) ** 0.5 * unit.norm.weight + unit.norm.bias
        active = normed.clamp(min=0)
        total += active.sum(dim=1).reshape(8, 3).sum(dim=1)
        if isinstance(unit.shortcut, nn.Identity):
            features = features + active @ unit.conv.weight[:, :, 0].T + unit.conv.bias
    expected = (total - total.min()) / (total.max() - total.min())
    score = model.score(skeletons(joints))
    torch.testing.assert_close(score, expected.reshape(1, 2, 4), rtol=1e-4, atol=1e-5)
