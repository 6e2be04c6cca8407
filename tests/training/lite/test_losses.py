import pytest
import torch

from training.lite.losses import FLICKER, SOFT, WAVES, charbonnier, flicker, loss, waves


def clips(frames=3, seed=0):
    return torch.rand(2, frames, 3, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_when_every_pixel_is_off_by_the_same_then_charbonnier_is_that():
    clean = torch.zeros(1, 1, 3, 4, 4)
    assert charbonnier(clean + 0.3, clean) == pytest.approx((0.3**2 + SOFT**2) ** 0.5)
    assert charbonnier(clean, clean) == pytest.approx(SOFT)


def test_when_a_constant_is_added_then_one_wave_carries_it():
    clean = torch.zeros(1, 1, 1, 4, 4)
    # Orthonormal: the constant 1 over 16 pixels is the coefficient 16 / sqrt(16) = 4, the real part
    # of one of 4 x 3 complex numbers.
    assert waves(clean + 1, clean) == pytest.approx(4 / (4 * 3 * 2))


def test_when_a_wave_is_added_then_its_coefficient_is_counted():
    wave = torch.cos(torch.arange(4) * torch.pi / 2).expand(4, 4)
    # cos(2 pi x / 4) over 4 x 4: coefficients of 2 at +-1, of which the half spectrum holds one.
    assert waves(wave[None, None, None], torch.zeros(1, 1, 1, 4, 4)) == pytest.approx(2 / 24)


def test_when_only_time_differs_then_flicker_is_the_step():
    clean = torch.zeros(1, 3, 1, 2, 2)
    restored = clean.clone()
    restored[:, 1] = 0.2
    assert flicker(restored, clean) == pytest.approx(0.2)
    assert flicker(clean + 0.5, clean) == 0
    assert flicker(clean[:, :1], clean[:, :1]) == 0


def test_when_losses_are_summed_then_each_has_its_share():
    restored, clean = clips(seed=1), clips()
    parts = (
        charbonnier(restored, clean),
        WAVES * waves(restored, clean),
        FLICKER * flicker(restored, clean),
    )
    assert loss(restored, clean) == pytest.approx(float(sum(parts)))


def test_when_a_clip_goes_on_then_the_frame_before_counts_in_flicker():
    clean = torch.zeros(1, 1, 3, 4, 4)
    restored = clean + 0.1
    before = clean + 0.3
    alone, chained = loss(restored, clean), loss(restored, clean, before)
    assert chained - alone == pytest.approx(FLICKER * 0.2, rel=1e-4)
