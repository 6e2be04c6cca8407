from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.atomic import write_atomically
from engine.receipt import Receipt, read_receipt
from engine.stored_take import StoredTake
from engine.take import Take
from plugin_host.errors import FrameWriteFailed, OutputError, TakeConflict
from plugin_host.plate import Plate
from tests.engine.plates import litter, request
from tests.engine.probes import LINKS

INFO = LINKS["chained"].info
SHA256 = hashlib.sha256(b"exr").hexdigest()


def plate_in(folder, name="shot"):
    return Plate.parse(str(folder / f"{name}.%04d.exr"), "lin_rec709_scene")


@pytest.fixture
def submit(tmp_path):
    return request(plate_in(tmp_path / "plates"), tmp_path / "out", "1001-1010")


def open_take(submit, info=INFO, guides=None):
    return Take(submit, info, guides or {})


def begin_take(submit, **fields):
    take = open_take(submit, **fields)
    take.store_analysis({"frames": []})
    return take


@pytest.fixture
def take(submit):
    return open_take(submit)


def deliver(take, frame=1001, data=b"exr", **fields):
    fields = {"status": "restored", "source": "b" * 64, "note": ""} | fields
    return take.deliver(frame, data, **fields)


def reference(frame=1004):
    return INFO.begin(1, 7).followed_by(frame, {"seen": np.arange(5, dtype=np.uint8)})


def window():
    return {
        "delta": np.full((3, 4, 4), -0.0, np.float32),
        "confidence": np.ones((4, 4), np.float32),
    }


# what a take is of


def test_when_requests_are_equal_then_their_takes_have_one_id_wherever_they_lie(tmp_path, submit):
    moved = request(plate_in(tmp_path / "elsewhere"), tmp_path / "other", "1001-1010")
    assert open_take(moved).id == open_take(submit).id
    assert open_take(submit).id == open_take(submit).id


@pytest.mark.parametrize("mounted", ["/mnt/shows", "S:\\shows"])
def test_when_another_machine_has_its_files_elsewhere_then_its_take_is_the_same(submit, mounted):
    def asked(folder, **others):
        pictures = (f"{folder}/a/x.png", "frame:1001", f"Anna={folder}/b/x.png")
        files = {"mask": f"{folder}/m.%04d.png", "detector": f"{folder}/y", "references": pictures}
        return replace(submit, settings=replace(submit.settings, **files | others))

    seen = {"reference 1": "1" * 64}
    here = begin_take(asked("/shows"), guides=seen)
    assert open_take(asked(mounted), guides=seen).id == here.id
    assert StoredTake.at(here.folder).settings == asked("/shows").settings, "where they lay then"
    for changed in {"mask": None}, {"detector": "/shows/z"}, {"references": ("/shows/a/x.png",)}:
        with pytest.raises(TakeConflict, match=rf"settings\.{next(iter(changed))} = "):
            open_take(asked("/shows", **changed), guides=seen)
    with pytest.raises(TakeConflict, match=r"guides\.reference 1 = '1+' lies there"):
        open_take(asked(mounted), guides={"reference 1": "2" * 64})


def test_when_only_the_asked_frames_differ_then_the_take_is_the_same(submit):
    part = replace(submit, frames=type(submit.frames).parse("1003"), on_error="stop")
    assert open_take(part).id == open_take(submit).id


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("frames", {"shot": "1001-1011"}),
        ("handles", {"handles": 2}),
        ("settings.seed", {"seed": 1}),
        ("settings.restorer", {"restorer": "another"}),
        ("settings.parameters", {"parameters": {"tint": 3}}),
        ("settings.tasks", {"tasks": ("bfr", "colour")}),
        ("settings.layers", {"layers": ("beauty", "matte")}),
        ("settings.warm_up", {"warm_up": 4}),
        ("settings.whole_frame", {"whole_frame": False}),
    ],
)
def test_when_something_else_lies_there_then_the_conflict_names_the_field(
    tmp_path, submit, field, change
):
    begin_take(submit)
    other = request(submit.shot.plate, tmp_path / "out", **{"shot": "1001-1010", **change})
    with pytest.raises(TakeConflict, match=f"a take with {field} = ") as raised:
        open_take(other)
    assert raised.value.path == str(tmp_path / "out" / "shot.take")
    assert ("give --shot 1001-1010" in raised.value.message) == (field == "frames")


def test_when_colourspace_weights_or_guides_differ_then_the_conflict_names_them(submit):
    begin_take(submit, guides={"/a.png": "1" * 64})
    shot = replace(submit.shot, plate=submit.shot.plate._replace(colourspace="lin_ap1_scene"))
    for field, args in {
        "colourspace": (replace(submit, shot=shot), INFO, {"/a.png": "1" * 64}),
        "weights": (submit, replace(INFO, weights="2" * 64), {"/a.png": "1" * 64}),
        "guides./a.png": (submit, INFO, {"/a.png": "3" * 64}),
    }.items():
        with pytest.raises(TakeConflict, match=f"a take with {field} = "):
            open_take(*args)


def test_when_another_schema_lies_there_then_it_is_refused(take, submit):
    path = take.folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": "take.9"}))
    with pytest.raises(TakeConflict, match=r"schema 'take\.9' lies there.* writes take\.1"):
        open_take(submit)


def test_when_a_take_is_refused_then_nothing_in_it_has_changed(tmp_path, submit):
    begin_take(submit)
    before = (tmp_path / "out" / "shot.take" / "manifest.json").read_bytes()
    with pytest.raises(TakeConflict):
        open_take(request(submit.shot.plate, tmp_path / "out", "1001-1011"))
    assert (tmp_path / "out" / "shot.take" / "manifest.json").read_bytes() == before


def test_when_a_request_was_refused_before_it_began_then_another_may_follow(tmp_path, submit):
    open_take(submit)
    other = open_take(request(submit.shot.plate, tmp_path / "out", "1001-1011"))
    assert json.loads((other.folder / "manifest.json").read_text())["id"] == other.id


# where it lies


def test_when_a_file_is_in_the_way_then_the_output_is_refused(tmp_path, submit):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="cannot write there") as raised:
        open_take(submit)
    assert raised.value.path == str(tmp_path / "out")


def test_when_a_file_lies_where_the_take_would_then_the_output_is_refused(tmp_path, submit):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "shot.take").write_text("a file")
    with pytest.raises(OutputError):
        open_take(submit)


def test_when_the_output_is_the_plates_own_file_then_it_is_refused(tmp_path, submit):
    delivered = open_take(submit).frame_path(1001)
    delivered.write_bytes(b"the plate's pixels")
    plate = Path(submit.shot.plate.path(1001))
    plate.parent.mkdir()
    plate.symlink_to(delivered)
    with pytest.raises(OutputError, match="would overwrite the plate"):
        open_take(submit)
    assert delivered.read_bytes() == b"the plate's pixels"


def test_when_the_output_is_the_plates_folder_then_the_names_keep_them_apart(tmp_path):
    take = open_take(request(plate_in(tmp_path), tmp_path, "1001-1010"))
    assert take.frame_path(1001) == tmp_path / "shot_restored.1001.exr"


@pytest.mark.parametrize(
    ("pattern", "frame", "name"),
    [
        ("shot.%04d.exr", 7, "shot_restored.0007.exr"),
        ("shot.%06d.exr", 7, "shot_restored.000007.exr"),
        ("shot.%02d.exr", 7, "shot_restored.0007.exr"),
        ("shot.%04d.exr", -7, "shot_restored.-007.exr"),
        ("shot.%04d.exr", 12345, "shot_restored.12345.exr"),
    ],
)
def test_when_a_frame_is_delivered_then_its_name_follows_the_plates(tmp_path, pattern, frame, name):
    plate = Plate.parse(str(tmp_path / "p" / pattern), "raw")
    assert open_take(request(plate, tmp_path / "out", "-10-20")).frame_path(frame).name == name


# receipts


def test_when_a_frame_is_delivered_then_its_receipt_says_so(take, submit):
    path = deliver(take, note="changed")
    assert path.read_bytes() == b"exr"
    expected = Receipt(1001, "restored", "shot_restored.1001.exr", 3, SHA256, "b" * 64, "changed")
    assert take.receipt(1001) == open_take(submit).receipt(1001) == expected
    assert take.receipt(1002) is None
    assert litter(take.output) == []


def test_when_a_delivered_file_is_gone_or_another_then_there_is_no_receipt(take):
    for frame in (1001, 1002):
        deliver(take, frame)
    take.frame_path(1001).unlink()
    take.frame_path(1002).write_bytes(b"longer than before")
    assert take.receipt(1001) is None
    assert take.receipt(1002) is None


BROKEN = [b"", b"{", b"[]", b"null", b"{}", b'{"frame": 1001}', b"\xff\xfe", b"7"]


@pytest.mark.parametrize("data", BROKEN)
def test_when_a_receipt_cannot_be_read_then_it_counts_as_missing(take, data):
    deliver(take)
    (take.folder / "receipts" / "1001.json").write_bytes(data)
    assert take.receipt(1001) is None
    deliver(take)
    assert take.receipt(1001) is not None


def test_when_a_receipt_is_of_another_frame_or_file_then_it_counts_as_missing(take):
    for frame in (1001, 1002):
        deliver(take, frame)
    theirs = replace(take.receipt(1002), file=take.frame_path(1001).name)
    receipts = take.folder / "receipts"
    (receipts / "1001.json").write_bytes((receipts / "1002.json").read_bytes())
    (receipts / "1002.json").write_bytes(theirs.to_bytes())
    assert read_receipt(take.folder, 1001) is None
    assert read_receipt(take.folder, 1002) == theirs
    assert take.receipt(1002) is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff"])
def test_when_the_manifest_cannot_be_read_then_it_is_written_anew(take, submit, data):
    before = (take.folder / "manifest.json").read_bytes()
    deliver(take)
    (take.folder / "manifest.json").write_bytes(data)
    again = open_take(submit)
    assert (take.folder / "manifest.json").read_bytes() == before
    assert again.receipt(1001) is not None


def test_when_an_analysis_is_stored_then_it_comes_back_and_a_torn_one_counts_as_missing(take):
    assert take.analysis() is None
    take.store_analysis({"frames": [1, 2], "ø": 0.1})
    assert take.analysis() == {"frames": [1, 2], "ø": 0.1}
    (take.folder / "analysis.json").write_bytes(b'{"frames": [1')
    assert take.analysis() is None


# references and kept windows


def test_when_a_reference_is_stored_then_it_comes_back(take, submit):
    assert take.reference(1, 0) is None
    take.store_reference(1, 0, reference())
    assert open_take(submit).reference(1, 0) == reference()
    assert take.reference(1, 1) is None
    assert take.reference(2, 0) is None


def tear(path, how):
    data = path.read_bytes()
    torn = {
        "empty": b"",
        "cut": data[: len(data) // 2],
        "cut by one": data[:-1],
        "foreign": b"not a safetensors file at all",
        "zeros": bytes(len(data)),
    }
    path.write_bytes(torn[how])


TEARS = ["empty", "cut", "cut by one", "foreign", "zeros"]


@pytest.mark.parametrize("how", TEARS)
def test_when_a_reference_cannot_be_read_then_it_counts_as_missing(take, how):
    take.store_reference(1, 0, reference())
    tear(take.folder / "references" / "1" / "0.safetensors", how)
    assert take.reference(1, 0) is None


@pytest.mark.parametrize("how", TEARS)
def test_when_what_is_kept_cannot_be_read_then_it_counts_as_missing(take, how):
    take.windows.keep((1, 0, 1001), window())
    tear(take.folder / "windows" / "1" / "0.1001.safetensors", how)
    assert take.windows.get(1, 0, 1001) is None


def test_when_a_frame_is_kept_then_its_bits_come_back_until_it_is_forgotten(take):
    assert take.windows.get(1, 0, -7) is None
    take.windows.keep((1, 0, -7), window())
    take.seams.keep((2, 1001), window())
    assert take.windows.has(1, 0, -7)
    assert (take.windows.numbers(3), take.seams.numbers(2)) == ([(1, 0, -7)], [(2, 1001)])
    back = take.windows.get(1, 0, -7)
    assert {name: array.tobytes() for name, array in back.items()} == {
        name: array.tobytes() for name, array in window().items()
    }
    take.windows.forget(1, 0, -7)
    take.windows.forget(1, 0, -7)
    assert take.windows.get(1, 0, -7) is None


def test_when_two_keep_frames_of_one_window_then_none_loses_the_others(take, submit):
    other = open_take(submit)
    take.windows.keep((1, 0, 1001), window())
    other.windows.keep((1, 0, 1002), window())
    assert take.windows.numbers(3) == [(1, 0, 1001), (1, 0, 1002)]


# notes


def test_when_notes_are_added_then_each_stands_once_in_the_manifest(take, submit):
    take.add_notes(["one", "two", "one", ""])
    open_take(submit).add_notes(["two", "three"])
    assert json.loads((take.folder / "manifest.json").read_text())["notes"] == [
        "one",
        "two",
        "three",
    ]
    open_take(submit)


# crashes


class Crash(BaseException):
    """What ends a process: no handler of ours may swallow it."""


def crash(*_args, **_fields):
    raise Crash


@pytest.mark.parametrize("place", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("before", [None, b"old"])
def test_when_a_write_is_cut_off_then_the_file_is_as_it_was(tmp_path, monkeypatch, place, before):
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)
    monkeypatch.setattr(place, crash)
    with pytest.raises(Crash):
        write_atomically(path, b"new")
    monkeypatch.undo()
    assert (path.read_bytes() if path.exists() else None) == before
    assert litter(tmp_path) == []
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_when_a_process_dies_before_the_rename_then_its_rest_disturbs_nobody(take, submit):
    deliver(take)
    for folder in (take.output, take.folder, take.folder / "receipts"):
        (folder / ".shot_restored.1002.exr.99-abcdef01.tmp").write_bytes(b"torn")
    again = open_take(submit)
    assert again.receipt(1002) is None
    deliver(again, 1002)
    assert again.receipt(1002) is not None


def test_when_a_take_is_opened_then_what_killed_writers_left_is_cleared(take, submit):
    deliver(take)
    take.store_reference(1, 0, reference())
    take.windows.keep((1, 0, 1001), window())
    code = (
        "from engine.atomic import *; import sys; [print(time_in(Path(f)), temporary_name(Path(f)))"
    )
    parts = ("", "shot.take", "shot.take/receipts", "shot.take/references/1", "shot.take/windows/1")
    folders = [str(take.output / part) for part in parts]
    done = subprocess.run(
        [sys.executable, "-c", f"{code} for f in sys.argv[1:]]", *folders],
        capture_output=True,
        text=True,
        check=True,
    )
    for line in done.stdout.splitlines():
        Path(line.split(" ", 1)[1]).write_bytes(b"half")
    assert len(litter(take.output)) == len(parts)
    again = open_take(submit)
    assert litter(take.output) == []
    assert again.receipt(1001)
    assert again.reference(1, 0)
    assert again.windows.get(1, 0, 1001)


def test_when_it_ends_between_frame_and_receipt_then_there_is_no_receipt(take, monkeypatch):
    writes = []

    def only_frames(path, data):
        writes.append(path.name)
        if path.suffix == ".json":
            raise Crash
        write_atomically(path, data)

    monkeypatch.setattr("engine.take.write_atomically", only_frames)
    with pytest.raises(Crash):
        deliver(take)
    assert writes == ["shot_restored.1001.exr", "1001.json"]
    assert take.frame_path(1001).read_bytes() == b"exr"
    assert take.receipt(1001) is None


def test_when_a_file_is_written_then_it_is_on_the_disk_before_it_has_its_name(
    tmp_path, monkeypatch
):
    steps = []
    fsync, rename = os.fsync, Path.replace
    monkeypatch.setattr("os.fsync", lambda number: (steps.append("flush"), fsync(number)))
    monkeypatch.setattr(
        "pathlib.Path.replace", lambda path, to: (steps.append("rename"), rename(path, to))[1]
    )
    write_atomically(tmp_path / "file", b"new")
    assert steps == ["flush", "rename", "flush"]


def test_when_the_disk_is_full_then_the_error_names_frame_and_path(take, monkeypatch):
    def full(_number):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FrameWriteFailed, match="No space left on device") as raised:
        deliver(take)
    assert raised.value.frame == 1001
    assert raised.value.path == str(take.frame_path(1001))
    with pytest.raises(FrameWriteFailed, match="cannot write the take: No space left"):
        take.windows.keep((1, 0, 1001), window())
    monkeypatch.undo()
    assert take.receipt(1001) is None
    assert take.windows.get(1, 0, 1001) is None
    assert litter(take.output) == []


def test_when_two_writers_share_a_take_then_each_file_is_one_of_theirs(take, submit):
    other = open_take(submit)
    deliver(take, data=b"same")
    deliver(other, data=b"same")
    assert take.receipt(1001) == other.receipt(1001)
