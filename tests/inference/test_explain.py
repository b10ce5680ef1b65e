"""What a network saw: frames put in order, pictures, and a page that a real browser plays."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page

from skelflow.datasets.loading.sampling import Clip
from skelflow.inference import Explanation, Recognizer
from skelflow.inference.explain import frames_read, mean_by_frame
from skelflow.inference.responses import joint_responses
from skelflow.models.attention.masks import disc_radius
from skelflow.recordings import open_recording
from skelflow.types import Frames
from skelflow.viz.panels import SIDE_PX, draw_panels
from tests.browser import open_page
from tests.cli.test_commands import run
from tests.tiny_utd import write_data_set

SKELETON_RECIPE = """
batch_size = 4
epochs = 1
[model]
name = "gcn"
width = 0.25
frames = 16
[data]
longer = "resample"
"""
RECIPE = """
batch_size = 4
epochs = 1
[model]
name = "{name}"
width = 0.02
{more}
clip_length = 8
crop = 32
[data]
overlap = 4
"""
SKELETON = "skeleton_width = 0.1\nframes = 10"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of the tiny data set, and a store of them."""
    folder = tmp_path_factory.mktemp("explain")
    write_data_set(folder / "data")
    words = ("prepare", folder / "data", "--out", folder / "store", "--size", "80x60")
    assert run(*words, "--workers", "1") == 0
    return folder


def train(data: Path, name: str, more: str) -> Path:
    """A run of one epoch."""
    recipe, result = data / f"{name}.toml", data / name
    if not result.exists():
        recipe.write_text(RECIPE.format(name=name, more=more))
        assert run("train", recipe, data / "store", "--run", result) == 0
    return result


@pytest.fixture(scope="module")
def fused(data: Path) -> Path:
    return train(data, "fused", SKELETON)


def first_recording(data: Path) -> Path:
    return min((data / "data").rglob("*_depth.mat"))


def test_mean_by_frame_leaves_made_up_frames_out() -> None:
    values = torch.tensor([[[1.0], [2.0], [3.0]], [[5.0], [6.0], [99.0]]])
    found = mean_by_frame([Clip(0, 0, 0), Clip(0, 2, 1)], values)
    np.testing.assert_array_equal(found, [[1], [2], [4], [6]])


def test_mean_by_frame_has_no_frame_that_no_clip_holds() -> None:
    values, clips = torch.tensor([[[1.0], [2.0], [4.0]]]), [Clip(0, 1, 0, spread=(1, 1, 4))]
    assert frames_read(clips, 3) == [1, 4]
    np.testing.assert_array_equal(mean_by_frame(clips, values), [[1.5], [4]])


def test_explain_says_what_recognize_says_and_shows_every_frame(data: Path, fused: Path) -> None:
    recognizer, path = Recognizer.load(fused), first_recording(data)
    explanation = recognizer.explain(path)
    assert explanation.result.predictions == recognizer.recognize(path).predictions
    count = len(range(0, len(open_recording(path)) - 1, 3))
    assert explanation.times == tuple(range(0, 3 * count, 3))
    assert explanation.flow is not None and explanation.flow.shape == (count, 32, 32, 3)
    assert explanation.probabilities.shape == (count, len(explanation.classes))
    np.testing.assert_allclose(explanation.probabilities.sum(axis=1), 1, rtol=1e-5)
    assert len(explanation.clips) == len(explanation.clip_probabilities)
    mean = explanation.clip_probabilities.mean(axis=0)
    best = explanation.result.predictions[0]
    assert mean[explanation.classes.index(best.name)] == pytest.approx(best.probability)


def test_explain_attends_around_the_joints_it_sees(data: Path, fused: Path) -> None:
    recognizer, path = Recognizer.load(fused), first_recording(data)
    explanation, recording = recognizer.explain(path), open_recording(path)
    assert explanation.attention is not None and recording.skeleton is not None
    left, top, width, _ = explanation.window
    joints = recording.skeleton.joints_px[0, 0]
    cells = np.floor((joints - (left, top) + 0.5) * 32 / width).astype(int)
    inside = cells[(cells >= 0).all(axis=1) & (cells < 32).all(axis=1)]
    assert len(inside)
    assert (explanation.attention[0][inside[:, 1], inside[:, 0]] >= 1).all()
    y, x = np.nonzero(explanation.attention[0])
    away = np.linalg.norm(np.stack((x, y), 1)[:, None] - cells, axis=2).min(axis=1)
    assert away.max() <= disc_radius(32)


@pytest.mark.parametrize(
    ("name", "more", "views"),
    [
        ("fused", SKELETON, ["depth", "scene flow", "attention"]),
        ("c3d", "", ["depth", "scene flow"]),
        ("c3d_at1", "", ["depth", "scene flow", "attention"]),
    ],
)
def test_panels_are_what_the_network_has(
    data: Path, name: str, more: str, views: list[str]
) -> None:
    path = first_recording(data)
    explanation = Recognizer.load(train(data, name, more)).explain(path)
    panels = draw_panels(open_recording(path), explanation)
    assert [panel.name for panel in panels] == views
    for panel in panels:
        assert len(panel.pictures) == len(explanation.times)
        assert all(picture.shape == (SIDE_PX, SIDE_PX, 3) for picture in panel.pictures)


def train_skeleton_network(data: Path) -> Path:
    recipe, result = data / "bjcn.toml", data / "bjcn"
    recipe.write_text('epochs = 1\n[model]\nname = "res_tcn_bjcn"\nwidth = 0.1\nframes = 10\n')
    if not result.exists():
        assert run("train", recipe, data / "store", "--run", result) == 0
    return result


def test_panels_of_a_skeleton_network_show_the_whole_image(data: Path) -> None:
    recording = open_recording(first_recording(data))
    explanation: Explanation = Recognizer.load(train_skeleton_network(data)).explain(recording)
    assert explanation.window == (0, 0, recording.camera.width, recording.camera.height)
    assert [panel.name for panel in draw_panels(recording, explanation)] == ["depth", "skeleton"]


def test_panels_keep_the_shape_of_what_they_show(data: Path) -> None:
    recording = open_recording(first_recording(data))
    explanation = Recognizer.load(train_skeleton_network(data)).explain(recording)
    depth, skeleton = draw_panels(recording, explanation)
    width, height = recording.camera.width, recording.camera.height
    assert depth.pictures[0].shape == (SIDE_PX, round(SIDE_PX * width / height), 3)
    place = np.array(recording.skeleton.joints_px[0, 0, 0]) * SIDE_PX / height
    x, y = place.round().astype(int)
    around = skeleton.pictures[0][y - 4 : y + 5, x - 4 : x + 5].astype(int)
    assert (around[..., 0] - around[..., 2]).max() > 50  # a red circle on gray


@pytest.fixture
def page(data: Path, fused: Path, tmp_path: Path) -> Iterator[Page]:
    """The page of two recordings, in a browser."""
    paths = sorted((data / "data").rglob("*_depth.mat"))[:2]
    assert run("explain", fused, *paths, "--out", tmp_path / "out", "--note", "a <b>note") == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["index.html"]
    with open_page(tmp_path / "out" / "index.html") as page:
        yield page


def test_page_plays_and_shows_another_frame(page: Page) -> None:
    assert page.locator("article").count() == 2
    assert "a <b>note" in page.locator("body").inner_text()
    article = page.locator("#case1")
    pictures = article.locator("img")
    widths = pictures.evaluate_all("all => all.map(image => image.naturalWidth)")
    assert widths == [SIDE_PX] * 3
    before = pictures.nth(1).get_attribute("src")
    article.locator("button").click()
    changed = "before => document.querySelectorAll('#case1 img')[1].src !== before"
    page.wait_for_function(changed, arg=before)
    article.locator("input").fill("0")
    assert pictures.nth(1).get_attribute("src") == before
    assert article.locator("button").inner_text() == "play"


def test_recognizer_sees_what_the_store_was_prepared_to_see(data: Path, fused: Path) -> None:
    recording = open_recording(first_recording(data))
    size = (recording.camera.height, recording.camera.width)
    noise = np.random.default_rng(0).uniform(0, 255, (len(recording), *size)).astype(np.float32)
    lit = replace(recording, infrared=Frames(len(recording), noise.__getitem__))
    blind, seeing = (
        Recognizer(
            replace(
                checkpoint,
                meta=replace(
                    checkpoint.meta, flow=checkpoint.meta.flow.replace(intensity=intensity)
                ),
            )
        )
        for checkpoint in (Recognizer.load(fused).checkpoint,)
        for intensity in ("none", "infrared")
    )
    expected = blind.explain(recording).flow
    assert expected is not None
    np.testing.assert_array_equal(blind.explain(lit).flow, expected)
    assert not np.array_equal(seeing.explain(lit).flow, expected)


def test_filters_are_drawn_for_each_action(
    data: Path, fused: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = data / "filters"
    assert run("explain", fused, data / "data", "--filters", "--out", out) == 0
    assert (out / "filters.png").read_bytes().startswith(b"\x89PNG")
    assert str(out / "filters.png") in capsys.readouterr().out


@pytest.mark.parametrize("option", [["--filters"], []])
def test_broken_recordings_are_left_out_and_said(
    option: list[str], data: Path, fused: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = first_recording(data)
    broken = [tmp_path / f"a1_s1_t{t}_depth.mat" for t in (1, 2)]
    for each in broken:
        each.write_bytes(b"no recording")
    out = tmp_path / "out"
    assert run("explain", fused, broken[0], good, *option, "--out", out) == 0
    assert "left out a1_s1_t1_depth.mat: " in capsys.readouterr().out
    assert len(list(out.iterdir())) == 1
    assert run("explain", fused, *broken, *option, "--out", tmp_path / "none") == 2
    said = capsys.readouterr().err
    assert f"none of 2 recordings can be used: {broken[0]}: " in said
    assert f"; {broken[1]}: " in said
    assert not (tmp_path / "none").exists()


def test_filters_need_a_guide_that_has_them(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gcn, recipe = data / "gcn", data / "gcn.toml"
    recipe.write_text(SKELETON_RECIPE)
    assert run("train", recipe, data / "store", "--run", gcn) == 0
    assert run("explain", gcn, data / "data", "--filters", "--out", data / "none") == 2
    assert "its guide has no filters over time" in capsys.readouterr().err
    assert not (data / "none").exists()


def test_responses_of_the_first_layer_make_its_score(data: Path, fused: Path) -> None:
    checkpoint = Recognizer.load(fused).checkpoint
    path = next((data / "data").rglob("*_depth.mat"))
    found = joint_responses(checkpoint, open_recording(path))
    assert found.filters.shape == (len(found.responses), 10 // 5)
    assert (found.responses >= 0).all()
    guide = checkpoint.network.get_submodule("skeleton")
    guide.config = guide.config.replace(score_layer=1)
    summed = found.responses.sum(axis=0)
    expected = (summed - summed.min()) / np.ptp(summed)
    score = joint_responses(checkpoint, open_recording(path)).score
    np.testing.assert_allclose(score, expected, atol=1e-5)
