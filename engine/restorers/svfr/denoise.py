"""Latents from noise: guidance, Euler steps, and the official blend of circular windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from engine.restorers.svfr.circular import circular_windows, triangle
from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffusers import EulerDiscreteScheduler
    from torch import Tensor

    from engine.restorer import Watch
    from engine.restorers.svfr.attention import Predictor, Row


@dataclass(frozen=True, slots=True)
class Schedule:
    """Levels of noise, falling.

    Attributes:
        sigmas: ``(S + 1,)`` float32 on the CPU; the last is 0.
        timesteps: ``(S,)`` float32 on the CPU: how the UNet is told of them.
    """

    sigmas: Tensor
    timesteps: Tensor

    def __len__(self) -> int:
        return len(self.timesteps)


def schedule(scheduler: EulerDiscreteScheduler, steps: int, strength: float = 1.0) -> Schedule:
    """Return the schedule of that many steps; of these, the last part.

    Args:
        scheduler: Is told the number of steps.
        steps: At least 1.
        strength: Part of the steps that is kept, in (0, 1], at least one step; less keeps more of
            the plate.

    Raises:
        SettingsError: There is no step.
    """
    if steps < 1:
        raise SettingsError(f"{steps} steps denoise nothing; give at least 1")
    kept = min(max(int(steps * strength), 1), steps)
    scheduler.set_timesteps(steps)
    return Schedule(scheduler.sigmas[-kept - 1 :].clone(), scheduler.timesteps[-kept:].clone())


def guidance(schedule: Schedule, first: float, last: float) -> tuple[float, ...]:
    """Return the guidance of each step, from `first` to `last`."""
    return tuple(float(one) for one in torch.linspace(first, last, len(schedule)))


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a whole clip is denoised under.

    Attributes:
        plate: ``(N, 4, h, w)`` the encoder's mode, not scaled.
        rows: The row to be followed; or two, of which the first is the one to be led away from.
        guidance: How far, one number a step; without effect on one row.
        task: ``(3,)`` whether to restore, colour, inpaint.
    """

    plate: Tensor
    rows: tuple[Row, ...]
    guidance: Sequence[float]
    task: Tensor


def euler(latents: Tensor, velocity: Tensor, sigma: Tensor, following: Tensor) -> Tensor:
    """Return latents after a step, computed in float32.

    Args:
        latents: At `sigma`.
        velocity: What the UNet predicted, in the precision of the result.
        sigma: Scalar on the CPU.
        following: The next sigma.
    """
    sample = latents.float()
    clean = velocity * (-sigma / (sigma**2 + 1) ** 0.5) + sample / (sigma**2 + 1)
    slope = (sample - clean) / sigma
    return (sample + slope * (following - sigma)).to(velocity.dtype)


def step(
    predict: Predictor,
    latents: Tensor,
    conditions: Conditions,
    *,
    frames: Sequence[int] | Sequence[Sequence[int]],
    noise: Schedule,
    index: int,
) -> Tensor:
    """Return some frames' latents after a step; the UNet is asked once.

    Args:
        predict: Asks the UNet.
        latents: ``(N, 4, h, w)`` of all frames.
        conditions: Of all frames.
        frames: Indices of the F frames that are seen together; may repeat. Or those of several
            windows, which do not see each other, computed together.
        noise: The schedule.
        index: Of the step.

    Returns:
        ``(F, 4, h, w)``, or ``(W, F, 4, h, w)``.
    """
    places = torch.tensor(frames, device=latents.device)
    seen = latents[places]
    sigma, following = noise.sigmas[index], noise.sigmas[index + 1]
    scaled = seen / (sigma**2 + 1) ** 0.5
    timestep = noise.timesteps[index].to(seen.device)
    plate = conditions.plate[places]
    away, *toward = predict(scaled, plate, conditions.rows, timestep, conditions.task)
    velocity = away + conditions.guidance[index] * (toward[0] - away) if toward else away
    return euler(seen, velocity, sigma, following)


@torch.inference_mode()
def denoise(
    predict: Predictor,
    latents: Tensor,
    conditions: Conditions,
    noise: Schedule,
    *,
    windows: tuple[int, int],
    at_once: int = 1,
    watch: Watch | None = None,
) -> Tensor:
    """Denoise a whole clip in circular windows, as the official program does.

    Args:
        predict: Asks the UNet.
        latents: ``(N, 4, h, w)`` under the schedule's first level of noise.
        conditions: What to follow.
        noise: The schedule.
        windows: Length and overlap.
        at_once: Windows computed together.
        watch: Called before each step of each window, and after the last.

    Returns:
        ``(N, 4, h, w)`` denoised, scaled.
    """
    length, overlap = windows
    weights = triangle(length)
    for index in range(len(noise)):
        total = torch.zeros_like(latents)
        counts = [0] * len(latents)
        every = circular_windows(index, len(latents), length, overlap)
        for first in range(0, len(every), at_once):
            if watch is not None:
                watch(index, len(noise))
            some = every[first : first + at_once]
            stepped = step(predict, latents, conditions, frames=some, noise=noise, index=index)
            for frames, made in zip(some, stepped, strict=True):
                for frame, weight, one in zip(frames, weights, made, strict=True):
                    total[frame] += one * weight
                    counts[frame] += weight
        latents = total / torch.tensor(counts).to(total).view(-1, 1, 1, 1)
    if watch is not None:
        watch(len(noise), len(noise))
    return latents
