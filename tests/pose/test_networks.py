"""Detector and landmarks: anchors, suppression, regions, and a person where the truth is known."""

import pickle

import numpy as np
import pytest

from skelflow.camera.pinhole import project, unproject_pixels
from skelflow.pose.blazepose.detector import SIDE, Detector, anchors, decode, suppress
from skelflow.pose.blazepose.landmarks import LandmarkNetwork, refine
from skelflow.pose.blazepose.region import Region
from skelflow.pose.names import LANDMARKS, MIRROR
from skelflow.skeleton.layouts import KINECT_V2
from skelflow.types import Camera
from tests.pose.person import CAMERA, HEIGHT, JOINTS_M, WIDTH, gray_picture


def test_anchors_are_grids_of_cell_centers() -> None:
    assert anchors().shape == (2254, 2)
    np.testing.assert_array_equal(anchors()[:4], [[4, 4], [4, 4], [12, 4], [12, 4]])
    np.testing.assert_array_equal(anchors()[-6:], [[208, 208]] * 6)
    assert anchors().max() < SIDE


def test_decode_adds_the_anchor_to_all_but_the_size() -> None:
    raw = np.zeros((2254, 12), np.float32)
    raw[:, 2:4] = 7
    box = decode(raw)[0]
    np.testing.assert_array_equal(box, [4, 4, 7, 7, 4, 4, 4, 4, 4, 4, 4, 4])


def test_suppress_merges_what_overlaps_by_score() -> None:
    boxes = np.zeros((3, 12), np.float32)
    boxes[:, :4] = [[50, 50, 20, 20], [54, 50, 20, 20], [150, 50, 20, 20]]
    found = suppress(boxes, np.array([0.6, 0.9, 0.5], np.float32))
    assert [round(score, 2) for _, score in found] == [0.9, 0.5]
    assert found[0][0][0] == pytest.approx((0.6 * 50 + 0.9 * 54) / 1.5)


def test_region_stands_upright_and_comes_back() -> None:
    lying = Region.around(np.array([100.0, 60.0]), np.array([140.0, 60.0]))  # head to the right
    assert lying.side == pytest.approx(100)
    up = lying.to_image(np.array([[0.5, 0.0]]))
    np.testing.assert_allclose(up, [[150, 60]], atol=1e-9)  # what is up in the square
    image = np.zeros((120, 200, 3), np.uint8)
    image[55:66, 135:146] = 255
    cut = lying.cut(image, 64)
    y, x = np.argwhere(cut[..., 0] > 128).mean(axis=0)
    share = np.array([[(x + 0.5) / 64, (y + 0.5) / 64]])
    np.testing.assert_allclose(lying.to_image(share), [[140, 60]], atol=0.5)


def test_refine_goes_to_the_center_of_heat_where_it_is_sure() -> None:
    heat = np.full((64, 64, 2), -20, np.float32)
    heat[30, 33:36, :] = 20, -1
    shares = np.array([[32 / 64, 30 / 64], [32 / 64, 30 / 64]])
    np.testing.assert_allclose(refine(shares, heat)[0], [34 / 64, 30 / 64], atol=1e-6)
    np.testing.assert_allclose(refine(shares, heat)[1], shares[1])


def test_landmarks_lie_on_a_person_whose_joints_are_known() -> None:
    picture = gray_picture()
    (detection,) = Detector()(picture)
    person = LandmarkNetwork()(picture, detection.region)
    truth = project(JOINTS_M, CAMERA)
    own = person.points_px[list(MIRROR)]  # the image is mirrored
    for joint in ("shoulder", "elbow", "wrist", "knee", "ankle"):
        for side in ("left", "right"):
            name = f"{side}_{joint}"
            found = own[LANDMARKS.index(name)]
            assert np.linalg.norm(found - truth[KINECT_V2.joints.index(name)]) < 8, name
    assert person.score > 0.9
    assert (person.points_px >= 0).all() and (person.points_px < (WIDTH, HEIGHT)).all()


def test_networks_may_be_sent_to_another_process() -> None:
    picture = gray_picture()
    again = pickle.loads(pickle.dumps(Detector()))
    assert again(picture)[0].score == Detector()(picture)[0].score


def test_detector_finds_nobody_in_noise() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    assert Detector()(noise) == []


def test_unproject_pixels_is_the_inverse_of_project() -> None:
    camera = Camera(320, 240, 260.0, 250.0, 150.0, 118.0, k1=-0.1)
    points_m = np.array([[0.3, -0.4, 2.0], [-0.5, 0.2, 3.0]])
    found = unproject_pixels(project(points_m, camera), points_m[:, 2], camera)
    np.testing.assert_allclose(found, points_m, atol=1e-5)
