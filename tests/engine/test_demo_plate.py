import numpy as np
import pytest

from engine import demo_plate
from engine.demo_plate import demo_frames
from plugin_host.errors import SettingsError

SMALL = (160, 128)


@pytest.fixture(scope="module")
def plate():
    return demo_frames(7, SMALL)


def test_when_a_demo_is_made_then_both_plates_hold_every_frame(plate):
    for frames in (plate.clean, plate.degraded):
        assert frames.shape == (7, 128, 160, 3)
        assert frames.dtype == np.uint8


def test_when_a_demo_is_made_again_then_the_bits_are_the_same(plate):
    again = demo_frames(7, SMALL)
    assert np.array_equal(again.clean, plate.clean)
    assert np.array_equal(again.degraded, plate.degraded)


def test_when_the_seed_changes_then_only_the_noise_does(plate):
    other = demo_frames(7, SMALL, seed=1)
    assert np.array_equal(other.clean, plate.clean)
    assert not np.array_equal(other.degraded, plate.degraded)


def test_when_fewer_frames_are_asked_for_then_they_are_the_first(plate):
    assert np.array_equal(demo_frames(3, SMALL).clean, plate.clean[:3])


def test_when_degraded_then_it_is_the_same_picture_with_noise(plate):
    error = plate.degraded.astype(float) - plate.clean
    assert 8 < error.std() < 25
    assert abs(error.mean()) < 5
    still = np.corrcoef(plate.clean.ravel(), plate.degraded.ravel())[0, 1]
    assert still > 0.95


def test_when_time_passes_then_the_picture_moves_a_little(plate):
    steps = np.abs(np.diff(plate.clean.astype(float), axis=0)).mean(axis=(1, 2, 3))
    assert (steps > 0.3).all()
    assert (steps < 12).all()


@pytest.mark.parametrize("size", [(640, 480), (256, 256), (480, 640)])
def test_when_the_camera_moves_then_it_never_looks_past_the_picture(monkeypatch, size):
    views = []

    def view(picture, matrix, *_, **__):
        views.append(matrix)
        return picture

    monkeypatch.setattr(demo_plate.cv2, "warpAffine", view)
    for frame in range(200):
        demo_plate._shot(np.zeros((1, 1, 3), np.float32), frame, size)
    width, height = size
    corners = np.array([[x, y, 1] for x in (0, width - 1) for y in (0, height - 1)]).T
    reached = np.stack(views) @ corners
    assert reached.min() >= 0
    assert reached.max() <= 511


@pytest.mark.parametrize(("count", "size"), [(0, SMALL), (3, (161, 128)), (3, (16, 16))])
def test_when_the_demo_cannot_be_made_then_it_is_refused(count, size):
    with pytest.raises(SettingsError):
        demo_frames(count, size)


def test_when_the_extra_is_missing_then_the_error_names_it(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(demo_plate, "import_module", absent)
    with pytest.raises(SettingsError, match=r"faceplate\[demo\]"):
        demo_frames(1, SMALL)
