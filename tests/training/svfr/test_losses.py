import numpy as np
import pytest
import torch

from training.svfr.losses import (
    CURVATURE,
    LOG_SIGMA,
    TEMPERATURE,
    WIDTH,
    draw_sigmas,
    noisy,
    unified,
    velocity,
    wing,
)


def test_when_the_velocity_is_known_then_the_scheduler_finds_the_clean_latents():
    clean, noise = torch.randn(2, 3, 2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    sigma = torch.tensor([0.01, 1.0, 300.0])
    seen, said = noisy(clean, noise, sigma), velocity(clean, noise, sigma)
    s = sigma.view(-1, 1, 1, 1, 1)
    sample = seen * (s**2 + 1) ** 0.5
    found = said * (-s / (s**2 + 1) ** 0.5) + sample / (s**2 + 1)  # the scheduler's formula
    assert torch.allclose(found, clean, atol=1e-3)


def test_when_latents_have_unit_variance_then_what_is_seen_and_said_has_it_too():
    clean, noise = torch.randn(2, 4, 8, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    sigma = torch.tensor([0.02, 0.5, 2.0, 90.0])
    for made in (noisy(clean, noise, sigma), velocity(clean, noise, sigma)):
        assert made.flatten(1).std(1) == pytest.approx(torch.ones(4), abs=0.05)


def test_when_sigmas_are_drawn_then_their_logarithms_are_normal():
    logs = draw_sigmas(np.random.default_rng(0), 20_000).log()
    assert (logs.mean().item(), logs.std().item()) == pytest.approx(LOG_SIGMA, abs=0.05)


def test_when_videos_are_orthogonal_and_their_damages_alike_then_the_loss_is_known():
    features = torch.eye(3)[:, None].expand(3, 2, 3) * 7.0
    # 1 / tau above the fraction, two others at 0 under it.
    assert unified(features).item() == pytest.approx(np.log(2) - 1 / TEMPERATURE)


def test_when_damages_tell_more_than_videos_then_the_loss_is_higher():
    alike = torch.eye(4)[:2, None].expand(2, 2, 4)
    apart = torch.eye(4)[None, 2:].expand(2, 2, 4)
    assert unified(apart) > unified(alike)


def test_when_there_is_one_video_then_it_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        unified(torch.ones(1, 2, 4))


def test_when_an_error_is_small_then_wing_is_the_logarithm():
    assert wing(torch.tensor(-1.0)).item() == pytest.approx(WIDTH * np.log1p(1 / CURVATURE))


def test_when_an_error_passes_the_width_then_wing_goes_on_with_slope_one():
    below, above, far = (
        wing(torch.tensor(size)).item() for size in (WIDTH - 1e-4, WIDTH, WIDTH + 5)
    )
    assert below == pytest.approx(above, abs=1e-3)
    assert far - above == pytest.approx(5, abs=1e-4)
