"""The official windows: they wrap around from the clip's end to its start and shift at each step.

Pure functions. N frames, windows of F frames, an overlap of o: the windows of step i begin at
multiples of a stride, moved back by (i * o) mod F; the stride is F - o at the first three steps and
F from then on. A window is F consecutive frames modulo N, so frames repeat where N < F.
"""

from __future__ import annotations

from plugin_host.errors import SettingsError

OVERLAPPED_STEPS = 3
"""Later steps have windows side by side."""


def circular_windows(
    step: int, frames: int, window: int, overlap: int
) -> tuple[tuple[int, ...], ...]:
    """Return the windows of a denoising step, as indices of frames.

    An overlap that leaves no stride is shortened to `window` - 1: the official program ends there
    with an error (3 frames) or with NaN (fewer).

    Args:
        step: Index of the step, from 0.
        frames: Number of frames, at least 1.
        window: Frames in a window, at least 1.
        overlap: Frames shared by neighbours, at least 0.

    Raises:
        SettingsError: A number is below its least value.
    """
    if step < 0 or frames < 1 or window < 1 or overlap < 0:
        raise SettingsError(
            f"windows of {window} frames over {frames} with overlap {overlap} at step {step}: "
            "frames and windows begin at 1, steps and overlaps at 0"
        )
    overlap = min(overlap, window - 1)
    stride = window - overlap if step < OVERLAPPED_STEPS else window
    shift = step * overlap % window
    return tuple(
        tuple((start - shift + place) % frames for place in range(window))
        for start in range(0, frames, stride)
    )


def triangle(window: int) -> tuple[int, ...]:
    """Return the weight of each place in a window: 1, 2, 3 … 3, 2, 1."""
    return tuple(min(place + 1, window - place) for place in range(window))


def calls(frames: int, window: int, overlap: int, steps: int) -> int:
    """Return how many windows all steps have together."""
    return sum(len(circular_windows(step, frames, window, overlap)) for step in range(steps))
