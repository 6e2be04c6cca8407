"""What is delivered of every kind of EXR plate, read back by the wheel and by OpenImageIO."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest
from OpenEXR import Compression

from engine.faces.paste import Patch, paste
from engine.faces.transform import Transform
from engine.frame_io.exr import pixel_hash, read_image
from engine.frame_io.exr_chunks import take_apart
from engine.frame_io.exr_copy import encode_changes
from engine.frame_io.exr_layout import read_headers
from engine.frame_io.exr_rows import read_rows
from engine.image import BEAUTY, Box
from plugin_host.errors import FrameError
from tests.engine.frame_io.matrix import MIPMAP, ROWS, levelled, table
from tests.engine.plates import Run, put_faces, request, track, write_plate
from tests.engine.probes import LINKS

PAGE = Path(__file__).parents[3] / "docs" / "plates.md"
LAYER = "faceplate.matte"


@cache
def plates_of(row):
    """Return the plates of a row, made once."""
    return list(row.make())


def face_of(plate):
    """Return a few pixels near the last corner of the beauty."""
    window = plate.plate_window
    return Box(
        max(window.left, window.right - 6),
        max(window.top, window.bottom - 4),
        max(window.left, window.right - 4),
        max(window.top, window.bottom - 3),
    )


def restored(plate, *, layered=False):
    """Return the plate with a change where the face is."""
    part, box = plate.beauty, face_of(plate)
    shape = box.height, box.width
    delta = np.linspace(0.1, 0.4, 3 * shape[0] * shape[1], dtype=np.float32).reshape(3, *shape)
    patch = Patch(delta, np.ones(shape, np.float32), Transform(shape, box.left, box.top))
    pasted = paste(part.channels, part.data_window, [patch])
    layer = {LAYER: pasted.matte.astype(np.float16)} if layered else {}
    return plate.with_beauty({**pasted.channels, **layer}, {"faceplate/status": "restored"})


def headers(data):
    """Return the attributes of each part: name to type and bytes."""
    return [
        {one.name.decode(): (one.type, one.value) for one in header}
        for header in read_headers(data)[1]
    ]


def check_samples(plate, image, back):
    """Check that nothing but the face differs from the plate, and that the face does."""
    assert pixel_hash(back) == pixel_hash(image)
    place = face_of(plate).slices(plate.beauty.data_window)
    outside = np.ones((plate.beauty.data_window.height, plate.beauty.data_window.width), bool)
    outside[place] = False
    for number, (there, here) in enumerate(zip(plate.parts, back.parts, strict=True)):
        assert here.data_window == there.data_window
        for name, samples in there.channels.items():
            now = here.channels[name]
            assert now.dtype == samples.dtype
            if there.is_deep:
                continue  # the hash has told
            if number == plate.beauty_index and name in BEAUTY:
                assert now[outside].tobytes() == samples[outside].tobytes()
                assert (now[place] > samples[place]).all()
            else:
                assert now.tobytes() == samples.tobytes()
    assert back.display_window == plate.display_window


def check_attributes(plate, data, lost):
    """Check that every attribute of every part has the bytes it had."""
    for number, (there, here) in enumerate(zip(headers(plate.file), headers(data), strict=True)):
        changing = {"channels", "chunkCount", "compression", *lost}
        if number != plate.beauty_index:
            changing = set()
        assert {n: v for n, v in there.items() if n not in changing} == {
            n: v for n, v in here.items() if n in there and n not in changing
        }
        assert {*here} - {*there} <= {"faceplate/status", "type", *lost}


def opened(path):
    file = OpenImageIO.ImageInput.open(str(path))
    assert file is not None, OpenImageIO.geterror()
    return file


def check_with_openimageio(plate, back, folder, lost):
    """Check samples and attributes as another reader sees them."""
    before, after = folder / "plate.exr", folder / "delivered.exr"
    before.write_bytes(plate.file)
    after.write_bytes(back.file)
    old, new = opened(before), opened(after)
    for number, part in enumerate(back.parts):
        if any(
            c.shape != (part.data_window.height, part.data_window.width)
            for c in part.channels.values()
        ):
            continue  # it does not read subsampled parts
        assert new.seek_subimage(number, 0), new.geterror()
        assert old.seek_subimage(number, 0)
        spec = new.spec()
        assert said(spec, lost) == said(old.spec(), lost)
        assert (spec.x, spec.y, spec.width, spec.height) == (
            part.data_window.left,
            part.data_window.top,
            part.data_window.width,
            part.data_window.height,
        )
        if part.is_deep:
            assert deep_values(new, number) == deep_values(old, number)
            continue
        assert {*spec.channelnames} == {*part.channels}
        for index, name in enumerate(spec.channelnames):
            kind = str(spec.channelformat(index))
            seen = new.read_image(number, 0, index, index + 1, kind)[..., 0]
            assert seen.tobytes() == part.channels[name].tobytes(), name
    old.close()
    new.close()


def said(spec, lost):
    """Return the attributes that are not about how samples are stored."""
    stored = {"compression", "openexr:chunkCount", "channels", *lost}
    if "tiles" in lost:
        stored |= {"textureformat", "oiio:miplevels", "openexr:roundingmode"}
    return {
        one.name: (str(one.type), repr(one.value))
        for one in spec.extra_attribs
        if one.name not in stored and not one.name.startswith("faceplate/")
    }


def deep_values(file, number):
    held = file.read_native_deep_image(number, 0)
    return [
        [held.deep_value(pixel, channel, sample) for channel in range(held.channels)]
        for pixel in range(held.pixels)
        for sample in range(held.samples(pixel))
    ]


@pytest.mark.parametrize("row", [row for row in ROWS if not row.refused], ids=lambda row: row.plate)
def test_when_a_face_is_restored_then_all_else_is_the_plates(row, tmp_path):
    for name, file in plates_of(row):
        plate = read_image(file)
        image = restored(plate, layered=row.layered)
        data, note = encode_changes(image, plate)
        for sentence in row.notes:
            assert sentence in (note or ""), name
        assert bool(note) == bool(row.notes) or name == "lossy", (name, note)
        back = read_image(data)
        check_samples(plate, image, back)
        check_attributes(plate, data, row.lost)
        check_with_openimageio(plate, back, tmp_path, row.lost)
        if row.layered:
            continue  # only beauties are read in part
        face = face_of(plate)
        band = read_rows(file, range(face.top, face.bottom + 1))
        assert encode_changes(restored(band), band) == (data, note), name


@pytest.mark.parametrize("row", [row for row in ROWS if not row.refused], ids=lambda row: row.plate)
def test_when_there_is_no_face_then_every_chunk_is_the_plates(row):
    for name, file in plates_of(row):
        plate = read_image(file)
        data, note = encode_changes(plate.with_beauty({}, {"faceplate/status": "no face"}), plate)
        assert note is None, name
        assert chunks(data) == chunks(file)
        check_attributes(plate, data, set())


def chunks(data):
    return [
        [data[chunk.start : chunk.stop] for chunk in section.chunks]
        for section in take_apart(data).sections
    ]


@pytest.mark.parametrize("row", [row for row in ROWS if not row.refused], ids=lambda row: row.plate)
def test_when_layers_are_added_then_parts_and_attributes_stay(row):
    if row.layered:
        return
    for name, file in plates_of(row):
        plate = read_image(file)
        image = restored(plate, layered=True)
        data, note = encode_changes(image, plate)
        back = read_image(data)
        check_samples(plate, image, back)
        check_attributes(plate, data, row.lost | {"acesImageContainerFlag", "colorInteropID"})
        assert ("levels" in (note or "")) == ("tiles" in row.lost), name


@pytest.mark.parametrize("row", [row for row in ROWS if row.refused], ids=lambda row: row.plate)
def test_when_a_plate_cannot_be_delivered_then_it_is_refused_with_the_reason(row):
    for _, file in plates_of(row):
        plate = read_image(file)
        with pytest.raises(FrameError) as caught:
            encode_changes(restored(plate), plate)
        assert row.refused in caught.value.message


def test_when_the_page_shows_the_matrix_then_it_is_this_one():
    assert "\n".join(table()) in PAGE.read_text("utf-8")


def test_when_something_is_not_kept_then_the_receipt_and_the_notes_say_so(tmp_path, monkeypatch):
    put_faces(monkeypatch, track(1, (1, 2), (6.0, 10.0), 3.0))
    file = levelled(MIPMAP, 0, Compression.DWAA_COMPRESSION, "half")
    plate = write_plate(tmp_path / "plates", (1, 2, 3), lambda _: file)
    run = Run(request(plate, tmp_path / "out", "1-3", whole_frame=False), LINKS["chained"])
    assert run.statuses == {1: "restored", 2: "restored", 3: "no face"}
    notes = {
        frame: json.loads((tmp_path / f"out/shot.take/receipts/{frame}.json").read_text())["note"]
        for frame in (1, 2, 3)
    }
    assert notes[1] == notes[2]
    assert "DWAA compression is lossy; delivered with ZIP" in notes[1]
    assert "smaller levels are left out" in notes[1]
    assert notes[3] == ""
    assert notes[1] in run.finished.notes
