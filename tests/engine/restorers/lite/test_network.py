import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.restorers.lite.chroma import Chroma, coloured
from engine.restorers.lite.motion import MULTIPLE
from engine.restorers.lite.network import Restoring, Seen, aimed, luma, warp


@pytest.fixture(scope="module")
def network():
    return Restoring(8, 12, 16, 8, seed=3).eval()


def picture(height, width, seed=0, clips=1):
    return torch.rand(clips, 3, height, width, generator=torch.Generator().manual_seed(seed))


def still(clips=1, holds=1.0):
    motion = torch.zeros(clips, 3, 8, 8)
    motion[:, 2] = holds
    return motion


def seen(frame, motion, doubt=0.0):
    plane = frame[:, :1]
    return Seen(frame, frame * 0.9 + 0.05, plane * 0 + 0.01, plane * 0 + doubt, motion)


def test_when_the_networks_are_built_then_their_size_is_the_declared_one():
    assert 1.0e6 < sum(weight.numel() for weight in Restoring().parameters()) < 1.5e6
    assert 0.15e6 < sum(weight.numel() for weight in Chroma().parameters()) < 0.25e6


@settings(max_examples=5, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5))
@torch.inference_mode()
def test_when_sides_are_multiples_then_any_size_is_restored(rows, columns):
    network, chroma = Restoring(8, 12, 16, 8), Chroma(8, 12)
    frame = picture(rows * MULTIPLE, columns * MULTIPLE)
    restored, state = network(seen(frame, still()), network.begin(frame))
    assert restored.shape == frame.shape
    assert state.hidden.shape[2:] == (4 * rows, 4 * columns)
    grey = luma(frame)
    assert coloured(grey, chroma(grey, still(), chroma.begin(grey))).shape == frame.shape


@torch.inference_mode()
def test_when_training_begins_then_the_output_is_near_the_average_and_not_equal(network):
    frame = picture(32, 48)
    first = seen(frame, still(holds=0))
    restored, _ = network(first, network.begin(frame))
    assert 0 < (restored - first.average).abs().max() < 0.05


@torch.inference_mode()
def test_when_motion_holds_nowhere_then_the_history_is_forgotten(network):
    frame = picture(32, 32)
    lost = still(holds=0)
    _, after = network(seen(picture(32, 32, seed=1), lost), network.begin(frame))
    fresh, fresh_state = network(seen(frame, lost), network.begin(frame))
    again, again_state = network(seen(frame, lost), after)
    carried, _ = network(seen(frame, still()), after)
    assert torch.equal(fresh_state.hidden, again_state.hidden)
    assert torch.equal(fresh, again)
    assert not torch.equal(fresh, carried)


@torch.inference_mode()
def test_when_frames_go_on_for_long_then_the_state_stays_bounded(network):
    frame = picture(16, 16)
    state = network.begin(frame)
    for number in range(100):
        frame = picture(16, 16, seed=number)
        restored, state = network(seen(frame, still()), state)
    assert restored.abs().max() < 2
    assert 0 <= state.restored.min() < state.restored.max() <= 1
    assert state.hidden.abs().max() <= 1


@torch.inference_mode()
def test_when_clips_are_restored_side_by_side_then_each_is_restored_as_alone(network):
    frames = picture(32, 32, clips=2)
    both, _ = network(seen(frames, still(2)), network.begin(frames))
    alone, _ = network(seen(frames[1:], still()), network.begin(frames[1:]))
    torch.testing.assert_close(both[1:], alone, atol=1e-5, rtol=1e-5)


def test_when_a_frame_is_delivered_then_a_fifth_of_the_residual_is_left_out():
    frame = seen(picture(16, 16), still())
    whole = aimed(frame.average, frame.average + 0.1)
    torch.testing.assert_close(whole, frame.average + 0.08)


def test_when_the_seed_is_the_same_then_the_first_weights_are():
    torch.manual_seed(1)
    first = Restoring(8, 12, 16, 8, seed=5).state_dict()
    torch.manual_seed(2)
    second = Restoring(8, 12, 16, 8, seed=5).state_dict()
    other = Restoring(8, 12, 16, 8, seed=6).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["enter.weight"], other["enter.weight"])


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_when_motion_is_by_whole_pixels_then_warping_is_a_shift(mode):
    values = picture(16, 16)
    motion = torch.zeros(1, 3, 4, 4)
    motion[:, 0] = 3 * 2 / 16
    warped = warp(values, motion, mode)
    torch.testing.assert_close(warped[..., 2:10], values[..., 5:13], atol=1e-5, rtol=0)


def test_when_colour_is_joined_then_the_luma_stays():
    grey = luma(picture(16, 16))
    pixels = coloured(grey, torch.full((1, 2, 4, 4), 0.1))
    torch.testing.assert_close(luma(pixels), grey)
    torch.testing.assert_close(pixels[:, 0] - grey[:, 0], torch.full((1, 16, 16), 0.1))
