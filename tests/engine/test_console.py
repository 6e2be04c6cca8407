"""What is said of progress: for people, and in the lines of each scheduler."""

import argparse

import pytest

from engine.console import add_progress, console_of
from engine.dialects import DIALECTS, VARIABLE, chosen
from plugin_host.errors import SettingsError, TakeConflict
from plugin_host.replies import Analysed, Finished, FrameErrorText, Progress

JOB = "0" * 16


def console(*words, until="end"):
    parser = argparse.ArgumentParser()
    add_progress(parser)
    parser.set_defaults(until=until)
    return console_of(parser.parse_args(words))


def frame(done, total=4, code=None, message=None):
    status = "failed" if code else "restored"
    return Progress(JOB, done, total, 1000 + done, status, None, code, message)


@pytest.fixture(autouse=True)
def _no_dialect(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("dialect", "lines"),
    [
        ("plain", ["25%", "50%"]),
        ("deadline", ["Progress: 25%", "Progress: 50%"]),
        ("tractor", ["TR_PROGRESS 25%", "TR_PROGRESS 50%"]),
        (
            "openjd",
            [
                "openjd_progress: 25",
                "openjd_status: 1 of 4 frames",
                "openjd_progress: 50",
                "openjd_status: 2 of 4 frames",
            ],
        ),
    ],
)
def test_when_frames_are_done_then_each_scheduler_reads_its_own_lines(dialect, lines, capsys):
    one = console("--progress", dialect)
    one.heard(frame(1))
    one.heard(frame(2))
    assert capsys.readouterr().out.splitlines() == lines


def test_when_the_environment_names_a_dialect_then_it_is_spoken_and_a_flag_goes_before():
    assert chosen(None, {VARIABLE: "openjd"}) == "openjd"
    assert chosen("tractor", {VARIABLE: "openjd"}) == "tractor"
    assert chosen(None, {}) == "plain"
    with pytest.raises(SettingsError, match="plain, openjd, deadline, tractor"):
        chosen(None, {VARIABLE: "esperanto"})


def test_when_the_dialect_is_unknown_then_the_error_about_it_can_still_be_said(monkeypatch, capsys):
    monkeypatch.setenv(VARIABLE, "esperanto")
    with pytest.raises(SettingsError):
        console()
    console_of(argparse.Namespace(), strict=False).failed(SettingsError("no dialect"))
    assert "no dialect" in capsys.readouterr().err


def test_when_only_the_shot_is_looked_through_then_that_is_the_progress(capsys):
    one = console("--progress", "openjd", until="analysis")
    for done in range(201):
        one.heard(Analysed(JOB, done, 200))
    lines = capsys.readouterr().out.splitlines()
    assert lines.count("openjd_progress: 50") == 1
    assert lines[-2:] == ["openjd_status: looking for faces: 200 of 200", "openjd_progress: 100"]


def test_when_frames_fail_then_the_scheduler_is_told_why(capsys):
    error = FrameErrorText(1002, "frame.missing", "it is gone")
    one = console("--progress", "openjd")
    one.heard(frame(1, code="frame.missing", message="it is gone"))
    one.finished(Finished(JOB, "/take", 3, 0, {}, (error,)))
    said = capsys.readouterr().out
    assert "openjd_fail: 1 frames failed; frame 1002: it is gone [frame.missing]\n" in said


def test_when_a_request_is_refused_then_the_scheduler_is_told_why(capsys):
    console("--progress", "openjd").failed(TakeConflict("another's", path="/out/a.take"))
    out, err = capsys.readouterr()
    assert out == "openjd_fail: another's [/out/a.take] [request.take]\n"
    assert err.startswith("faceplate: another's")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_when_a_name_holds_a_line_of_its_own_then_no_scheduler_reads_it_as_one(dialect, capsys):
    evil = "a\nopenjd_env: PATH=/evil\rProgress: 100%\u2028TR_PROGRESS 100%"
    one = console("--progress", dialect)
    one.heard(frame(1, code="frame.missing", message=evil))
    one.failed(TakeConflict(evil, path=evil))
    one.finished(Finished(JOB, evil, 1, 0, {}, (FrameErrorText(1, "frame", evil),), (evil,)))
    out, err = capsys.readouterr()
    orders = ("openjd_env", "Progress: 100", "TR_PROGRESS 100")
    assert not [line for line in (out + err).splitlines() if line.startswith(orders)]


def test_when_json_is_asked_for_then_no_dialect_mixes_with_it(capsys):
    one = console("--json", "--progress", "openjd")
    one.heard(frame(1))
    one.failed(TakeConflict("no"))
    assert all(line.startswith("{") for line in capsys.readouterr().out.splitlines())
