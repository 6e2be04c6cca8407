import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.watch.drops import Entry, PlateFiles, drops, scan


def listed(*paths, kind="file"):
    folders = {"/".join(p.split("/")[:n]) for p in paths for n in range(1, p.count("/") + 1)}
    return sorted(
        [Entry(p, kind, 10, 1) for p in paths] + [Entry(f, "folder") for f in folders - set(paths)]
    )


def found(*paths, plates=None, **how):
    return {drop.name: drop for drop in drops(listed(*paths, **how), plates or {})}


def touch(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"x")


def test_when_folders_movies_and_jobs_are_dropped_then_each_is_a_drop_of_its_kind():
    kinds = found("sh010/a.1001.exr", "sh010/deep/b.1001.dpx", "take.MOV", "night.json", "x.txt")
    assert {name: drop.kind for name, drop in kinds.items()} == {
        "sh010": "folder",
        "take.MOV": "movie",
        "night.json": "job",
    }
    assert [e.path for e in kinds["sh010"].media] == ["sh010/a.1001.exr", "sh010/deep/b.1001.dpx"]


@pytest.mark.parametrize(
    "path",
    [
        "a.1001.exr",  # loose frames
        "notes/readme.txt",
        "faceplate.toml",
        "settings.json",
        "x.mov.part",
        "~x.mov",
        ".x.mov",
        "sh010.part/a.1001.exr",
        "sh010/a.1001.exr.tmp",
        "sh010/.a.1001.exr",
        "sh010/a.1001.exr~",
        "sh010/settings.json",
    ],
)
def test_when_nothing_whole_lies_there_then_there_is_no_drop(path):
    assert not found(path)


def test_when_a_file_has_a_temporary_name_then_it_counts_for_stillness_alone():
    drop = found("sh010/a.1001.exr", "sh010/a.1002.exr.part", "sh010/settings.json")["sh010"]
    assert [e.name for e in drop.files] == ["a.1001.exr", "a.1002.exr.part", "settings.json"]
    assert [e.name for e in drop.media] == ["a.1001.exr", "settings.json"]


@pytest.mark.parametrize("mark", ["sh010.done", "sh010/.done"])
def test_when_a_marker_lies_there_then_the_drop_is_marked_and_the_marker_is_none(mark):
    drops_there = found("sh010/a.1001.exr", mark)
    assert [drop.marked for drop in drops_there.values()] == [True]
    assert not found("sh010/a.1001.exr")["sh010"].marked


@pytest.mark.parametrize("kind", ["link", "other"])
@pytest.mark.parametrize("path", ["sh010/a.1001.exr", "x.mov", "night.json"])
def test_when_it_is_a_link_or_no_file_then_it_is_refused_and_named(path, kind):
    (drop,) = found(path, kind=kind).values()
    assert path in drop.refused
    assert "drop files" in drop.refused


def test_when_a_job_names_a_plate_here_then_its_files_are_the_jobs_and_its_folder_no_drop():
    paths = ("sh010/a.1001.exr", "sh010/b.1001.exr", "x.mov", "night.json")
    there = found(*paths, plates={"night.json": PlateFiles("sh010/a.", ".exr")})
    assert set(there) == {"night.json", "x.mov"}
    assert [e.path for e in there["night.json"].files] == ["night.json", "sh010/a.1001.exr"]
    assert set(found(*paths, plates={"night.json": PlateFiles("x", ".mov")})) == {
        "night.json",
        "sh010",
    }


def test_when_the_folder_is_scanned_then_what_we_made_is_not_seen(tmp_path):
    touch(
        tmp_path,
        "sh010/a.1001.exr",
        "sh010.faceplate.json",
        "sh010.faceplate.claim",
        ".faceplate-0-0.tmp",
        "sh010_restored/a_restored.1001.exr",
        "sh010_restored_2/a_restored.1001.exr",
        "out/a.take/manifest.json",
        "out/a_restored.1001.exr",
        "out/b_restored.1001.exr",
    )
    assert [entry.path for entry in scan(str(tmp_path)) if entry.kind == "file"] == [
        "out/b_restored.1001.exr",  # not ours: no take lies beside it
        "sh010/a.1001.exr",
    ]


def test_when_files_here_are_called_nearly_as_a_plates_frames_then_they_are_none_of_it():
    plate = PlateFiles("sh010/a.", ".exr")
    there = ("a.1001.exr", "a.-7.exr", "a.left.exr", "a.1001.exr.bak", "b.1001.exr", "a.exr")
    assert [name for name in there if plate.holds("sh010/" + name)] == ["a.1001.exr", "a.-7.exr"]


def test_when_a_dropped_folder_holds_one_called_restored_then_that_is_looked_into(tmp_path):
    touch(tmp_path, "sh010/old_restored/a.1001.exr")
    (drop,) = drops(scan(str(tmp_path)), {})
    assert [entry.path for entry in drop.media] == ["sh010/old_restored/a.1001.exr"]


def test_when_the_drop_itself_is_a_link_then_it_is_refused():
    (drop,) = found("sh010", kind="link").values()
    assert "sh010 is a link" in drop.refused


def test_when_links_are_scanned_then_they_are_not_followed(tmp_path):
    (tmp_path / "far").mkdir()
    touch(tmp_path / "far", "a.1001.exr")
    watched = tmp_path / "watched"
    touch(watched, "sh010/a.1001.exr")
    (watched / "sh020").symlink_to(tmp_path / "far")
    (watched / "sh010" / "a.1002.exr").symlink_to(tmp_path / "far" / "a.1001.exr")
    os.mkfifo(watched / "sh010" / "a.1003.exr")
    kinds = {entry.path: entry.kind for entry in scan(str(watched))}
    assert kinds == {
        "sh010": "folder",
        "sh010/a.1001.exr": "file",
        "sh010/a.1002.exr": "link",
        "sh010/a.1003.exr": "other",
        "sh020": "link",
    }
    assert all(drop.refused for drop in drops(scan(str(watched)), {}))


@settings(max_examples=30)
@given(st.lists(st.from_regex(r"[a-z~.]{1,4}(/[a-z_~.]{1,9}){0,2}", fullmatch=True), unique=True))
def test_when_anything_lies_there_then_each_file_is_of_one_drop_at_most(paths):
    files = [path for path in paths if not any(other.startswith(path + "/") for other in paths)]
    media = [entry.path for drop in drops(listed(*files), {}) for entry in drop.media]
    assert len(media) == len(set(media))
