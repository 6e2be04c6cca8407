from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np
import OpenEXR
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenEXR import Compression

from engine.frame_io.exr import encode_image, read_image
from engine.frame_io.exr_chunks import (
    BLOCK_ROWS,
    Change,
    cut_out,
    packed,
    put_together,
    take_apart,
)
from engine.frame_io.exr_layout import read_headers
from engine.image import Box, Image, Part
from plugin_host.errors import FrameCorrupt, FrameError, FrameUnsupported
from tests.engine.frame_io.matrix import MIPMAP, RIPMAP, chunks_of, levelled
from tests.engine.frame_io.plates import (
    COMPRESSIONS,
    WIDE,
    deep,
    joined,
    mipmapped,
    plate_of,
    scanlines,
    subsampled,
    tall,
)

SEVERAL = plate_of("PIZ_COMPRESSION", multipart=True).file
ONE = scanlines()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_when_a_file_is_taken_apart_then_its_blocks_are_as_high_as_the_library_makes_them(
    compression,
):
    window = tall(compression)
    section = take_apart(scanlines(compression, window)).sections[0]
    assert section.rows == BLOCK_ROWS[section.attributes[b"compression"].value[0]]
    assert len(section.chunks) == -(-window.height // section.rows)
    assert section.window == window
    assert len(COMPRESSIONS) == len(BLOCK_ROWS)


def test_when_nothing_changes_then_the_bytes_return(tmp_path):
    mixed = joined(mipmapped(tmp_path / "a.exr"), ONE, deep(tmp_path / "b.exr"), subsampled())
    for data in (ONE, SEVERAL, mixed):
        assert put_together(data, take_apart(data), {}) == data


def test_when_parts_take_turns_in_the_file_then_chunks_keep_their_order():
    data = turned(SEVERAL)
    layout = take_apart(data)
    assert put_together(data, layout, {}) == data
    first = layout.sections[1]
    change = Change(first.attributes, {1: b"packed"})
    made = put_together(data, layout, {1: change})
    again = take_apart(made)
    assert packed(made, again, 1, 1) == b"packed"
    order = [(c.start, p, i) for p, s in enumerate(again.sections) for i, c in enumerate(s.chunks)]
    before = [
        (c.start, p, i) for p, s in enumerate(layout.sections) for i, c in enumerate(s.chunks)
    ]
    assert [place[1:] for place in sorted(order)] == [place[1:] for place in sorted(before)]


def turned(data):
    """Return the file with its chunks the other way round."""
    layout = take_apart(data)
    chunks = sorted((c.start, c.stop) for s in layout.sections for c in s.chunks)
    start = chunks[0][0]
    at, moved = start, {}
    for one, stop in reversed(chunks):
        moved[one] = at
        at += stop - one
    table = b"".join(struct.pack("<Q", moved[c.start]) for s in layout.sections for c in s.chunks)
    body = b"".join(data[one:stop] for one, stop in reversed(chunks))
    return data[: start - len(table)] + table + body


@pytest.mark.parametrize("data", [ONE, SEVERAL], ids=["one", "several"])
@pytest.mark.parametrize("blocks", [range(1), range(1, 3), range(2, 3), range(3)])
def test_when_blocks_are_cut_out_then_the_library_reads_their_rows(data, blocks):
    whole, layout = read_image(data).beauty, take_apart(data)
    part = len(layout.sections) // 2
    cut = read_image(cut_out(data, layout, part, blocks)).beauty
    rows = layout.sections[part].rows
    for name, samples in cut.channels.items():
        expected = whole.channels[name][blocks.start * rows : blocks.stop * rows]
        assert np.array_equal(samples, expected)
    assert cut.data_window.top == WIDE.top + blocks.start * rows


@pytest.mark.parametrize("up", [0, 1])
@pytest.mark.parametrize("mode", [0, MIPMAP, RIPMAP])
def test_when_a_part_is_tiled_then_every_tile_of_every_level_is_found(mode, up):
    data = levelled(mode, up, Compression.ZIP_COMPRESSION, "half")
    chunks = take_apart(data).sections[0].chunks
    assert [data[chunk.start : chunk.stop] for chunk in chunks] == chunks_of(data)
    assert chunks[-1].stop == len(data)


@pytest.mark.parametrize("described", [(0, 8, 0), (8, 0, 0), (8, 8, 3), (8, 8, 0xF1)])
def test_when_tiles_are_described_wrongly_then_the_file_is_corrupt(described):
    data = levelled(MIPMAP, 0, Compression.ZIP_COMPRESSION, "half")
    with pytest.raises(FrameCorrupt):
        take_apart(with_attribute(data, b"tiles", struct.pack("<IIB", *described)))


def test_when_all_chunks_are_replaced_then_they_keep_their_order_and_the_parts_place():
    layout = take_apart(SEVERAL)
    falling = plate_of("PIZ_COMPRESSION", order=OpenEXR.DECREASING_Y).file
    section = take_apart(falling).sections[0]
    change = Change(layout.sections[1].attributes, {}, (falling, section))
    made = put_together(SEVERAL, layout, {1: change})
    held = take_apart(made).sections
    for number in (0, 2):
        assert [made[c.start : c.stop] for c in held[number].chunks] == [
            SEVERAL[c.start : c.stop] for c in layout.sections[number].chunks
        ]
    assert [made[c.start + 4 : c.stop] for c in held[1].chunks] == [
        falling[c.start : c.stop] for c in section.chunks
    ]
    starts = [chunk.start for chunk in held[1].chunks]
    assert starts == sorted(starts, reverse=True)
    assert min(starts) > held[0].chunks[-1].start


def test_when_a_changed_header_has_a_long_name_then_the_version_says_so():
    window = Box(0, 0, 4, 4)
    channels = {name: np.ones((5, 5), np.float16) for name in "RGB"}
    data = encode_image(Image((Part(channels, window),), window))
    layout = take_apart(data)
    long = next(iter(layout.sections[0].attributes.values()))._replace(name=b"a" * 40)
    attributes = {**layout.sections[0].attributes, b"a" * 40: long._replace(type=b"x")}
    made = put_together(data, layout, {0: Change(attributes, {})})
    assert (layout.flags & 0x400, take_apart(made).flags & 0x400) == (0, 0x400)


# what is refused


def offsets(data, part=0):
    """Return where the table of a part begins, and how long it is."""
    _, _, position = read_headers(data)
    counts = [len(section.chunks) for section in take_apart(data).sections]
    return position + 8 * sum(counts[:part]), counts[part]


def with_offset(data, index, value):
    start, _ = offsets(data)
    at = start + 8 * index
    return data[:at] + struct.pack("<Q", value) + data[at + 8 :]


def with_attribute(data, name, value):
    """Return the file with another value of the same length, in its first header."""
    at = data.index(name + b"\0")
    at = data.index(b"\0", at + len(name) + 1) + 5
    return data[:at] + value + data[at + len(value) :]


def with_chunk(data, at, form, *values):
    start = take_apart(data).sections[0].chunks[1].start + at
    return data[:start] + struct.pack(form, *values) + data[start + struct.calcsize(form) :]


def second(data):
    return take_apart(data).sections[0].chunks[1]


BROKEN = {
    "empty": b"",
    "another format": b"\x89PNG" + ONE[4:],
    "a version only": ONE[:8],
    "an offset of zero": with_offset(ONE, 0, 0),
    "an offset into the header": with_offset(ONE, 0, 20),
    "an offset at the end": with_offset(ONE, 2, len(ONE)),
    "an offset near the end": with_offset(ONE, 2, len(ONE) - 3),
    "an offset beyond any memory": with_offset(ONE, 2, 2**64 - 1),
    "a chunk twice": with_offset(ONE, 2, second(ONE).start),
    "a chunk within another": with_chunk(ONE, 4, "<i", len(second(ONE))),
    "a chunk of negative size": with_chunk(ONE, 4, "<i", -9),
    "a chunk larger than the file": with_chunk(ONE, 4, "<i", 2**31 - 1),
    "a chunk of other rows": with_chunk(ONE, 0, "<i", WIDE.top),
    "a chunk of another part": with_chunk(SEVERAL, 0, "<I", 1),
    "a window of no rows": with_attribute(ONE, b"dataWindow", struct.pack("<4i", 0, 9, 9, 8)),
    "a window of no columns": with_attribute(ONE, b"dataWindow", struct.pack("<4i", 9, 0, 8, 9)),
    "a window of all rows": with_attribute(
        ONE, b"dataWindow", struct.pack("<4i", 0, -(2**31), 9, 2**31 - 1)
    ),
    "a window that needs more chunks": with_attribute(
        SEVERAL, b"dataWindow", struct.pack("<4i", 0, 0, 9, 999)
    ),
    "a count of other chunks": with_attribute(SEVERAL, b"chunkCount", struct.pack("<i", 1)),
    "a negative count": with_attribute(SEVERAL, b"chunkCount", struct.pack("<i", -1)),
    "no data window": ONE.replace(b"dataWindow\0", b"dataWindoe\0"),
    "no compression": ONE.replace(b"compression\0c", b"compressiom\0c"),
    "an attribute twice": ONE.replace(b"screenWindowWidth\0", b"pixelAspectRatio\0f", 1),
    "an unknown type": SEVERAL.replace(b"scanlineimage", b"scanlineimagg"),
    "an endless name": ONE[:8] + b"a" * 400,
    "an endless attribute": ONE[:8] + b"a\0b\0" + b"\xff" * 4 + ONE[8:],
}


@pytest.mark.parametrize("why", BROKEN)
def test_when_a_file_contradicts_itself_then_it_is_corrupt(why):
    with pytest.raises(FrameCorrupt):
        take_apart(BROKEN[why])


def test_when_blocks_cannot_be_known_then_the_file_is_unsupported(tmp_path):
    unknown = with_attribute(ONE, b"compression", b"\xc8")
    for data in (deep(tmp_path / "b.exr"), unknown):
        with pytest.raises(FrameUnsupported):
            take_apart(data)


@pytest.mark.parametrize("data", [ONE, SEVERAL], ids=["one", "several"])
def test_when_a_file_is_cut_anywhere_then_it_is_corrupt(data):
    for length in {*range(0, len(data), 41), *range(len(data) - 9, len(data))}:
        with pytest.raises(FrameCorrupt):
            take_apart(data[:length])


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_when_bytes_are_damaged_then_chunks_stay_within_the_file_and_apart(data):
    file = bytearray(data.draw(st.sampled_from([ONE, SEVERAL])))
    head = take_apart(bytes(file)).sections[-1].chunks[0].start + 64
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(head, len(file)) - 1))
        new = data.draw(st.binary(max_size=8))
        file[at : at + data.draw(st.sampled_from([len(new), 1, 8]))] = new
    try:
        layout = take_apart(bytes(file))
    except FrameError as error:
        assert isinstance(error, FrameCorrupt | FrameUnsupported)  # noqa: PT017 - either is right
        return
    spans = sorted((c.start, c.stop) for s in layout.sections for c in s.chunks)
    assert all(start < stop <= len(file) for start, stop in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert len(put_together(bytes(file), layout, {})) <= len(file)
