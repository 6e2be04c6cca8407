"""Judging on people who were never trained on.

Every held-out plate is damaged for one task and predicted under the vector of each of the three,
with the same noise, without a reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from training.data import HELD_OUT
from training.degrade import LEVELS, TASKS
from training.svfr.data import Batch, damage, encoded, face, vector
from training.svfr.losses import noisy, velocity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from engine.restorers.svfr.networks import Networks
    from training.svfr.student import Student

DAMAGES = {"bfr": "x4 mix", "colour": "greyscale", "inpaint": "brush masks"}
SIGMAS = (1.0, 4.0, 16.0)
"""Where the plate tells what the noise hides."""
EYES = (slice(36, 42), slice(42, 48))


class Score(NamedTuple):
    """How good a student is.

    Attributes:
        noise: Mean noise loss under the right vectors.
        landmarks: Mean distance of landmarks, percent of that of the eyes.
        right: Noise loss of each task under its vector.
        wrong: The least one under another task's.
    """

    noise: float
    landmarks: float
    right: tuple[float, ...]
    wrong: tuple[float, ...]

    def told_apart(self) -> bool:
        """Return whether each task's own vector is the best one."""
        return all(own < other for own, other in zip(self.right, self.wrong, strict=True))


def held_out(networks: Networks, clips: int, frames: int) -> list[Batch]:
    """Make the batches to judge by, one for each task."""
    faces = [face(HELD_OUT + number, networks.sizes.crop) for number in range(clips)]
    return [
        encoded(networks, [damage(one, 0, frames, (task,), LEVELS[level]) for one in faces])
        for task, level in DAMAGES.items()
    ]


@torch.no_grad()
def evaluate(student: Student, batches: Sequence[Batch]) -> Score:
    """Return the score on the batches of `held_out`."""
    table = torch.zeros(len(TASKS), len(TASKS), dtype=torch.float64)
    distances: list[Tensor] = []
    for place, batch in enumerate(batches):
        for number, sigma in enumerate(SIGMAS):
            losses, marks = _asked(student, batch, sigma, number)
            table[place] += losses / len(SIGMAS)
            distances.append(_distance(marks[place], batch.landmarks))
    right = table.diagonal()
    wrong = (table + torch.diag(torch.full((len(TASKS),), torch.inf))).amin(1)
    landmarks = 100 * torch.stack(distances).mean().item()
    return Score(right.mean().item(), landmarks, tuple(right.tolist()), tuple(wrong.tolist()))


def _asked(student: Student, batch: Batch, sigma: float, seed: int) -> tuple[Tensor, Tensor]:
    """Return the noise loss ``(3,)`` and the landmarks ``(3, R, T, 68, 2)`` under each vector."""
    target, rows = batch.target, len(batch.target)
    noise = torch.randn(target.shape, generator=torch.Generator().manual_seed(seed)).to(target)
    sigmas = target.new_full((rows,), sigma)
    seen = noisy(target, noise, sigmas)
    sample = torch.cat([seen, batch.plate, torch.zeros_like(batch.plate)], 2)
    told = len(TASKS)
    tokens = target.new_zeros(told * rows, 1, student.projection.final_norm.weight.numel())
    tasks = target.new_tensor([vector((task,)) for task in TASKS]).repeat_interleave(rows, 0)
    said = student(sample.repeat(told, 1, 1, 1, 1), sigmas.repeat(told), tokens, tasks)
    error = said.velocity.unflatten(0, (told, rows)) - velocity(target, noise, sigmas)
    marks = student.predictor(said.middle).unflatten(0, (told, rows))
    return error.double().pow(2).flatten(1).mean(1).cpu(), marks


def _distance(marks: Tensor, exact: Tensor) -> Tensor:
    left, right = (exact[:, :, eye].mean(2) for eye in EYES)
    apart = (left - right).norm(dim=-1).clamp(min=5)  # of a profile they fall together
    return ((marks - exact).norm(dim=-1).mean(-1) / apart).mean()
