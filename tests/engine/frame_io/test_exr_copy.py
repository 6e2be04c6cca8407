from __future__ import annotations

from dataclasses import replace

import numpy as np
import OpenEXR
import OpenImageIO
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenEXR import Compression

from engine.frame_io import exr_parts
from engine.frame_io.exr import encode_image, pixel_hash, read_image
from engine.frame_io.exr_chunks import packed, take_apart
from engine.frame_io.exr_copy import encode_changes
from engine.frame_io.exr_lossless import deliverable, is_lossy
from engine.image import Box, Image, Part
from plugin_host.errors import FrameWriteFailed
from tests.engine.frame_io.plates import (
    COMPRESSIONS,
    WIDE,
    deep,
    joined,
    mipmapped,
    planes,
    plate_of,
    scanlines,
    subsampled,
    tall,
    touched,
    whole,
)

TYPES = (np.float16, np.float32, np.uint32)
ORDERS = (OpenEXR.INCREASING_Y, OpenEXR.DECREASING_Y)


def blocks(data, part):
    layout = take_apart(data)
    return [packed(data, layout, part, i) for i in range(len(layout.sections[part].chunks))]


def opened_by_openimageio(data, path, part):
    path.write_bytes(data)
    file = OpenImageIO.ImageInput.open(str(path))
    assert file is not None, OpenImageIO.geterror()
    assert file.seek_subimage(part, 0)
    names = list(file.spec().channelnames)
    index = names.index("G")
    kind = str(file.spec().channelformat(index))
    samples = file.read_image(part, 0, index, index + 1, kind)
    file.close()
    return samples[..., 0]


_OF_ALL = (b"compression", b"chunkCount")


def header(data, part):
    attributes = take_apart(data).sections[part].attributes
    return {name: value for name, value in attributes.items() if name not in _OF_ALL}


@pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("multipart", [False, True], ids=["one", "several"])
def test_when_some_rows_change_then_only_their_blocks_do(compression, dtype, multipart, tmp_path):
    window = tall(compression)
    for order in ORDERS:
        plate = plate_of(compression, dtype, window, multipart=multipart, order=order)
        part = plate.beauty_index
        rows = (window.height - 1, window.height - 2)
        image = touched(plate, rows)
        data, note = encode_changes(image, plate)
        pairs = zip(blocks(data, part), blocks(plate.file, part), strict=True)
        changed = [index for index, (one, other) in enumerate(pairs) if one != other]
        height = take_apart(data).sections[part].rows
        assert changed == sorted({row // height for row in rows})
        for number in range(len(plate.parts)):
            if number != part:
                assert blocks(data, number) == blocks(plate.file, number)
        back = read_image(data)
        assert pixel_hash(back) == pixel_hash(image)
        assert back.beauty.attributes["compression"] == getattr(Compression, compression)
        assert header(data, part) == header(whole(image), part)
        assert (note is not None) == is_lossy(plate.beauty)
        if not any(map(is_lossy, plate.parts)):
            assert data == whole(image)
        seen = opened_by_openimageio(data, tmp_path / "a.exr", part)
        assert np.array_equal(seen, image.beauty.channels["G"])


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_when_nothing_changes_then_every_block_is_copied(compression):
    for multipart in (False, True):
        plate = plate_of(compression, multipart=multipart)
        image = plate.with_beauty({"G": plate.beauty.channels["G"].copy()}, {"new": "1"})
        data, note = encode_changes(image, plate)
        for part in range(len(plate.parts)):
            assert blocks(data, part) == blocks(plate.file, part)
        assert note is None
        assert read_image(data).beauty.attributes["new"] == "1"


LOSSLESS = ("NO", "ZIPS", "ZIP", "PIZ", "HTJ2K32")
rows_of = st.sets(st.integers(0, WIDE.height - 1))


@given(rows_of, st.sampled_from([*LOSSLESS, "DWAA", "PXR24"]), st.sampled_from(ORDERS))
@settings(max_examples=80, deadline=None)
def test_when_any_rows_change_then_the_file_is_the_one_written_whole(rows, compression, order):
    plate = plate_of(f"{compression}_COMPRESSION", order=order)
    image = touched(plate, rows)
    data, _ = encode_changes(image, plate)
    here = read_image(data)
    assert pixel_hash(here) == pixel_hash(image)
    if compression in LOSSLESS:
        assert data == whole(image)
    elif here.beauty.attributes["compression"] != Compression.ZIP_COMPRESSION:
        height = 16 if compression == "PXR24" else 32
        pairs = zip(blocks(data, 0), blocks(plate.file, 0), strict=True)
        changed = {index for index, (one, other) in enumerate(pairs) if one != other}
        assert changed == {row // height for row in rows}


def test_when_most_of_a_lossy_plate_changes_then_it_is_written_with_zip():
    plate = plate_of("DWAA_COMPRESSION")
    half, most = touched(plate, [0]), touched(plate, [0, 40])
    assert read_image(encode_changes(half, plate)[0]).beauty.attributes["compression"] == (
        Compression.DWAA_COMPRESSION
    )
    data, note = encode_changes(most, plate)
    assert (data, note) == (whole(most), deliverable(most)[1])


def test_when_other_parts_cannot_be_written_then_they_are_copied(tmp_path):
    files = [
        mipmapped(tmp_path / "mip.exr"),
        scanlines(),
        deep(tmp_path / "deep.exr"),
        subsampled(),
    ]
    tiled = read_image(files[0])
    named = {"colorInteropID": None, "chromaticities": None}
    assert named
    files[0] = encode_image(
        replace(
            tiled,
            parts=(
                Part(
                    {"T": tiled.beauty.channels["R"]},
                    tiled.beauty.data_window,
                    tiled.beauty.attributes,
                ),
            ),
        )
    )
    plate = read_image(joined(*files))
    assert plate.beauty_index == 1
    data, _ = encode_changes(touched(plate, [70]), plate)
    here, there = take_apart(data), take_apart(plate.file)
    for number in (0, 2, 3):
        one, other = here.sections[number], there.sections[number]
        assert one.attributes == other.attributes
        assert [data[c.start : c.stop] for c in one.chunks] == [
            plate.file[c.start : c.stop] for c in other.chunks
        ]
    back = read_image(data)
    assert pixel_hash(back) == pixel_hash(touched(plate, [70]))


def falling_back(tmp_path):
    zipped = plate_of("ZIP_COMPRESSION")
    beauty = zipped.beauty
    yield (
        "another compression",
        zipped,
        touched(zipped, [1], compression=Compression.NO_COMPRESSION),
    )
    yield "another order", zipped, touched(zipped, [1], lineOrder=OpenEXR.DECREASING_Y)
    yield "a layer", zipped, zipped.with_beauty({"m": beauty.channels["R"]}, {})
    yield "another type", zipped, zipped.with_beauty({"A": beauty.channels["A"].astype("f2")}, {})
    yield "made by hand", Image(zipped.parts, zipped.display_window), touched(zipped, [1])
    moved = replace(beauty, data_window=Box(0, 0, WIDE.width - 1, WIDE.height - 1))
    yield "another window", zipped, replace(zipped, parts=(moved,))
    yield "another display", zipped, replace(zipped, display_window=Box(0, 0, 1, 1))
    yield (
        "another part",
        zipped,
        replace(
            zipped,
            parts=(
                replace(beauty, attributes={"name": "a"}),
                replace(beauty, attributes={"name": "b"}),
            ),
        ),
    )
    mips = read_image(mipmapped(tmp_path / "mip.exr"))
    yield "tiles", mips, touched(mips, [1])
    torn = zipped.file[:-1]
    yield "a torn file", replace(zipped, file=torn), touched(zipped, [1])
    yield "no file", replace(zipped, file=b""), touched(zipped, [1])


def test_when_blocks_cannot_be_copied_then_the_file_is_written_whole(tmp_path):
    for why, plate, image in falling_back(tmp_path):
        assert encode_changes(image, plate)[0] == whole(image), why


def test_when_a_channel_is_subsampled_then_it_is_refused_as_before():
    plate = read_image(subsampled("BGRX"))
    with pytest.raises(FrameWriteFailed, match="channel X"):
        encode_changes(touched(plate, [1]), plate)


def test_when_a_table_is_damaged_then_the_file_is_written_whole():
    plate = plate_of("ZIP_COMPRESSION")
    chunks = take_apart(plate.file).sections[0].chunks
    table = chunks[0].start - 8 * len(chunks)
    image = touched(plate, [1])
    for damage in (
        bytes(8 * len(chunks)),
        plate.file[table + 8 : table + 16] * len(chunks),
        plate.file[table : table + 8 * len(chunks)][::-1],
        b"\xff" * 8 * len(chunks),
    ):
        file = plate.file[:table] + damage + plate.file[table + 8 * len(chunks) :]
        assert encode_changes(image, replace(plate, file=file))[0] == whole(image)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_when_the_file_is_damaged_then_nothing_but_the_declared_error_comes(data):
    plate = HOSTILE[data.draw(st.sampled_from(sorted(HOSTILE)))]
    file = bytearray(plate.file)
    head = take_apart(plate.file).sections[0].chunks[0].start + 64
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, head - 1))
        file[at : at + data.draw(st.integers(1, 8))] = data.draw(st.binary(max_size=8))
    image = touched(plate, [3])
    made, _ = encode_changes(image, replace(plate, file=bytes(file)))
    assert len(made) < 2 * len(plate.file) + 4096


HOSTILE = {
    "one": plate_of("ZIP_COMPRESSION"),
    "several": plate_of("PIZ_COMPRESSION", multipart=True),
    "lines": plate_of("ZIPS_COMPRESSION"),
}


def test_when_samples_are_views_then_their_rows_are_compared_and_written():
    plate = plate_of("ZIP_COMPRESSION")
    samples = np.asfortranarray(plate.beauty.channels["G"])
    image = plate.with_beauty({"G": samples}, {})
    assert blocks(encode_changes(image, plate)[0], 0) == blocks(plate.file, 0)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 8])
def test_when_rows_are_of_any_length_then_one_changed_bit_is_found(width):
    box = Box(0, 0, width - 1, 30)
    made = Image(
        (Part(planes(box, np.float16), box, {"compression": Compression.ZIPS_COMPRESSION}),), box
    )
    plate = read_image(encode_image(made))
    samples = plate.beauty.channels["G"].copy()
    samples.view(np.uint16)[17, -1] ^= 1
    data, _ = encode_changes(plate.with_beauty({"G": samples}, {}), plate)
    pairs = zip(blocks(data, 0), blocks(plate.file, 0), strict=True)
    assert [index for index, (one, other) in enumerate(pairs) if one != other] == [17]


def test_when_zero_changes_its_sign_then_its_block_is_written():
    plate = plate_of("ZIPS_COMPRESSION")
    zeros = np.zeros_like(plate.beauty.channels["G"])
    first = plate.with_beauty({"G": zeros}, {})
    plate = read_image(encode_image(first))
    signed = zeros.copy()
    signed[5, 5] = -0.0
    back = read_image(encode_changes(plate.with_beauty({"G": signed}, {}), plate)[0])
    assert back.beauty.channels["G"].tobytes() == signed.tobytes()


def test_when_blocks_are_copied_then_only_touched_ones_are_encoded(monkeypatch):
    """The wheel is given the touched rows and no others."""
    given_rows = []

    def encode(image):
        given_rows.append(image.beauty.data_window.height)
        return encode_image(image)

    monkeypatch.setattr(exr_parts, "encode_image", encode)
    plate = plate_of("ZIP_COMPRESSION")
    encode_changes(touched(plate, [0, 17, 72]), plate)
    assert given_rows == [16 + 16 + WIDE.height % 16]
