"""From a track to crops: where the restorer looks, and what it gets to see.

Rules of this file:
    - A whole track is planned at once, from the track alone: no request can change a crop.
    - A crop that trembles makes the result flicker: tracks are smoothed, native crops move rarely.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from engine.faces.matte import MARGIN
from engine.faces.transform import Transform
from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.faces.track import Track
    from engine.image import Box
    from engine.restorer import Crop

SMOOTHING = 3.0
"""Standard deviation, in frames, of the weights by which a track is smoothed."""
HEAD = 2.2
"""Side of the square that holds the whole head, hair and chin, in sides of the tracked square."""
HEAD_RISE = 0.08
"""How far its centre lies above the tracked one, in the same unit."""
STEP = 8
"""Least distance, in plate pixels, by which a native crop moves."""
LAG = 0.75
"""How far, in steps, a face may stray from its native crop's centre before the crop follows."""


def smooth(track: Track, sigma: float = SMOOTHING) -> Track:
    """Return the track without its jitter: a Gaussian mean over time that delays nothing.

    Where a face was gone and is back, nothing before has a say in what comes after, or vice versa.

    Args:
        track: As it was linked.
        sigma: Standard deviation in frames; missing frames count as time that passes.
    """
    reach = ceil(3 * sigma)
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    weights /= weights.sum()
    columns = np.column_stack([np.asarray(track.centres), np.asarray(track.sizes)])
    starts = [0, *(bisect_left(track.frames, frame) for frame in track.returns), len(track.frames)]
    calm = np.empty_like(columns)
    for start, end in pairwise(starts):
        frames = track.frames[start:end]
        # Outside the run, interpolation holds the first and the last value.
        times = np.asarray(frames)[:, None] + offsets
        for column in range(3):
            calm[start:end, column] = np.interp(times, frames, columns[start:end, column]) @ weights
    x, y, sizes = (column.tolist() for column in calm.T)
    return replace(track, centres=tuple(zip(x, y, strict=True)), sizes=tuple(sizes))


def plan_crops(track: Track, crop: Crop, bounds: Box) -> dict[int, Transform]:
    """Return where the restorer looks in each frame of a track.

    Native crops have one shape for the whole track and move by whole steps of `crop.multiple`,
    and only when the head has left their middle; where they can, they stay inside `bounds`.
    Aligned crops follow the smoothed head exactly.

    Args:
        track: As it was linked; it is smoothed here.
        crop: What the restorer wants to see.
        bounds: What of the plate may be restored: its display window.
    """
    calm = smooth(track)
    heads = [
        ((x, y - HEAD_RISE * size), HEAD * size)
        for (x, y), size in zip(calm.centres, calm.sizes, strict=True)
    ]
    if crop.size is not None:
        return {
            frame: _square(centre, side, crop.size)
            for frame, (centre, side) in zip(calm.frames, heads, strict=True)
        }
    step = crop.multiple * ceil(STEP / crop.multiple)
    room = max(side for _, side in heads) + 2 * (LAG * step + MARGIN)
    width = min(_rounded_up(room, crop.multiple), _rounded_up(bounds.width, crop.multiple))
    height = min(_rounded_up(room, crop.multiple), _rounded_up(bounds.height, crop.multiple))
    lefts = _stepped([x for (x, _), _ in heads], width, step, (bounds.left, bounds.right))
    tops = _stepped([y for (_, y), _ in heads], height, step, (bounds.top, bounds.bottom))
    return {
        frame: Transform((height, width), left, top, 1.0, centre, side / 2)
        for frame, left, top, (centre, side) in zip(calm.frames, lefts, tops, heads, strict=True)
    }


def whole_frame(frames: Sequence[int], bounds: Box, crop: Crop) -> dict[int, Transform]:
    """Return native crops that hold all of `bounds`, filled up right and below to the multiple.

    Raises:
        SettingsError: The restorer wants aligned faces.
    """
    if crop.size is not None:
        raise SettingsError(
            "this restorer sees aligned faces only; a whole frame needs one that is content "
            "agnostic and works on native pixels"
        )
    shape = _rounded_up(bounds.height, crop.multiple), _rounded_up(bounds.width, crop.multiple)
    return dict.fromkeys(frames, Transform(shape, bounds.left, bounds.top))


def _square(centre: tuple[float, float], side: float, size: int) -> Transform:
    step = side / size
    x, y = centre
    return Transform((size, size), x - step * (size - 1) / 2, y - step * (size - 1) / 2, step)


def _rounded_up(length: float, multiple: int) -> int:
    return multiple * ceil(length / multiple)


def _stepped(centres: Sequence[float], side: int, step: int, bounds: tuple[int, int]) -> list[int]:
    """Return first columns, or rows, that keep up with the centres by whole steps."""
    low, high = bounds[0], max(bounds[1] + 1 - side, bounds[0])
    wanted = [min(max(centre - (side - 1) / 2, low), high) for centre in centres]
    at = round(wanted[0])
    places: list[int] = []
    for want in wanted:
        if abs(want - at) > LAG * step:
            at += step * round((want - at) / step)
        places.append(min(max(at, low), high))
    return places
