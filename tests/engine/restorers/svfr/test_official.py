import torch

from engine.restorers.svfr import latents, official
from engine.restorers.svfr.attention import Predictor
from engine.restorers.svfr.official import SEED, Noise, Pass, run_both, run_pass
from tests.engine.restorers.svfr.tiny import networks, normal, pictures

CLIP = pictures(3)
TOKENS = normal(1, 49, 64, seed=4)


def both(*, saves):
    generator = torch.Generator().manual_seed(SEED)
    seen = []

    def identify(picture):
        seen.append(picture)
        return TOKENS

    early, late = run_both(
        networks(),
        Predictor(networks().unet, saves=saves),
        CLIP,
        noise=lambda some: Noise.seeded(generator, some),
        identify=identify,
        first=Pass(steps=2, window=2, overlap=1),
        second=Pass(steps=2, window=2, overlap=1, decode_chunk=2, task=(1, 1, 0)),
    )
    assert len(seen) == 1
    assert torch.equal(seen[0], early.pictures[-1])
    return early, late


def encoded(ask):
    """Return what is asked, and how many pictures were encoded for it."""
    counts = []
    hook = networks().vae.encoder.register_forward_pre_hook(
        lambda _, given: counts.append(len(given[0]))
    )
    made = ask()
    hook.remove()
    return made, sum(counts)


def test_when_both_passes_save_then_they_make_the_same():
    (plainly, often), (saving, once) = (encoded(lambda s=s: both(saves=s)) for s in (False, True))
    assert often == 2 * (2 + 3) + 1, "the plate of each pass twice, and the reference"
    assert once == 3 + 1
    for plain, saved in zip(plainly, saving, strict=True):
        torch.testing.assert_close(saved.latents, plain.latents, atol=1e-3, rtol=0)
        torch.testing.assert_close(saved.pictures, plain.pictures, atol=2e-3, rtol=0)
    assert plain.pictures.shape == CLIP.shape
    assert plain.pictures.isfinite().all()


def test_when_the_noise_is_drawn_then_that_of_pictures_comes_first():
    noise = Noise.seeded(torch.Generator().manual_seed(SEED), CLIP)
    stream = normal(3 * 3 * 64 * 64, seed=SEED)
    assert torch.equal(noise.pictures, normal(3, 3, 64, 64, seed=SEED))
    assert stream.numel() == noise.pictures.numel()
    assert noise.latents.shape == (3, 4, 8, 8)
    again = Noise.seeded(torch.Generator().manual_seed(SEED), CLIP)
    assert torch.equal(noise.latents, again.latents)


def run(given=None, **settings):
    predict = Predictor(networks().unet)
    drawn = Noise.seeded(torch.Generator().manual_seed(1), CLIP)
    settings = {"steps": 2, "window": 3, "overlap": 0, **settings}
    return run_pass(networks(), predict, CLIP, drawn, Pass(**settings), **given or {}).latents


def test_when_a_reference_or_an_identity_is_given_then_the_result_follows_it():
    base = run()
    for given in ({"reference": CLIP[1]}, {"tokens": TOKENS}):
        assert (run(given) - base).abs().max() > 0.01


def test_when_the_plate_is_augmented_then_denoising_begins_with_the_clean_one(monkeypatch):
    begun = []

    def start(plate, *rest):
        begun.append(plate)
        return latents.start(plate, *rest)

    monkeypatch.setattr(official, "start", start)
    run(steps=1)
    run(steps=1, augmentation=0.1)
    assert torch.equal(*begun)


def test_when_the_plate_is_augmented_or_less_is_asked_for_then_the_result_differs():
    base = run()
    assert torch.equal(base, run(guided=False))  # without a reference both rows are one
    assert torch.equal(base, run(guidance=(1.0, 3.0)))
    assert not torch.equal(base, run(augmentation=0.1))
    assert not torch.equal(base, run(strength=0.5))
    assert not torch.equal(base, run(task=(0, 0, 1)))


def test_when_windows_are_computed_together_then_the_result_is_the_same():
    alone = run(window=2, overlap=1)
    asked = []
    hook = networks().unet.register_forward_pre_hook(lambda _, given: asked.append(len(given[0])))
    together = run(window=2, overlap=1, at_once=2)
    hook.remove()
    assert asked == [2, 1] * 2  # three windows, one row
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=0)
