import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.frame_io.exr_layout import MAGIC
from engine.image import Box, Image, Part
from engine.watch.drops import Entry, drops, scan
from engine.watch.stillness import digest, is_given_up, is_still, seen, torn
from tests.engine.plates import picture, write_plate


def drop_of(*sizes, marked=False):
    entries = [Entry("d", "folder")] + [
        Entry(f"d/a.{n}.exr", "file", size, 1) for n, size in enumerate(sizes)
    ]
    (drop,) = drops(entries, {})
    return drop._replace(marked=marked)


@settings(max_examples=30)
@given(
    looks=st.lists(st.tuples(st.integers(1, 3), st.floats(0.1, 9)), min_size=1, max_size=12),
    settle_s=st.floats(0, 9),
)
def test_when_a_drop_is_looked_at_then_it_is_still_once_it_was_the_same_for_so_long(
    looks, settle_s
):
    known, now, changed_at = None, 0.0, 0.0
    for size, passed in looks:
        now += passed
        before, known = known, seen(known, drop_of(size), now)
        if before is None or before.files != known.files:
            changed_at = now
        assert is_still(drop_of(size), known, now, settle_s) == (now - changed_at >= settle_s)
        assert is_given_up(known, now, settle_s) == (now - changed_at >= 10 * settle_s)


def test_when_a_later_file_changes_then_the_time_begins_anew():
    before = seen(None, drop_of(1, 2), 5.0)
    assert seen(before, drop_of(1, 2), 6.0) == before
    assert seen(before, drop_of(1, 3), 6.0).since == 6.0


def test_when_somebody_says_that_it_is_whole_then_nobody_waits():
    drop = drop_of(1, marked=True)
    assert is_still(drop, seen(None, drop, 5.0), 5.0, 60.0)


@pytest.mark.parametrize(
    "other",
    [
        Entry("d/a.0.exr", "file", 2, 1),
        Entry("d/a.0.exr", "file", 1, 2),
        Entry("d/a.1.exr", "file", 1, 1),
    ],
)
def test_when_size_time_or_name_differ_then_so_does_the_digest(other):
    assert digest([other]) != digest([Entry("d/a.0.exr", "file", 1, 1)])


@pytest.fixture
def watched(tmp_path):
    write_plate(tmp_path / "d", [1001, 1002])
    return tmp_path


def first_torn(folder):
    (drop,) = drops(scan(str(folder)), {})
    return torn(folder, drop)


def test_when_every_frame_is_complete_then_nothing_is_torn(watched):
    assert first_torn(watched) == ""


@pytest.mark.parametrize("left", [0.0, 0.05, 0.2, 0.5, 0.999])
def test_when_a_frame_ends_early_then_it_is_named(watched, left):
    path = watched / "d" / "shot.1002.exr"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * left)])
    assert first_torn(watched).startswith("d/shot.1002.exr: it is ")


def test_when_a_frame_is_written_on_the_spot_then_it_is_torn_until_its_table_is(watched):
    path = watched / "d" / "shot.1001.exr"
    data = path.read_bytes()
    path.write_bytes(bytes(len(data)))  # a copier that makes room first
    assert "it is not an EXR file" in first_torn(watched)
    path.write_bytes(data)
    assert first_torn(watched) == ""


def test_when_a_frame_has_another_size_once_it_is_opened_then_it_grows(watched):
    (drop,) = drops(scan(str(watched)), {})
    with (watched / "d" / "shot.1002.exr").open("ab") as file:
        file.write(b"more")
    assert torn(watched, drop) == "d/shot.1002.exr: it grows"


def test_when_a_header_is_longer_than_a_piece_then_it_is_read_on(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.watch.stillness._PIECE", 64)
    write_plate(tmp_path / "d", [1], lambda frame: picture(frame, (300, 8)))
    assert first_torn(tmp_path) == ""


@pytest.mark.parametrize(
    "start",
    [b"", MAGIC + b"\2\0\0\0a", MAGIC + b"\2\0\0\0a\0b\0\xff\xff\xff\xff", MAGIC + b"\2\0\0\0\0"],
)
def test_when_a_file_is_huge_and_its_header_has_no_end_then_memory_is_not_filled(tmp_path, start):
    (tmp_path / "d").mkdir()
    with (tmp_path / "d" / "shot.1001.exr").open("wb") as file:
        file.write(start + b"x" * 64 * bool(start[9:]))
        file.truncate(1 << 40)
    tracemalloc.start()
    assert first_torn(tmp_path).startswith("d/shot.1001.exr: it")
    assert tracemalloc.get_traced_memory()[1] < 1 << 27
    tracemalloc.stop()


@pytest.mark.parametrize("left", [1.0, 0.98, 0.6])
def test_when_a_file_has_several_parts_then_the_last_chunk_of_all_counts(tmp_path, left):
    box = Box(0, 0, 15, 11)
    channels = {name: np.zeros((12, 16), np.float16) for name in "RGB"}
    parts = tuple(Part(dict(channels), box, {"name": name}) for name in ("rgb", "other"))
    write_plate(tmp_path / "d", [1], lambda _: Image(parts, box))
    path = tmp_path / "d" / "shot.0001.exr"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * left)])
    assert bool(first_torn(tmp_path)) == (left < 1)


def test_when_a_link_takes_the_place_of_a_frame_then_it_is_not_followed(watched):
    (drop,) = drops(scan(str(watched)), {})
    path = watched / "d" / "shot.1002.exr"
    path.rename(watched / "d" / "elsewhere")
    path.symlink_to(watched / "d" / "elsewhere")
    assert torn(watched, drop).startswith("d/shot.1002.exr: it cannot be read")
