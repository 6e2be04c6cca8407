import pytest
import torch

from training.data import Batch
from training.lite.evaluate import Score, evaluate, flicker_error, mean_psnr, psnr
from training.lite.parts import PARTS, Part


def test_when_pixels_are_off_by_a_tenth_then_psnr_is_20_db():
    clean = torch.zeros(1, 2, 3, 4, 4)
    assert psnr(clean + 0.1, clean) == pytest.approx(20, abs=1e-5)
    assert psnr(clean, clean) == 100


def test_when_frames_are_off_by_turns_then_flicker_is_their_difference():
    clean = torch.zeros(1, 3, 3, 4, 4)
    restored = clean.clone()
    restored[:, 1] = 10 / 255
    assert flicker_error(restored, clean) == pytest.approx(10)
    assert flicker_error(clean + 0.5, clean) == 0


def test_when_levels_are_averaged_then_the_clean_one_counts_up_to_45_db():
    assert mean_psnr({"clean": Score(80, 0, 100, 0), "x": Score(25, 0, 20, 0)}) == 35


def pair(clean, degraded):
    nothing = clean[:, :, :1] * 0
    return Batch(clean, degraded, degraded, nothing, nothing, torch.zeros(1, 2, 3, 16, 16))


@pytest.mark.parametrize("name", PARTS)
def test_when_a_new_network_is_judged_then_each_level_has_a_score(name):
    whole = PARTS[name]
    pixels = torch.rand(1, 2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    batch = pair(pixels, pixels)
    part = Part(whole.build, whole.walk, whole.shares, ("clean",))
    score = evaluate(part.build(), part, {"clean": batch}, "cpu")["clean"]
    assert score.psnr_before == 100
    assert 5 < score.psnr < 100
    assert score.flicker > 0


def test_when_chroma_walks_then_the_luma_is_the_clean_one():
    part = PARTS["chroma"]
    pixels = torch.rand(1, 2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    batch = pair(pixels, pixels * 0.5)
    restored = part.walk(part.build(), batch, 0, 2, None).restored
    weights = torch.tensor([0.2126, 0.7152, 0.0722])[:, None, None]
    torch.testing.assert_close((restored * weights).sum(2), (pixels * weights).sum(2))
