import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.defaults import from_table
from engine.watch.drops import Entry, drops, scan
from engine.watch.requests import moved, plate_files, read_job, sequences, wishes
from plugin_host.errors import FaceplateError, PathRefused, PlateError
from plugin_host.path_map import PathMap
from plugin_host.plate import Plate
from plugin_host.schema import to_json
from tests.engine.movies import write_movie
from tests.engine.plates import request

DEFAULTS = {"restorer": "passthrough", "whole_frame": True, "handles": 4}


def touch(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"x")


def asked(root, name, *, roots=(), table=None, paths=None):
    """Return what a drop asks for, by the name of its plate."""
    drop = next(drop for drop in drops(scan(str(root)), {}) if drop.name == name)
    layer = from_table(DEFAULTS if table is None else table, "here", str(root / "settings.json"))
    roots = [str(root), *map(str, roots)]
    found = wishes(drop, root, roots, [layer], paths or PathMap())
    return {os.path.relpath(wish.submit.shot.plate.pattern, root): wish for wish in found}


def test_when_a_folder_holds_several_sequences_then_each_is_asked_for_with_the_rooms_settings(
    tmp_path,
):
    frames = [f"sh/a.{n:04d}.exr" for n in (1001, 1003, 1004, 1007)]
    touch(tmp_path, *frames, "sh/deep/b_9.dpx", "sh/deep/b_10.dpx", "sh/still.tif")
    found = asked(tmp_path, "sh")
    told = {
        name: (str(wish.submit.frames), wish.gaps, os.path.relpath(wish.submit.output, tmp_path))
        for name, wish in found.items()
    }
    assert told == {
        "sh/a.%04d.exr": ("1001,1003-1004,1007", "1002,1005-1006", "sh_restored"),
        "sh/deep/b_%01d.dpx": ("9-10", "", "sh_restored/deep"),
        "sh/still.tif": ("1", "", "sh_restored"),
    }
    submit = found["sh/a.%04d.exr"].submit
    assert (submit.shot.handles, submit.shot.frames) == (4, submit.frames)
    assert (submit.settings.restorer, submit.settings.whole_frame) == ("passthrough", True)


def test_when_numbers_lie_far_apart_then_what_is_missing_is_said_without_counting(tmp_path):
    touch(tmp_path, "sh/img_7.exr", "sh/img_200000000.exr")
    (wish,) = asked(tmp_path, "sh").values()
    assert wish.gaps == "8-199999999"


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from(["a.", "a_", "sh010.b.", "c-"]),
        st.tuples(st.integers(1, 5), st.sets(st.integers(0, 12000), min_size=1, max_size=9)),
        min_size=1,
    )
)
def test_when_frames_are_named_by_any_pattern_then_the_plates_name_just_these_files(there):
    files = {f"d/{p}{frame:0{digits}d}.exr" for p, (digits, fs) in there.items() for frame in fs}
    root = "/watched"
    found = list(sequences(Path(root), [Entry(name) for name in sorted(files)]))
    named = [one.plate.path(frame) for one in found for frame in one.frames]
    assert sorted(named) == sorted(f"{root}/{name}" for name in files)
    if len({digits for digits, _ in there.values()}) == len(there) == 1:
        assert len(found) == 1


def test_when_a_name_would_stand_for_other_files_then_it_is_refused(tmp_path):
    touch(tmp_path, "sh/a.####.exr")
    with pytest.raises(PlateError, match="a token"):
        asked(tmp_path, "sh")


def test_when_a_movie_is_dropped_then_its_frames_are_counted_elsewhere(tmp_path):
    write_movie(tmp_path / "prores.mov", 5)
    (wish,) = asked(tmp_path, "prores.mov").values()
    assert str(wish.submit.frames) == "1-5"
    assert wish.submit.output == str(tmp_path / "prores.mov_restored")
    (tmp_path / "half.mov").write_bytes((tmp_path / "prores.mov").read_bytes()[:500])
    with pytest.raises(PlateError):
        asked(tmp_path, "half.mov")


@pytest.fixture
def job(tmp_path):
    """Writes a job file into a watch folder; its paths are those that are given."""
    root = tmp_path / "watched"
    touch(root, "sh/a.1001.exr")

    def write(pattern=None, output=None, **settings):
        plate = Plate.parse(str(pattern or root / "sh" / "a.%04d.exr"))
        submit = request(plate, output or root / "out", "1001", **settings)
        (root / "night.json").write_text(json.dumps(to_json(submit)))
        return root

    return write


def test_when_a_job_is_dropped_then_it_is_what_it_says(job):
    root = job()
    (wish,) = asked(root, "night.json").values()
    assert wish.submit == read_job(root / "night.json", [str(root)])
    assert not wish.moves
    assert plate_files(wish.submit, root).holds("sh/a.1001.exr")


def test_when_a_job_is_of_another_system_then_its_paths_are_mapped(job):
    root = job("S:\\in\\sh\\a.%04d.exr", "S:\\in\\out")
    (wish,) = asked(root, "night.json", paths=PathMap.parse(f"S:\\in={root}")).values()
    assert wish.submit.shot.plate.pattern == f"{root}/sh/a.%04d.exr"
    assert wish.submit.output == f"{root}/out"
    with pytest.raises(PathRefused, match="no path of the engine's system"):
        asked(root, "night.json")


@pytest.mark.parametrize("what", ["pattern", "output", "mask", "detector", "references"])
def test_when_a_job_reaches_out_of_the_folder_then_it_is_refused_unless_configured(
    job, tmp_path, what
):
    far = tmp_path / "far"
    touch(far, "a.1001.exr")
    value = far / ("a.%04d.exr" if what == "pattern" else "a.1001.exr")
    more = {"tasks": ("inpaint",)} if what == "mask" else {}
    named = value if what in {"pattern", "output"} else str(value)
    root = job(**{what: (named,) if what == "references" else named}, **more)
    with pytest.raises(PathRefused, match="outside the folders"):
        asked(root, "night.json")
    assert asked(root, "night.json", roots=[far])


def test_when_links_lead_out_of_the_folder_then_the_job_is_refused(job, tmp_path):
    touch(tmp_path / "far", "a.1001.exr")
    root = job()
    (root / "out").symlink_to(tmp_path / "far")
    with pytest.raises(PathRefused):
        asked(root, "night.json")
    (root / "out").unlink()
    (root / "sh" / "a.1002.exr").symlink_to(tmp_path / "far" / "a.1001.exr")
    with pytest.raises(PathRefused):
        asked(root, "night.json")


def test_when_somebody_puts_a_link_where_the_results_go_then_nothing_is_written_there(tmp_path):
    root = tmp_path / "watched"
    touch(root, "sh/a.1001.exr")
    (tmp_path / "far").mkdir()
    (root / "sh_restored").symlink_to(tmp_path / "far")
    with pytest.raises(PathRefused):
        asked(root, "sh")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"shot": 1.5}', "[" * 5000, "\xff"])
def test_when_a_job_makes_no_sense_then_it_is_refused_by_name(tmp_path, text):
    (tmp_path / "night.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(FaceplateError):
        asked(tmp_path, "night.json")


def test_when_a_take_is_in_the_way_then_the_next_folder_lies_beside_it(tmp_path):
    touch(tmp_path, "sh/deep/a.1001.exr")
    (wish,) = asked(tmp_path, "sh").values()
    roots = [str(tmp_path)]
    outputs = [moved(wish.submit, tmp_path, roots, "sh", attempt=n).output for n in (1, 2, 3)]
    assert [os.path.relpath(path, tmp_path) for path in outputs] == [
        "sh_restored/deep",
        "sh_restored_2/deep",
        "sh_restored_3/deep",
    ]
    (tmp_path / "sh_restored_2").symlink_to("/etc")
    with pytest.raises(PathRefused):
        moved(wish.submit, tmp_path, roots, "sh", attempt=2)
