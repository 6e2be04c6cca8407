import cv2
import numpy as np
import pytest
from skimage import data

from engine.faces import detect
from engine.faces.detect import FaceBox, FaceDetector
from plugin_host.errors import WeightsError

CENTRE = np.array([224.0, 113.0])
WIDTH = 97.0


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


def surest(boxes):
    return [box for box in boxes if box.score >= 1]


def assert_the_face(boxes, centre, width):
    (box,) = surest(boxes)
    assert np.abs(np.subtract(box.centre, centre)).max() < 0.1 * width
    assert 0.85 < box.size / width < 1.15


@pytest.mark.parametrize("scale", [0.4, 0.7, 1.0, 2.0])
def test_when_the_face_is_small_or_large_then_it_is_found(detector, portrait, scale):
    picture = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    assert_the_face(detector.detect(picture), CENTRE * scale, WIDTH * scale)


@pytest.mark.parametrize("sigma", [20, 40])
def test_when_the_picture_is_noisy_then_the_face_is_found(detector, portrait, sigma):
    noise = np.random.default_rng(0).normal(0, sigma, portrait.shape)
    picture = np.clip(portrait + noise, 0, 255).astype(np.uint8)
    assert_the_face(detector.detect(picture), CENTRE, WIDTH)


@pytest.mark.parametrize("spoil", ["blurred", "dark", "mirrored"])
def test_when_the_picture_is_spoilt_then_the_face_is_found(detector, portrait, spoil):
    picture = {
        "blurred": cv2.GaussianBlur(portrait, (0, 0), 5),
        "dark": (portrait * 0.15).astype(np.uint8),
        "mirrored": np.ascontiguousarray(portrait[:, ::-1]),
    }[spoil]
    x = 511 - CENTRE[0] if spoil == "mirrored" else CENTRE[0]
    assert_the_face(detector.detect(picture), (x, CENTRE[1]), WIDTH)


def test_when_two_faces_stand_side_by_side_then_both_are_found(detector, people, stage):
    picture = stage((people[0], (80, 90)), (people[1], (230, 90)), width=120)
    boxes = sorted(surest(detector.detect(picture)), key=lambda box: box.left)
    assert len(boxes) == 2
    assert abs(boxes[0].centre[0] - 80) < 10
    assert abs(boxes[1].centre[0] - 230) < 10


@pytest.mark.parametrize("name", ["brick", "coffee", "gravel", "rocket", "text"])
def test_when_there_is_no_face_then_none_is_found(detector, name):
    picture = getattr(data, name)()
    picture = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    assert surest(detector.detect(np.ascontiguousarray(picture))) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 640), (640, 3), (16, 16)])
def test_when_the_picture_is_tiny_then_nothing_is_found(detector, shape):
    assert detector.detect(np.zeros((*shape, 3), np.uint8)) == ()


def test_when_a_picture_is_seen_again_then_the_boxes_are_the_same(detector, portrait):
    again = FaceDetector()
    assert detector.detect(portrait) == again.detect(portrait) == detector.detect(portrait)


def test_when_the_cascades_are_missing_then_the_error_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(detect.cv2, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(WeightsError, match="opencv-python-headless 4"):
        FaceDetector()


def test_when_a_box_is_one_pixel_then_its_centre_is_that_pixel():
    box = FaceBox(-3, 7, 1, 1, 1)
    assert box.centre == (-3, 7)
    assert box.size == 1
    assert box.shared_area(FaceBox(-3, 8, 1, 1, 1)) == 0
