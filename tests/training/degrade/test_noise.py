import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.degrade.pictures import flat
from training.degrade.light import to_linear
from training.degrade.noise import gauss, noise_field, shot

SHAPE = (4, 3, 160, 160)


def field(colour=1.0, grain=0.0, shape=SHAPE, seed=0):
    return noise_field(shape, colour, grain, np.random.Generator(np.random.PCG64(seed)))


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([0.0, 0.4, 1.0]), st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 9))
def test_when_noise_is_drawn_then_its_variance_is_one_up_to_the_border(colour, grain, seed):
    noise = field(colour, grain, seed=seed)
    assert noise.dtype == np.float32
    assert noise.std() == pytest.approx(1, rel=0.05)
    border = np.concatenate([noise[:, :, :3].ravel(), noise[..., -3:].ravel()])
    assert border.std() == pytest.approx(1, rel=0.12)
    assert abs(noise.mean()) < 0.05


@pytest.mark.parametrize("colour", [0.0, 0.3, 1.0])
def test_when_noise_has_colour_then_channels_share_the_rest(colour):
    red, green, blue = field(colour).transpose(1, 0, 2, 3).reshape(3, -1)
    for one, other in ((red, green), (green, blue)):
        assert np.corrcoef(one, other)[0, 1] == pytest.approx(1 - colour, abs=0.02)


def test_when_noise_has_grain_then_neighbours_are_alike_as_a_gaussian_says():
    noise = field(grain=1.0)
    near = np.corrcoef(noise[..., :-1].ravel(), noise[..., 1:].ravel())[0, 1]
    far = np.corrcoef(noise[..., :-8].ravel(), noise[..., 8:].ravel())[0, 1]
    assert near == pytest.approx(np.exp(-1 / 4), abs=0.03)
    assert abs(far) < 0.03
    white = field()
    assert abs(np.corrcoef(white[..., :-1].ravel(), white[..., 1:].ravel())[0, 1]) < 0.02


def test_when_frames_follow_then_their_noise_is_new():
    noise = field()
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("sigma", [1, 8, 20, 30])
def test_when_noise_is_added_then_it_has_its_sigma_in_codes(sigma):
    clean = flat(128, 4)
    assert (gauss(clean, sigma, field()) - clean).std() * 255 == pytest.approx(sigma, rel=0.05)


@pytest.mark.parametrize("sigma", [1, 5, 12])
def test_when_photons_are_counted_then_sigma_holds_at_middle_grey(sigma):
    clean = flat(128, 4)
    assert (shot(clean, sigma, field()) - clean).std() * 255 == pytest.approx(sigma, rel=0.05)


def test_when_light_grows_then_its_variance_grows_in_proportion():
    variances = []
    levels = (60, 120, 180)
    for code in levels:
        light = to_linear(shot(flat(code, 4), 4, field()))
        variances.append(light.astype(np.float64).var() / to_linear(flat(code)).mean())
    assert variances == pytest.approx([variances[0]] * 3, rel=0.05)
    assert shot(flat(0), 20, field(shape=(2, 3, 160, 160))).max() == 0
