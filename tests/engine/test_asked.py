"""Which of the asked frames are made: those that are missing, that differ, or all."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from plugin_host.errors import RestorerFailed
from tests.engine.plates import (
    Run,
    delivered,
    litter,
    manifest,
    picture,
    request,
    write_frame,
    write_plate,
)
from tests.engine.probes import LINKS, Spy, failing_at

CHAINED = LINKS["chained"]
SHOT = "1001-1010"
FRAMES = range(1001, 1011)


@pytest.fixture
def plate(tmp_path):
    return write_plate(tmp_path / "plates", FRAMES)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def asking(plate, out, redo, frames=None, **fields):
    return replace(request(plate, out, SHOT, frames, **fields), redo=redo)


def spoil(out, frame):
    """Change one byte of a delivered frame, and not its length."""
    path = out / f"shot_restored.{frame}.exr"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("kind", ["anchored", "chained"])
def test_when_frames_differ_from_their_receipts_then_verifying_makes_them_and_no_others_again(
    plate, out, kind
):
    Run(request(plate, out, SHOT), LINKS[kind])
    before = delivered(out)
    for frame in (1002, 1009):
        spoil(out, frame)
    assert set(Run(request(plate, out, SHOT), LINKS[kind]).statuses.values()) == {"kept"}
    run = Run(asking(plate, out, "differing"), LINKS[kind])
    assert [f for f, status in run.statuses.items() if status == "restored"] == [1002, 1009]
    assert run.finished.delivered == 10
    assert delivered(out) == before


def test_when_nothing_differs_then_verifying_restores_and_writes_nothing(plate, out):
    Run(request(plate, out, SHOT), CHAINED)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    spy = Spy(CHAINED)
    assert set(Run(asking(plate, out, "differing"), spy).statuses.values()) == {"kept"}
    assert spy.clips == []
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == before


def test_when_the_plate_changed_in_the_middle_then_verifying_finds_it(plate, out):
    Run(request(plate, out, SHOT), CHAINED)
    times = (out / "shot_restored.1005.exr").stat().st_mtime - 60
    write_frame(plate, 1005, picture(7))
    os.utime(plate.path(1005), (times, times))  # as a copy that keeps its times
    assert Run(request(plate, out, SHOT), CHAINED).finished.errors == ()
    run = Run(asking(plate, out, "differing"), CHAINED)
    assert run.codes == {1005: "frame.changed"}
    assert run.finished.delivered == 9


def test_when_the_plate_is_gone_then_verifying_looks_at_what_was_delivered(plate, out, tmp_path):
    Run(request(plate, out, SHOT), CHAINED)
    (tmp_path / "plates").rename(tmp_path / "away")
    run = Run(asking(plate, out, "differing"), CHAINED)
    assert (run.finished.delivered, run.finished.errors) == (10, ())


@pytest.mark.parametrize("kind", ["anchored", "chained"])
def test_when_frames_are_forced_then_they_are_made_again_with_the_same_bits(plate, out, kind):
    Run(request(plate, out, SHOT), LINKS[kind])
    before = delivered(out)
    spoil(out, 1003)
    spy = Spy(LINKS[kind])
    run = Run(asking(plate, out, "all", "1003-1006"), spy)
    assert run.statuses == dict.fromkeys(range(1003, 1007), "restored")
    assert {frame for window in spy.windows for frame in window} >= set(range(1003, 1007))
    assert run.analysed == []
    assert delivered(out) == before
    assert litter(out) == []
    assert not list((out / "shot.take" / "windows").rglob("*.safetensors"))


def test_when_frames_are_forced_then_none_is_absent_meanwhile(plate, out):
    Run(request(plate, out, SHOT), CHAINED)
    seen = []

    def look(_):
        seen.append((len(delivered(out)), len(list((out / "shot.take/receipts").glob("*.json")))))

    Run(asking(plate, out, "all"), Spy(CHAINED, look), emit=look)
    assert set(seen) == {(10, 10)}


def test_when_forced_frames_were_kept_then_what_was_kept_is_not_believed(plate, out):
    Run(request(plate, out, SHOT, "1001"), CHAINED)
    assert list((out / "shot.take" / "windows").rglob("*.safetensors"))
    spy = Spy(CHAINED)
    Run(asking(plate, out, "all", "1002"), spy)
    assert spy.windows == [(1001, 1002, 1003, 1004)]


def test_when_forcing_breaks_off_then_all_frames_stay_and_it_may_be_done_again(plate, out):
    Run(request(plate, out, SHOT), CHAINED)
    before = delivered(out)
    run = Run(asking(plate, out, "all"), failing_at(1007))
    assert isinstance(run.error, RestorerFailed)
    assert delivered(out) == before
    again = Run(asking(plate, out, "all"), CHAINED)
    assert set(again.statuses.values()) == {"restored"}
    assert delivered(out) == before


def test_when_the_source_stood_in_then_forcing_delivers_it_again_and_says_why(plate, out):
    write_frame(plate, 1004, picture(1004, (20, 24)))
    first = Run(request(plate, out, SHOT, on_error="source"), CHAINED)
    before = delivered(out)
    forced = Run(asking(plate, out, "all", on_error="source"), CHAINED)
    assert forced.statuses == first.statuses
    assert forced.codes == first.codes == {1004: "frame.size_changed"}
    assert delivered(out) == before


# how far it goes


def test_when_it_goes_until_the_analysis_then_the_take_holds_that_alone(plate, out):
    spy = Spy(CHAINED)
    run = Run(replace(request(plate, out, SHOT), until="analysis"), spy)
    assert (run.said, spy.clips, delivered(out)) == ({}, [], {})
    (word,) = run.finished.notes
    assert "10 usable frames and 0 others, 0 faces, 0 cuts" in word
    assert (out / "shot.take" / "analysis.json").exists()
    assert not (out / "shot.take" / "references").exists()
    assert manifest(out)["notes"] == []
    assert Run(request(plate, out, SHOT), CHAINED).analysed == []


@pytest.mark.parametrize(
    ("kind", "references"), [("independent", 0), ("warmed", 0), ("anchored", 1), ("chained", 1)]
)
def test_when_it_goes_until_the_anchor_then_chunks_find_what_they_begin_with(
    plate, out, kind, references
):
    submit = replace(request(plate, out, SHOT, "1009"), until="anchor")
    spy = Spy(LINKS[kind])
    for made in (references, 0):
        run = Run(submit, spy)
        assert (run.said, run.error, delivered(out)) == ({}, None, {})
        (word,) = run.finished.notes
        assert f"{references} of 1 tracks, {made} made now" in word
    assert len(spy.clips) == references
    assert len(list((out / "shot.take" / "references").rglob("*.safetensors"))) == references
    for chunk in ("1006-1010", "1001-1005"):
        Run(request(plate, out, SHOT, chunk), spy)
    assert len(set(spy.windows)) == len(spy.windows), "no window is restored twice"
    Run(request(plate, out / "whole", SHOT), LINKS[kind])
    assert delivered(out) == delivered(out / "whole")


def test_when_the_shot_is_one_window_then_there_is_no_anchor_to_make(plate, out):
    submit = replace(request(plate, out, "1001-1003"), until="anchor")
    run = Run(submit, CHAINED)
    assert "0 of 1 tracks, 0 made now" in run.finished.notes[0]


def test_when_no_frame_is_usable_then_going_until_the_analysis_says_so(plate, out):
    for frame in FRAMES:
        write_frame(plate, frame, b"no picture")
    run = Run(replace(request(plate, out, SHOT), until="analysis"), CHAINED)
    assert len(run.finished.errors) == 10


# what others take away


@pytest.mark.parametrize("kind", ["anchored", "chained"])
def test_when_what_was_kept_vanishes_while_it_is_needed_then_it_is_made_anew(plate, out, kind):
    Run(request(plate, out, SHOT, "1001-1005"), LINKS[kind])
    kept = list((out / "shot.take" / "windows").rglob("*.safetensors"))

    def prune(_):
        for path in kept:
            path.unlink(missing_ok=True)

    run = Run(request(plate, out, SHOT, "1006-1010"), Spy(LINKS[kind], prune))
    assert run.statuses == dict.fromkeys(range(1006, 1011), "restored")
    Run(request(plate, out / "whole", SHOT), LINKS[kind])
    assert delivered(out) == delivered(out / "whole")


def test_when_what_was_kept_is_damaged_then_it_is_made_anew_and_not_tried_for_ever(plate, out):
    Run(request(plate, out, SHOT, "1001-1005"), CHAINED)
    kept = list((out / "shot.take" / "windows").rglob("*.safetensors"))
    for path in kept:
        path.write_bytes(path.read_bytes()[:-1])
    patience = iter(range(100))
    run = Run(request(plate, out, SHOT), CHAINED, cancelled=lambda: next(patience, None) is None)
    assert kept
    assert run.error is None
    Run(request(plate, out / "whole", SHOT), CHAINED)
    assert delivered(out) == delivered(out / "whole")
