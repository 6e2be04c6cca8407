from __future__ import annotations

import numpy as np
import OpenEXR
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenEXR import Compression

from engine.frame_io.exr import encode_image, read_image
from engine.frame_io.exr_chunks import take_apart
from engine.frame_io.exr_copy import encode_changes
from engine.frame_io.exr_rows import read_rows
from engine.image import Box, Image, Part
from plugin_host.errors import FrameCorrupt, FrameError, FrameUnsupported, FrameWriteFailed
from tests.engine.frame_io.plates import (
    WIDE,
    deep,
    joined,
    mipmapped,
    planes,
    plate_of,
    scanlines,
    subsampled,
    touched,
    whole,
)

ORDERS = (OpenEXR.INCREASING_Y, OpenEXR.DECREASING_Y)
rows_of = st.sets(st.integers(0, WIDE.height - 1))


@given(rows_of, st.sampled_from(["ZIP", "PIZ", "B44A"]), st.sampled_from(ORDERS), st.booleans())
@settings(max_examples=60, deadline=None)
def test_when_only_a_band_was_read_then_the_file_is_the_same(rows, compression, order, multipart):
    plate = plate_of(f"{compression}_COMPRESSION", order=order, multipart=multipart)
    ends = (min(rows), max(rows) + 1) if rows else (0, 0)
    band = read_rows(plate.file, range(*(WIDE.top + end for end in ends)))
    part = band.beauty
    assert part.data_window.top <= WIDE.top + ends[0]
    offset = part.data_window.top - WIDE.top
    there = slice(offset, offset + part.data_window.height)
    for name, samples in part.channels.items():
        assert np.array_equal(samples, plate.beauty.channels[name][there], equal_nan=True)
    one = touched(band, {row - offset for row in rows})
    assert encode_changes(one, band) == encode_changes(touched(plate, rows), plate)


def test_when_rows_lie_outside_the_window_then_the_nearest_block_is_read():
    data = scanlines()
    for rows, top, bottom in (
        (range(-500, -400), -11, 4),
        (range(900, 999), 53, 61),
        (range(-11, -11), -11, 4),
        (range(4, 6), -11, 20),
        (range(5, 21), 5, 20),
    ):
        window = read_rows(data, rows).beauty.data_window
        assert (window.top, window.bottom) == (top, bottom), rows


def test_when_a_band_cannot_be_copied_then_all_is_read_after_all():
    plate = plate_of("ZIP_COMPRESSION", multipart=True)
    band = read_rows(plate.file, range(6, 12))
    assert band.is_band
    other = {"compression": Compression.PIZ_COMPRESSION}
    data, _ = encode_changes(touched(band, [3], **other), band)
    assert data == whole(touched(plate, [3 + 16], **other))
    layered = band.with_beauty({"matte": band.beauty.channels["R"].copy()}, {})
    with pytest.raises(FrameWriteFailed, match="some rows"):
        encode_changes(layered, band)


def test_when_a_plate_is_tiled_then_a_band_is_all_of_it(tmp_path):
    data = mipmapped(tmp_path / "mip.exr")
    assert not read_rows(data, range(3)).is_band


def test_when_other_parts_are_of_any_kind_then_the_band_is_the_beautys(tmp_path):
    files = (
        deep(tmp_path / "deep.exr"),
        mipmapped(tmp_path / "mip.exr", "T"),
        scanlines(),
        subsampled(),
    )
    plate = read_image(joined(*files))
    band = read_rows(plate.file, range(7, 9))
    assert (band.beauty_index, plate.beauty_index) == (2, 2)
    assert band.display_window == plate.display_window
    assert [bool(part.channels) for part in band.parts] == [False, False, True, False]
    one, other = touched(band, [0]), touched(plate, [16])
    assert encode_changes(one, band) == encode_changes(other, plate)


def test_when_the_beauty_is_not_of_scanlines_then_all_is_read(tmp_path):
    tiles = joined(mipmapped(tmp_path / "mip.exr"), scanlines())
    assert read_rows(tiles, range(3)).beauty_index == read_image(tiles).beauty_index == 0
    assert not read_rows(tiles, range(3)).is_band
    small = Box(0, 0, 9, 9)
    bare = Image((Part(planes(small, np.float16, "Y"), small),), small)
    assert set(read_rows(encode_image(bare), range(3)).parts[0].channels) == {"Y"}


def test_when_a_block_of_the_band_is_damaged_then_the_frame_is_corrupt():
    data = bytearray(scanlines())
    chunk = take_apart(bytes(data)).sections[0].chunks[2]
    data[chunk.start + 20 : chunk.stop] = bytes(len(chunk) - 20)
    file = bytes(data)
    assert read_rows(file, range(-11, -10)).is_band
    with pytest.raises(FrameCorrupt, match="damaged"):
        read_rows(file, range(22, 23), frame=7)
    with pytest.raises(FrameCorrupt):
        read_rows(file[:-1], range(-11, -10))


HOSTILE = {
    "one": plate_of("ZIP_COMPRESSION").file,
    "several": plate_of("PIZ_COMPRESSION", multipart=True).file,
}


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_when_the_file_is_damaged_then_only_the_declared_errors_come(data):
    file = bytearray(HOSTILE[data.draw(st.sampled_from(sorted(HOSTILE)))])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, 2000))
        file[at] = data.draw(st.sampled_from([0, 1, 127, 128, 255]))
    try:
        band = read_rows(bytes(file), range(5, 30))
        encode_changes(touched(band, [0]), band)
    except FrameError as error:
        known = FrameCorrupt | FrameUnsupported | FrameWriteFailed
        assert isinstance(error, known)  # noqa: PT017 - any of them is right, and so is none
