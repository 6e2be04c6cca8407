import csv
import json

import pytest
import torch
from safetensors import safe_open

from engine.restorers.lite.network import Restoring
from training.data import Mix, collated, make_sample
from training.lite import evaluate as judging
from training.lite import loop, parts
from training.lite.checkpoint import load_training, save_training
from training.lite.loop import SINGLES, Settings, begin, learn, lessons, train, with_resets
from training.lite.schedule import Schedule

KINDS = (("patterns", 1.0),)


class Small(Restoring):
    def __init__(self, seed=0):
        super().__init__(8, 12, 16, 8, seed)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    whole = parts.PARTS["restoring"]
    part = parts.Part(Small, whole.walk, whole.shares, ("noise 20", "brush masks"), averaged=True)
    monkeypatch.setitem(parts.PARTS, "restoring", part)
    monkeypatch.setattr(judging, "FRAMES", 2)
    monkeypatch.setattr(judging, "CLIPS", 1)
    return part


def asked(steps, every=2):
    return Settings("restoring", Schedule(steps=steps), 1, 2, 32, every, KINDS)


def losses(folder):
    with (folder / "steps.csv").open(encoding="utf-8") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def batch(frames=6):
    mix = Mix(seed=2, clips=2, size=32, kinds=KINDS)
    return collated([make_sample(mix, 0, slot, frames) for slot in range(2)])


class Killed(BaseException):
    pass


def test_when_training_is_killed_then_it_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    whole = train(asked(5), tmp_path / "whole", "cpu", 0, resume=False)
    lesson = loop.learn

    def killed(training, *arguments):
        if training.step == 3:
            raise Killed
        return lesson(training, *arguments)

    monkeypatch.setattr(loop, "learn", killed)
    with pytest.raises(Killed):
        train(asked(5), tmp_path / "cut", "cpu", 0, resume=False)
    monkeypatch.setattr(loop, "learn", lesson)
    resumed = train(asked(5), tmp_path / "cut", "cpu", 0, resume=True)
    assert losses(tmp_path / "cut") == losses(tmp_path / "whole")
    assert len(losses(tmp_path / "cut")) == 5
    for one, other in ((whole.network, resumed.network), (whole.average, resumed.average)):
        weights = other.state_dict()
        assert all(torch.equal(tensor, weights[name]) for name, tensor in one.state_dict().items())


def test_when_training_ends_then_checkpoint_best_weights_and_curve_are_there(tmp_path):
    train(asked(2), tmp_path, "cpu", 0, resume=False)
    assert (tmp_path / "curve.png").stat().st_size > 1000
    with (tmp_path / "held_out.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["step"], row["level"]) for row in rows] == [
        ("0", "noise 20"),
        ("0", "brush masks"),
        ("2", "noise 20"),
        ("2", "brush masks"),
    ]
    with safe_open(tmp_path / "best.safetensors", "pt") as file:
        facts = json.loads(file.metadata()["training"])
        assert set(file.keys()) == set(Small().state_dict())
    assert facts["psnr"] == pytest.approx(
        max(sum(float(row["psnr"]) for row in rows if row["step"] == step) / 2 for step in "02"),
        abs=1e-3,
    )


def test_when_the_same_batch_is_learnt_again_then_the_loss_falls(small):
    training, lesson = begin(asked(1), "cpu"), batch()
    values = [learn(training, small, lesson, 2e-3) for _ in range(8)]
    assert values[-1] < 0.98 * values[0]
    assert training.lessons == 8


def test_when_a_step_is_made_then_the_average_moves_less_than_the_weights(small):
    training = begin(asked(1), "cpu")
    training.lessons = 89  # the next one keeps 0.91
    start = training.average.enter.weight.clone()
    learn(training, small, batch(2), 1e-3)
    moved = training.network.enter.weight.detach() - start
    torch.testing.assert_close(training.average.enter.weight - start, moved * 9 / 100)


def test_when_a_checkpoint_is_of_other_settings_then_it_is_refused(tmp_path):
    training, path = begin(asked(1), "cpu"), tmp_path / "last.safetensors"
    save_training(path, training, asked(1).facts())
    load_training(path, training, asked(9).facts())  # the end may be moved
    with pytest.raises(ValueError, match="was trained with"):
        load_training(path, training, asked(1, every=3).facts())


def test_when_states_are_reset_then_motion_holds_nowhere_in_one_frame():
    clear = batch(4)
    clear.motion[:, :, 2] = 1
    reset = [with_resets(clear, 0, step).motion[:, :, 2].amax(dim=(2, 3)) for step in range(60)]
    lost = torch.stack([(holds == 0).sum(dim=1) for holds in reset])
    assert lost.max() == 1
    assert 0.05 < lost.double().mean() < 0.3
    assert clear.motion[:, :, 2].min() == 1
    assert torch.equal(with_resets(clear, 0, 7).motion, with_resets(clear, 0, 7).motion)


def test_when_training_begins_then_frames_are_learnt_one_by_one():
    whole = batch(3)
    singles = list(lessons(whole, 0, 0, 0.0))
    assert len(singles) == SINGLES
    assert all(single.clean.shape[1] == 1 for single in singles)
    assert not any(single.motion[:, :, 2].any() for single in singles)
    first = singles[0].clean[0, 0]
    assert any(torch.equal(first, whole.clean[0, t]) for t in range(3))
    assert whole.motion[:, 1:, 2].any()


def test_when_training_is_well_on_then_clips_are_learnt_whole_and_turned():
    whole = batch(3)
    clips = list(lessons(whole, 0, 0, 0.9))
    assert torch.equal(clips[0].clean, whole.clean)
    assert torch.equal(clips[1].clean, whole.clean.transpose(-1, -2))
