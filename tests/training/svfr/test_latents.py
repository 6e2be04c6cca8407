import pytest
import torch

from training.svfr.latents import CHANNELS, fitted


def pictures(count=3, seed=0):
    """Return pictures whose blocks vary in four ways only, and a little in all others."""
    rng = torch.Generator().manual_seed(seed)
    ways = torch.randn(CHANNELS, 3, 8, 8, generator=torch.Generator().manual_seed(9))
    amounts = torch.randn(count, 4, 4, CHANNELS, generator=rng)
    blocks = torch.einsum("nijk,kcyx->nciyjx", amounts, ways).reshape(count, 3, 32, 32)
    return 0.5 + 0.1 * blocks + 1e-4 * torch.randn(blocks.shape, generator=rng)


def test_when_blocks_vary_in_four_ways_then_latents_tell_everything():
    blocks = fitted(pictures())
    seen = pictures(2, seed=5)
    latents = blocks.encode(seen)
    assert latents.shape == (2, CHANNELS, 4, 4)
    back = latents.movedim(1, -1) @ torch.linalg.pinv(blocks.basis) + blocks.mean
    cut = seen.unflatten(2, (4, 8)).unflatten(4, (4, 8)).permute(0, 2, 4, 1, 3, 5).flatten(3)
    assert torch.allclose(back, cut, atol=1e-3)


def test_when_latents_are_of_the_pictures_that_were_fitted_then_their_variance_is_one():
    latents = fitted(pictures()).encode(pictures())
    assert latents.mean((0, 2, 3)) == pytest.approx(torch.zeros(CHANNELS), abs=1e-4)
    variances = latents.var((0, 2, 3))
    assert variances.mean().item() == pytest.approx(1, abs=0.05)
    assert variances.tolist() == sorted(variances.tolist(), reverse=True)


def test_when_pictures_are_turned_negative_then_latents_turn_their_sign():
    one, other = fitted(pictures()), fitted(1 - pictures())
    assert torch.allclose(one.basis, other.basis, atol=1e-3)
    assert torch.allclose(one.encode(pictures()), -other.encode(1 - pictures()), atol=1e-2)
