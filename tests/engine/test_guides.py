from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest
from PIL import Image as Picture
from skimage import data

from engine.frame_io.colour import PlateColour, resolve_colourspace
from engine.frame_io.exr import encode_image
from engine.guides import Mask, guide_hashes, hero_frame, portrait, read_picture
from engine.image import Box
from engine.restorer import Crop
from plugin_host.errors import FrameMissing, FrameSizeChanged, SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.requests import Settings, Shot
from tests.engine.plates import image

COLOUR = PlateColour(resolve_colourspace("lin_rec709_scene", {}))
DISPLAY = Box(-2, 3, 5, 8)


def save(path, pixels):
    Picture.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return str(path)


@pytest.mark.parametrize(
    ("reference", "frame"),
    [
        ("frame:1042", 1042),
        ("frame:-3", -3),
        ("Anna=frame:1042", 1042),
        ("/pictures/frame:1042", None),
        ("Anna=/pictures/frame:1042", None),
        ("frame:", None),
        ("frame:10.5", None),
        ("frame:1042 ", None),
    ],
)
def test_when_a_reference_is_read_then_a_frame_and_a_path_are_told_apart(reference, frame):
    assert hero_frame(reference) == frame


def hashes(*references, shot="1-5", handles=0):
    shot = Shot(Plate.parse("/p/a.%04d.exr"), FrameRange.parse(shot), handles)
    return guide_hashes(Settings("probe", references=references), shot)


def test_when_pictures_are_named_then_their_bytes_are_hashed_and_hero_frames_are_not(tmp_path):
    path = save(tmp_path / "a.png", np.zeros((2, 2, 3)))
    expected = hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    assert hashes("frame:5", path) == {"reference 2": expected}


def test_when_a_picture_is_of_a_person_then_its_hash_is_hers(tmp_path):
    path = save(tmp_path / "a.png", np.zeros((2, 2, 3)))
    (expected,) = hashes(path).values()
    assert hashes(f"Anna={path}", path) == {"reference 1": expected, "reference 2": expected}
    with pytest.raises(SettingsError) as raised:
        hashes("Anna=/no/such.png")
    assert raised.value.path == "/no/such.png"
    with pytest.raises(SettingsError, match="hero frame 6 lies outside the shot"):
        hashes("Anna=frame:6")


def test_when_a_picture_is_missing_then_what_may_be_given_is_said(tmp_path):
    with pytest.raises(SettingsError, match="give a picture's path or frame:1042") as raised:
        hashes(str(tmp_path / "none.png"))
    assert raised.value.path == str(tmp_path / "none.png")


def test_when_a_hero_frame_lies_in_the_handles_then_it_counts_as_in_the_shot():
    assert hashes("frame:7", handles=2) == {}
    with pytest.raises(SettingsError, match="hero frame 8 lies outside the shot"):
        hashes("frame:8", handles=2)


@pytest.mark.parametrize("shape", [(4, 3, 3), (4, 3, 4), (4, 3)])
def test_when_a_picture_is_read_then_it_has_three_planes_of_its_codes(tmp_path, shape):
    codes = np.arange(np.prod(shape)).reshape(shape)
    if shape[-1] == 4:
        codes[..., 3] = 255  # opaque
    planes = read_picture(save(tmp_path / "a.png", codes), COLOUR)
    assert planes.shape == (3, 4, 3)
    assert planes.dtype == np.float32
    expected = codes[..., :3].transpose(2, 0, 1) if len(shape) == 3 else np.stack([codes] * 3)
    assert np.array_equal(np.rint(planes * 255), expected)


def test_when_a_picture_is_an_exr_then_it_is_taken_as_scene_linear(tmp_path):
    planes = np.full((3, 4, 6), 0.18, np.float32)
    planes[:, 0, 0] = 60
    (tmp_path / "a.exr").write_bytes(encode_image(image(planes, dtype=np.float32)))
    assert np.array_equal(read_picture(str(tmp_path / "a.exr"), COLOUR), COLOUR.encode(planes))


def test_when_a_picture_is_none_then_it_is_refused_with_its_path(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"this is no picture")
    with pytest.raises(SettingsError) as raised:
        read_picture(str(path), COLOUR)
    assert raised.value.path == str(path)


def test_when_a_movie_is_the_mask_then_it_is_refused():
    shot = Shot(Plate.parse("/p/a.%04d.exr"), FrameRange.parse("1-5"))
    with pytest.raises(SettingsError, match="not a movie"):
        guide_hashes(Settings("probe", mask="/m/mask.mov"), shot)


def test_when_masks_are_numbered_then_each_frame_has_its_own(tmp_path):
    for frame in (1, 2):
        save(tmp_path / f"m.{frame:04d}.png", np.full((6, 8), 100 * frame))
    mask = Mask(str(tmp_path / "m.%04d.png"), DISPLAY)
    for frame in (1, 2):
        plane = mask.plane(frame)
        assert (plane.shape, plane.dtype) == ((6, 8), np.float32)
        assert np.allclose(plane, 100 * frame / 255)
    with pytest.raises(FrameMissing, match="frame 3: the mask is not there"):
        mask.plane(3)


def test_when_one_picture_is_the_mask_then_it_serves_every_frame(tmp_path):
    pixels = np.zeros((6, 8, 3))
    pixels[..., 0] = 255
    mask = Mask(save(tmp_path / "mask.png", pixels), DISPLAY)
    assert (mask.plane(1) == 1).all()
    assert (mask.plane(999) == 1).all()


def test_when_a_mask_has_another_shape_then_both_sizes_are_said(tmp_path):
    mask = Mask(save(tmp_path / "mask.png", np.zeros((6, 9))), DISPLAY)
    with pytest.raises(FrameSizeChanged, match="the mask is 9x6, the plate 8x6: another") as raised:
        mask.plane(1)
    assert raised.value.path == str(tmp_path / "mask.png")


@pytest.mark.parametrize("scale", [0.5, 2, 3.5])
def test_when_a_mask_has_another_resolution_then_it_shows_the_same(tmp_path, scale):
    pixels = np.zeros((int(60 * scale), int(80 * scale)))
    pixels[:, : pixels.shape[1] // 2] = 255
    plane = Mask(save(tmp_path / "mask.png", pixels), Box(5, 5, 84, 64)).plane(1)
    assert (plane.shape, plane.dtype) == ((60, 80), np.float32)
    assert (plane[:, :39] == 1).all()
    assert (plane[:, 41:] == 0).all()


@pytest.mark.parametrize("window", [Box(-1, 2, 1, 5), Box(-4, 0, 9, 9), Box(-2, 3, 5, 8)])
def test_when_a_mask_is_an_exr_with_a_data_window_then_outside_of_it_nothing_is_masked(
    tmp_path, window
):
    ones = np.ones((3, window.height, window.width), np.float32)
    path = tmp_path / "mask.exr"
    path.write_bytes(encode_image(image(ones, window=window, display=DISPLAY)))
    expected = np.zeros((6, 8))
    expected[window.intersection(DISPLAY).slices(DISPLAY)] = 1
    np.testing.assert_array_equal(Mask(str(path), DISPLAY).plane(1), expected)


def test_when_a_picture_shows_a_face_then_it_is_cropped_as_those_of_the_plate():
    astronaut = data.astronaut().transpose(2, 0, 1).astype(np.float32) / 255
    made = portrait(astronaut, Crop(64))
    assert (made.shape, made.dtype) == ((3, 64, 64), np.float32)
    assert 0 <= made.min() <= made.max() <= 1
    # Her face, some 90 pixels from brows to lip, is about (223, 117).
    side, top, left = 200, 117 - 107, 223 - 100
    expected = cv2.resize(
        astronaut.transpose(1, 2, 0)[top : top + side, left : left + side],
        (64, 64),
        interpolation=cv2.INTER_AREA,
    )
    assert np.corrcoef(made.ravel(), expected.transpose(2, 0, 1).ravel())[0, 1] > 0.8
    assert portrait(astronaut, Crop(multiple=8)) is astronaut
    empty = np.full((3, 40, 30), 0.5, np.float32)
    assert portrait(empty, Crop(64)) is empty


def test_when_a_detector_is_named_then_its_bytes_are_hashed(tmp_path):
    shot = Shot(Plate.parse("/p/a.%04d.exr"), FrameRange.parse("1-5"))
    path = tmp_path / "yunet.onnx"
    with pytest.raises(SettingsError, match="the face detector cannot be read: No such file"):
        guide_hashes(Settings("probe", detector=str(path)), shot)
    path.write_bytes(b"network")
    hashes = guide_hashes(Settings("probe", detector=str(path)), shot)
    assert hashes == {"detector": hashlib.sha256(b"network").hexdigest()}


def test_when_one_picture_is_the_mask_then_it_is_read_once(tmp_path, monkeypatch):
    mask = Mask(save(tmp_path / "mask.png", np.zeros((6, 8))), DISPLAY)
    assert mask.errors(range(1, 100)) == {}
    first = mask.plane(1)
    monkeypatch.setattr("engine.guides.open_picture", lambda path: pytest.fail(f"opened {path}"))
    assert mask.plane(2) is first
