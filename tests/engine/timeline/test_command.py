"""The command, with restoring left out: `restore` is a stand-in."""

import argparse
import json
from fractions import Fraction

import pytest

from engine.arguments import add_request
from engine.console import Console, add_progress
from engine.timeline.command import _rate, restore_timeline
from engine.timeline.words import add_timeline
from plugin_host.errors import (
    EngineUnreachable,
    FrameWriteFailed,
    JobCancelled,
    RestorerFailed,
    SettingsError,
    TakeConflict,
    TimelineError,
)
from plugin_host.replies import Finished, FrameErrorText, Progress
from tests.engine.timeline.cuts import clip, timeline_of, write_media, write_otio

HOUR = 86400


class Stand:
    """In place of a restorer: keeps the requests, and does to each plate what it is told."""

    def __init__(self, **told):
        self.told = told
        self.requests = []

    def __call__(self, request, hear):
        self.requests.append(request)
        what = self.told.get(request.shot.plate.stem)
        if isinstance(what, Exception):
            raise what
        total = len(request.frames)
        for done, frame in enumerate(request.frames, 1):
            hear(Progress("0" * 16, done, total, frame, "restored"))
        errors = tuple(FrameErrorText(f, "frame.missing", "is not there") for f in what or ())
        return Finished("0" * 16, "/t", total - len(errors), 0, {}, errors)


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    root = tmp_path_factory.mktemp("desk") / "media"
    for number, name in enumerate(("one", "two"), 1):
        write_media(root, name, range(40), f"{number:02d}:00:00:00")
    return root


def run(tmp_path, media, stand, *more, clips=None):
    clips = clips or [clip("one", HOUR, 5), clip("two", 2 * HOUR, 15), clip("one", HOUR, 5)]
    path = write_otio(tmp_path / "cut.otio", timeline_of(*clips))
    parser = argparse.ArgumentParser()
    for add in (add_request, add_timeline, add_progress):
        add(parser)
    flags = ["--timeline", path, "--media-root", media, "--output", tmp_path / "out"]
    args = parser.parse_args([str(flag) for flag in (*flags, *more)])
    return restore_timeline(args, Console(as_json=args.json), stand)


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_when_a_cut_is_restored_then_each_shot_is_asked_for_once_with_all_settings(tmp_path, media):
    stand = Stand()
    flags = ("--handles", 2, "--restorer", "temporal-denoise", "--set", "strength=40")
    flags += ("--colourspace", "lin_rec709_scene", "--seed", 7, "--layers", "matte")
    assert run(tmp_path, media, stand, *flags) == 0
    one, two = stand.requests
    assert (str(one.frames), str(two.frames)) == ("0-6", "0-16")
    assert one.shot.frames == one.frames
    assert one.shot.handles == 0
    assert one.output == str(tmp_path / "out" / "one_0-6")
    assert one.settings.parameters == {"strength": 40}
    assert (one.settings.seed, one.settings.layers) == (7, ("beauty", "matte"))
    assert one.shot.plate.colourspace == "lin_rec709_scene"


def test_when_a_cut_is_restored_then_percents_are_of_all_its_frames(tmp_path, media, capsys):
    run(tmp_path, media, Stand())
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if line.endswith("%")] == [f"{n}%" for n in range(5, 101, 5)]
    assert told[0].startswith("shot 1 of 2: one_0-4, ")
    assert told[-1] == "3 clips (3 restored), 2 shots, 20 frames"
    assert "   3  V1    01:00:00:20  restored  one: one_0-4 0-4, as clip 1" in told


def test_when_a_name_has_lines_then_none_looks_like_progress(tmp_path, media, capsys):
    run(tmp_path, media, Stand(), clips=[clip("one", HOUR, 5), clip("x\n99%\x1b[2J", HOUR, 5)])
    told = capsys.readouterr().out
    assert "x?99%?[2J" in told
    assert "99%" not in told.splitlines()


def test_when_lines_are_json_then_each_is_an_object_of_the_documented_shape(
    tmp_path, media, capsys
):
    run(tmp_path, media, Stand(), "--json")
    told = lines(capsys)
    assert {line["event"] for line in told} == {
        *("shot", "frame", "progress", "clip", "note", "timeline")
    }
    shot = told[0]
    assert shot == {
        "event": "shot",
        "shot": "one_0-4",
        "number": 1,
        "of": 2,
        "frames": "0-4",
        "plate": f"{media}/one.%04d.exr",
    }
    progress = [line for line in told if line["event"] == "progress"]
    assert [(line["done"], line["total"]) for line in progress] == [(n, 20) for n in range(1, 21)]
    clips = [line for line in told if line["event"] == "clip"]
    assert set(clips[0]) == {
        *("event", "clip", "name", "track", "record", "status", "shot", "frames", "plate"),
        *("message", "notes"),
    }
    counts = {"restored": 3}
    assert told[-1] == {"event": "timeline", "clips": counts, "shots": 2, "frames": 20}


@pytest.mark.parametrize(
    ("told", "code_and_statuses"),
    [
        ({"one": FrameWriteFailed("full")}, (1, ["failed", "restored", "failed"])),
        ({"one": TakeConflict("another")}, (1, ["failed", "restored", "failed"])),
        ({"one": [3]}, (1, ["in part", "restored", "in part"])),
        ({"one": ValueError("a mistake")}, (1, ["failed", "restored", "failed"])),
        ({"one": TakeConflict("x"), "two": TakeConflict("x")}, (2, ["failed"] * 3)),
        ({"one": TakeConflict("x"), "two": RestorerFailed("x")}, (5, ["failed"] * 3)),
        ({"one": range(5), "two": range(15)}, (1, ["failed"] * 3)),
    ],
)
def test_when_a_shot_is_bad_then_the_others_go_on_and_the_exit_code_tells(
    tmp_path, media, capsys, told, code_and_statuses
):
    code, statuses = code_and_statuses
    stand = Stand(**told)
    assert run(tmp_path, media, stand, "--json") == code
    assert len(stand.requests) == 2
    said = lines(capsys)
    done = [line["done"] for line in said if line["event"] == "progress"]
    assert done[-1:] in ([], [20]), "what failed counts as done"
    clips = [line for line in said if line["event"] == "clip"]
    assert [line["status"] for line in clips] == statuses
    assert (tmp_path / "out" / "cut_restored.otio").exists() == (statuses != ["failed"] * 3)


@pytest.mark.parametrize("error", [JobCancelled("enough"), EngineUnreachable("gone")])
def test_when_a_cut_is_cancelled_or_the_engine_is_gone_then_it_ends(tmp_path, media, error):
    stand = Stand(one=error)
    with pytest.raises(type(error)):
        run(tmp_path, media, stand)
    assert len(stand.requests) == 1


def test_when_no_clip_has_media_then_nothing_is_started(tmp_path, media, capsys):
    stand = Stand()
    assert run(tmp_path, media, stand, clips=[clip("gone", HOUR, 5)]) == 2
    assert not stand.requests
    assert "looked for the clip gone" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_when_the_plan_is_listed_then_nothing_is_restored(tmp_path, media, capsys):
    stand = Stand()
    clips = [clip("one", HOUR, 5), clip("gone", HOUR, 5)]
    assert run(tmp_path, media, stand, "--list", clips=clips) == 1
    assert not stand.requests
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "   1  V1    01:00:00:00  to do     one: one_0-4 0-4"
    assert told[-1] == "2 clips (1 to do, 1 failed), 1 shots, 5 frames"
    assert not (tmp_path / "out").exists()


def test_when_a_timeline_has_nothing_to_restore_then_it_is_refused(tmp_path, media):
    off = clip("one", HOUR, 5)
    off.enabled = False
    with pytest.raises(TimelineError, match="no clip to restore"):
        run(tmp_path, media, Stand(), clips=[off])


@pytest.mark.parametrize(
    "flags",
    [
        ("a.%04d.exr",),
        ("--frames", "1-2"),
        ("--shot", "1-2"),
        ("--faces", "1"),
        ("--until", "analysis"),
        ("--reference", "frame:3"),
        ("--handles", "-1"),
        ("--rate", "fast"),
        ("--rate", "0"),
        ("--rate", "1/0"),
    ],
)
def test_when_a_flag_does_not_go_with_a_timeline_then_it_is_refused(tmp_path, media, flags):
    with pytest.raises(SettingsError):
        run(tmp_path, media, Stand(), *flags)


def test_when_a_rate_is_written_in_any_way_then_it_is_the_same():
    for text in ("23.976", "23.98", "24000/1001"):
        assert _rate(text) == Fraction(24000, 1001)
