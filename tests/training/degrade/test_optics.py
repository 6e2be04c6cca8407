import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.degrade.pictures import moving
from training.degrade.light import to_linear
from training.degrade.optics import SCALERS, blur, lens_kernel, resize, shake_kernel

ANGLES = st.floats(0, math.pi)


def widths(kernel, angle):
    """Standard deviations along and across an angle."""
    radius = len(kernel) // 2
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    along = x * math.cos(angle) + y * math.sin(angle)
    across = y * math.cos(angle) - x * math.sin(angle)
    return [math.sqrt((kernel.astype(np.float64) * d**2).sum()) for d in (along, across)]


@given(st.floats(0.3, 4), st.floats(0.3, 4), ANGLES)
def test_when_a_lens_is_drawn_then_it_sums_to_one_about_its_middle(major, minor, angle):
    kernel = lens_kernel(major, minor, angle)
    assert kernel.sum(dtype=np.float64) == pytest.approx(1, abs=1e-5)
    assert np.allclose(kernel, kernel[::-1, ::-1], atol=1e-7)
    assert len(kernel) % 2


@given(st.floats(0.8, 4), st.floats(0.8, 4), ANGLES)
def test_when_a_lens_is_drawn_then_it_is_as_wide_as_asked_in_each_direction(major, minor, angle):
    assert widths(lens_kernel(major, minor, angle), angle) == pytest.approx(
        [major, minor], rel=0.03
    )


@given(st.floats(0, 24), ANGLES)
def test_when_the_camera_shakes_then_the_kernel_is_a_line_of_that_length(length, angle):
    kernel = shake_kernel(length, angle)
    assert kernel.sum(dtype=np.float64) == pytest.approx(1, abs=1e-5)
    assert np.allclose(kernel, kernel[::-1, ::-1], atol=1e-6)
    along, across = widths(kernel, angle)
    # A uniform line has the variance of its length squared by 12; sharing dots adds up to 1/4.
    assert length**2 / 12 - 0.01 <= along**2 <= (length + 0.2) ** 2 / 12 + 0.26
    assert across**2 <= 0.26


def test_when_a_clip_is_blurred_then_the_step_response_has_the_kernels_width():
    pixels = np.zeros((1, 3, 48, 48), np.float32)
    pixels[..., 24:] = 1
    edge = blur(pixels, lens_kernel(1.5, 1.5, 0), "codes")[0, 0, 24]
    spread = np.diff(edge.astype(np.float64))
    where = np.arange(47) - 23
    assert (spread * where).sum() == pytest.approx(0, abs=1e-4)
    assert math.sqrt((spread * where**2).sum()) == pytest.approx(1.5, rel=0.02)


def test_when_light_is_blurred_then_highlights_spread_more_than_in_codes():
    pixels = np.zeros((1, 3, 33, 33), np.float32)
    pixels[..., 16, 16] = 1
    kernel = lens_kernel(1.2, 1.2, 0)
    codes, linear = (blur(pixels, kernel, light) for light in ("codes", "linear"))
    assert linear.mean() > 2 * codes.mean()
    assert to_linear(linear).sum() == pytest.approx(3, rel=0.01)


@given(st.sampled_from(sorted(SCALERS)), st.integers(1, 40), st.integers(1, 40))
def test_when_a_clip_is_resized_then_flat_stays_flat(scaler, height, width):
    out = resize(np.full((2, 3, 17, 23), 0.3, np.float32), (height, width), scaler)
    assert out.shape == (2, 3, height, width)
    assert out.dtype == np.float32
    assert np.allclose(out, 0.3, atol=1e-5)


def test_when_a_clip_shrinks_by_areas_then_each_pixel_is_the_mean_of_its_area():
    pixels = moving(2)
    small = resize(pixels, (16, 16), "area")
    assert np.allclose(small, pixels.reshape(2, 3, 16, 4, 16, 4).mean((3, 5)), atol=1e-6)


@pytest.mark.parametrize("scaler", sorted(SCALERS))
def test_when_fine_stripes_shrink_then_no_scaler_aliases_them(scaler):
    stripes = np.zeros((1, 3, 64, 64), np.float32)
    stripes[..., ::2] = 1
    small = resize(stripes, (16, 16), scaler)
    assert np.abs(small - 0.5)[..., 3:-3].max() < 0.02


@pytest.mark.parametrize("scaler", ["bilinear", "bicubic", "lanczos"])
def test_when_a_clip_shrinks_and_grows_then_it_has_not_moved(scaler):
    pixels = moving(1)
    back = resize(resize(pixels, (32, 32), scaler), (64, 64), scaler)
    errors = {
        shift: np.abs(np.roll(back, shift, 3) - pixels)[..., 4:-4].mean() for shift in (-1, 0, 1)
    }
    assert min(errors, key=errors.get) == 0
    assert errors[1] == pytest.approx(errors[-1], rel=0.1)
