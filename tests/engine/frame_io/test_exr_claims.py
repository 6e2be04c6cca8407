"""Files that claim more than they hold: refused before a library asks for the memory."""

import struct
import tracemalloc

import numpy as np
import pytest
from OpenEXR import Compression

from engine.frame_io.exr import encode_image, read_image
from engine.frame_io.exr_claims import check_claims
from engine.frame_io.exr_layout import LONG_NAMES, MAGIC, read_headers, write_header
from engine.image import Box, Image, Part
from plugin_host.errors import FrameCorrupt, FrameUnsupported
from tests.engine.frame_io.plates import (
    COMPRESSIONS,
    deep,
    mipmapped,
    plate_of,
    scanlines,
    subsampled,
)


def claiming(data, **values):
    """Return the file with some attributes of its header replaced, their lengths kept."""
    flags, (header,), position = read_headers(data)
    changed = [one._replace(value=values.get(one.name.decode(), one.value)) for one in header]
    head = MAGIC + struct.pack("<I", flags | LONG_NAMES) + write_header(changed)
    return head + data[position:]


def box(*corners):
    return struct.pack("<4i", *corners)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_when_a_file_claims_what_it_holds_then_it_is_believed(compression):
    check_claims(scanlines(compression))


def test_when_layouts_differ_then_they_are_believed(tmp_path):
    for data in (mipmapped(tmp_path / "a.exr"), deep(tmp_path / "b.exr"), subsampled()):
        check_claims(data)


@pytest.mark.parametrize(
    "window",
    [
        (-(2**30), -(2**30), 2**30 - 1, 2**30 - 1),
        (0, 0, 2**31 - 1, 0),
        (-(2**31), -(2**31), 2**31 - 1, 2**31 - 1),
        (0, 0, 16384, 16383),
    ],
)
@pytest.mark.parametrize("name", ["dataWindow", "displayWindow"])
def test_when_a_window_is_huge_then_no_memory_is_asked_for(name, window):
    data = claiming(scanlines(), **{name: box(*window)})
    tracemalloc.start()
    try:
        with pytest.raises(FrameUnsupported, match="pixels; 256 million can be read"):
            read_image(data)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compression", ["NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "DWAA"])
def test_when_so_many_samples_cannot_be_in_so_few_bytes_then_the_file_is_corrupt(compression):
    data = scanlines(f"{compression}_COMPRESSION")
    wide = claiming(data, dataWindow=box(-7, -11, 3600000, 61))
    with pytest.raises(FrameCorrupt, match="can hold"):
        read_image(wide)


def test_when_samples_would_take_more_than_is_read_then_it_says_how_much():
    data = plate_of("ZSTD_COMPRESSION", np.float32).file  # which packs without limit
    with pytest.raises(FrameUnsupported, match=r"would take .* MiB; 4096 can be read"):
        read_image(claiming(data, dataWindow=box(-7, -11, 3600000, 61)))


def test_when_tiles_are_larger_than_any_use_then_they_are_refused(tmp_path):
    data = claiming(mipmapped(tmp_path / "a.exr"), tiles=struct.pack("<IIB", 64, 2**20, 1))
    with pytest.raises(FrameUnsupported, match="64x1048576"):
        read_image(data)


@pytest.mark.parametrize("sampling", [0, -1, -(2**31)])
def test_when_a_channel_is_sampled_nowhere_then_the_file_is_corrupt(sampling):
    data = scanlines()
    (listed,) = [one.value for one in read_headers(data)[1][0] if one.name == b"channels"]
    end = listed.index(b"\0")
    wrong = listed[: end + 9] + struct.pack("<i", sampling) + listed[end + 13 :]
    with pytest.raises(FrameCorrupt, match="sampled nowhere"):
        read_image(claiming(data, channels=wrong))


def test_when_a_window_is_empty_then_the_file_is_corrupt():
    with pytest.raises(FrameCorrupt, match="empty"):
        read_image(claiming(scanlines(), displayWindow=box(0, 0, -1, 5)))


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("value", [0.0, 0.18])
def test_when_a_frame_is_one_flat_colour_then_it_is_believed(compression, value):
    window = Box(0, 0, 1023, 767)
    for dtype in (np.float16, np.float32):
        channels = {name: np.full((768, 1024), value, dtype) for name in "RGBA"}
        part = Part(channels, window, {"compression": getattr(Compression, compression)})
        check_claims(encode_image(Image((part,), window)))
