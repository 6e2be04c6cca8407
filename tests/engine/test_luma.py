import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.luma import WEIGHTS, luma, with_luma

CODES = arrays(np.float32, (2, 3, 4, 5), elements=st.floats(0, 1, width=32))


def test_when_weights_are_added_then_they_are_one():
    assert abs(sum(WEIGHTS) - 1) < 1e-9
    assert luma(np.ones((3, 1, 1), np.float32)).item() == np.float32(1)


def test_when_colours_fit_then_they_are_those_that_were_made():
    pictures = np.full((1, 3, 2, 2), 0.4, np.float32)
    pictures[:, 0] = 0.6
    np.testing.assert_allclose(with_luma(pictures, luma(pictures)), pictures, atol=1e-6)


@given(CODES, CODES)
def test_when_a_luma_is_wanted_then_it_is_that_and_the_codes_are_codes(pictures, plate):
    made = with_luma(pictures, luma(plate))
    np.testing.assert_allclose(luma(made), luma(plate), atol=2e-6)
    assert 0 <= made.min() <= made.max() <= 1
