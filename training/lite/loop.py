"""The training loop.

A step makes a batch and takes several lessons from it. At first frames are learnt one by one, as if
each were the first of its clip: a network that cannot restore a frame yet feeds its own mistakes
back, and learns ten times more slowly. Later it learns along the clips.

Rules of this file: a step depends on the training's state, its settings and its number only, so
that a killed training goes on as if nothing had happened. No global random numbers are drawn.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import torch

from engine.restorers.lite.network import placed
from training.data import MIXTURE, Batch, Mix, Stream, turned
from training.lite.checkpoint import Training, load_training, save_training, save_weights
from training.lite.evaluate import evaluate, held_out, mean_psnr
from training.lite.losses import loss
from training.lite.parts import PARTS, Part
from training.lite.record import HELD_OUT, STEPS, Table, draw_curve
from training.lite.schedule import Schedule, clip_frames, decay, learning_rate, linked
from training.seeds import random_stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


SINGLES = 4  # lessons of single frames that a batch gives: making it costs as much as learning
CHUNK = 4  # frames through which gradients flow back
RESET = 0.15  # share of clips whose state is lost on the way, as after a cut
NORM = 0.5  # to which gradients are clipped


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training is; kept in its checkpoint, and the same whenever it is resumed.

    Attributes:
        part: Name in `training.lite.parts.PARTS`.
        schedule: When it ends.
        seed: Of the first weights and of the data.
        clips: In a batch.
        size: Height and width of the clips in pixels, a multiple of 16.
        every: Steps between checkpoints and evaluations.
        kinds: Kind of clip to its share.
    """

    part: str
    schedule: Schedule
    seed: int = 0
    clips: int = 16
    size: int = 96
    every: int = 100
    kinds: tuple[tuple[str, float], ...] = tuple(MIXTURE.items())

    def facts(self) -> dict[str, object]:
        """Return the settings as JSON gives them back, without the end, which may be moved."""
        facts = asdict(self)
        del facts["schedule"]
        facts["kinds"] = [list(kind) for kind in self.kinds]
        return facts


def begin(settings: Settings, device: str) -> Training:
    """Return a training before its first step."""
    build = PARTS[settings.part].build
    network, average = (placed(build(seed=settings.seed), device) for _ in range(2))
    average.requires_grad_(requires_grad=False)
    # Eps is above its default, under which the first moments of rare gradients explode.
    optimiser = torch.optim.AdamW(network.parameters(), betas=(0.9, 0.99), eps=1e-7)
    return Training(network, average, optimiser)


def with_resets(batch: Batch, seed: int, step: int) -> Batch:
    """Return the batch with motion that holds nowhere in one frame of some of its clips."""
    rng = random_stream("resets", seed, step)
    motion = batch.motion.clone()
    clips, frames = motion.shape[:2]
    for clip in range(clips):
        lost, frame = rng.random() < RESET, int(rng.integers(1, max(frames, 2)))
        if lost and frame < frames:
            motion[clip, frame, 2] = 0
    return batch._replace(motion=motion)


def lessons(batch: Batch, seed: int, step: int, progress: float) -> Iterator[Batch]:
    """Yield what one batch teaches: single frames at first, then clips; every other one turned."""
    if linked(progress):
        yield from (with_resets(batch, seed, step), turned(with_resets(batch, seed, step + 1)))
        return
    rng = random_stream("singles", seed, step)
    clips, frames = batch.motion.shape[:2]
    for number in range(SINGLES):
        chosen = torch.from_numpy(rng.integers(0, frames, clips))
        single = Batch(*(tensor[torch.arange(clips), chosen][:, None] for tensor in batch))
        single.motion[:, :, 2] = 0
        yield turned(single) if number % 2 else single


def learn(training: Training, part: Part, batch: Batch, rate: float) -> float:
    """Take one lesson, chunk by chunk; return the mean loss of its frames."""
    for group in training.optimiser.param_groups:
        group["lr"] = rate
    training.optimiser.zero_grad(set_to_none=True)
    frames = batch.clean.shape[1]
    state, before, total = None, None, torch.zeros((), device=batch.clean.device)
    for first in range(0, frames, CHUNK):
        last = min(first + CHUNK, frames)
        with torch.autocast(batch.clean.device.type, torch.bfloat16):
            walked = part.walk(training.network, batch, first, last, state)
        state, clean = walked.state, batch.clean[:, first:last]
        share = (last - first) / frames
        value = loss(walked.restored.float(), clean, before) * share
        total += value.detach()
        value.backward()
        before = (walked.restored.float() - clean)[:, -1:].detach()
    torch.nn.utils.clip_grad_norm_(training.network.parameters(), NORM)
    training.optimiser.step()
    training.lessons += 1
    kept = decay(training.lessons)
    pairs = zip(training.average.parameters(), training.network.parameters(), strict=True)
    with torch.no_grad():
        for mean, weight in pairs:
            mean.lerp_(weight, 1 - kept)
    return float(total)


@dataclass(slots=True)
class _Run:
    """A training and the folder that it reports to."""

    settings: Settings
    training: Training
    out: Path
    device: str
    start: float

    @property
    def part(self) -> Part:
        return PARTS[self.settings.part]

    @property
    def steps(self) -> Table:
        return Table(self.out / "steps.csv", STEPS)

    @property
    def judged(self) -> Table:
        return Table(self.out / "held_out.csv", HELD_OUT)

    def minutes(self) -> float:
        return (time.monotonic() - self.start) / 60

    def progress(self, step: int) -> float:
        return self.settings.schedule.progress(step, self.minutes())

    def frames(self, step: int) -> int:
        return clip_frames(self.progress(step))

    def learn(self, batch: Batch, progress: float) -> None:
        """Make a step and note it."""
        step, rate = self.training.step, learning_rate(self.training.step, progress)
        values = [
            learn(self.training, self.part, lesson.to(self.device), rate)
            for lesson in lessons(batch, self.settings.seed, step, progress)
        ]
        self.training.step += 1
        self.training.minutes = self.minutes()
        mean, frames = sum(values) / len(values), batch.clean.shape[1]
        self.steps.append(step, f"{self.minutes():.3f}", repr(mean), f"{rate:.3g}", frames)

    def judge(self, batches: Mapping[str, Batch]) -> None:
        """Score the averaged weights, keep the best ones, and save the training."""
        training, facts = self.training, self.settings.facts()
        scores = evaluate(training.average, self.part, batches, self.device)
        for level, score in scores.items():
            self.judged.append(training.step, level, *(f"{value:.4f}" for value in score))
        mean = mean_psnr(scores)
        print(
            f"step {training.step}, {training.minutes:.1f} min: held out {mean:.3f} dB", flush=True
        )
        if mean > training.best:
            training.best = mean
            about = {"step": training.step, "psnr": mean, "settings": facts}
            save_weights(self.out / "best.safetensors", training.average, about)
        save_training(self.out / "last.safetensors", training, facts)
        draw_curve(self.out / "curve.png", self.steps, self.judged)


def train(settings: Settings, out: Path, device: str, workers: int, *, resume: bool) -> Training:
    """Train until the schedule ends; leave checkpoints, tables and the curve in a folder.

    ``last.safetensors`` is the newest checkpoint, ``best.safetensors`` the averaged weights with
    the best mean PSNR of the held-out clips.

    Args:
        settings: What to train.
        out: Folder, made where it is not there.
        device: ``cpu`` or ``cuda:N``.
        workers: Processes that make data; 0 makes it in this one.
        resume: Go on from the folder's checkpoint, where there is one.

    Raises:
        ValueError: The checkpoint was made under other settings.
        OSError: The folder cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    training = begin(settings, device)
    if resume and (out / "last.safetensors").exists():
        load_training(out / "last.safetensors", training, settings.facts())
    run = _Run(settings, training, out, device, time.monotonic() - 60 * training.minutes)
    run.steps.keep_before(training.step)
    # Judging stands before the checkpoint's save and is numbered as it is.
    run.judged.keep_before(training.step + (training.step > 0))
    batches = held_out(run.part, [kind for kind, _ in settings.kinds], settings.size)
    if training.step == 0:
        run.judge(batches)
    mix = Mix(settings.seed, settings.clips, settings.size, **run.part.shares, kinds=settings.kinds)
    with Stream(mix, training.step, run.frames, workers) as stream:
        for batch in stream:
            progress = run.progress(training.step)
            if progress >= 1:
                break
            run.learn(batch, progress)
            if training.step % settings.every == 0:
                run.judge(batches)
    if training.step % settings.every:
        run.judge(batches)
    return training
