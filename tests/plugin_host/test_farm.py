"""The steps of a farm's job follow from how the restorer's windows hang together."""

from dataclasses import replace

import pytest

from plugin_host.errors import SettingsError
from plugin_host.farm import Declaration, command_of, farm_job
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.requests import Settings, Shot, Submit
from plugin_host.task_words import FRAMES, VERB, Token

PLATE = Plate.parse("/shots/a.%04d.exr")
LINKS = ("independent", "warmed", "anchored", "chained")


def asked(frames="1001-1040", shot=None, **settings):
    whole = FrameRange.parse(shot or frames)
    chosen = Settings("some", **settings)
    return Submit(Shot(PLATE, whole, 2), FrameRange.parse(frames), chosen, "/out")


def job(link, chunk=12, request=None, **fields):
    fields = {"window": 8, **fields}
    return farm_job(request or asked(), Declaration(link, **fields), chunk)


def step(made, name):
    return next(step for step in made.steps if step.name == name)


def words(made, name):
    def fill(token):
        return {VERB: "restore", FRAMES: "@"}.get(token) or made.value(token)

    return list(step(made, name).command_line(fill))


@pytest.mark.parametrize("link", LINKS)
def test_when_a_job_is_made_then_its_steps_are_those_that_the_link_needs(link):
    made = job(link)
    names = [step.name for step in made.steps]
    anchor = ["Anchor"] * (link == "anchored")
    assert names == ["Analyse", *anchor, "Restore", "Verify"]
    assert [one.after for one in made.steps] == [(), *((name,) for name in names[:-1])]
    assert step(made, "Restore").serial == (link == "chained")


def test_when_an_approximate_start_is_asked_for_then_a_chain_runs_side_by_side_and_says_so():
    made = job("chained", request=asked(warm_up=3))
    assert not step(made, "Restore").serial
    assert "approximate" in made.notes[0]
    assert "3 frames early" in made.notes[0]


def test_when_tasks_run_side_by_side_then_they_end_where_windows_begin():
    made = job("anchored", 20, window=16, overlap=3)
    # The handles belong to the grid: 999 is its first frame.
    assert list(map(str, step(made, "Restore").tasks)) == ["1001-1024", "1025-1040"]
    assert made.notes == ("tasks end where windows of some begin: up to 24 frames each, not 20",)


def test_when_frames_begin_amid_a_window_then_the_first_task_is_shorter():
    made = step(job("independent", 8, asked("1005-1020,1041", "1001-1060")), "Restore")
    assert list(map(str, made.tasks)) == ["1005-1006", "1007-1014", "1015-1020", "1041"]
    assert made.chunk == 8
    spread = step(job("independent", 16, asked("1001,1021,1041,1060", "1001-1060")), "Restore")
    assert list(map(str, spread.tasks)) == ["1001,1021", "1041,1060"]


def test_when_tasks_run_one_after_the_other_then_they_are_as_long_as_asked():
    made = job("chained", 15)
    assert list(map(str, step(made, "Restore").tasks)) == ["1001-1015", "1016-1030", "1031-1040"]
    assert step(made, "Restore").frames == FrameRange.parse("1001-1040")
    assert step(made, "Restore").chunk == 15


def test_when_steps_run_then_their_commands_are_those_of_the_command_line():
    made = job("anchored", request=asked("1001-1010", "1001-1040"))
    assert words(made, "Analyse")[:2] == ["restore", "/shots/a.%04d.exr"]
    assert words(made, "Analyse")[-3:] == ["--frames=1001-1010", "--until", "analysis"]
    assert words(made, "Anchor")[-2:] == ["--until", "anchor"]
    assert "--shot=1001-1040" in words(made, "Restore")
    assert words(made, "Restore")[-1] == "--frames=@"
    verify = ["take", "verify", "/out/a.take", "--frames=1001-1010", "--plate=/shots/a.%04d.exr"]
    assert words(made, "Verify") == verify


def test_when_frames_are_to_be_made_again_then_only_restoring_is_told_to():
    made = job("chained", request=replace(asked(), redo="all"))
    assert words(made, "Restore")[-2] == "--force"
    assert "--force" not in words(made, "Analyse")


def test_when_a_restorer_needs_a_gpu_then_only_the_steps_that_restore_ask_for_it():
    made = job("anchored", vram=16 << 30)
    assert [one.vram >> 30 for one in made.steps] == [0, 16, 16, 0]
    assert made.value(Token("Output")) == "/out"


@pytest.mark.parametrize(
    ("changes", "chunk", "words"),
    [
        ({}, 0, "the smallest is 1"),
        ({"until": "analysis"}, 5, "leave --until out"),
    ],
)
def test_when_what_is_asked_makes_no_job_then_it_is_refused(changes, chunk, words):
    with pytest.raises(SettingsError, match=words):
        job("chained", chunk, replace(asked(), **changes))
    with pytest.raises(SettingsError, match="name the program"):
        farm_job(asked(), Declaration("chained", 8), 5, command=())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("env 'A=b c' /opt/faceplate", ("env", "A=b c", "/opt/faceplate")),
        (r"C:\tools\faceplate.exe", (r"C:\tools\faceplate.exe",)),
        (r'"C:\my tools\faceplate.exe" -v', (r"C:\my tools\faceplate.exe", "-v")),
        ("", ()),
    ],
)
def test_when_a_program_is_named_then_quotes_part_its_words_and_backslashes_stay(text, words):
    assert command_of(text) == words


def test_when_a_quote_does_not_end_then_it_is_said():
    with pytest.raises(SettingsError, match="does not end"):
        command_of("/opt/it's")
