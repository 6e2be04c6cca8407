import numpy as np
import pytest

from training.palette import make_palette
from training.patterns import _PATTERNS, _gradient, _panels, make_patterns
from training.seeds import random_stream


def test_when_a_still_is_made_then_it_is_a_picture_in_range_and_the_same_again():
    still = make_patterns(random_stream("test", 1), 320)
    assert still.shape == (320, 320, 3)
    assert still.dtype == np.float32
    assert 0 <= still.min() < still.max() <= 1
    assert np.array_equal(still, make_patterns(random_stream("test", 1), 320))


@pytest.mark.parametrize("seed", range(5))
def test_when_the_still_is_cut_then_panels_cover_each_pixel_once(seed):
    covered = np.zeros((640, 640), int)
    for top, left, bottom, right in _panels(random_stream("test", seed), 640):
        covered[top:bottom, left:right] += 1
    assert np.all(covered == 1)


@pytest.mark.parametrize("pattern", sorted(set(_PATTERNS), key=lambda each: each.__name__))
def test_when_a_pattern_is_drawn_then_it_is_antialiased_coverage(pattern):
    between = 0
    for seed in range(6):
        drawn = pattern(random_stream("test", seed), 120, 150)
        assert drawn.shape == (120, 150)
        assert drawn.dtype == np.float32
        assert 0 <= drawn.min() <= drawn.max() <= 1
        assert drawn.max() > 0.5
        between += np.count_nonzero((drawn > 0.05) & (drawn < 0.95))
    assert between > 100


def test_when_a_gradient_is_drawn_then_it_has_no_bands():
    for seed in range(6):
        generator = random_stream("test", seed)
        gradient = _gradient(generator, make_palette(generator), 128, 128)
        steps = np.abs(np.diff(gradient.mean(2), axis=1))
        bend = np.abs(np.diff(gradient.mean(2), n=2, axis=1))
        assert bend.max() < 0.25 * steps.max() + 0.02  # a band is a jump
        levels = np.unique(np.rint(gradient * 255))
        assert len(np.unique(gradient)) > 3 * len(levels)  # finer than eight bits
