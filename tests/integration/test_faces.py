"""Faces by number, through the command line, on a plate with two real ones."""

import json
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest
from skimage import data, transform

from engine.frame_io.exr import read_image

RANGE = range(1001, 1005)
SHAPE = (180, 320)
CENTRES = (80, 240)  # columns of the two faces


@pytest.fixture(scope="module")
def two(tmp_path_factory, tools):
    """Four frames of one person on the left and her mirrored twin on the right."""
    folder = tmp_path_factory.mktemp("two")
    portrait = data.astronaut()[0:230, 110:340] / 255
    small = transform.resize(portrait, (100, 100), anti_aliasing=True)
    wall = np.random.default_rng(1).uniform(0.35, 0.4, (*SHAPE, 3))
    for frame in RANGE:
        pixels = wall.copy()
        for centre, face in zip(CENTRES, (small, small[:, ::-1, ::-1]), strict=True):
            left = centre - 50 + (frame - RANGE[0])
            pixels[40:140, left : left + 100] = face
        tools.write_frame(folder / f"p.{frame:04d}.exr", frame, pixels=pixels**2.2)
    return str(folder / "p.%04d.exr")


def halves(plate, out):
    """Return in how many delivered frames the left half, and the right, differs from the plate."""
    changed = np.zeros(2, int)
    for frame in RANGE:
        there = read_image(plate % frame)
        here = read_image(str(out / f"p_restored.{frame:04d}.exr"))
        differ = here.beauty.channels["G"] != there.beauty.channels["G"]
        changed += [differ[:, :160].any(), differ[:, 160:].any()]
    return changed.tolist()


def test_when_a_shot_is_analysed_then_its_numbers_are_those_that_restore_takes(
    two, tmp_path, tools, command
):
    environment = tools.environment(PYTHONPROFILEIMPORTTIME="1")
    done = tools.run("analyse", two, "--json", cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    loaded = {line.rpartition(" ")[2] for line in done.stderr.splitlines()}
    assert "engine.contact_sheet" in loaded
    assert not loaded & {"zmq", "engine.pipeline", "engine.restorers.lite"}, "no engine is needed"
    told = json.loads(done.stdout)
    assert [face["number"] for face in told["faces"]] == [1, 2]
    assert {face["frames"] for face in told["faces"]} == {"1001-1004"}
    assert told["restore"] == "--shot 1001-1004 --faces 1"
    sheet = OpenImageIO.ImageInput.open(told["sheet"])
    assert Path(told["sheet"]) == tmp_path / "p_faces.png"
    assert sheet.read_image("uint8").std() > 10
    sheet.close()
    for name, words, expected in (
        ("one", told["restore"].split(), [4, 0]),
        ("but-one", ["--faces=-1"], [0, 4]),
    ):
        out = tmp_path / name
        done = command("restore", two, "--output", out, "--restorer", "temporal-denoise", *words)
        assert done.returncode == 0, done.err
        assert halves(two, out) == expected, name


def test_when_a_face_is_not_there_then_restore_exits_2_and_lists_those_that_are(
    two, tmp_path, command
):
    words = ("restore", two, "--output", tmp_path / "out", "--restorer", "passthrough")
    done = command(*words, "--faces", "1,3=Anna")
    assert done.returncode == 2
    assert "face 3 is not in this shot; it has 1 (1001-1004), 2 (1001-1004)" in done.err
    assert "request.settings" in done.err
    assert not list(tmp_path.rglob("*.exr"))
    done = command(*words, "--faces", "2=Anna")  # the refused request left nothing in the way
    assert done.returncode == 0, done.err
    header = read_image(str(tmp_path / "out" / "p_restored.1003.exr")).beauty.attributes
    assert header["faceplate/faces"] == "2=Anna"


def test_when_a_face_is_not_there_then_the_engine_says_so_and_lives(two, tmp_path, engine, command):
    words = ("submit", two, "--output", tmp_path / "out", "--connection", engine.path)
    for faces, code in (("7", 2), ("2", 0)):
        done = command(*words, "--restorer", "passthrough", "--faces", faces)
        assert done.returncode == code, done.err
        assert ("face 7 is not in this shot; it has 1 (1001-1004)" in done.err) is (code == 2)
