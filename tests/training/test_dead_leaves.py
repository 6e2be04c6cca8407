import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from training.dead_leaves import make_dead_leaves
from training.outlines import cover, draw_blob, draw_outline
from training.palette import draw_colours, make_palette
from training.seeds import random_stream
from training.textures import draw_textures

SEEDS = range(4)


@pytest.fixture(scope="module")
def stills():
    return [make_dead_leaves(random_stream("test", seed), 192) for seed in SEEDS]


def test_when_a_still_is_made_then_it_is_a_picture_in_range(stills):
    for still in stills:
        assert still.shape == (192, 192, 3)
        assert still.dtype == np.float32
        assert 0 <= still.min() < still.max() <= 1
        assert still.std() > 0.03


def test_when_a_still_is_made_again_then_the_bits_are_the_same(stills):
    assert np.array_equal(stills[0], make_dead_leaves(random_stream("test", 0), 192))


def test_when_gradients_are_counted_then_their_tails_are_those_of_natural_pictures(stills):
    for still in stills:  # a Gaussian has a kurtosis of 3, natural pictures far more
        step = np.diff(still.mean(2), axis=1)
        assert np.mean((step - step.mean()) ** 4) > 5 * step.var() ** 2


def test_when_power_is_measured_then_it_falls_with_frequency(stills):
    for still in stills:
        grey = still.mean(2) * np.outer(np.hanning(192), np.hanning(192))
        power = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
        y, x = (np.fft.fftfreq(192)[:, None] * 192, np.fft.fftfreq(192)[None] * 192)
        ring = np.hypot(x, y).astype(int)
        mean = np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())
        slope = np.polyfit(np.log(np.arange(4, 96)), np.log(mean[4:96]), 1)[0]
        assert -4.5 < slope < -1.5


def test_when_colours_are_drawn_then_lightness_varies_most_and_green_least():
    generator = random_stream("test")
    spreads = []
    for _ in range(60):
        colours = np.log(draw_colours(generator, make_palette(generator), 40) + 0.02)
        red, green, blue = colours.T
        spreads.append(
            (np.std(red + green + blue), np.std(red - blue), np.std(2 * green - red - blue))
        )
    light, warm, magenta = np.median(spreads, 0) / np.sqrt((3, 2, 6))
    assert light > warm > magenta


def test_when_textures_are_drawn_then_all_are_in_range_and_none_is_flat():
    textures = draw_textures(random_stream("test"), 96, 8)
    for texture in textures:
        assert texture.shape == (96, 96)
        assert texture.dtype == np.float32
        assert 0 <= texture.min() < texture.max() <= 1
        assert 0.2 < texture.mean() < 0.8
    assert len({texture.tobytes() for texture in textures}) == 8


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
@example(seed=167, blob=False)  # a strand that bends out of the unit square
def test_when_an_outline_is_covered_then_the_area_is_its_own_and_a_soft_edge(seed, blob):
    generator = random_stream("test", seed)
    outline = (draw_blob if blob else draw_outline)(generator) * np.float32(30) + np.float32(50)
    covered = cover(outline, 100, 100)
    length = cv2.arcLength(outline[:, None], True)
    around = covered.sum() / 255 - cv2.contourArea(outline[:, None])
    assert 0.2 * length < around < 1.25 * length
    assert not covered[: max(0, int(outline[:, 1].min()) - 2)].any()
    assert np.any((covered > 0) & (covered < 255))  # antialiased


def test_when_streams_have_other_purposes_then_their_numbers_are_unrelated():
    numbers = [
        tuple(random_stream(*asked).integers(0, 2**60, 4))
        for asked in (("a",), ("b",), ("a", 0), ("a", 1), ("a", 1, 0))
    ]
    assert len(set(numbers)) == 5
