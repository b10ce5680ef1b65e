"""Devices told apart by their cameras, kept in a file, and found by the reader."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelflow.camera.calibration.file import (
    SensorCalibration,
    SensorCalibrations,
    load_calibrations,
    save_calibrations,
)
from skelflow.camera.calibration.fit import project_color
from skelflow.camera.calibration.sensors import (
    Correspondences,
    find_devices,
    fit_calibration,
    reprojection_errors,
)
from skelflow.camera.pinhole import project
from skelflow.errors import CalibrationError
from skelflow.recordings import open_recording
from skelflow.recordings.ntu.cameras import COLOR_PROJECTION, DEPTH_CAMERA
from skelflow.types import Camera
from tests.cli.test_commands import run
from tests.tiny_ntu import NAME, one_person, write_depth, write_skeleton, write_video

ONE = Camera(512, 424, 365.5, 365.5, 256.3, 208.5, 0.09, -0.27, 0.09)
TWO = Camera(512, 424, 365.0, 365.0, 262.5, 209.7, 0.09, -0.27, 0.09)
SIZES = {"depth_size": (512, 424), "color_size": (1920, 1080)}


def seen(camera: Camera, seed: int = 0, count: int = 300, noise_px: float = 0.0) -> Correspondences:
    rng = np.random.default_rng(seed)
    joints = rng.uniform([-1, -1, 2.5], [1, 1, 4.0], (count, 3))
    noise = rng.normal(0, noise_px, (count, 2))
    color = project_color(joints, COLOR_PROJECTION).astype(np.float64)
    return Correspondences(joints, project(joints, camera) + noise, color)


@pytest.mark.parametrize("noise_px", [0.0, 0.3])
def test_find_devices_groups_places_by_their_camera(noise_px: float) -> None:
    cameras = {"a": ONE, "b": TWO, "c": ONE, "d": ONE, "e": TWO}
    viewpoints = {p: seen(c, i, noise_px=noise_px) for i, (p, c) in enumerate(cameras.items())}
    sensors = find_devices(viewpoints, **SIZES)
    assert dict(sensors.viewpoints) == {
        p: "device 1" if c is ONE else "device 2" for p, c in cameras.items()
    }
    assert sensors.devices["device 2"].camera.cx == pytest.approx(262.5, abs=0.3)


def test_find_devices_places_few_joints_with_the_device_that_explains_them() -> None:
    few = seen(TWO, 3, count=12)
    strange = seen(replace(ONE, cx=300.0), 4, count=12)
    viewpoints = {"a": seen(ONE), "b": seen(TWO, 1), "few": few, "strange": strange}
    sensors = find_devices(viewpoints, **SIZES)
    assert sensors.viewpoints["few"] == sensors.viewpoints["b"]
    assert sensors.at("strange") is None


def test_fit_calibration_falls_back_to_affine_and_to_nothing() -> None:
    all_seen = seen(ONE)
    flat = all_seen.joints_m.copy()
    flat[:, 2] = 3.0
    color = project_color(flat, COLOR_PROJECTION).astype(np.float64)
    flat_fit = fit_calibration(Correspondences(flat, project(flat, ONE), color), **SIZES)
    assert flat_fit.projection is not None
    assert not flat_fit.projection.matrix[:, 3].any()
    blind = replace(all_seen, color_px=np.full((300, 2), np.nan))
    assert fit_calibration(blind, **SIZES).projection is None
    assert np.isnan(reprojection_errors(fit_calibration(blind, **SIZES), blind).color_px).all()


def test_calibrations_round_trip_through_their_file(tmp_path: Path) -> None:
    fitted = fit_calibration(seen(ONE), **SIZES)
    devices = {"device 1": fitted, "blind": SensorCalibration(TWO, None)}
    sensors = SensorCalibrations(devices, {"S001C001": "blind"})
    save_calibrations(sensors, tmp_path / "skelflow-cameras.json")
    again = load_calibrations(tmp_path / "skelflow-cameras.json")
    assert again.at("S001C001") == SensorCalibration(TWO, None)
    assert again.at("S001C002") is None
    assert again.devices["device 1"].camera == fitted.camera
    projection = again.devices["device 1"].projection
    assert projection is not None
    assert fitted.projection is not None
    np.testing.assert_array_equal(projection.matrix, fitted.projection.matrix)
    assert [file.name for file in tmp_path.iterdir()] == ["skelflow-cameras.json"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": "other"}', '{"format": "skelflow cameras 1", "devices": 3}'],
)
def test_load_calibrations_fails_when_the_file_is_something_else(tmp_path: Path, text: str) -> None:
    path = tmp_path / "skelflow-cameras.json"
    path.write_text(text)
    with pytest.raises(CalibrationError, match=r"cameras\.json: no file of fitted cameras .*again"):
        load_calibrations(path)


def test_cli_calibrate_keeps_cameras_where_the_reader_finds_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("S001C002P003R001A058", "S002C001P003R001A001", "S003C003P001R001A002")
    for name, camera in zip(names, (TWO, ONE, ONE), strict=True):
        write_skeleton(tmp_path, one_person(), name=name, camera=camera)
    broken = tmp_path / "nturgb+d_skeletons" / "S009C001P001R001A001.skeleton"
    broken.write_text("3")
    assert run("calibrate", tmp_path) == 0
    said = capsys.readouterr().out
    assert "S001C002   device 2       1      500" in said
    assert "not read: S009C001P001R001A001.skeleton" in said
    assert (tmp_path / "skelflow-cameras.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "nturgb+d_skeletons" / f"{NAME}.skeleton").unlink()
    write_video(tmp_path / "nturgb+d_rgb" / f"{NAME}_rgb.avi", 2, (1920, 1080))
    recording = open_recording(write_depth(tmp_path / "nturgb+d_depth" / NAME, 2))
    assert recording.camera.cx == pytest.approx(262.5, abs=0.01)  # no joints of its own
    assert recording.color_projection is not None
    np.testing.assert_allclose(
        recording.color_projection.matrix, COLOR_PROJECTION.matrix, rtol=1e-3, atol=0.05
    )
    other = write_depth(tmp_path / "nturgb+d_depth" / "S031C002P003R001A058", 2)
    assert open_recording(other).camera == DEPTH_CAMERA  # no device known there


def test_cli_calibrate_refuses_when_there_is_nothing_to_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("calibrate", tmp_path) == 2
    assert "no NTU RGB+D skeleton below" in capsys.readouterr().err
    write_skeleton(tmp_path, [{}, {}])
    assert run("calibrate", tmp_path) == 2
    assert "no camera can be fitted to 1 skeletons: too few joints" in capsys.readouterr().err
    assert run("calibrate", tmp_path / "nowhere") == 2
    assert "nowhere is no folder" in capsys.readouterr().err
    write_skeleton(tmp_path, one_person())
    assert run("calibrate", tmp_path, "--out", tmp_path / "no" / "cameras.json") == 2
    assert "cannot be written" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.json"))


def test_reader_says_so_when_the_file_of_cameras_is_damaged(tmp_path: Path) -> None:
    path = write_skeleton(tmp_path, one_person())
    (tmp_path / "skelflow-cameras.json").write_text(json.dumps({"format": "?"}))
    with pytest.raises(CalibrationError, match=r"cameras\.json: no file of fitted cameras"):
        open_recording(path)


def test_calibrate_explains_the_real_joints_of_two_devices(data_dir: Path) -> None:
    from skelflow.datasets.inspect.calibration import calibrate

    found = calibrate([data_dir / "ntu"])
    devices = {viewpoint: found.sensors.viewpoints[viewpoint] for viewpoint in found.viewpoints}
    assert len(devices) == 5
    assert devices["S001C001"] == devices["S002C001"] == devices["S004C002"] == "device 1"
    assert devices["S001C003"] == devices["S003C001"] == "device 2"
    for viewpoint in found.viewpoints.values():
        assert viewpoint.errors is not None
        assert np.nanmedian(viewpoint.errors.depth_px) < 0.001
        assert np.nanmax(viewpoint.errors.depth_px) < 0.01
        assert np.nanmedian(viewpoint.errors.color_px) < 0.002
        assert np.nanmax(viewpoint.errors.color_px) < 0.01
    for calibration in found.sensors.devices.values():
        assert calibration.camera.fx == pytest.approx(365.5, rel=0.002)


def test_subsample_keeps_all_joints_alike_whatever_their_number() -> None:
    joints = np.arange(25 * 40_000) % 25  # a stride of 50 would keep one joint alone
    rows = np.repeat(joints[:, None], 3, axis=1).astype(np.float64)
    kept = Correspondences(rows, rows[:, :2], rows[:, :2]).subsample().joints_m[:, 0]
    counts = np.bincount(kept.astype(int), minlength=25)
    assert counts.sum() < len(joints)
    assert counts.min() > 0.8 * counts.mean()
