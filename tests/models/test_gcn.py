"""The graph convolutional network: any layout, whoever is missing, wherever people stand."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from skelflow.errors import ConfigError, DataError
from skelflow.models.base import Network
from skelflow.models.guides.gcn import bone_graph
from skelflow.models.guides.gcn_channels import JointChannels, parent_joints
from skelflow.models.registry import configure, create_model
from skelflow.skeleton.layouts import KINECT_V1, KINECT_V2
from tests.models.test_fusion import (
    FLOW,
    SKELETON,
    changed,
    copy_state,
    make_batch,
)
from tests.models.test_res_tcn import parameters, skeletons

CHAIN = tuple((joint, joint + 1) for joint in range(14))  # fifteen joints in a row
LAYOUTS: dict[str, Mapping[str, Any]] = {
    "chain": {"joints": 15, "bones": CHAIN, "root": 2},
    "kinect_v1": {"joints": 20, "bones": KINECT_V1.bones, "root": KINECT_V1.root},
    "kinect_v2": {"joints": 25, "bones": KINECT_V2.bones, "root": KINECT_V2.root},
}
FEW = {"classes": 3, "frames": 12, "width": 0.25}
FUSED = {**SKELETON, **FLOW, "guide": "gcn", "skeleton_width": 0.25, "bones": ((0, 1), (1, 2))}


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def people(bodies: int, joints: int, *, b: int = 3, frames: int = 12) -> Tensor:
    return 0.3 * torch.randn(b, frames, bodies, joints, 3)


def informed(model: Network) -> Network:
    """Batch statistics and attention as after some training."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
        for name, weight in module.named_parameters(recurse=False):
            if name == "attention_weight":
                nn.init.uniform_(weight, 0.5, 1.0)
    return model.eval()


def test_gcn_has_191_051_parameters_for_utd_mhad() -> None:
    model = create_model("gcn", classes=27, joints=20, bodies=1)
    assert parameters(model) == 191_051
    assert model.head.in_features == 256


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bodies", [1, 2, 5])
def test_gcn_takes_any_layout_and_stays_finite_whatever_is_missing(
    layout: str, bodies: int
) -> None:
    options = LAYOUTS[layout]
    model = create_model("gcn", **FEW, **options, bodies=bodies)
    joints = people(bodies, options["joints"])
    joints[0] = torch.nan
    joints[1, :, 1:] = torch.nan
    joints[2, 3:7, 0, 4] = torch.nan
    joints[2, 8] = torch.inf
    joints[2, :, 0, options["root"]] = torch.nan
    logits = model(skeletons(joints))
    logits.sum().backward()
    assert logits.shape == (3, 3)
    assert logits.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())
    score = model.score(skeletons(joints))
    assert score.shape == (3, bodies, options["joints"])
    assert (score[0] == 0).all()
    assert (score[1, 1:] == 0).all()
    assert score[1].min() == 0
    assert score[1, 0].max() == score[2].max() == 1


def test_absent_bodies_change_nothing() -> None:
    options = {**FEW, **LAYOUTS["kinect_v1"]}
    alone = informed(create_model("gcn", **options, bodies=1))
    among = create_model("gcn", **options, bodies=5).eval()
    among.load_state_dict(alone.state_dict())
    joints = people(1, 20)
    spread = torch.full((3, 12, 5, 20, 3), torch.nan)
    spread[:, :, 2:3] = joints
    torch.testing.assert_close(among(skeletons(spread)), alone(skeletons(joints)))
    score = among.score(skeletons(spread))
    torch.testing.assert_close(score[:, 2:3], alone.score(skeletons(joints)))


def test_where_people_stand_does_not_matter() -> None:
    model = informed(create_model("gcn", **FEW, **LAYOUTS["kinect_v2"], bodies=2))
    joints = people(2, 25)
    joints[:, :3, 0] = torch.nan
    logits, score = model(skeletons(joints)), model.score(skeletons(joints))
    moved = skeletons(joints + torch.tensor([3.0, -2.0, 1.0]))
    torch.testing.assert_close(model(moved), logits, rtol=0, atol=1e-5)
    torch.testing.assert_close(model.score(moved), score, rtol=0, atol=1e-5)


def test_scores_come_from_the_bottom_blocks_and_follow_the_options() -> None:
    options = {**FEW, **LAYOUTS["chain"], "bodies": 2}
    model, batch = informed(create_model("gcn", **options)), skeletons(people(2, 15))
    features, score = model.skeleton.features_and_score(batch)
    torch.testing.assert_close(model.score(batch), score)
    torch.testing.assert_close(model.features(batch), features)
    maps = [maps.sum(dim=(1, 2)) for maps in model.skeleton._bottom(batch.joints_m)]
    for layer, response in ((1, maps[0]), (4, maps[3]), ("sum", sum(maps))):
        other = create_model("gcn", **options, score_layer=layer, score_scale="max").eval()
        other.load_state_dict(model.state_dict())
        whole = response.reshape(3, 30)
        expected = (whole / whole.amax(dim=1, keepdim=True)).reshape(3, 2, 15)
        torch.testing.assert_close(other.score(batch), expected)


@pytest.mark.parametrize("name", ["c3d_at2", "fused"])
def test_it_steers_the_attention_and_trains_with_c3d(name: str) -> None:
    joint = {"skeleton_update": "joint", "differentiable": True} if name == "c3d_at2" else {}
    model, batch = create_model(name, **FUSED, **joint, dropout=0.0), make_batch()
    before = copy_state(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    losses = []
    for _ in range(3):
        losses.append(functional.cross_entropy(model(batch), batch.label))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[2] < losses[1] < losses[0]
    moved = changed(model, before)
    assert {"flow.conv1a.weight", "skeleton.entry.weight", "skeleton.joint_code"} <= moved
    assert model.eval()(batch).isfinite().all()
    assert model.score(batch).shape == (3, 2, 5)


def test_bones_are_told_or_those_of_a_known_layout() -> None:
    assert configure("gcn", {"joints": 20}).skeleton_bones == KINECT_V1.bones  # type: ignore[attr-defined]
    assert configure("gcn", {"joints": 7}).skeleton_bones == ()  # type: ignore[attr-defined]
    told = configure("gcn", {"joints": 7, "bones": [[0, 1], [5, 6]]})  # as JSON has them
    assert told.skeleton_bones == ((0, 1), (5, 6))  # type: ignore[attr-defined]
    fused = create_model("fused", **FUSED)
    assert fused.config.skeleton.bones == ((0, 1), (1, 2))  # type: ignore[attr-defined]


def test_bones_must_join_joints() -> None:
    with pytest.raises(ConfigError, match=r"bones: found .*, expected pairs .* below 5"):
        create_model("gcn", joints=5, bones=((0, 5),))


def test_another_size_is_refused() -> None:
    with pytest.raises(DataError, match=r"\(12, 1, 15\).*\(12, 2, 15\)"):
        create_model("gcn", **FEW, **LAYOUTS["chain"], bodies=2)(skeletons(people(1, 15)))


def test_graphs_start_as_the_bones() -> None:
    graph = bone_graph(((0, 1), (1, 2)), joints=4)
    expected = [[1 / 2, 1 / 3, 0, 0], [1 / 2, 1 / 3, 1 / 2, 0], [0, 1 / 3, 1 / 2, 0], [0, 0, 0, 1]]
    torch.testing.assert_close(graph, torch.tensor(expected))


def test_parents_lead_to_the_root_in_both_layouts() -> None:
    for layout in (KINECT_V1, KINECT_V2):
        parents = parent_joints(layout.bones, joints=len(layout), root=layout.root)
        for joint in range(len(layout)):
            for _ in layout.bones:
                joint = parents[joint]
            assert joint == layout.root


def test_channels_are_offset_bone_velocity_and_place() -> None:
    channels = JointChannels(((0, 1), (1, 2)), joints=3, root=0)
    joints = torch.zeros(1, 2, 1, 3, 3)
    joints[0, 0, 0, :, 0] = torch.tensor([1.0, 3.0, 7.0])
    joints[0, 1, 0, :, 0] = torch.tensor([2.0, 3.0, torch.nan])
    along_x = channels.measure(joints)[0, :, 0, ::3]
    first = [[0.0, 2, 6], [0, 2, 4], [1, 0, 0], [0, 2, 6]]
    second = [[0.0, 1, 0], [0, 1, 0], [0, 0, 0], [1, 2, 0]]
    torch.testing.assert_close(along_x, torch.tensor([first, second]))
