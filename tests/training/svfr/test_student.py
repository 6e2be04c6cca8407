import pytest
import torch

from engine.restorers.svfr.networks import seeded
from engine.restorers.svfr.sizes import TINY
from training.svfr.data import TASK_SETS, vector
from training.svfr.student import Student


@pytest.fixture(scope="module")
def networks():
    return seeded(TINY)


@pytest.fixture(scope="module")
def student(networks):
    return Student(networks)


@pytest.fixture(autouse=True)
def no_grad():
    with torch.no_grad():
        yield


def asked(rows=2):
    rng = torch.Generator().manual_seed(0)
    sample = torch.randn(rows, 2, 12, 8, 8, generator=rng)
    tokens = torch.randn(rows, 49, 64, generator=rng)
    return sample, torch.tensor([0.5, 9.0])[:rows], tokens, torch.eye(3)[:rows]


def test_when_tokens_are_not_copied_then_the_denoiser_says_the_same(networks, student):
    sample, sigma, tokens, task = asked()
    said = student(sample, sigma, tokens, task).velocity
    layers = [one for name, one in networks.unet.named_modules() if name.endswith(".attn2")]
    own = [layer.processor for layer in layers]
    stock = type(
        networks.unet.get_submodule("mid_block.attentions.0.transformer_blocks.0.attn1").processor
    )
    for layer in layers:
        layer.set_processor(stock())
    expected = networks.unet(sample, 0.25 * sigma.log(), tokens, task).sample
    for layer, processor in zip(layers, own, strict=True):
        layer.set_processor(processor)
    assert torch.allclose(said, expected, rtol=1e-4, atol=1e-6)


def test_when_tokens_are_other_or_none_then_the_denoiser_says_something_else(student):
    sample, sigma, tokens, task = asked()
    said = student(sample, sigma, tokens, task).velocity
    assert not torch.allclose(said, student(sample, sigma, tokens.flip(0), task).velocity)
    zeros = torch.zeros_like(tokens)
    assert torch.allclose(
        student(sample, sigma, zeros, task).velocity,
        student(sample, sigma, zeros[:, :1], task).velocity,
        atol=1e-6,
    )


def test_when_training_begins_then_tasks_are_told_as_loudly_as_times(networks, student):
    del student
    unet = networks.unet
    vectors = torch.tensor([vector(tasks) for tasks in TASK_SETS])
    tasks = unet.add_embedding(unet.add_time_proj(vectors.flatten()).view(len(vectors), -1))
    times = unet.time_embedding(unet.time_proj(0.25 * torch.tensor([0.1, 1.0, 16.0]).log()))
    assert tasks.mean(0).abs().max() < 1e-4
    assert tasks.std() > 2 * (times - times.mean(0)).std()
