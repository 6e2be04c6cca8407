import cv2
import numpy as np
import pytest

from bench import baselines
from bench.baselines import BASELINES, NLM_STRENGTHS, best_strength, telea, tint

RNG = np.random.Generator(np.random.PCG64(5))
TRUTH = np.repeat(RNG.uniform(0.2, 0.8, (3, 8, 8, 3)), 4, axis=1).repeat(4, axis=2)
TRUTH = TRUTH.astype(np.float32)


def noisy(sigma):
    noise = np.random.Generator(np.random.PCG64(6)).normal(0, sigma / 255, TRUTH.shape)
    return np.clip(TRUTH + noise, 0, 1).astype(np.float32)


@pytest.mark.parametrize("task", BASELINES)
def test_when_a_baseline_is_made_then_it_is_a_clip_like_the_plate(task):
    plate, mask = noisy(10), np.zeros(TRUTH.shape[:3], np.float32)
    mask[:, 4:9, 4:9] = 1
    for made in (baseline(TRUTH, plate, mask)() for baseline in BASELINES[task].values()):
        assert made.shape == plate.shape
        assert made.dtype == np.float32
        assert made.min() >= 0
        assert made.max() <= 1
        assert not np.array_equal(made, plate)


def test_when_the_noise_is_stronger_then_the_best_strength_is_too():
    found = [best_strength(TRUTH, noisy(sigma)) for sigma in (0, 25)]
    assert found[0] == min(NLM_STRENGTHS)
    assert found[1] > found[0]


def test_when_holes_are_filled_then_nothing_else_changes():
    mask = np.zeros(TRUTH.shape[:3], np.float32)
    mask[:, 10:14, 10:14] = 0.5
    filled = telea(TRUTH, mask)
    assert np.array_equal(filled[mask == 0], TRUTH[mask == 0])
    assert not np.array_equal(filled[mask > 0], TRUTH[mask > 0])


def test_when_grey_is_tinted_then_lightness_stays_and_every_pixel_has_one_colour():
    grey = np.repeat(np.linspace(0.3, 0.7, 64, dtype=np.float32), 3).reshape(1, 8, 8, 3)
    lab, before = (cv2.cvtColor(x[0], cv2.COLOR_RGB2LAB) for x in (tint(grey), grey))
    # OpenCV's way to CIELAB and back is a table's, good to a few tenths.
    assert np.abs(lab[..., 0] - before[..., 0]).max() < 0.5
    assert np.abs(lab[..., 1:] - baselines.TINT).max() < 0.5


def test_when_an_edge_is_smoothed_then_the_sharpened_one_is_steeper():
    edge = np.tile(np.repeat(np.float32([0.3, 0.7]), 16), (1, 32, 1))[..., None].repeat(3, axis=3)
    soft = np.stack([cv2.GaussianBlur(edge[0], (0, 0), 1.5)])
    sharp = baselines.bilateral_unsharp(soft)
    assert np.mean((sharp - edge) ** 2) < np.mean((baselines.bilateral(soft) - edge) ** 2)
