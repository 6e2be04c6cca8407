import pytest
import torch

from training.lite.record import Table
from training.svfr import data, loop
from training.svfr.data import Lessons
from training.svfr.evaluate import COLUMNS
from training.svfr.loop import STEPS, Settings, begin, learn, losses_of, train

SMALL = Settings(clips=2, frames=1, people=2, judged=2, every=9)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(data, "LONG", 4)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def begun():
    return begin("cpu")


def batch_of(networks):
    return Lessons(networks, SMALL.mix()).batch(0)


def losses_in(folder):
    return [row["total"] for row in Table(folder / "steps.csv", STEPS).rows()]


def test_when_training_is_resumed_then_it_goes_on_as_if_it_had_not_ended(tmp_path):
    whole = train(SMALL, 2, tmp_path / "whole")
    train(SMALL, 1, tmp_path / "cut")
    resumed = train(SMALL, 2, tmp_path / "cut")
    assert losses_in(tmp_path / "cut") == losses_in(tmp_path / "whole")
    assert torch.equal(resumed.losses, whole.losses)
    assert torch.equal(resumed.landmarks, whole.landmarks)
    rows = Table(tmp_path / "cut" / "held_out.csv", COLUMNS).rows()
    assert sorted({int(row["step"]) for row in rows}) == [0, 1, 2]  # judged where it ended, too
    assert len(rows) == 3 * len(list(whole.rows()))


def test_when_one_batch_is_learnt_then_every_loss_falls():
    networks, training = begin("cpu")
    batch = batch_of(networks)
    settings = Settings(unified=1.0)
    values = []
    for _ in range(8):
        losses = losses_of(training.network, batch, settings, 0)
        learn(training, losses)
        values.append([one.item() for one in losses])
    assert all(after < before for before, after in zip(values[0], values[-1], strict=True))
    assert not any(weight.requires_grad for weight in networks.arcface.parameters())


@pytest.mark.parametrize(("prior", "taught"), [(0.1, True), (0.0, False)])
def test_when_the_prior_weighs_nothing_then_only_its_predictor_learns(begun, prior, taught):
    networks, training = begun
    student = training.network
    student.zero_grad()
    batch = batch_of(networks)
    losses_of(student, batch, Settings(prior=prior), 0).prior.backward()
    assert student.predictor.layers[0].weight.grad.abs().sum() > 0
    assert (student.unet.conv_in.weight.grad is not None) == taught


def test_when_references_are_dropped_then_they_do_not_reach_the_denoiser(begun, monkeypatch):
    networks, training = begun
    batch = batch_of(networks)
    other = batch._replace(reference=batch.reference + 1, maps=batch.maps.flip(-1))

    def noise_loss(rows):
        with torch.no_grad():
            return losses_of(training.network, rows, SMALL, 0).noise

    monkeypatch.setattr(loop, "DROPPED", 1.0)
    assert torch.equal(noise_loss(batch), noise_loss(other))
    monkeypatch.setattr(loop, "DROPPED", 0.0)
    assert not torch.equal(noise_loss(batch), noise_loss(other))
