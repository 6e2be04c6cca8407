"""The training loop.

Rules of this file: a step depends on the training's state, its settings and its number only, so
that a killed training goes on as if nothing had happened. No global random numbers are drawn.
"""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import torch

from engine.restorers.svfr.networks import Networks, seeded
from engine.restorers.svfr.sizes import TINY
from training.lite.checkpoint import Training, load_training, save_training
from training.lite.record import Table
from training.lite.schedule import decay
from training.seeds import random_stream
from training.svfr.data import Batch, Lessons, Mix
from training.svfr.evaluate import COLUMNS, Score, evaluate, held_out
from training.svfr.losses import (
    PRIOR,
    UNIFIED,
    Losses,
    draw_sigmas,
    noisy,
    unified,
    velocity,
    wing,
)
from training.svfr.student import Student

if TYPE_CHECKING:
    from pathlib import Path

STEPS = ("step", "minutes", *Losses._fields)
DROPPED = 0.5  # share of the rows that see no reference
PEAK, WARM_UP = 2e-3, 50  # learning rate, and the steps on which it rises to it
NORM = 1.0  # to which gradients are clipped


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training is; kept in its checkpoint, and the same whenever it is resumed.

    Attributes:
        seed: Of the data and the noise.
        clips: Different clips in a batch; each is in it twice.
        frames: Of a clip.
        people: How many there are to learn from.
        judged: Held-out people, at least 2.
        every: Steps between evaluations and checkpoints.
        unified: Lambda 1.
        prior: Lambda 2; at 0 the landmark predictor learns without teaching the denoiser.
    """

    seed: int = 0
    clips: int = 8
    frames: int = 2
    people: int = 64
    judged: int = 64
    every: int = 200
    unified: float = UNIFIED
    prior: float = PRIOR

    def mix(self) -> Mix:
        """Return what batches are made of."""
        return Mix(self.seed, self.clips, self.frames, self.people)


def begin(device: str) -> tuple[Networks, Training]:
    """Return the networks, the denoiser among them, and a training before its first step."""
    networks = seeded(TINY, device)
    student = Student(networks).to(device)
    average = deepcopy(student)
    average.requires_grad_(requires_grad=False)
    optimiser = torch.optim.AdamW(student.parameters(), betas=(0.9, 0.99), eps=1e-7)
    return networks, Training(student, average, optimiser)


def losses_of(student: Student, batch: Batch, settings: Settings, step: int) -> Losses:
    """Return the losses of a batch, equation 4.

    Args:
        student: Being trained.
        batch: Its rows are pairs of one clip.
        settings: Seed and weights.
        step: Of the noise, too.
    """
    rng = random_stream("svfr noise", settings.seed, step)
    target = batch.target
    noise = torch.from_numpy(rng.standard_normal(target.shape)).to(target)
    sigma = draw_sigmas(rng, len(target)).to(target)
    told = torch.from_numpy(rng.random(len(target)) >= DROPPED).to(target)
    tokens = student.projection(batch.maps) * told.view(-1, 1, 1)
    reference = (batch.reference * told.view(-1, 1, 1, 1))[:, None].expand_as(batch.plate)
    sample = torch.cat([noisy(target, noise, sigma), batch.plate, reference], 2)
    said = student(sample, sigma, tokens, batch.task)
    wrong = (said.velocity - velocity(target, noise, sigma)).pow(2).mean()
    alike = unified(student.transformer(said.middle).unflatten(0, (-1, 2)))
    middle = said.middle if settings.prior else said.middle.detach()
    prior = wing(student.predictor(middle) - batch.landmarks)
    total = wrong + settings.unified * alike + (settings.prior or PRIOR) * prior
    return Losses(total, wrong, alike, prior)


def learn(training: Training, losses: Losses) -> None:
    """Take a step along the gradient."""
    rate = PEAK * min(1.0, (training.step + 1) / WARM_UP)
    for group in training.optimiser.param_groups:
        group["lr"] = rate
    training.optimiser.zero_grad(set_to_none=True)
    losses.total.backward()
    torch.nn.utils.clip_grad_norm_(training.network.parameters(), NORM)
    training.optimiser.step()
    training.lessons += 1
    training.step += 1
    kept = decay(training.lessons)
    pairs = zip(training.average.parameters(), training.network.parameters(), strict=True)
    with torch.no_grad():
        for mean, weight in pairs:
            mean.lerp_(weight, 1 - kept)


def train(settings: Settings, steps: int, out: Path, device: str = "cpu") -> Score:
    """Train, or go on from the folder's checkpoint; return the last score.

    Leaves ``last.safetensors``, ``steps.csv`` and ``held_out.csv``. What is judged is the running
    mean of the weights.

    Args:
        settings: What to train.
        steps: The last step, excluded.
        out: Folder, made where it is not there.
        device: ``cpu`` or ``cuda:N``.

    Raises:
        ValueError: The checkpoint was made under other settings.
        OSError: The folder cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    networks, training = begin(device)
    last, facts = out / "last.safetensors", asdict(settings)
    if last.exists():
        load_training(last, training, facts)
    start = time.monotonic() - 60 * training.minutes
    table, judged = Table(out / "steps.csv", STEPS), Table(out / "held_out.csv", COLUMNS)
    table.keep_before(training.step)
    judged.keep_before(training.step)  # its row is written anew
    lessons = Lessons(networks, settings.mix())
    batches = held_out(lessons, settings.judged)
    student, average = training.network, training.average
    assert isinstance(student, Student)
    assert isinstance(average, Student)
    score = _judge(average, batches, judged, training.step)
    while training.step < steps:
        step = training.step
        losses = losses_of(student, lessons.batch(step), settings, step)
        learn(training, losses)
        training.minutes = (time.monotonic() - start) / 60
        values = [one.item() for one in losses]
        table.append(step, f"{training.minutes:.3f}", *map(repr, values))
        if training.step % settings.every == 0 or training.step == steps:
            score = _judge(average, batches, judged, training.step)
            save_training(last, training, facts)
    return score


def _judge(average: Student, batches: list[Batch], judged: Table, step: int) -> Score:
    score = evaluate(average, batches)
    for row in score.rows():
        judged.append(step, *row)
    print(f"step {step}: {score}", flush=True)
    return score
