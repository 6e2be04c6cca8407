"""Pictures to latents and back, above all where half precision cannot hold what is computed."""

import copy

import pytest
import torch

from engine.restorers.svfr import latents as module
from engine.restorers.svfr.latents import decode, encode, official_noise
from tests.engine.restorers.svfr.tiny import networks, normal, pictures

PICTURES, LATENTS = pictures(2, 32, 32), normal(2, 4, 4, 4).half()


def vaes(*, blown_up=1):
    """Return the same VAE in half and in single precision, the first maps blown up."""
    half = copy.deepcopy(networks().vae).half()
    for first in (half.encoder.conv_in, half.decoder.conv_in):
        first.weight.data *= blown_up
    return half, copy.deepcopy(half).float()


def apart(one, other):
    one, other = one.float(), other.float()
    return ((one - other).square().mean() / other.square().mean()).sqrt().item()


def test_when_half_precision_is_asked_for_then_the_plate_is_encoded_in_single():
    half, single = vaes()
    wanted = encode(single, PICTURES)
    exact, quick = encode(half, PICTURES), encode(half, PICTURES, exact=False)
    assert exact.dtype == quick.dtype == torch.float16
    assert torch.equal(exact, wanted.half())
    assert 1e-4 < apart(quick, wanted) < 1e-2
    assert half.dtype == torch.float16
    made = decode(half, LATENTS, 0.18)
    assert made.dtype == torch.float32
    assert 1e-4 < apart(made, decode(single, LATENTS, 0.18)) < 1e-2


def test_when_half_precision_overflows_then_single_takes_its_place():
    half, single = vaes(blown_up=8e4)
    with torch.inference_mode():
        assert not half.encode(PICTURES.half()).latent_dist.mode().isfinite().all()
        assert not half.decode(LATENTS, num_frames=2).sample.isfinite().all()
    assert torch.equal(encode(half, PICTURES, exact=False), encode(single, PICTURES).half())
    assert torch.equal(decode(half, LATENTS, 1), decode(single, LATENTS, 1))
    assert half.dtype == half.decoder.conv_in.weight.dtype == torch.float16


def test_when_latents_are_not_numbers_then_the_pictures_are_not_either():
    half, _ = vaes()
    assert decode(half, LATENTS * torch.nan, 1).isnan().any()
    assert encode(half, PICTURES * torch.nan, exact=False).isnan().any()


@pytest.mark.parametrize("chunk", [1, 8])
def test_when_pictures_are_encoded_in_other_chunks_then_they_are_the_same(chunk):
    vae = networks().vae
    torch.testing.assert_close(encode(vae, PICTURES, chunk=chunk), encode(vae, PICTURES))


def test_when_noise_is_drawn_in_parts_and_not_kept_then_the_rest_is_the_same(monkeypatch):
    def draw(**how):
        return official_noise(torch.Generator().manual_seed(3), 5, 16, 16, **how)

    whole = draw()
    monkeypatch.setattr(module, "NOISE_CHUNK", 2)
    parts = draw()
    assert all(torch.equal(a, b) for a, b in zip(whole, parts, strict=True))
    gone, latents = draw(keeps=False)
    assert gone is None
    assert torch.equal(latents, whole[1])
