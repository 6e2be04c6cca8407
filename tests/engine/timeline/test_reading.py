import json
import subprocess
import sys
from fractions import Fraction

import pytest
from opentimelineio import schema

from engine.timeline import aaf
from engine.timeline.reading import read_cut
from plugin_host.errors import TimelineError
from tests.engine.timeline.cuts import (
    clip,
    timeline_of,
    told,
    write_otio,
    write_text,
)

DEEP = '{"OTIO_SCHEMA": "Timeline.1", "metadata": ' + '{"a":' * 600 + "1" + "}" * 600 + "}"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("cut.otio", "", "JSONDecodeError"),
        ("cut.otio", "{", "JSONDecodeError"),
        ("cut.otio", "[" * 100000, "more than 500 deep"),
        ("cut.otio", DEEP, "more than 500 deep"),
        ("cut.otio", '{"OTIO_SCHEMA": "Clip.1"}', "cannot be read|not a Timeline"),
        ("cut.otio", '{"a": 1}', "cannot be read"),
        ("cut.otio", "\x00\xff", "JSONDecodeError"),
        ("cut.edl", "\x00\x01", "no event of an EDL"),
        ("cut.edl", "", "no event of an EDL"),
        ("cut.aaf", "no AAF", "no AAF that can be read"),
        ("cut.fcpxml", "<fcpxml/>", ".otio, .edl, .xml, .aaf"),
        ("cut", "", ".otio, .edl, .xml, .aaf"),
    ],
)
def test_when_a_file_is_no_timeline_then_it_is_refused_with_its_name(tmp_path, name, text, reason):
    path = write_text(tmp_path / name, text)
    with pytest.raises(TimelineError, match=reason) as caught:
        read_cut(path, Fraction(24))
    assert caught.value.path == str(path)


def test_when_the_file_is_not_there_or_a_pipe_or_a_folder_then_that_is_said(tmp_path):
    for name in ("gone.otio", "folder.otio"):
        (tmp_path / "folder.otio").mkdir(exist_ok=True)
        with pytest.raises(TimelineError, match="the timeline cannot be read"):
            read_cut(tmp_path / name)


def test_when_brackets_stand_in_texts_then_they_are_no_depth(tmp_path):
    made = timeline_of(clip("[" * 1000 + '"' + "{" * 1000, 0, 10))
    assert len(told(write_otio(tmp_path / "cut.otio", made))) == 1


def test_when_a_file_holds_several_timelines_then_they_are_named(tmp_path):
    both = schema.SerializableCollection("x", [timeline_of(clip("a", 0, 1)) for _ in range(2)])
    path = write_text(tmp_path / "cut.otio", both.to_json_string())
    with pytest.raises(TimelineError, match="holds 2 timelines"):
        read_cut(path)
    one = schema.SerializableCollection("x", [timeline_of(clip("a", 0, 1))])
    assert read_cut(write_text(path, one.to_json_string())).timeline.name == "cut"


def test_when_a_timeline_has_no_stack_then_it_is_refused(tmp_path):
    data = json.loads(timeline_of(clip("a", 0, 1)).to_json_string())
    data["tracks"] = None
    with pytest.raises(TimelineError, match="no video track"):
        read_cut(write_text(tmp_path / "cut.otio", json.dumps(data)))


def test_when_there_is_no_picture_then_the_timeline_is_refused(tmp_path):
    made = timeline_of(clip("a", 0, 1))
    made.tracks[0].kind = schema.TrackKind.Audio
    with pytest.raises(TimelineError, match="no video track"):
        read_cut(write_otio(tmp_path / "cut.otio", made))


def test_when_opentimelineio_is_not_installed_then_the_extra_is_named(tmp_path, monkeypatch):
    path = write_otio(tmp_path / "cut.otio", timeline_of(clip("a", 0, 1)))
    monkeypatch.setitem(sys.modules, "opentimelineio", None)
    with pytest.raises(TimelineError, match=r"pip install 'faceplate\[editorial\]'"):
        read_cut(path)


# AAF


def test_when_an_aaf_takes_too_long_then_it_is_refused(tmp_path, monkeypatch):
    def slow(command, **how):
        raise subprocess.TimeoutExpired(command, how["timeout"])

    monkeypatch.setattr(subprocess, "run", slow)
    with pytest.raises(TimelineError, match="within 120 s"):
        read_cut(write_text(tmp_path / "cut.aaf", "x"))


def test_when_an_aaf_becomes_too_much_then_it_is_refused(tmp_path, monkeypatch):
    done = subprocess.CompletedProcess([], 0, "{}" * 100, "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(TimelineError, match="no AAF"):
        aaf.read_as_json(str(tmp_path / "cut.aaf"), 100)
