"""Windows: the temporal groups of frames that a restorer sees at once. Pure functions.

The grid is fixed by the shot, never by the request, so that every request cuts it alike.
A window's stride is length - overlap; the last window ends with the shot and may be shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Window:
    """One window of the grid.

    Attributes:
        index: Place in the grid, from 0.
        frames: Its frame numbers, ascending.
    """

    index: int
    frames: tuple[int, ...]


def windows(frames: Sequence[int], length: int, overlap: int) -> tuple[Window, ...]:
    """Lay the grid over a shot.

    Args:
        frames: The shot's frame numbers, ascending.
        length: Frames in a window, at least 1.
        overlap: Frames that a window shares with the one before; from 0 to half of `length`, so
            that a frame lies in two windows at most.

    Returns:
        Windows that together hold every frame; neighbours share `overlap` frames, the last may
        be shorter than `length`. No window of no frames.

    Raises:
        SettingsError: `length` or `overlap` is out of range.
    """
    if length < 1 or not 0 <= 2 * overlap <= length:
        raise SettingsError(f"a window of {length} frames cannot overlap by {overlap}")
    stride = length - overlap
    starts = range(0, max(len(frames) - overlap, min(len(frames), 1)), stride)
    return tuple(
        Window(index, tuple(frames[start : start + length])) for index, start in enumerate(starts)
    )


def ramp(position: int, overlap: int) -> float:
    """Weight of the later window at `position` (from 0) inside an overlap of `overlap` frames.

    Rises in equal steps and never reaches 0 or 1, so that each of the two windows counts; the
    earlier window has the rest.
    """
    return (position + 1) / (overlap + 1)
