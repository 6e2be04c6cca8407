import pytest

from bench.svfr_memory import whole_memory, window_memory
from bench.svfr_work import official
from engine.restorers.svfr.asked import Economy
from engine.restorers.svfr.attention import Predictor
from engine.restorers.svfr.networks import build
from engine.restorers.svfr.official import Pass
from engine.restorers.svfr.sizes import FULL, TINY

WEIGHTS = 2 * sum(
    one.numel()
    for part in ("unet", "vae", "id_linear", "arcface")
    for one in build(part, FULL).parameters()
)


@pytest.fixture
def quick(monkeypatch):
    """Leave out the UNet, which sees one window at a time and needs less than the VAE."""
    monkeypatch.setattr(Predictor, "ask", lambda _, sample, *__: sample[:, :, :4].clone())


@pytest.mark.usefixtures("quick")
def test_when_a_clip_is_longer_then_the_device_needs_no_more_memory():
    least, *longer = (whole_memory(TINY, frames) for frames in (16, 48, 96))
    latents = 2 * 4 * 8 * 8  # bytes of a frame's
    for frames, found in zip((48, 96), longer, strict=True):
        assert found - least <= 8 * latents * (frames - 16)
    assert max(longer) < 1.02 * least


def test_when_a_window_is_restored_at_the_published_size_then_sixteen_gigabytes_suffice():
    found = window_memory(FULL, Economy())
    assert WEIGHTS < found < 13e9


@pytest.mark.usefixtures("quick")
def test_when_smaller_chunks_are_computed_then_less_is_estimated():
    little = window_memory(TINY, Economy(encode_chunk=4, decode_chunk=4))
    assert little < 0.5 * window_memory(TINY, Economy())


@pytest.mark.usefixtures("quick")
def test_when_it_is_done_plainly_then_twenty_pictures_are_encoded_at_a_time():
    assert official(Pass(at_once=2), Pass())[0] == Pass(encode_chunk=20)
    assert whole_memory(TINY, 20, saves=False) > 1.1 * whole_memory(TINY, 20)
