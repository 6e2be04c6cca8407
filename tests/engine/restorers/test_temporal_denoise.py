import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.demo_plate import demo_frames
from engine.reference import TemporalReference
from engine.restorer import Clip
from engine.restorers.temporal_denoise import INFO, TemporalDenoise
from plugin_host.errors import ReferenceMismatchError

RESTORER = TemporalDenoise()


def clip_of(pixels, frames=None, follows=None, **parameters):
    frames = tuple(range(1001, 1001 + len(pixels))) if frames is None else frames
    matte = np.ones((len(pixels), *pixels.shape[2:]), np.float32)
    return Clip(pixels, matte, frames, track=3, follows=follows, parameters=parameters)


def restored(pixels, **parameters):
    return RESTORER.restore(clip_of(pixels, **parameters), INFO.begin(track=3, seed=0))


def restored_in_parts(pixels, frames, starts):
    reference, follows, parts = INFO.begin(track=3, seed=0), None, []
    for start, stop in zip(starts, [*starts[1:], len(frames)], strict=True):
        clip = clip_of(pixels[start:stop], frames[start:stop], follows)
        part = RESTORER.restore(clip, reference)
        # Through bytes, as a take on disk carries it.
        reference = TemporalReference.from_bytes(part.reference.to_bytes())
        follows = frames[stop - 1]
        parts.append(part)
    return parts


def picture(height, width, seed=0):
    rng = np.random.default_rng(seed)
    blobs = cv2.GaussianBlur(rng.random((height, width, 3), np.float32), (0, 0), 4)
    return np.clip(0.5 + (blobs - blobs.mean()) * 5, 0.05, 0.95)


def moving(count, side=64, step=(1.3, 0.7), seed=0):
    large = picture(side + 80, side + 80, seed)
    frames = []
    for t in range(count):
        matrix = np.array([[1, 0, -step[0] * t - 4], [0, 1, -step[1] * t - 4]])
        frames.append(cv2.warpAffine(large, matrix, (side, side), flags=cv2.INTER_CUBIC))
    return np.clip(np.stack(frames).transpose(0, 3, 1, 2), 0, 1).astype(np.float32)


def noisy(pixels, codes=15.0, seed=7):
    noise = np.random.default_rng(seed).standard_normal(pixels.shape, np.float32)
    return np.clip(pixels + np.float32(codes / 255) * noise, 0, 1)


def psnr(pixels, clean):
    return -10 * np.log10(np.mean((pixels - clean) ** 2) + 1e-12)


def difference_error(pixels, clean):
    return np.abs(np.diff(pixels - clean, axis=0)).mean()


def test_when_the_demo_plate_is_restored_then_it_beats_non_local_means():
    plate = demo_frames(10, (192, 160))
    clean = plate.clean.transpose(0, 3, 1, 2) / np.float32(255)
    degraded = plate.degraded.transpose(0, 3, 1, 2) / np.float32(255)
    out = restored(degraded).pixels
    for strength in (8, 10, 12):
        alone = [
            cv2.fastNlMeansDenoisingColored(f, None, strength, strength) for f in plate.degraded
        ]
        rival = np.stack(alone).transpose(0, 3, 1, 2) / np.float32(255)
        assert psnr(out, clean) > psnr(rival, clean) + 1
        assert difference_error(out, clean) < 0.75 * difference_error(rival, clean)


def test_when_the_plate_is_clean_then_next_to_nothing_changes():
    clean = moving(6)
    assert psnr(restored(clean).pixels, clean) > 45


def test_when_frames_go_on_then_they_get_cleaner():
    clean = moving(12)
    out = restored(noisy(clean)).pixels
    assert psnr(out[-1], clean[-1]) > psnr(out[0], clean[0]) + 1.5
    assert psnr(out[0], clean[0]) > psnr(noisy(clean)[0], clean[0]) + 6


def test_when_something_crosses_the_picture_then_it_leaves_no_ghost():
    clean = moving(10, side=96, step=(0.4, 0.0))
    thing = picture(32, 32, seed=5).transpose(2, 0, 1)[::-1]
    for t, frame in enumerate(clean):
        frame[:, 32:64, 4 + 6 * t : 36 + 6 * t] = thing
    out = restored(noisy(clean)).pixels
    left_behind = (slice(None), slice(32, 64), slice(40, 58))
    assert psnr(out[-1][left_behind], clean[-1][left_behind]) > 30
    assert abs((out[-1] - clean[-1])[left_behind].mean()) < 1.5 / 255


def test_when_the_picture_is_cut_then_nothing_of_the_old_one_is_left():
    first, second = moving(5), moving(3, seed=9)
    second = np.clip((second - 0.5) * 2 + 0.5, 0, 1)
    cut = noisy(np.concatenate([first, second]))
    out = restored(cut)
    assert np.array_equal(out.pixels[5:], restored(cut[5:]).pixels)
    assert psnr(out.pixels[5], second[0]) > psnr(cut[5], second[0]) + 4


def test_when_the_light_fades_then_the_result_does_not_lag():
    clean = moving(14) * np.linspace(1, 0.5, 14, dtype=np.float32)[:, None, None, None]
    out = restored(noisy(clean, 10)).pixels
    assert abs((out - clean)[-5:].mean()) < 1 / 255


def test_when_the_crop_jumps_by_whole_pixels_then_history_is_still_found():
    large = moving(10, side=112, step=(0.3, 0.2))
    jumps = [(0, 0), (4, 2), (1, 5), (6, 6), (2, 0), (0, 4), (5, 1), (3, 3), (0, 6), (4, 4)]
    clean = np.stack([f[:, y : y + 96, x : x + 96] for f, (y, x) in zip(large, jumps, strict=True)])
    out = restored(noisy(clean)).pixels
    assert psnr(out[-1], clean[-1]) > psnr(out[0], clean[0]) + 1


def test_when_a_shot_is_long_then_it_neither_drifts_nor_decays():
    sway = 12 * np.sin(np.arange(210) * 0.13)
    large = picture(80, 80)
    frames = [
        cv2.warpAffine(
            large,
            np.array([[1, 0, x - 20.0], [0, 1, -16 - x / 3]]),
            (40, 40),
            flags=cv2.INTER_CUBIC,
        )
        for x in sway
    ]
    clean = np.clip(np.stack(frames).transpose(0, 3, 1, 2), 0, 1).astype(np.float32)
    out = restored(noisy(clean, 12)).pixels
    early, late = slice(20, 60), slice(-40, None)
    assert psnr(out[late], clean[late]) > psnr(out[early], clean[early]) - 0.7
    assert abs((out - clean)[late].mean()) < 0.5 / 255
    assert abs(out[late].std() / clean[late].std() - 1) < 0.02


@settings(max_examples=6, deadline=None)
@given(st.sets(st.integers(1, 7), max_size=5))
def test_when_frames_are_grouped_in_any_way_then_the_bits_are_the_same(cuts):
    pixels = noisy(moving(8, side=48))
    # Numbers 1004 and 1005 are missing on disk.
    frames = (1001, 1002, 1003, 1006, 1007, 1008, 1009, 1010)
    whole = restored_in_parts(pixels, frames, [0])[0]
    parts = restored_in_parts(pixels, frames, [0, *sorted(cuts)])
    assert np.array_equal(np.concatenate([p.pixels for p in parts]), whole.pixels)
    assert np.array_equal(np.concatenate([p.confidence for p in parts]), whole.confidence)
    assert parts[-1].reference.to_bytes() == whole.reference.to_bytes()


def test_when_opencv_has_other_threads_then_the_bits_are_the_same_and_it_keeps_them():
    pixels = noisy(moving(4, side=160))
    before = cv2.getNumThreads()
    outs = []
    try:
        for threads in (1, 2, 4):
            cv2.setNumThreads(threads)
            outs.append(restored(pixels).pixels)
            assert cv2.getNumThreads() == threads
    finally:
        cv2.setNumThreads(before)
    assert np.array_equal(outs[0], outs[1])
    assert np.array_equal(outs[0], outs[2])


def test_when_strength_is_zero_then_the_clips_very_bits_come_back():
    pixels = noisy(moving(3))
    out = restored(pixels, strength=0)
    assert np.array_equal(out.pixels, pixels)
    assert out.reference.last_frame == 1003


def test_when_strength_is_half_then_half_of_the_change_is_made():
    pixels = noisy(np.full((3, 3, 32, 32), 0.5, np.float32))
    full, half = restored(pixels, strength=100).pixels, restored(pixels, strength=50).pixels
    assert np.allclose(half - pixels, (full - pixels) / 2, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 20), st.integers(1, 40), st.integers(1, 3), st.booleans())
def test_when_a_crop_is_tiny_then_the_result_is_whole(height, width, count, flat):
    rng = np.random.default_rng(height * 100 + width)
    pixels = rng.random((count, 3, height, width), np.float32)
    pixels = np.full_like(pixels, 0.25) if flat else pixels
    out = restored(pixels)
    assert out.pixels.shape == pixels.shape
    assert out.pixels.dtype == np.float32
    assert out.confidence.shape == (count, height, width)
    for values in (out.pixels, out.confidence):
        assert np.isfinite(values).all()
        assert values.min() >= 0
    assert out.confidence.max() <= 1
    if flat:
        assert np.allclose(out.pixels, pixels, atol=1e-6)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_when_a_black_or_white_leader_ends_then_the_picture_is_denoised_all_the_same(level):
    clean = np.concatenate([np.full((2, 3, 64, 64), level, np.float32), moving(4)])
    pixels = np.concatenate([clean[:2], noisy(clean[2:])])
    out = restored(pixels).pixels
    assert psnr(out[-1], clean[-1]) > psnr(pixels[-1], clean[-1]) + 6


def test_when_the_plate_is_grey_then_the_result_is_grey():
    grey = np.repeat(moving(4)[:, :1], 3, axis=1)
    noise = np.random.default_rng(0).standard_normal((4, 1, 64, 64), np.float32) * 0.05
    out = restored(np.clip(grey + noise, 0, 1)).pixels
    assert np.ptp(out, axis=1).max() < 2e-3


def test_when_noise_is_averaged_away_then_confidence_rises():
    confidence = restored(noisy(moving(8))).confidence
    assert confidence[0].max() < 0.2
    assert confidence[-1].mean() > 2 * confidence[0].mean()


def test_when_the_clip_is_restored_then_it_is_left_as_it_was():
    pixels = noisy(moving(2))
    before = pixels.copy()
    restored(pixels)
    assert np.array_equal(pixels, before)


def test_when_the_crop_changes_its_size_then_the_reference_is_refused():
    reference = restored(moving(2, side=48)).reference
    clip = clip_of(moving(2, side=64), (1003, 1004), follows=1002)
    with pytest.raises(ReferenceMismatchError, match="crop size"):
        RESTORER.restore(clip, reference)


def test_when_the_reference_does_not_lead_into_the_clip_then_it_is_refused():
    reference = restored(moving(2)).reference
    with pytest.raises(ReferenceMismatchError, match="skips"):
        RESTORER.restore(clip_of(moving(2), (1009, 1010), follows=1008), reference)


def test_when_noise_lies_around_a_bright_grey_then_its_mean_stays():
    rng = np.random.default_rng(3)
    pixels = np.full((8, 3, 64, 64), 1.4, np.float32)  # an open code, above diffuse white
    pixels += rng.normal(0, 0.06, pixels.shape).astype(np.float32)
    out = restored(pixels).pixels[-1]
    assert abs(float(out.mean()) - 1.4) < 0.004
    assert float(out.std()) < 0.02
