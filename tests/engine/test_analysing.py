import argparse
import json
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from engine.analysing import add_analyse, analyse
from engine.contact_sheet import WIDTH
from plugin_host.errors import OutputError, SettingsError
from tests.engine.plates import SPACE, picture, put_faces, track, write_frame, write_plate

FRAMES = range(1001, 1009)


@pytest.fixture
def plate(tmp_path, monkeypatch):
    put_faces(
        monkeypatch,
        track(1, FRAMES, (50, 48), 10),
        track(2, (1001, 1002, 1006), (150, 48), 12.4),
    )
    monkeypatch.chdir(tmp_path)
    return write_plate(tmp_path / "plates", FRAMES, lambda f: picture(f, (96, 200)))


@pytest.fixture
def run(plate, capsys):
    """Runs the command; returns its exit code and what it said."""

    def run(*words):
        parser = argparse.ArgumentParser()
        add_analyse(parser)
        args = parser.parse_args([plate.pattern, "--colourspace", SPACE, *map(str, words)])
        code = analyse(args)
        return code, capsys.readouterr().out

    return run


def test_when_a_shot_is_analysed_then_its_faces_are_a_table(run, tmp_path):
    code, said = run()
    assert code == 0
    assert said.splitlines() == [
        "shot.%04d.exr  1001-1008  200x96  Linear Rec.709 (sRGB)",
        "face  frames          size in pixels, brows to lower lip",
        "   1  1001-1008       10",
        "   2  1001-1002,1006  12",
        "no cut",
        f"sheet {tmp_path}/shot_faces.png",
        f"restore with --shot 1001-1008 --colourspace {SPACE} --faces 1",
    ]


def test_when_a_detector_is_named_then_it_looks_and_is_told_on(run, monkeypatch):
    looked = []
    monkeypatch.setattr("engine.analysis.YuNet", looked.append)
    assert "--detector yunet.onnx --faces 1\n" in run("--detector", "yunet.onnx")[1]
    assert looked == ["yunet.onnx"]


def test_when_json_is_asked_for_then_it_is_one_object(run, tmp_path):
    code, said = run("--json", "--handles", 1, "--shot", "1002-1007", "--out", "sub.png")
    assert code == 0
    assert json.loads(said) == {
        "plate": str(tmp_path / "plates" / "shot.%04d.exr"),
        "shot": "1002-1007",
        "handles": 1,
        "frames": "1001-1008",
        "width": 200,
        "height": 96,
        "colourspace": "Linear Rec.709 (sRGB)",
        "cuts": [],
        "faces": [
            {
                "number": 1,
                "frames": "1001-1008",
                "size": {"least": 10, "median": 10, "most": 10},
            },
            {
                "number": 2,
                "frames": "1001-1002,1006",
                "size": {"least": 12, "median": 12, "most": 12},
            },
        ],
        "bad": [],
        "restore": f"--shot 1002-1007 --handles 1 --colourspace {SPACE} --faces 1",
        "sheet": str(tmp_path / "sub.png"),
    }


def test_when_a_sheet_is_drawn_then_it_is_a_picture_and_nothing_else_is_written(run, tmp_path):
    before = set(tmp_path.rglob("*"))
    run()
    assert set(tmp_path.rglob("*")) - before == {tmp_path / "shot_faces.png"}
    sheet = OpenImageIO.ImageInput.open(str(tmp_path / "shot_faces.png"))
    assert (sheet.spec().width, sheet.spec().nchannels) == (WIDTH, 3)
    sheet.close()


def test_when_frames_are_bad_then_they_are_named_with_the_reason_and_it_exits_1(run, plate):
    for frame in (1003, 1004):
        Path(plate.path(frame)).unlink()
    write_frame(plate, 1008, np.zeros((3, 10, 10), np.float32))
    code, said = run("--shot", "1001-1008")
    assert code == 1
    assert "frames 1003-1004: the frame is not there [frame.missing]\n" in said
    assert "frame 1008: the display window is 10x10+0+0" in said
    assert "   1  1001-1002,1005-1007" in said
    assert "restore with --shot 1001-1008" in said


def test_when_no_frame_can_be_used_then_there_is_no_sheet(run, plate, tmp_path):
    for frame in FRAMES:
        Path(plate.path(frame)).write_bytes(b"no picture")
    code, said = run("--json")
    assert code == 1
    told = json.loads(said)
    assert told["sheet"] is told["width"] is told["colourspace"] is None
    assert (told["frames"], told["faces"], told["restore"]) == ("", [], "")
    assert len(told["bad"]) == len(FRAMES)
    assert not list(tmp_path.glob("*.png"))


def test_when_there_is_no_face_then_that_is_said(run, monkeypatch):
    put_faces(monkeypatch)
    code, said = run()
    assert code == 0
    assert "no face was found\n" in said
    assert "restore with" not in said


def test_when_the_sheet_cannot_be_written_there_then_nothing_is_read(run, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.analysis.analyse_shot", None)
    with pytest.raises(SettingsError, match="--out is a PNG; call it so"):
        run("--out", "sheet.jpg")
    with pytest.raises(OutputError, match="no such folder for the contact sheet"):
        run("--out", tmp_path / "none" / "sheet.png")


def test_when_the_sheet_cannot_be_written_after_all_then_that_is_said(run, tmp_path):
    (tmp_path / "taken.png").mkdir()
    with pytest.raises(OutputError, match="cannot write the contact sheet: Is a directory"):
        run("--out", tmp_path / "taken.png")


def test_when_the_plate_is_png_then_its_frames_are_not_drawn_over(tmp_path):
    (tmp_path / "p.1001.png").write_bytes(b"a frame")
    parser = argparse.ArgumentParser()
    add_analyse(parser)
    args = [str(tmp_path / "p.%04d.png"), "--out", str(tmp_path / "p.1001.png")]
    with pytest.raises(OutputError, match="would overwrite the plate"):
        analyse(parser.parse_args(args))
    assert (tmp_path / "p.1001.png").read_bytes() == b"a frame"
