import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.frame_io.colour import decode_open, encode_open
from tests.training.degrade.pictures import moving
from training.degrade.light import greyscale, in_light, to_codes, to_linear

VALUES = np.linspace(0, 1, 10007, dtype=np.float32)


def test_when_the_curve_is_tabulated_then_it_stays_near_the_engines():
    assert np.abs(to_linear(VALUES) - decode_open(VALUES)).max() < 0.03 / 255
    assert np.abs(to_codes(VALUES) - encode_open(VALUES)).max() < 0.03 / 255
    assert to_codes(np.float32([-1, 0, 1, 2])).tolist() == [0, 0, 1, 1]


@given(st.integers(0, 255))
def test_when_a_code_goes_to_light_and_back_then_it_is_the_same(code):
    there = to_linear(np.float32([code / 255]))
    assert abs(float(to_codes(there)[0]) * 255 - code) < 0.05


def test_when_a_change_overshoots_then_it_is_clipped_in_either_light():
    for light in ("codes", "linear"):
        out = in_light(light, lambda values: values * 3 - 1)(VALUES)
        assert out.min() == 0
        assert out.max() == 1


@pytest.mark.parametrize("light", ["codes", "linear"])
def test_when_colour_is_taken_then_the_channels_are_equal_and_greys_stay(light):
    grey = greyscale(moving(2), light)
    assert grey.shape == (2, 3, 64, 64)
    assert grey.dtype == np.float32
    assert (grey[:, :1] == grey).all()
    again = greyscale(grey, light)
    assert np.abs(again - grey).max() < 0.1 / 255


def test_when_green_is_weighed_then_video_and_film_see_it_differently():
    green = np.zeros((1, 3, 2, 2), np.float32)
    green[:, 1] = 1
    assert np.allclose(greyscale(green, "codes"), 0.7152)
    assert np.allclose(greyscale(green, "linear"), encode_open(np.float32([0.7152])), atol=1e-4)
