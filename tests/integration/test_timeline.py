"""A cut restored by real processes: the commands of docs/timeline.md, and what the editor gets."""

import json
import re
import shlex
import signal
from fractions import Fraction
from pathlib import Path

import pytest

from engine import carried_out
from engine.__main__ import main
from engine.frame_io.exr import read_image
from engine.frame_io.timecode import Timecode
from tests.engine.timeline.cuts import planned, write_media

PAGE = Path(__file__).parents[2] / "docs" / "timeline.md"
RATE = Fraction(24)
EDL = """TITLE: REEL 1
FCM: NON-DROP FRAME

001  A001C003 V     C        01:00:00:05 01:00:00:09 10:00:00:00 10:00:00:04
* FROM CLIP NAME: A001C003_140429_R1AB.mov
002  A002C001 V     D    002 02:00:00:02 02:00:00:06 10:00:00:04 10:00:00:08
* FROM CLIP NAME: A001C003_140429_R1AB.mov
* TO CLIP NAME: A002C001_140430_R1AB.mov
003  A001C003 V     C        01:00:00:10 01:00:00:16 10:00:00:08 10:00:00:11
* FROM CLIP NAME: A001C003_140429_R1AB.mov
M2   A001C003       048.0                01:00:00:10
004  A002C001 V     C        02:00:00:02 02:00:00:06 10:00:00:11 10:00:00:15
"""
SHOWN = [("01:00:00:05", 6), ("02:00:00:02", 4), ("01:00:00:10", 6), ("02:00:00:02", 4)]
"""What clips show: the first has two frames more, of the dissolve; the third runs twice as fast."""


@pytest.fixture
def desk(tmp_path):
    """Return a folder as an assistant editor has it."""
    write_media(
        tmp_path / "media" / "day1" / "A001C003_140429_R1AB",
        *("A001C003_140429_R1AB", range(1001, 1025), "01:00:00:00"),
        size=(48, 64),
    )
    write_media(
        tmp_path / "media" / "day2",
        *("A002C001_140430_R1AB", range(10), "02:00:00:00"),
        size=(48, 64),
    )
    (tmp_path / "reel1.edl").write_text(EDL, "utf-8")
    return tmp_path


@pytest.fixture
def here(desk, monkeypatch):
    """Return what runs a command in this process, which stays as it was."""
    monkeypatch.setattr(carried_out, "pin", lambda *_: "cpu")
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.chdir(desk)
    return main


def commands():
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]


def source_of(shot, frame):
    """Return the source timecode that a delivered frame carries."""
    attribute = read_image(shot.plate.path(frame)).beauty.attributes["timeCode"]
    return Timecode.from_exr(attribute, RATE).count


def test_when_the_pages_commands_are_run_then_every_clip_is_linked_to_its_source_frames(
    desk, tools, here, monkeypatch, capsys
):
    listing, restoring = commands()
    assert here(listing) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "4 clips (4 to do), 3 shots, 51 frames"
    assert not (desk / "restored").exists()
    done = tools.run(*restoring, cwd=desk)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100%" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1] == "4 clips (4 restored), 3 shots, 51 frames"
    for name in ("reel1_restored.otio", "reel1_restored.edl"):
        relinked = planned(desk / "restored" / name, rate=RATE)
        for one, (timecode, length) in zip(relinked, SHOWN, strict=True):
            begin = Timecode.parse(timecode, RATE).count
            assert one.shot.plate.pattern.startswith(str(desk / "restored"))
            assert [source_of(one.shot, frame) for frame in one.shot.frames] == [
                *range(begin, begin + length)
            ]

    def load(*_):
        raise AssertionError("nothing is missing")

    monkeypatch.setattr(carried_out, "ready", load)
    before = (desk / "restored" / "reel1_restored.otio").read_bytes()
    assert here(restoring) == 0
    assert (desk / "restored" / "reel1_restored.otio").read_bytes() == before


def test_when_a_cut_goes_on_through_the_engine_then_only_what_is_missing_is_restored(
    desk, tools, here, capsys
):
    (desk / "media" / "day2" / "A002C001_140430_R1AB.0003.exr").write_bytes(b"torn")
    arguments = [*("--timeline", "reel1.edl", "--rate", "24", "--media-root", "media", "--json")]
    arguments += ["--output", "out", "--whole-frame", "--restorer", "temporal-denoise"]
    assert here(["restore", *arguments]) == 1
    told = map(json.loads, capsys.readouterr().out.splitlines())
    clips = [line for line in told if line["event"] == "clip"]
    assert [line["status"] for line in clips] == ["restored", "in part", "restored", "in part"]
    assert "frame 3" in clips[1]["message"]
    lost = sorted((desk / "out").rglob("*_restored.1006.exr"))
    assert len(lost) == 1
    lost[0].unlink()
    flags = ["--connection", desk / "connection.json", "--held", "cancel"]
    again = tools.run("submit", *arguments, *flags, cwd=desk)
    assert again.returncode == 1, again.stdout + again.stderr
    told = [line for line in map(json.loads, again.stdout.splitlines()) if line["event"] == "frame"]
    assert sorted({line["status"] for line in told}) == ["failed", "kept", "restored"]
    assert [line["frame"] for line in told if line["status"] == "restored"] == [1006]
