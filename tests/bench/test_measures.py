import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from bench.measures import colour_error, interval, measure, ssim

SIZE = (24, 20)


def picture(seed=0, frames=3):
    rng = np.random.Generator(np.random.PCG64(seed))
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    waves = [
        [0.5 + 0.3 * np.sin((x + t) / (3 + c)) * np.cos(y / 5) for c in range(3)]
        for t in range(frames)
    ]
    noise = rng.normal(0, 0.02, (frames, *SIZE, 3))
    return np.clip(np.moveaxis(np.array(waves), 1, 3) + noise, 0, 1).astype(np.float32)


def everywhere(frames=3):
    return np.ones((frames, *SIZE), np.float32)


def test_when_nothing_differs_then_every_measure_says_so():
    figures = measure(picture(), picture(), everywhere())
    assert (figures.psnr, figures.flicker, figures.colour) == (120, 0, 0)
    assert figures.ssim == pytest.approx(1)


def test_when_every_code_is_off_by_a_tenth_then_figures_are_those_of_the_formulas():
    truth = np.full((2, *SIZE, 3), 0.4, np.float32)
    figures = measure(truth, truth + np.float32(0.1), everywhere(2))
    assert figures.psnr == pytest.approx(20, abs=1e-4)
    # Flat pictures have no variance: only the term of the means is left.
    assert figures.ssim == pytest.approx((2 * 0.4 * 0.5 + 1e-4) / (0.16 + 0.25 + 1e-4), abs=1e-6)
    assert figures.flicker == pytest.approx(0, abs=1e-4)


def test_when_brightness_alternates_then_flicker_is_its_step():
    truth = np.full((4, *SIZE, 3), 0.4, np.float32)
    seen = truth.copy()
    seen[1::2] += np.float32(2 / 255)
    assert measure(truth, seen, everywhere(4)).flicker == pytest.approx(2, abs=1e-3)


def test_when_ssim_is_taken_then_it_is_that_of_scikit_image():
    truth, seen = picture(0, 1), picture(1, 1)
    luma = np.array([0.299, 0.587, 0.114])
    _, whole = structural_similarity(
        (truth[0] @ luma).astype(np.float64),
        (seen[0] @ luma).astype(np.float64),
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    assert ssim(truth, seen, everywhere(1)) == pytest.approx(whole.mean(), abs=1e-5)


def test_when_red_became_grey_of_the_same_lightness_then_the_colour_error_is_its_chroma():
    red = np.zeros((1, *SIZE, 3), np.float32)
    red[..., 0] = 1
    # sRGB red is L* 53.24, a* 80.09, b* 67.20 under D65; grey of that lightness is code 0.4985.
    grey = np.full_like(red, 0.4985)
    error = colour_error(red, grey, everywhere(1))
    assert error == pytest.approx(np.hypot(80.09, 67.20), abs=0.1)


def test_when_only_lightness_differs_then_there_is_no_colour_error():
    grey = np.full((1, *SIZE, 3), 0.3, np.float32)
    assert colour_error(grey, grey * 2, everywhere(1)) == pytest.approx(0, abs=0.05)


def test_when_a_weight_leaves_the_damage_out_then_nothing_is_wrong():
    truth = picture()
    seen, weight = truth.copy(), everywhere()
    seen[:, :4] = 0
    weight[:, :12] = 0  # the window of SSIM reaches five pixels far
    figures = measure(truth, seen, weight)
    assert (figures.psnr, figures.flicker, figures.colour) == (120, 0, 0)
    assert figures.ssim == pytest.approx(1)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9))
def test_when_a_restoration_is_nearer_to_the_truth_then_every_measure_is_better(seed, share):
    truth = picture()
    rng = np.random.Generator(np.random.PCG64(seed))
    damaged = truth + rng.normal(0, 0.05, truth.shape).astype(np.float32)
    restored = truth + np.float32(share) * (damaged - truth)
    before, after = (measure(truth, seen, everywhere()) for seen in (damaged, restored))
    assert after.psnr > before.psnr
    assert after.ssim > before.ssim
    assert after.flicker < before.flicker
    assert after.colour < before.colour


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=12))
def test_when_an_interval_is_taken_then_it_lies_among_the_values_and_holds_twice(values):
    low, high = interval(values)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert (low, high) == interval(values)


def test_when_values_are_many_then_the_interval_is_that_of_the_normal_law():
    rng = np.random.Generator(np.random.PCG64(3))
    values = rng.normal(7, 2, 400)
    low, high = interval(values)
    assert (high - low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.08)
    assert low < 7.2
    assert high > 6.8
