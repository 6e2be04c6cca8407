"""Judging on people who were never trained on.

Every held-out plate is damaged for one task and predicted under the vector of each of the three,
with the same noise, without a reference. People are the sample: every figure is a mean over them,
with its standard error, and what is compared is compared person by person.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple, Self

import torch
from torch import Tensor

from training.data import HELD_OUT
from training.degrade import LEVELS, TASKS
from training.svfr.data import Batch, Lessons, damage, face, vector
from training.svfr.losses import noisy, velocity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from training.svfr.student import Student

DAMAGES = {"bfr": "x4 mix", "colour": "greyscale", "inpaint": "brush masks"}
SIGMAS = (1.0, 4.0, 16.0)
"""Where the plate tells what the noise hides."""
EYES = (slice(36, 42), slice(42, 48))
COLUMNS = ("step", "damage", "sigma", "person", "landmarks", *TASKS)
"""Of the table: the landmarks' error, and the noise loss under each task's vector."""


class Mean(NamedTuple):
    """A mean and its standard error."""

    value: float
    error: float

    @classmethod
    def of(cls, people: Tensor) -> Self:
        """Return that of one number a person, of at least 2."""
        return cls(people.mean().item(), people.std().item() / len(people) ** 0.5)

    @property
    def clear(self) -> bool:
        """Whether it is above 0 by more than two standard errors."""
        return self.value > 2 * self.error

    def __str__(self) -> str:
        return f"{self.value:.4f} +- {self.error:.4f}"


class Score(NamedTuple):
    """How good a student is, person by person.

    Attributes:
        losses: ``(3, S, 3, P)`` float64: the noise loss by damage, sigma, vector, person.
        landmarks: ``(3, S, P)`` float64: mean distance under the right vector, percent of that of
            the eyes.
    """

    losses: Tensor
    landmarks: Tensor

    def noise(self) -> Tensor:
        """Return each person's noise loss under the right vectors, ``(P,)``."""
        return torch.stack([self.losses[task, :, task].mean(0) for task in range(len(TASKS))]).mean(
            0
        )

    def distances(self) -> Tensor:
        """Return each person's landmark error, ``(P,)``."""
        return self.landmarks.mean((0, 1))

    def margins(self, task: int) -> Tensor:
        """Return by how much each person's loss under the best wrong vector is above the right's.

        Args:
            task: Its place in TASKS.

        Returns:
            ``(S, P)``. The best wrong vector is that of all people and sigmas.
        """
        losses = self.losses[task]
        wrong = [place for place in range(len(TASKS)) if place != task]
        best = min(wrong, key=lambda place: losses[:, place].mean().item())
        return losses[:, best] - losses[:, task]

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Return what stands in the table, COLUMNS without the step."""
        for (place, damage_), (level, sigma) in product(enumerate(TASKS), enumerate(SIGMAS)):
            for person, distance in enumerate(self.landmarks[place, level].tolist()):
                losses: list[float] = self.losses[place, level, :, person].tolist()
                values = (f"{value:.6f}" for value in (distance, *losses))
                yield damage_, sigma, person, *values

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, str]]) -> Self:
        """Return what a step's rows tell, as they were written."""
        names = ("landmarks", *TASKS)
        values = torch.tensor(
            [[float(row[name]) for name in names] for row in rows], dtype=torch.float64
        ).unflatten(0, (len(TASKS), len(SIGMAS), -1))
        return cls(values[..., 1:].movedim(-1, 2), values[..., 0])

    def __str__(self) -> str:
        margins = (Mean.of(self.margins(place).mean(0)) for place in range(len(TASKS)))
        told = ", ".join(f"{task} {margin}" for task, margin in zip(TASKS, margins, strict=True))
        return (
            f"held-out noise loss {self.noise().mean():.4f}, landmarks "
            f"{self.distances().mean():.2f} % of the eyes' distance, right vectors better by {told}"
        )


def held_out(lessons: Lessons, people: int) -> list[Batch]:
    """Make the batches to judge by, one for each task."""
    faces = [face(HELD_OUT + number, lessons.size) for number in range(people)]
    frames = lessons.mix.frames
    return [
        lessons.encoded([damage(one, 0, frames, (task,), LEVELS[level]) for one in faces])
        for task, level in DAMAGES.items()
    ]


@torch.no_grad()
def evaluate(student: Student, batches: Sequence[Batch]) -> Score:
    """Return the score on the batches of `held_out`."""
    losses: list[Tensor] = []
    distances: list[Tensor] = []
    for (place, batch), (number, sigma) in product(enumerate(batches), enumerate(SIGMAS)):
        found, marks = _asked(student, batch, sigma, number)
        losses.append(found)
        distances.append(_distance(marks[place], batch.landmarks))
    shape = (len(batches), len(SIGMAS))
    return Score(
        torch.stack(losses).unflatten(0, shape), torch.stack(distances).unflatten(0, shape)
    )


def _asked(student: Student, batch: Batch, sigma: float, seed: int) -> tuple[Tensor, Tensor]:
    """Return the noise loss ``(3, R)`` and the landmarks ``(3, R, T, 68, 2)`` under each vector."""
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
    return error.double().pow(2).flatten(2).mean(2).cpu(), marks


def _distance(marks: Tensor, exact: Tensor) -> Tensor:
    """Return each row's, ``(R,)``."""
    left, right = (exact[:, :, eye].mean(2) for eye in EYES)
    apart = (left - right).norm(dim=-1).clamp(min=5)  # of a profile they fall together
    distances = (marks - exact).norm(dim=-1).mean(-1) / apart
    return 100 * distances.double().mean(1).cpu()
