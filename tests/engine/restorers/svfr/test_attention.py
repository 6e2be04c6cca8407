import pytest
import torch

from engine.restorers.svfr.attention import NOTHING, Predictor, Row
from tests.engine.restorers.svfr.tiny import networks, normal

LAYERS = sum(name.endswith(".attn2") for name, _ in networks().unet.named_modules())
TIME, TASK = torch.tensor(0.3), torch.tensor([1.0, 0, 1.0])
LATENTS, PLATE = normal(3, 4, 8, 8), normal(3, 4, 8, 8, seed=1)


def row(tokens=1):
    return Row(normal(4, 8, 8, seed=2), normal(tokens, 49, 64, seed=3))


@torch.inference_mode()
def ask(rows, *, saves, together=2):
    return Predictor(networks().unet, saves=saves, together=together)(
        LATENTS, PLATE, rows, TIME, TASK
    )


@pytest.fixture
def layers():
    """Count how often each layer projects tokens to keys."""
    seen = {}
    hooks = [
        module.to_k.register_forward_hook(
            lambda _, inputs, __, name=name: seen.setdefault(name, []).append(inputs[0].shape)
        )
        for name, module in networks().unet.named_modules()
        if name.endswith(".attn2")
    ]
    yield seen
    [hook.remove() for hook in hooks]


@pytest.mark.parametrize("rows", [(NOTHING,), (row(),), (NOTHING, row()), (NOTHING, NOTHING)])
def test_when_the_unet_saves_then_it_predicts_the_same(rows):
    plain, saved = ask(rows, saves=False), ask(rows, saves=True)
    assert len(plain) == len(saved) == len(rows)
    for a, b in zip(plain, saved, strict=True):
        assert a.abs().max() > 0.1
        torch.testing.assert_close(b, a, atol=2e-5, rtol=0)


def test_when_rows_are_asked_one_after_the_other_then_they_predict_the_same():
    rows = NOTHING, row()
    for a, b in zip(ask(rows, saves=True), ask(rows, saves=True, together=1), strict=True):
        torch.testing.assert_close(b, a, atol=2e-5, rtol=0)


def test_when_tokens_are_zero_then_nothing_is_projected_and_equal_rows_are_computed_once(layers):
    ask((NOTHING, NOTHING), saves=True)
    assert not layers
    ask((NOTHING, NOTHING), saves=False)
    assert len(layers) == LAYERS
    layers.clear()
    asked = []
    hook = networks().unet.register_forward_pre_hook(lambda _, given: asked.append(len(given[0])))
    ask((NOTHING, NOTHING), saves=True)
    hook.remove()
    assert asked == [1]


def test_when_a_row_is_asked_again_then_its_tokens_are_projected_once(layers):
    one = row()
    predictor = Predictor(networks().unet)
    with torch.inference_mode():
        for _ in range(3):
            predictor(LATENTS, PLATE, (NOTHING, one), TIME, TASK)
    assert len(layers) == LAYERS
    assert all(shapes == [(1, 49, 64)] for shapes in layers.values())


def test_when_tokens_differ_from_frame_to_frame_then_each_frame_has_its_own(layers):
    tokens = torch.cat([normal(1, 49, 64, seed=seed) for seed in range(3)])
    several = ask((Row(tokens=tokens),), saves=True)[0]
    assert {shapes[0][0] for shapes in layers.values()} == {1, 3}  # along time: their mean
    same = ask((Row(tokens=tokens[:1].expand(3, -1, -1)),), saves=True)[0]
    alone = ask((Row(tokens=tokens[:1]),), saves=True)[0]
    torch.testing.assert_close(same, alone, atol=2e-5, rtol=0)
    assert (several - alone).abs().max() > 1e-3


def test_when_two_ask_the_same_unet_then_each_has_its_own_way():
    unet = networks().unet
    saving, plain = Predictor(unet), Predictor(unet, saves=False)
    names = list(unet.state_dict())
    with torch.inference_mode():
        a, b, c = (
            asked(LATENTS, PLATE, (row(),), TIME, TASK)[0] for asked in (saving, plain, saving)
        )
    assert torch.equal(a, c)
    torch.testing.assert_close(b, a, atol=2e-5, rtol=0)
    assert list(unet.state_dict()) == names


def test_when_task_reference_or_tokens_change_then_the_prediction_does():
    full = row()
    (base,) = ask((full,), saves=True)
    for other in (Row(full.reference), Row(tokens=full.tokens)):
        assert (ask((other,), saves=True)[0] - base).abs().max() > 0.01
    with torch.inference_mode():
        told = Predictor(networks().unet)(LATENTS, PLATE, (full,), TIME, TASK * 0)[0]
    assert (told - base).abs().max() > 0.01
