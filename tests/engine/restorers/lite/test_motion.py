import cv2
import numpy as np
import pytest

from engine.restorers.lite.motion import (
    Filled,
    fill_holes,
    made_up,
    no_motion,
    search_motion,
    small_luma,
)


@pytest.fixture(autouse=True)
def one_thread():
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


def scenery(side, seed=0):
    rng = np.random.Generator(np.random.PCG64(seed))
    noise = rng.random((side, side, 3), np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.clip((smooth - 0.5) * 5 + 0.5, 0, 1).transpose(2, 0, 1).astype(np.float32)


def test_when_the_picture_moves_then_the_motion_says_from_where():
    before, now = scenery(96), np.roll(scenery(96), (2, 4), axis=(1, 2))
    motion = search_motion(small_luma(now), small_luma(before))
    middle = motion[:, 20:76, 20:76]
    assert np.median(middle[0]) * 96 / 2 == pytest.approx(-4, abs=0.3)
    assert np.median(middle[1]) * 96 / 2 == pytest.approx(-2, abs=0.3)
    assert np.median(middle[2]) > 0.9


def test_when_the_picture_is_another_one_then_the_motion_holds_in_few_places():
    motion = search_motion(small_luma(scenery(96, 1)), small_luma(scenery(96, 2)))
    assert np.median(motion[2]) < 0.5


def test_when_a_crop_is_tiny_then_nothing_moves():
    motion = search_motion(small_luma(scenery(12)), small_luma(scenery(12, 1)))
    assert not motion[:2].any()


@pytest.mark.parametrize(("height", "width", "small"), [(512, 256, (128, 64)), (48, 80, (48, 80))])
def test_when_flow_is_searched_then_the_picture_is_small(height, width, small):
    assert small_luma(np.zeros((3, height, width), np.float32)).shape == small


def test_when_there_is_no_hole_then_the_pixels_are_the_very_bits():
    frame, mask = scenery(48), np.zeros((48, 48), np.float32)
    filled = fill_holes(frame, mask, None, no_motion(48, 48))
    assert np.array_equal(filled.pixels, frame)
    assert not filled.doubt().any()


def test_when_a_hole_was_seen_before_then_it_is_filled_from_there():
    clean = scenery(64)
    mask = np.zeros((64, 64), np.float32)
    mask[20:44, 20:44] = 1
    broken = np.where(mask > 0, np.float32(0.5), clean)
    still = no_motion(64, 64)
    still[2] = 1
    seen = Filled(clean, np.ones((64, 64), np.float32))
    along = fill_holes(broken, mask, seen, still)
    around = fill_holes(broken, mask, None, still)
    hole = mask > 0
    assert np.abs(along.pixels - clean)[:, hole].max() < 1e-5
    assert np.abs(around.pixels - clean)[:, hole].mean() > 0.05
    assert set(np.unique(along.doubt())) == {0, np.float32(0.5)}
    assert set(np.unique(around.doubt())) == {0, 1}
    assert np.array_equal(around.pixels[:, ~hole], clean[:, ~hole])


def test_when_a_guess_was_carried_for_long_then_it_is_made_up_anew():
    mask = np.zeros((32, 32), np.float32)
    mask[8:24, 8:24] = 1
    still = no_motion(32, 32)
    still[2] = 1
    filled = Filled(scenery(32), np.ones((32, 32), np.float32))
    for _ in range(40):
        filled = fill_holes(scenery(32), mask, filled, still)
    assert (filled.doubt()[mask > 0] == 1).all()


def test_when_holes_are_made_up_then_a_flat_picture_stays_flat():
    mask = np.zeros((32, 32), np.float32)
    mask[10:20, 10:20] = 1
    flat = np.full((3, 32, 32), 0.2, np.float32)
    assert np.abs(made_up(np.where(mask > 0, np.float32(1), flat), mask) - flat).max() < 0.01
