from __future__ import annotations

from dataclasses import replace

import numpy as np
import OpenEXR
import pytest
from OpenEXR import Compression

from engine.frame_io.exr import read_image
from engine.frame_io.exr_layout import read_headers
from engine.frame_io.exr_parts import encode_anew, encode_patch
from engine.frame_io.exr_rows import read_rows
from engine.image import Box, Image
from engine.patch import COVERAGE, patch_of
from plugin_host.errors import FrameWriteFailed
from tests.engine.frame_io.matrix import NUMBERS, RATES, TEXTS, file_of, part_of, with_attributes
from tests.engine.frame_io.plates import WIDE, plate_of, scanlines

ODD = {name.encode(): value for name, value in {**NUMBERS, **RATES, **TEXTS}.items()}


def patched(plate, rows, columns=slice(3, 9)):
    """Return the patch of some pixels, counted from the first of the plate's data window."""
    part = plate.beauty
    matte = np.zeros((part.data_window.height, part.data_window.width), np.float32)
    top = part.data_window.top - plate.plate_window.top
    matte[rows.start - top : rows.stop - top, columns] = 1
    channels = {name: part.channels[name] for name in "RGB"}
    return patch_of(plate, channels, matte).with_beauty({}, {"faceplate/status": "restored"})


def header(data):
    return {one.name: (one.type, one.value) for one in read_headers(data)[1][0]}


@pytest.mark.parametrize("multipart", [False, True], ids=["one", "several"])
def test_when_a_patch_is_made_from_some_rows_then_it_is_that_of_all(multipart):
    plate = plate_of("ZIP_COMPRESSION", multipart=multipart)
    rows = range(WIDE.top + 40, WIDE.top + 44)
    band = read_rows(plate.file, rows)
    assert band.is_band
    whole = encode_patch(patched(plate, slice(40, 44)), plate)
    assert encode_patch(patched(band, slice(40, 44)), band) == whole
    back = read_image(whole[0])
    assert back.beauty.data_window == Box(
        WIDE.left + 3, WIDE.top + 40, WIDE.left + 8, WIDE.top + 43
    )
    assert back.display_window == plate.display_window
    expected = plate.beauty.channels["G"][40:44, 3:9]
    assert np.array_equal(back.beauty.channels["G"], expected)


def test_when_a_part_is_encoded_anew_then_unchanged_attributes_are_not_written_by_the_wheel():
    plate = read_image(with_attributes(file_of(part_of()), ODD))
    own = {one.name: one for one in read_headers(plate.file)[1][0]}
    changed = plate.with_beauty({}, {"owner": "somebody else", "anInt": 8})
    encoded, note = encode_anew(changed.beauty, plate.beauty, plate.display_window, own)
    assert note is None
    for name, (kind, value) in ODD.items():
        if name not in {b"owner", b"anInt"}:
            assert (encoded.attributes[name].type, encoded.attributes[name].value) == (kind, value)
    assert encoded.attributes[b"owner"].value == b"somebody else"
    assert encoded.attributes[b"anInt"].value == b"\x08\0\0\0"
    assert list(encoded.attributes) == sorted(encoded.attributes)


def test_when_an_attribute_is_taken_away_then_it_stays_away():
    plate = read_image(file_of(part_of()))
    own = {one.name: one for one in read_headers(plate.file)[1][0]}
    fewer = {name: v for name, v in plate.beauty.attributes.items() if name != "owner"}
    part = replace(plate.beauty, attributes=fewer)
    encoded, _ = encode_anew(part, plate.beauty, plate.display_window, own)
    assert b"owner" in own
    assert b"owner" not in encoded.attributes


def test_when_a_plate_is_no_file_or_a_torn_one_then_its_patch_has_what_was_read():
    plate = read_image(scanlines())
    made = Image(plate.parts, plate.display_window)
    torn = replace(plate, file=plate.file[:-1])
    for source in (made, torn):
        data, note = encode_patch(patched(source, slice(0, 5)), source)
        back = read_image(data).beauty
        assert note is None
        assert set(back.channels) == {*"ARGB", COVERAGE}
        assert back.attributes["owner"] == plate.beauty.attributes["owner"]


def test_when_a_plate_is_lossy_then_its_patch_is_not_and_says_so():
    plate = plate_of("DWAB_COMPRESSION")
    data, note = encode_patch(patched(plate, slice(1, 3)), plate)
    assert "DWAB compression is lossy" in note
    back = read_image(data).beauty
    assert back.attributes["compression"] == Compression.ZIP_COMPRESSION
    assert np.array_equal(back.channels["R"], plate.beauty.channels["R"][1:3, 3:9])


def test_when_lines_decrease_then_a_patch_keeps_their_order():
    plate = plate_of("ZIPS_COMPRESSION", order=OpenEXR.DECREASING_Y)
    data, _ = encode_patch(patched(plate, slice(1, 9)), plate)
    assert header(data)[b"lineOrder"] == header(plate.file)[b"lineOrder"]


def test_when_a_part_has_no_exr_form_then_it_is_refused():
    plate = read_image(scanlines())
    doubles = {name: s.astype(np.float64) for name, s in plate.beauty.channels.items()}
    part = replace(plate.beauty, channels=doubles)
    with pytest.raises(FrameWriteFailed, match="float64"):
        encode_anew(part, plate.beauty, plate.display_window, {})
