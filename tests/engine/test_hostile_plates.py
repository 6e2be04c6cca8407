"""Things in the place of frames, masks and references that are no files, or not the right ones."""

import os
from pathlib import Path

import pytest

from engine.analysis import analyse_shot
from engine.frame_io.colour import PlateColour
from engine.frame_io.colourspace import Resolved
from engine.frame_io.movie import open_movie
from engine.frame_io.pictures import read_picture_file
from engine.frame_io.plates import read_frame_of
from engine.guides import Mask, guide_hashes, read_picture
from engine.image import MOST_PIXELS, Box
from plugin_host.errors import (
    FrameCorrupt,
    FrameMissing,
    FrameUnsupported,
    PlateError,
    SettingsError,
)
from plugin_host.plate import Plate
from tests.engine.plates import image, picture, request, write_plate
from tests.fuzz.samples import pictures

RAW = PlateColour(Resolved("raw", None, "requested"))


@pytest.fixture
def plate(tmp_path):
    return write_plate(tmp_path / "plate", (1, 2, 3))


def test_when_a_frame_is_a_pipe_or_a_device_then_it_is_not_waited_for(plate):
    for frame, target in ((2, None), (3, "/dev/zero")):
        path = plate.path(frame)
        Path(path).unlink()
        os.mkfifo(path) if target is None else Path(path).symlink_to(target)
        with pytest.raises(FrameCorrupt, match="no regular file") as refused:
            read_frame_of(plate, frame)
        assert (refused.value.frame, refused.value.path) == (frame, path)


def test_when_a_name_is_too_long_then_the_frame_is_corrupt(tmp_path):
    with pytest.raises(FrameCorrupt, match="long"):
        read_frame_of(Plate.parse(f"{tmp_path}/{'a' * 300}.%04d.exr"), 1)


def test_when_a_movie_is_a_pipe_then_it_is_refused(tmp_path):
    os.mkfifo(tmp_path / "m.mov")
    with pytest.raises(PlateError, match="no regular file"):
        open_movie(str(tmp_path / "m.mov"))


@pytest.mark.parametrize("name", ["pipe", "folder", "a" * 300])
def test_when_a_guide_is_no_file_then_it_is_refused_and_not_waited_for(plate, tmp_path, name):
    path = tmp_path / f"{name}.png"
    if name == "pipe":
        os.mkfifo(path)
    elif name == "folder":
        path.mkdir()
    masked = request(plate, tmp_path / "out", "1-3", mask=str(path))
    assert guide_hashes(masked.settings, masked.shot)["mask"]
    assert isinstance(Mask(str(path), Box(0, 0, 9, 9)).error(1), FrameMissing)
    shown = request(plate, tmp_path / "out", "1-3", references=(str(path),))
    with pytest.raises(SettingsError, match="reference picture"):
        guide_hashes(shown.settings, shown.shot)


def test_when_a_picture_poses_as_another_kind_then_it_is_no_picture(tmp_path):
    for name in ("p.dpx", "p.tif"):
        path = tmp_path / name
        path.write_bytes(pictures()["a8.png"])
        with pytest.raises(FrameCorrupt):
            read_picture_file(str(path), path.read_bytes())
        with pytest.raises(SettingsError, match="reference picture"):
            read_picture(str(path), RAW)
        error = Mask(str(path), Box(0, 0, 63, 47)).error(1)
        assert isinstance(error, FrameCorrupt)
        assert error.path == str(path)


def test_when_a_mask_is_torn_then_its_frame_is_corrupt_and_named(tmp_path):
    path = tmp_path / "m.png"
    data = pictures()["a8.png"]
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(FrameCorrupt, match="mask") as refused:
        Mask(str(path), Box(0, 0, 63, 47)).plane(1)
    assert (refused.value.frame, refused.value.path) == (1, str(path))


def test_when_a_picture_claims_more_pixels_than_are_read_then_it_is_refused(tmp_path):
    data = bytearray(pictures()["a16.dpx"])
    order = "big" if data[:4] == b"SDPX" else "little"
    data[772:780] = (MOST_PIXELS // 64).to_bytes(4, order) + (128).to_bytes(4, order)
    path = tmp_path / "p.dpx"
    path.write_bytes(data)
    with pytest.raises((FrameUnsupported, FrameCorrupt)):
        read_picture_file(str(path), bytes(data))


def test_when_a_data_window_lies_far_away_then_its_frame_is_left_out(tmp_path):
    planes = picture(1)
    height, width = planes.shape[1:]

    def make(frame):
        at = 30000 * (frame == 2)
        window = Box(at, at, at + width - 1, at + height - 1)
        return image(planes, window=window, display=Box(0, 0, width - 1, height - 1))

    plate = write_plate(tmp_path / "far", (1, 2, 3), make)
    found = analyse_shot(request(plate, tmp_path / "out", "1-3").shot, find_faces=False)
    assert found.frames == (1, 3)
    assert found.bad[2][0] == "frame.unsupported"
    assert found.bounds == Box(0, 0, width - 1, height - 1)
