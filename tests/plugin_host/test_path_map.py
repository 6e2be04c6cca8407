"""Paths of two machines, each by the rules of its own system."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_host.errors import FrameCorrupt, PathRefused, SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.path_map import PathMap, base_name, is_windows, join, normal
from plugin_host.plate import Plate
from plugin_host.replies import Accepted, Analysed, Finished, FrameErrorText, Progress
from plugin_host.requests import Settings, Shot, Submit

MAP = PathMap.parse(r"S:\shows=/mnt/shows; \\nas\vol = /mnt/vol;/Volumes/shows/old=/mnt/old")
JOB = "0123456789abcdef"
NAMES = st.lists(st.sampled_from(["a", "B", "sh 010", "p.%04d.exr", "ä"]), max_size=4)


@pytest.mark.parametrize(
    ("host", "engine"),
    [
        (r"S:\shows\a\p.exr", "/mnt/shows/a/p.exr"),
        ("s:/SHOWS/A/p.exr", "/mnt/shows/A/p.exr"),  # as Nuke writes it; case of the rest stays
        (r"S:\shows", "/mnt/shows"),
        (r"\\NAS\vol\x.mov", "/mnt/vol/x.mov"),
        ("//nas/Vol/x.mov", "/mnt/vol/x.mov"),
        ("/Volumes/shows/old/x", "/mnt/old/x"),
        (r"S:\shows\..\shows\.\a", "/mnt/shows/a"),
    ],
)
def test_when_a_path_lies_in_a_folder_of_the_map_then_it_is_the_engines(host, engine):
    assert MAP.to_engine(host) == engine


@pytest.mark.parametrize(
    "path",
    [
        r"S:\showsreel\a",  # part of a name is no folder
        r"S:\shows\..\secret",
        "/volumes/shows/old/x",  # case matters there
        "/Volumes/shows/older",
        "/Volumes/shows",
        "relative/S:",
        "",
    ],
)
def test_when_a_path_lies_in_no_folder_of_the_map_then_it_stays(path):
    assert MAP.to_engine(path) == path


def test_when_two_folders_fit_then_the_longer_is_taken_in_any_order():
    rules = ["/a=/x", "/a/b=/y", "/a/b/c/d=/z"]
    for text in (rules, rules[::-1]):
        assert PathMap.parse(";".join(text)).to_engine("/a/b/c/e") == "/y/c/e"


def test_when_two_folders_of_the_host_are_one_then_the_first_says_what_it_is_called():
    both = PathMap.parse(r"S:\a=/mnt/a;/Volumes/a=/mnt/a")
    assert both.to_host("/mnt/a/x") == r"S:\a\x"
    assert both.to_engine("/Volumes/a/x") == "/mnt/a/x"


def test_when_a_root_is_mapped_then_everything_below_it_is():
    assert PathMap.parse("Z:\\=/").to_engine(r"Z:\mnt\a") == "/mnt/a"
    assert PathMap.parse("/=/mnt/mac").to_engine("/Users/x") == "/mnt/mac/Users/x"
    assert PathMap.parse("/=/mnt/mac").to_host("/mnt/mac") == "/"


@given(NAMES, st.sampled_from([r"S:\shows", r"\\nas\vol", "/Volumes/shows/old"]))
def test_when_a_path_goes_there_and_back_then_it_is_the_same(names, folder):
    path = normal(join(folder, *names))
    assert MAP.to_host(MAP.to_engine(path)) == path


def test_when_a_name_holds_a_backslash_then_it_is_not_made_two_names_of_windows():
    with pytest.raises(PathRefused, match="backslash"):
        MAP.to_host("/mnt/shows/a\\b")
    assert MAP.event_to_host(Accepted(JOB, 1, "/mnt/shows/a\\b")).take == "/mnt/shows/a\\b"


@pytest.mark.parametrize(
    "text", ["S:/shows", "shows=/mnt/shows", "/a=", "=/a", "S:=/mnt/s", "/a=/b=/c", "/a=b"]
)
def test_when_a_rule_is_none_then_it_is_refused_with_one_that_is(text):
    with pytest.raises(SettingsError, match=r"S:.shows=/mnt/shows"):
        PathMap.parse(text)


def test_when_a_folder_holds_an_equals_sign_then_it_is_understood_where_it_is_unambiguous():
    assert PathMap.parse(r"S:\a=b=/mnt/ab").to_engine(r"S:\a=b\c") == "/mnt/ab/c"


def test_when_a_map_is_printed_then_it_reads_the_same():
    assert PathMap.parse(str(MAP)) == MAP
    assert str(PathMap()) == ""
    assert PathMap.parse(" ;\n") == PathMap()


def test_when_the_environment_names_rules_or_a_file_then_both_are_read(monkeypatch, tmp_path):
    monkeypatch.delenv("FACEPLATE_PATH_MAP", raising=False)
    assert PathMap.from_environment() == PathMap()
    monkeypatch.setenv("FACEPLATE_PATH_MAP", str(MAP))
    assert PathMap.from_environment() == MAP
    file = tmp_path / "map.txt"
    file.write_text("# of all artists\n\n" + str(MAP).replace(";", "\n"), "utf-8")
    monkeypatch.setenv("FACEPLATE_PATH_MAP", str(file))
    assert PathMap.from_environment() == MAP


def test_when_the_file_of_rules_cannot_be_read_then_it_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("FACEPLATE_PATH_MAP", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="No such file") as refused:
        PathMap.from_environment()
    assert refused.value.path == str(tmp_path / "none")
    (tmp_path / "none").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        PathMap.from_environment()


def submit(**settings):
    plate = Plate.parse(r"S:\shows\a\p.%04d.exr", "ACEScg")
    frames = FrameRange.parse("1-3")
    made = Settings("lite", **settings)
    return Submit(Shot(plate, frames, 2), frames, made, r"S:\shows\out", "source", urgent=True)


def test_when_a_request_is_mapped_then_each_of_its_paths_is_and_nothing_else():
    asked = submit(
        mask=r"S:\shows\m.####.exr",
        detector=r"\\nas\vol\y.onnx",
        references=("frame:12", r"Anna=S:\shows\a.png", "Ben=frame:3", r"S:\shows\b.png"),
    )
    told = MAP.submit_to_engine(asked)
    assert told.shot.plate == Plate.parse("/mnt/shows/a/p.%04d.exr", "ACEScg")
    assert told.output == "/mnt/shows/out"
    assert told.settings.mask == "/mnt/shows/m.%04d.exr"
    assert told.settings.detector == "/mnt/vol/y.onnx"
    people = ("frame:12", "Anna=/mnt/shows/a.png", "Ben=frame:3", "/mnt/shows/b.png")
    assert told.settings.references == people
    same = replace(told, shot=asked.shot, settings=asked.settings, output=asked.output)
    assert same == asked
    assert MAP.plate_to_host(told.shot.plate) == asked.shot.plate


@pytest.mark.parametrize("name", ["p.%04d.exr", "%04d.exr", "p.mov", "p.0012.exr", "still.exr"])
def test_when_a_plate_of_any_kind_is_mapped_then_its_frames_are_called_the_same(name):
    plate = MAP.plate_to_engine(Plate.parse("S:\\shows\\" + name))
    assert plate == Plate.parse("/mnt/shows/" + name)


def test_when_nothing_is_mapped_then_a_request_stays_as_it_is():
    asked = submit(mask="/m.exr", references=("/b.png",))
    assert PathMap().submit_to_engine(asked) == asked


def test_when_an_event_or_error_names_a_file_then_it_is_the_hosts():
    progress = Progress(JOB, 1, 3, 1, "restored", "/mnt/shows/out/p.exr")
    assert MAP.event_to_host(progress).path == r"S:\shows\out\p.exr"
    bad = FrameErrorText(1, "frame.missing", "not there", "/mnt/shows/a/p.0001.exr")
    none = FrameErrorText(2, "frame.missing", "not there")
    finished = MAP.event_to_host(Finished(JOB, "/mnt/shows/out/p.take", 1, 0, {}, (bad, none)))
    assert finished.take == r"S:\shows\out\p.take"
    assert [error.path for error in finished.errors] == [r"S:\shows\a\p.0001.exr", None]
    for other in (None, Analysed(JOB, 1, 2), Progress(JOB, 1, 3, 1, "failed")):
        assert MAP.event_to_host(other) == other
    error = MAP.error_to_host(FrameCorrupt("torn", frame=1, path="/mnt/vol/x"))
    assert (error.path, error.frame) == (r"\\nas\vol\x", 1)


def test_when_a_path_is_looked_at_then_its_own_system_says_what_its_parts_are():
    assert is_windows(r"S:\a")
    assert is_windows("//nas/a")
    assert not is_windows("/mnt/a")
    assert not is_windows("///mnt/a")
    assert (join("S:/a", "b"), join("/a", "b")) == ("S:/a\\b", "/a/b")
    assert (base_name(r"S:\a\b.exr"), base_name("/a/b\\c.exr")) == ("b.exr", "b\\c.exr")
