import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from training import motion
from training.dead_leaves import make_dead_leaves
from training.motion import move_still
from training.seeds import random_stream


@pytest.fixture(scope="module")
def still():
    return make_dead_leaves(random_stream("test"), 256)


@pytest.fixture
def only_motion(monkeypatch):
    """Neither static clips nor things in front, smear or changing light."""
    for chance in ("STATIC", "OCCLUDED", "_SMEARED", "_LIT"):
        monkeypatch.setattr(motion, chance, 0.0)


def test_when_a_still_is_moved_then_the_clip_is_in_range_and_the_same_again(still):
    for seed in range(6):
        clip = move_still(random_stream("test", seed), still, still[::-1].copy(), 3, 64)
        again = move_still(random_stream("test", seed), still, still[::-1].copy(), 3, 64)
        assert clip.shape == (3, 3, 64, 64)
        assert clip.dtype == np.float32
        assert 0 <= clip.min() < clip.max() <= 1
        assert_array_equal(clip, again)


def test_when_nothing_moves_then_frames_have_the_same_bits(still, monkeypatch):
    monkeypatch.setattr(motion, "STATIC", 1.0)
    monkeypatch.setattr(motion, "_LIT", 0.0)
    clip = move_still(random_stream("test"), still, still, 4, 64)
    assert_array_equal(clip, np.broadcast_to(clip[:1], clip.shape))


def test_when_the_still_moves_then_it_moves_smoothly(still, only_motion):
    for seed in range(5):
        clip = move_still(random_stream("test", seed), still, still, 6, 64)
        near = np.abs(clip[1:] - clip[:-1]).mean((1, 2, 3))
        assert near.min() > 0
        assert near.max() < 8 * near.min() + 0.02


def test_when_the_still_is_flat_then_the_clip_is_flat(only_motion):
    flat = np.full((200, 200, 3), 0.25, np.float32)
    clip = move_still(random_stream("test"), flat, flat, 2, 64)
    assert np.allclose(clip, 0.25, atol=1e-6)


def test_when_the_motion_is_a_shift_of_part_of_a_pixel_then_pixels_shift_by_it():
    ramp = (
        np.zeros((80, 80, 3), np.float32) + np.linspace(0, 1, 80, dtype=np.float32)[None, :, None]
    )
    zero = np.zeros((1, 50))
    bend = motion._Path(zero, zero, zero)
    pictures = []
    for shift in (0.0, 0.5):
        values = np.array([[shift, 0, 0, 0, 0, 0]])
        pose = motion._Path(values, np.zeros((1, 6)), np.full((1, 6), np.pi / 2))
        layer = motion._Layer(ramp, pose, bend)
        pictures.append(motion._look(layer, 3.0, 40, cv2.INTER_CUBIC))
    moved = (pictures[1] - pictures[0]) * 79
    assert abs(moved.mean() - 0.5) < 0.01
    assert np.allclose(moved, 0.5, atol=0.1)  # the cubic kernel bends a ramp by less


def test_when_a_clip_is_long_then_the_frame_stays_over_the_still():
    pose, bend = motion._draw_poses(random_stream("test"), 100, moving=True)
    poses = np.stack([pose.at(time) for time in range(0, 2000, 7)])
    assert np.abs(poses[:, :2]).max() <= motion._REACH * 100
    assert np.abs(poses[:, 2:]).max() <= 0.14
    assert np.abs(bend.at(500.0)).max() <= 3


def test_when_something_is_cut_out_then_it_is_part_of_the_picture(still):
    for seed in range(5):
        thing = motion._cut_out(random_stream("test", seed), still, 100)
        alpha = thing[..., 3:]
        assert alpha.max() > 0.9
        assert 0.005 < alpha.mean() < 0.9
        assert np.all(thing[..., :3] <= alpha + 1e-6)


def test_when_something_passes_in_front_then_it_covers_what_is_behind(still, monkeypatch):
    for chance in ("STATIC", "_SMEARED", "_LIT"):
        monkeypatch.setattr(motion, chance, 0.0)
    monkeypatch.setattr(motion, "OCCLUDED", 1.0)
    black, white = np.zeros_like(still), np.ones_like(still)
    clip = move_still(random_stream("test"), white, black, 2, 64)
    assert clip.min() < 0.01
    assert np.median(clip) == 1


def test_when_the_light_changes_then_gains_stay_near_one(monkeypatch):
    monkeypatch.setattr(motion, "_LIT", 1.0)
    for seed in range(20):
        gains = motion._draw_light(random_stream("test", seed), 50)
        assert gains.shape == (50, 3)
        assert 0.5 < gains.min() < gains.max() < 2
        assert np.ptp(gains) > 0
