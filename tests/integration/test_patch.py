"""Patches through the command line and the engine: asked for, resumed, fetched."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.frame_io.exr import read_image
from engine.patch import COVERAGE

FRAMES = range(1001, 1003)


@pytest.fixture(scope="module")
def face_plate(tmp_path_factory, tools):
    return tools.write_face_plate(tmp_path_factory.mktemp("face"), FRAMES)


def merged(plate, patch):
    """Return R, G and B of the patch where it covers, of the plate elsewhere."""
    box, channels = patch.beauty.data_window, patch.beauty.channels
    place = box.slices(plate.beauty.data_window)
    made = {name: plate.beauty.channels[name].copy() for name in "RGB"}
    for name, samples in made.items():
        samples[place] = np.where(channels[COVERAGE] == 1, channels[name], samples[place])
        mixed = channels[name] * channels[COVERAGE] + samples[place] * (1 - channels[COVERAGE])
        assert np.array_equal(mixed, samples[place]), "a Keymix makes the same numbers"
    return made


def test_when_patches_are_restored_then_laid_over_the_plate_they_are_the_whole_frames(
    face_plate, tmp_path, command
):
    how = ("--restorer", "temporal-denoise", "--json")
    for name, layers in (("whole", "beauty"), ("out", "beauty,patch,matte")):
        done = command("restore", face_plate, "--output", tmp_path / name, "--layers", layers, *how)
        assert done.returncode == 0, done.err
    for frame in FRAMES:
        plate = read_image(face_plate % frame)
        whole = read_image(str(tmp_path / "whole" / f"p_restored.{frame}.exr"))
        patch = read_image(str(tmp_path / "out" / f"p_restored.{frame}.exr"))
        assert set(patch.beauty.channels) == {*"RGB", "faceplate.matte", COVERAGE}
        assert patch.beauty.data_window != plate.beauty.data_window
        assert patch.display_window == plate.display_window
        for name, samples in merged(plate, patch).items():
            assert samples.tobytes() == whole.beauty.channels[name].tobytes()
        receipt = tmp_path / "out" / "p.take" / "receipts" / f"{frame}.json"
        assert json.loads(receipt.read_text())["status"] == "restored"
    again = command(
        "restore", face_plate, "--output", tmp_path / "out", "--layers", "beauty,patch,matte", *how
    )
    statuses = [
        line["status"] for line in map(json.loads, again.out.splitlines()) if "status" in line
    ]
    assert statuses == ["kept"] * len(FRAMES)
    other = command("restore", face_plate, "--output", tmp_path / "out", *how)
    assert other.returncode == 2
    assert "settings.layers" in other.err + other.out


def test_when_a_frame_has_no_face_then_its_patch_is_one_pixel_of_the_plate(
    plate, tmp_path, command
):
    done = command(
        *("restore", plate, "--output", tmp_path, "--frames", "1001-1002", "--layers", "patch"),
        *("--restorer", "temporal-denoise"),
    )
    assert done.returncode == 0, done.err
    there = read_image(plate % 1002)
    patch = read_image(str(tmp_path / "p_restored.1002.exr"))
    assert patch.beauty.attributes["faceplate/status"] == "no face"
    assert patch.beauty.channels["G"].tolist() == [[there.beauty.channels["G"][0, 0].item()]]
    assert merged(there, patch)["B"].tobytes() == there.beauty.channels["B"].tobytes()


def test_when_a_patch_is_fetched_then_it_is_the_delivered_file(engine, face_plate, tmp_path, tools):
    submit = tools.request(
        face_plate, tmp_path / "out", "1001-1002", whole_frame=False, layers=("patch",)
    )
    with engine.client() as client:
        job = client.submit(submit).job
        events = [event for event in client.frames(job) if hasattr(event, "path")]
        fetched = client.fetch(job, 1002)
    (path,) = [event.path for event in events if event.frame == 1002]
    assert fetched == Path(path).read_bytes()
    assert COVERAGE in read_image(fetched).beauty.channels
