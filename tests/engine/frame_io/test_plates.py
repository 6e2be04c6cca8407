from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from engine.frame_io.exr import pixel_hash
from engine.frame_io.plates import frames_of, read_frame_of
from engine.image import BEAUTY
from plugin_host.errors import (
    ColourspaceError,
    FrameChanged,
    FrameCorrupt,
    FrameMissing,
    FrameUnsupported,
    PlateError,
)
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from tests.engine.movies import write_movie
from tests.engine.plates import (
    SPACE,
    Run,
    delivered,
    delivered_image,
    manifest,
    picture,
    put_faces,
    request,
    track,
    write_plate,
)
from tests.engine.probes import LINKS

COUNT = 9


def write_sequence(folder, extension, frames=range(1, COUNT + 1), form="uint16"):
    """Write a sequence of pictures and return its plate."""
    for frame in frames:
        pixels = np.clip(picture(frame).transpose(1, 2, 0), 0, 1)
        made = np.ascontiguousarray(pixels * (65535 if form == "uint16" else 1), np.dtype(form))
        spec = OpenImageIO.ImageSpec(made.shape[1], made.shape[0], 3, made.dtype.name)
        out = OpenImageIO.ImageOutput.create(f"a{extension}")
        assert out.open(f"{folder}/shot.{frame:04d}{extension}", spec)
        assert out.write_image(made)
        out.close()
    return Plate.parse(f"{folder}/shot.%04d{extension}", SPACE)


def plate_of(folder, kind):
    if kind.endswith(("mov", "mp4", "mxf")):
        path = Path(write_movie(folder / kind, COUNT, timecode="01:00:00:00"))
        return Plate.parse(str(path.rename(folder / f"shot{path.suffix}")), SPACE)
    return write_sequence(folder, kind)


KINDS = [".dpx", ".tif", ".png", "h264.mp4", "hevc.mov", "prores4444.mov", "dnxhr.mxf"]


@pytest.mark.parametrize("kind", KINDS)
def test_when_a_plate_is_no_exr_then_its_untouched_pixels_are_delivered_as_they_were_read(
    tmp_path, monkeypatch, kind
):
    plate = plate_of(tmp_path, kind)
    put_faces(monkeypatch, track(1, range(2, 6), size=6.0))
    run = Run(request(plate, tmp_path / "o", "1-9", whole_frame=False), LINKS["chained"])
    assert run.error is None
    assert run.statuses == {f: "restored" if f in range(2, 6) else "no face" for f in range(1, 10)}
    for frame in (1, 3, 9):
        before, _ = read_frame_of(plate, frame)
        after = delivered_image(tmp_path / "o", frame)
        assert after.display_window == before.display_window
        changed = np.zeros((before.display_window.height, before.display_window.width), np.bool_)
        for name, samples in before.beauty.channels.items():
            found = after.beauty.channels[name]
            assert found.dtype == samples.dtype
            changed |= found != samples
        assert changed.any() == (frame == 3)
        assert not changed[:, 40:].any()
        for name, value in before.beauty.attributes.items():
            assert str(after.beauty.attributes[name]) == str(value)


@pytest.mark.parametrize("kind", KINDS)
def test_when_a_range_is_asked_for_in_pieces_then_its_bits_are_those_of_one_go(tmp_path, kind):
    plate = plate_of(tmp_path, kind)
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    assert Run(request(plate, whole, "1-9"), LINKS["chained"]).error is None
    for asked in ("7-9", "2-3", "1-9"):
        assert Run(request(plate, pieces, "1-9", asked), LINKS["chained"]).error is None
    assert len(delivered(whole)) == COUNT
    assert delivered(whole) == delivered(pieces)


def test_when_a_movie_does_not_tell_all_then_the_take_does(tmp_path):
    plate = plate_of(tmp_path, "h264.mp4")
    run = Run(request(plate, tmp_path / "o", "1-9"), LINKS["chained"])
    notes = manifest(tmp_path / "o")["notes"]
    assert sum("does not say its range; taken as limited" in note for note in notes) == 1
    assert set(notes) <= set(run.finished.notes)


def test_when_a_movie_is_a_plate_then_it_tells_its_frames_and_its_first_is_one(tmp_path):
    path = write_movie(tmp_path / "prores.mov", 5, rate=Fraction(25))
    assert frames_of(Plate.parse(path)) == FrameRange.between(1, 5)
    first, digest = read_frame_of(Plate.parse(path), 1)
    other, other_digest = read_frame_of(Plate.parse(path), 5)
    assert digest != other_digest
    assert pixel_hash(first) != pixel_hash(other)


def test_when_frames_are_files_then_those_that_are_there_are_told(tmp_path):
    plate = write_sequence(tmp_path, ".dpx", [1001, 1003])
    assert frames_of(plate) == FrameRange([1001, 1003])
    assert read_frame_of(plate, 1001)[1] != read_frame_of(plate, 1003)[1]
    with pytest.raises(FrameMissing):
        read_frame_of(plate, 1002)


def test_when_an_extension_is_of_any_case_then_it_counts(tmp_path):
    plate = write_sequence(tmp_path, ".tif", [1])
    Path(plate.path(1)).rename(tmp_path / "B.0001.TIF")
    image, _ = read_frame_of(Plate.parse(f"{tmp_path}/B.####.TIF"), 1)
    assert set(image.beauty.channels) == set(BEAUTY)


@pytest.mark.parametrize("kind", [".dpx", "prores.mov"])
def test_when_nothing_names_the_colourspace_then_it_is_not_guessed(tmp_path, kind):
    plate = plate_of(tmp_path, kind)._replace(colourspace=None)
    run = Run(request(plate, tmp_path / "o", "1-9"), LINKS["chained"])
    assert isinstance(run.error, ColourspaceError)


def test_when_a_picture_is_bad_then_the_error_names_frame_and_path(tmp_path):
    plate = write_sequence(tmp_path, ".dpx", [1, 2])
    Path(plate.path(2)).write_bytes(b"no picture")
    with pytest.raises(FrameCorrupt) as raised:
        read_frame_of(plate, 2)
    assert (raised.value.frame, raised.value.path) == (2, plate.path(2))


def test_when_a_picture_is_grey_then_what_is_missing_is_said(tmp_path):
    spec = OpenImageIO.ImageSpec(4, 4, 1, "uint8")
    out = OpenImageIO.ImageOutput.create("a.png")
    assert out.open(f"{tmp_path}/a.1.png", spec)
    assert out.write_image(np.zeros((4, 4, 1), np.uint8))
    out.close()
    with pytest.raises(FrameUnsupported, match="needs channels R, G and B") as raised:
        read_frame_of(Plate.parse(f"{tmp_path}/a.1.png"), 1)
    assert raised.value.frame == 1


def test_when_a_movie_cannot_be_read_then_the_request_is_refused(tmp_path):
    missing = Plate.parse(str(tmp_path / "none.mov"), SPACE)
    with pytest.raises(PlateError, match="is not there"):
        frames_of(missing)
    (tmp_path / "bad.mov").write_bytes(b"no movie")
    bad = Plate.parse(str(tmp_path / "bad.mov"), SPACE)
    run = Run(request(bad, tmp_path / "o", "1-2"), LINKS["chained"])
    assert isinstance(run.error, PlateError)


def test_when_a_movie_changes_under_a_take_then_it_is_refused(tmp_path):
    plate = plate_of(tmp_path, "prores.mov")
    assert Run(request(plate, tmp_path / "o", "1-9", "1-2"), LINKS["chained"]).error is None
    write_movie(
        Path(plate.pattern),
        COUNT,
        kind="prores.mov",
        make=lambda index: np.full((128, 256, 3), 9 * index, np.uint8),
    )
    run = Run(request(plate, tmp_path / "o", "1-9", "8-9"), LINKS["chained"])
    assert isinstance(run.error, FrameChanged)


def test_when_a_plate_is_an_exr_then_it_is_read_as_before(tmp_path):
    plate = write_plate(tmp_path, [1])
    assert frames_of(plate) == FrameRange([1])
    assert read_frame_of(plate, 1)[0].file == Path(plate.path(1)).read_bytes()
