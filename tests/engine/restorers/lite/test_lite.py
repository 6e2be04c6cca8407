"""The shipped restorer with its shipped weights."""

import numpy as np
import pytest

from engine.demo_plate import demo_frames
from engine.reference import TemporalReference
from engine.restorer import Clip, Guides
from engine.restorers.lite import INFO, WEIGHTS, Lite, load_networks
from engine.restorers.lite.frame import chroma_size
from engine.restorers.lite.motion import LUMA
from engine.weights import read_facts
from plugin_host.errors import ReferenceMismatchError
from training.clip import make_clip
from training.data import HELD_OUT
from training.degrade import LEVELS, apply

RESTORER = Lite()


def clip_of(pixels, tasks=("bfr",), mask=None, first=1001, follows=None, **parameters):
    frames = tuple(range(first, first + len(pixels)))
    matte = np.ones((len(pixels), *pixels.shape[2:]), np.float32)
    guides = Guides(mask=mask)
    return Clip(
        pixels, matte, frames, 3, follows, tasks=tasks, guides=guides, parameters=parameters
    )


def restored(pixels, tasks=("bfr",), mask=None, **parameters):
    clip = clip_of(pixels, tasks, mask, **parameters)
    return RESTORER.restore(clip, INFO.begin(track=3, seed=0))


def psnr(pixels, clean):
    return -10 * np.log10(np.mean((pixels - clean) ** 2) + 1e-12)


def luma(pixels):
    return np.tensordot(pixels, np.array(LUMA), ((1,), (0,)))


@pytest.fixture(scope="module")
def face():
    return make_clip("face", HELD_OUT + 64, 6, 96).pixels


def test_when_the_weights_ship_then_they_are_small_and_say_how_they_came_to_be():
    assert WEIGHTS.stat().st_size <= 8_000_000
    facts = read_facts(WEIGHTS)
    assert len(facts["data"]) == 16
    assert facts["commit"]
    for part in ("restoring", "chroma"):
        assert facts["parts"][part]["minutes"] > 0
        assert facts["parts"][part]["held_out"]


@pytest.mark.parametrize(
    ("level", "gain"), [("noise 20", 8.0), ("blur 1.5", 0.8), ("x2 mix", 0.3), ("x4 mix", 0.1)]
)
def test_when_a_held_out_face_is_damaged_then_it_is_brought_nearer_to_the_truth(face, level, gain):
    seen = apply(LEVELS[level], face, 5).pixels
    assert psnr(restored(seen).pixels, face) > psnr(seen, face) + gain


def test_when_holes_are_painted_then_they_are_filled_better_than_left_and_the_rest_is_kept(face):
    done = apply(LEVELS["brush masks"], face, 5)
    result = restored(done.pixels, ("inpaint",), done.mask)
    holes = np.broadcast_to(done.mask[:, None] > 0, face.shape)
    assert np.array_equal(result.pixels[~holes], done.pixels[~holes])
    assert psnr(result.pixels[holes], face[holes]) > psnr(done.pixels[holes], face[holes]) + 3
    assert result.confidence[done.mask > 0].max() <= 0.5


def test_when_a_mask_is_soft_then_the_plate_fades_into_the_fill(face):
    mask = np.zeros((len(face), 96, 96), np.float32)
    mask[:, 30:50, 30:50] = 1
    mask[:, 30:50, 50] = 0.25
    full = mask.copy()
    full[:, 30:50, 50] = 1
    seen = np.where(mask[:, None] > 0, np.float32(0.5), face)
    soft = restored(seen, ("inpaint",), mask).pixels[:, :, 30:50, 50]
    hard = restored(seen, ("inpaint",), full).pixels[:, :, 30:50, 50]
    np.testing.assert_allclose(soft, 0.5 + 0.25 * (hard - 0.5), atol=1e-5)


def test_when_colour_is_made_up_then_the_luma_stays(face):
    grey = np.repeat(luma(face)[:, None], 3, axis=1).astype(np.float32)
    result = restored(grey, ("colour",))
    np.testing.assert_allclose(luma(result.pixels), grey[:, 0], atol=1e-5)
    assert np.ptp(result.pixels, axis=1).mean() > 0.01
    assert result.confidence.max() <= 0.5
    assert 0 <= result.pixels.min() <= result.pixels.max() <= 1


def test_when_all_tasks_are_asked_for_then_all_are_done(face):
    done = apply(LEVELS["brush masks"], face, 5)
    grey = np.repeat(luma(done.pixels)[:, None], 3, axis=1).astype(np.float32)
    result = restored(grey, ("bfr", "colour", "inpaint"), done.mask).pixels
    assert np.ptp(result, axis=1).mean() > 0.01
    holes = done.mask > 0
    truth, filled = luma(face)[holes], luma(result)[holes]
    assert psnr(filled, truth) > psnr(grey[:, 0][holes], truth) + 3


def test_when_strength_is_none_then_the_very_frames_come_back(face):
    result = restored(face, strength=0)
    assert np.array_equal(result.pixels, face)
    assert not result.reference.tensors


def test_when_strength_is_half_then_half_of_the_change_is_delivered(face):
    seen = apply(LEVELS["noise 20"], face, 5).pixels
    whole, half = restored(seen).pixels, restored(seen, strength=50).pixels
    np.testing.assert_allclose(half - seen, (whole - seen) / 2, atol=2e-6)


def test_when_highlights_go_beyond_one_then_they_are_kept_and_calmed(face):
    bright = face[:, :, :64, :64] * 0.5
    bright[:, :, 20:40, 20:40] = 3
    noise = np.random.default_rng(1).normal(0, 15 / 255, bright.shape).astype(np.float32)
    result = restored(bright + noise).pixels
    inside = result[-1, :, 24:36, 24:36]
    assert abs(inside.mean() - 3) < 0.05
    assert inside.std() < 0.6 * noise[-1, :, 24:36, 24:36].std()


def test_when_a_track_is_cut_into_any_windows_then_the_bits_are_the_same(face):
    seen = apply(LEVELS["noise 20"], face, 5).pixels
    whole = restored(seen)
    parts, reference, follows = [], INFO.begin(track=3, seed=0), None
    for first, last in ((0, 1), (1, 4), (4, 6)):
        clip = clip_of(seen[first:last], first=1001 + first, follows=follows)
        part = RESTORER.restore(clip, reference)
        reference = TemporalReference.from_bytes(part.reference.to_bytes())
        follows = 1000 + last
        parts.append(part.pixels)
    assert np.concatenate(parts).tobytes() == whole.pixels.tobytes()
    assert reference == whole.reference


def test_when_200_frames_go_by_then_nothing_drifts():
    clean = demo_frames(20, (64, 64)).clean.transpose(0, 3, 1, 2).astype(np.float32) / 255
    there_and_back = np.concatenate((clean, clean[-2:0:-1]))
    order = np.arange(200) % len(there_and_back)
    noise = np.random.default_rng(2).normal(0, 10 / 255, (200, 3, 64, 64)).astype(np.float32)
    seen = np.clip(there_and_back[order] + noise, 0, 1).astype(np.float32)
    result = restored(seen).pixels
    error = result - there_and_back[order]
    early, late = error[40:100], error[140:]
    assert np.sqrt((late**2).mean()) < 1.0125 * np.sqrt((early**2).mean())
    assert np.abs(late.mean((0, 2, 3)) - early.mean((0, 2, 3))).max() < 0.125 / 255
    assert np.sqrt((late**2).mean()) < 0.7 * noise.std()


def test_when_the_reference_is_of_another_size_or_shape_then_it_is_refused(face):
    first = restored(face[:2])
    with pytest.raises(ReferenceMismatchError, match="one crop size"):
        RESTORER.restore(clip_of(face[2:4, :, :80], first=1003, follows=1002), first.reference)
    foreign = INFO.begin(3, 0).followed_by(1002, {"restored": np.zeros((3, 96, 96), np.float32)})
    with pytest.raises(ReferenceMismatchError, match="one crop size"):
        RESTORER.restore(clip_of(face[2:4], first=1003, follows=1002), foreign)


def test_when_networks_are_asked_for_again_then_they_are_the_same_ones():
    assert load_networks("cpu") is load_networks("cpu")


@pytest.mark.parametrize(
    ("side", "size"),
    [
        ((96, 96), (96, 96)),
        ((512, 384), (192, 144)),
        ((16, 2048), (16, 192)),
        ((200, 64), (192, 64)),
    ],
)
def test_when_colour_is_made_up_then_large_crops_are_seen_small(side, size):
    assert chroma_size(*side) == size
