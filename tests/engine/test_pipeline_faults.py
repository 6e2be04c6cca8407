"""Bad plates, full disks, plates that change: each has its error, none costs the whole shot."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from engine import take as take_module
from engine.frame_io.exr import encode_image, pixel_hash, read_image
from plugin_host.errors import FrameChanged, FrameMissing, FrameWriteFailed
from tests.engine.plates import (
    Run,
    delivered,
    delivered_image,
    image,
    litter,
    picture,
    put_faces,
    request,
    track,
    write_frame,
    write_plate,
)
from tests.engine.probes import GUIDED, LINKS, Spy

CHAINED = LINKS["chained"]
SHOT = "1001-1008"
BAD = 1003


def not_finite(value, *, where=(5, 5)):
    planes = picture(BAD)
    planes[(1, *where)] = value
    return planes


def torn():
    return encode_image(image(picture(BAD)))[:-200]


FAULTS = {
    "missing": (None, "frame.missing"),
    "empty": (b"", "frame.corrupt"),
    "truncated": (torn(), "frame.corrupt"),
    "text": (b"this is no picture\n" * 100, "frame.corrupt"),
    "nan": (not_finite(np.nan), "frame.not_finite"),
    "inf": (not_finite(np.inf), "frame.not_finite"),
    "size": (picture(BAD, (20, 30)), "frame.size_changed"),
    "channels": (
        encode_image(image(picture(BAD)).with_beauty({}, {})).replace(b"chlist", b"chlisx"),
        "frame.corrupt",
    ),
}
READABLE = {"nan", "inf", "size"}


@pytest.fixture(params=sorted(FAULTS))
def fault(request):
    return request.param


@pytest.fixture
def plate(tmp_path, fault):
    made, _ = FAULTS[fault]
    plate = write_plate(tmp_path / "plates", range(1001, 1009))
    Path(plate.path(BAD)).unlink()
    if made is not None:
        write_frame(plate, BAD, made)
    return plate


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_when_a_frame_is_bad_and_skipped_then_the_others_are_delivered(plate, out, fault):
    run = Run(request(plate, out, SHOT, on_error="skip"), CHAINED)
    _, code = FAULTS[fault]
    assert run.codes == {BAD: code}
    (error,) = run.finished.errors
    assert (error.frame, error.path) == (BAD, plate.path(BAD))
    assert run.statuses.pop(BAD) == "failed"
    assert set(run.statuses.values()) == {"failed", "restored"}
    assert (run.said[BAD].code, run.said[BAD].message) == (error.code, error.message)
    assert run.finished.delivered == 7
    assert f"shot_restored.{BAD}.exr" not in delivered(out)


def test_when_a_frame_is_bad_and_its_source_is_wanted_then_it_is_delivered_if_it_can_be_read(
    plate, out, fault
):
    run = Run(request(plate, out, SHOT, on_error="source"), CHAINED)
    assert run.codes == {BAD: FAULTS[fault][1]}
    if fault in READABLE:
        assert run.statuses[BAD] == "source"
        here = delivered_image(out, BAD)
        assert pixel_hash(here) == pixel_hash(read_image(plate.path(BAD)))
        assert here.beauty.attributes["faceplate/status"] == "source"
        assert run.finished.delivered == 8
    else:
        assert run.statuses[BAD] == "failed"
        assert run.finished.delivered == 7
    again = Run(request(plate, out, SHOT, on_error="source"), CHAINED)
    assert again.codes == run.codes
    assert again.finished.delivered == run.finished.delivered


def test_when_a_frame_is_bad_and_that_is_the_end_then_nothing_is_restored(plate, out, fault):
    spy = Spy(CHAINED)
    run = Run(request(plate, out, SHOT, on_error="stop"), spy)
    assert run.codes == {BAD: FAULTS[fault][1]}
    assert run.statuses == {BAD: "failed"}
    assert spy.clips == []
    assert "stopped because of a bad frame, as --on-error stop says" in run.finished.notes


def test_when_the_bad_frame_is_not_asked_for_then_it_is_no_error_even_if_one_stops(plate, out):
    run = Run(request(plate, out, SHOT, "1004-1006", on_error="stop"), CHAINED)
    assert run.finished.errors == ()
    assert run.finished.delivered == 3
    Run(request(plate, out / "whole", SHOT), CHAINED)
    whole = delivered(out / "whole")
    assert all(whole[name] == data for name, data in delivered(out).items())


@pytest.mark.parametrize("fault", ["missing"], indirect=True)
@pytest.mark.parametrize("policy", ["skip", "source", "stop"])
def test_when_no_frame_can_be_used_then_each_has_its_error(tmp_path, plate, out, policy):
    for frame in range(1001, 1009):
        write_frame(plate, frame, b"no picture")
    run = Run(request(plate, out, SHOT, on_error=policy), CHAINED)
    assert set(run.codes.values()) == {"frame.corrupt"}
    assert run.finished.delivered == 0


def faulty_plate(tmp_path, where):
    def make(frame):
        planes = picture(frame, (96, 160))
        if frame == BAD:
            planes[(1, *where)] = np.nan
        return planes

    return write_plate(tmp_path / "plates", range(1001, 1009), make)


def test_when_nan_lies_outside_the_face_then_the_frame_is_restored_and_the_nan_stays(
    tmp_path, out, monkeypatch
):
    put_faces(monkeypatch, track(1, range(1001, 1009), (40, 50), 12))
    plate = faulty_plate(tmp_path, (20, 150))
    run = Run(request(plate, out, SHOT, whole_frame=False), CHAINED)
    assert set(run.statuses.values()) == {"restored"}
    before, after = (
        one.beauty.channels["G"].view(np.uint16)
        for one in (read_image(plate.path(BAD)), delivered_image(out, BAD))
    )
    assert after[20, 150] == before[20, 150]


def test_when_nan_lies_in_a_face_then_that_frame_alone_is_bad(tmp_path, out, monkeypatch):
    put_faces(
        monkeypatch,
        track(1, range(1001, 1009), (40, 50), 12),
        track(2, range(1001, 1009), (120, 50), 12),
    )
    plate = faulty_plate(tmp_path, (50, 40))
    run = Run(request(plate, out, SHOT, whole_frame=False), CHAINED)
    assert run.codes == {BAD: "frame.not_finite"}
    assert "a face" in run.finished.errors[0].message
    assert run.finished.delivered == 7
    assert list((out / "shot.take" / "windows").rglob("*.safetensors")) == []


# a plate that changes


@pytest.mark.parametrize("fault", ["missing"], indirect=True)
def test_when_the_plate_changes_under_the_take_then_no_two_are_mixed(plate, out):
    Run(request(plate, out, SHOT, "1001-1004"), CHAINED)
    before = delivered(out)
    write_frame(plate, 1006, picture(77))
    run = Run(request(plate, out, SHOT), CHAINED)
    assert isinstance(run.error, FrameChanged)
    assert (run.error.frame, run.error.path) == (1006, plate.path(1006))
    assert "another --output" in run.error.message
    assert before.items() <= delivered(out).items()


@pytest.mark.parametrize("fault", ["missing"], indirect=True)
def test_when_a_frame_vanishes_under_the_take_then_that_is_said(plate, out):
    Run(request(plate, out, SHOT, "1001-1002"), CHAINED)
    Path(plate.path(1007)).unlink()
    run = Run(request(plate, out, SHOT), CHAINED)
    assert isinstance(run.error, FrameMissing)
    assert run.error.frame == 1007


# a disk that is full


def fail_writes(monkeypatch, chosen, number=errno.ENOSPC):
    """Let every write of a path that is chosen fail."""
    write = take_module.write_atomically

    def limited(path, data, **how):
        if chosen(path):
            raise OSError(number, os.strerror(number))
        write(path, data, **how)

    monkeypatch.setattr("engine.take.write_atomically", limited)


@pytest.mark.parametrize("fault", ["missing"], indirect=True)
def test_when_the_disk_is_full_then_that_is_said_and_the_take_stays_whole(plate, out, monkeypatch):
    fail_writes(monkeypatch, lambda path: path.name == "shot_restored.1005.exr")
    run = Run(request(plate, out, SHOT), CHAINED)
    assert isinstance(run.error, FrameWriteFailed)
    assert run.error.frame == 1005
    assert "No space left on device" in run.error.message
    assert {1001, 1002, 1004} <= set(run.said)
    assert 1005 not in run.said
    assert litter(out) == []
    monkeypatch.undo()
    Run(request(plate, out, SHOT), CHAINED)
    Run(request(plate, out / "whole", SHOT), CHAINED)
    assert delivered(out) == delivered(out / "whole")


@pytest.mark.parametrize("fault", ["missing"], indirect=True)
@pytest.mark.parametrize("part", ["receipts", "references", "windows", "analysis.json"])
def test_when_the_take_cannot_be_written_then_it_goes_on_later_from_where_it_was(
    plate, out, monkeypatch, part
):
    fail_writes(monkeypatch, lambda path: part in path.parts)
    run = Run(request(plate, out, SHOT, "1001-1006"), CHAINED)
    assert run.error is not None
    assert "No space left on device" in run.error.message
    monkeypatch.undo()
    Run(request(plate, out, SHOT), CHAINED)
    Run(request(plate, out / "whole", SHOT), CHAINED)
    assert delivered(out) == delivered(out / "whole")


@pytest.mark.parametrize("fault", ["missing"], indirect=True)
def test_when_the_output_folder_is_lost_then_the_next_run_makes_all_of_it_again(plate, out):
    Run(request(plate, out, SHOT), CHAINED)
    before = delivered(out)
    shutil.rmtree(out)
    Run(request(plate, out, SHOT), CHAINED)
    assert delivered(out) == before


# guides that are bad


@pytest.mark.parametrize("fault", ["missing"], indirect=True)
def test_when_a_hero_frame_is_bad_then_its_own_error_is_raised(plate, out):
    write_frame(plate, BAD, picture(BAD, (20, 30)))
    run = Run(request(plate, out, SHOT, references=(f"frame:{BAD}",)), GUIDED)
    assert (run.error.code, run.error.frame) == ("frame.size_changed", BAD)
    assert delivered(out) == {}
