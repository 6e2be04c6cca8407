"""Asked frames divided among tasks, where the restorer's windows begin. Pure functions.

The grid of windows is laid over the shot. What lies between two beginnings of windows is a cell;
the last window's is all that is left. Tasks that run side by side and divide no cell make few
windows twice: none without an overlap, one at each border with one.
"""

from __future__ import annotations

from typing import NamedTuple

from plugin_host.frame_range import FrameRange


class Grid(NamedTuple):
    """The windows of a shot.

    Attributes:
        frames: All frames of the shot with its handles.
        stride: Frames from one window to the next.
        overlap: Frames shared by neighbouring windows.
    """

    frames: FrameRange
    stride: int
    overlap: int

    def cells(self) -> dict[int, int]:
        """Return the number of each frame's cell."""
        last = max(len(self.frames) - self.overlap - 1, 0) // self.stride
        return {frame: min(index // self.stride, last) for index, frame in enumerate(self.frames)}


def cells_of(chunk: int, stride: int) -> int:
    """Return how many cells a chunk holds: as many as its frames begin."""
    return -(-chunk // stride)


def chunks(asked: FrameRange, grid: Grid, chunk: int) -> tuple[FrameRange, ...]:
    """Cut asked frames where windows begin.

    Args:
        asked: Frames of the grid.
        grid: The shot's windows.
        chunk: Frames in a piece; more where that makes whole cells.
    """
    cell = grid.cells()
    held = sorted({cell[frame] for frame in asked})
    many = cells_of(chunk, grid.stride)
    piece = {number: index // many for index, number in enumerate(held)}
    pieces: dict[int, list[int]] = {}
    for frame in asked:
        pieces.setdefault(piece[cell[frame]], []).append(frame)
    return tuple(map(FrameRange, pieces.values()))


def owned(frames: FrameRange, asked: FrameRange, grid: Grid) -> tuple[int, ...]:
    """Return what a task restores whose frames a scheduler chose without knowing of windows.

    A cell belongs to the task that holds the first of its asked frames. So tasks that together
    hold all asked frames restore each of them, and no cell is divided.

    Args:
        frames: The task's.
        asked: Those of all tasks, of the grid.
        grid: The shot's windows.
    """
    number = grid.cells()
    cells: dict[int, list[int]] = {}
    for frame in asked:
        cells.setdefault(number[frame], []).append(frame)
    return tuple(frame for cell in cells.values() if cell[0] in frames for frame in cell)
