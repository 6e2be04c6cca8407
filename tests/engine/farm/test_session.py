"""What tasks call on a farm's machine, without a process."""

import argparse

import pytest

from engine.farm.command import joined
from engine.farm.session import add_farm_session, farm_session
from plugin_host.errors import SettingsError

GRID = ("--asked=1001-1040", "--grid=1001-1040", "--stride=13", "--overlap=3")


def run(*words):
    ran = []
    parser = argparse.ArgumentParser()
    add_farm_session(parser)
    parser.set_defaults(main=lambda words: ran.append(words) or 3)
    return farm_session(parser.parse_args(words)), ran


@pytest.mark.parametrize(
    ("frames", "whole"),
    [
        ("1001-1010", "1001-1013"),
        ("1031-1040", None),
        ("1005-1035:10", None),
        ("1027", "1027-1040"),
    ],
)
def test_when_a_scheduler_cuts_frames_then_a_task_takes_whole_windows(frames, whole, capsys):
    given = ("submit", "a.exr", f"--frames={frames}", "--set=a=1")
    code, ran = run("task", *GRID, *given)
    expected = [["submit", "a.exr", f"--frames={whole}", "--set=a=1"]] if whole else []
    assert (code, ran) == (3 if whole else 0, expected)
    assert capsys.readouterr().out


def test_when_a_task_names_no_frames_then_it_is_refused():
    with pytest.raises(SettingsError, match="--frames=R"):
        run("task", *GRID, "submit", "a.exr")


def test_when_no_engine_was_ever_there_then_leaving_goes_well(tmp_path, capsys):
    assert run("leave", str(tmp_path))[0] == 0
    assert "does not answer" in capsys.readouterr().out


def test_when_two_words_are_one_command_then_they_are_joined():
    assert joined(["farm", "run", "x"]) == ["farm run", "x"]
    assert joined(["--verbose", "farm", "run", "run"]) == ["--verbose", "farm run", "run"]
    assert joined(["farm", "./run", "run"]) == ["farm", "./run", "run"]
    assert joined(["restore", "farm", "run"]) == ["restore", "farm", "run"]
    assert joined([]) == []
