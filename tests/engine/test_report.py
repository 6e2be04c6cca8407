from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine.delivery import Delivered
from engine.report import Report
from engine.take import Take
from plugin_host.errors import FrameCorrupt
from plugin_host.plate import Plate
from plugin_host.replies import Analysed, FrameErrorText, Progress
from tests.engine.plates import manifest, request
from tests.engine.probes import LINKS

INFO = LINKS["chained"].info
JOB = "1" * 16


@pytest.fixture
def heard():
    return []


@pytest.fixture
def report(tmp_path, heard):
    return make(tmp_path, heard)


def make(tmp_path, heard, policy="skip"):
    plate = Plate.parse(str(tmp_path / "p" / "shot.%04d.exr"), "raw")
    submit = request(plate, tmp_path / "out", "1-4", handles=1, on_error=policy)
    return Report(JOB, submit, Take(submit, INFO, {}), heard.append)


def done(frame, status="restored", note=""):
    return Delivered(frame, status, Path(f"/out/{frame}.exr"), note)


def corrupt(frame):
    return FrameCorrupt("it is truncated", frame=frame, path=f"/p/{frame}.exr")


def test_when_frames_are_done_then_each_is_told_and_counted(report, heard):
    report.delivered(done(2))
    report.failed(3, corrupt(3))
    assert heard == [
        Progress(JOB, 1, 4, 2, "restored", "/out/2.exr"),
        Progress(JOB, 2, 4, 3, "failed", "/p/3.exr", "frame.corrupt", "it is truncated"),
    ]
    finished = report.finished()
    assert (finished.delivered, finished.faceless) == (1, 0)
    text = FrameErrorText(3, "frame.corrupt", "it is truncated", "/p/3.exr")
    assert finished.errors == (text,)


def test_when_frames_are_looked_through_then_handles_count_too(report, heard):
    report.analysed(2)
    assert heard == [Analysed(JOB, 2, 6)]
    assert report.finished().delivered == 0


def test_when_the_source_stands_in_then_the_frame_is_delivered_and_its_error_told(report, heard):
    report.delivered(done(3, "source"), corrupt(3))
    assert (heard[0].status, heard[0].code) == ("source", "frame.corrupt")
    assert report.finished().delivered == 1
    assert [error.frame for error in report.finished().errors] == [3]


@pytest.mark.parametrize(("policy", "stops"), [("skip", False), ("source", False), ("stop", True)])
def test_when_a_frame_fails_then_only_the_policy_stop_stops(tmp_path, heard, policy, stops):
    report = make(tmp_path, heard, policy)
    assert not report.stopped
    report.failed(1, corrupt(1))
    assert report.stopped == stops
    assert ("because of a bad frame" in str(report.finished().notes)) == stops


def test_when_no_delivered_frame_has_a_face_then_that_is_said_once(tmp_path, report):
    for frame in (1, 2):
        report.delivered(done(frame, "no face"))
    notes = report.finished().notes
    assert notes == ("no face was found in the asked frames; they are delivered unchanged",)
    assert manifest(tmp_path / "out")["notes"] == list(notes)


def test_when_one_frame_has_a_face_or_none_was_delivered_then_nothing_is_said_of_faces(
    tmp_path, heard, report
):
    assert report.finished().notes == ()
    report.delivered(done(1, "no face"))
    report.delivered(done(2))
    finished = report.finished()
    assert (finished.notes, finished.faceless) == ((), 1)


def test_when_notes_repeat_then_each_stands_once(report):
    for frame in (1, 2):
        report.delivered(done(frame, note="delivered with ZIP"))
    report.note("")
    assert report.finished().notes == ("delivered with ZIP",)


def test_when_stages_run_in_several_threads_then_their_seconds_add_up(report):
    inside = threading.Barrier(2)

    def work():
        with report.stage("read"):
            inside.wait(10)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(KeyError), report.stage("write"):
        raise KeyError
    milliseconds = report.finished().milliseconds
    assert set(milliseconds) == {"read", "write", "total"}
    assert all(type(value) is int for value in milliseconds.values())
