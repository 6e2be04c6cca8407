"""Drives a restorer through its whole contract, as the pipeline does, without files.

Windows of the grid, references along the links, the declared curve, the delivered delta that fades
out above the knee, the blend of overlapping windows: what comes out is what would be delivered.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from engine.clips import Delta
from engine.delivery import blend
from engine.frame_io.colour import PlateColour, decode_open, encode_open
from engine.frame_io.colourspace import resolve_colourspace
from engine.plan import steps_of
from engine.restorer import Clip, Guides, Restorer, Task
from engine.windowing import Window, windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.plan import Step
    from engine.reference import TemporalReference

SEED = 0
TRACK = 1
COLOURSPACE = "lin_rec709_scene"


def restore(
    restorer: Restorer,
    plate: NDArray[np.float32],
    task: Task,
    mask: NDArray[np.float32] | None = None,
) -> tuple[NDArray[np.float32], float]:
    """Restore a clip with every parameter at its default.

    Args:
        restorer: A content-agnostic one, whose crops are native.
        plate: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1]; H and W are multiples of
            the restorer's.
        task: What to do.
        mask: ``(T, H, W)`` float32 in [0, 1], 1 in the holes, for the task ``inpaint``.

    Returns:
        The delivered pixels, shaped as `plate`, display-referred sRGB in [0, 1]; and the process
        seconds spent in `restore`, warm-up frames included.

    Raises:
        FaceplateError: What the restorer raises.
    """
    info = restorer.info
    colour = PlateColour(resolve_colourspace(COLOURSPACE, {}), info.curve)
    light = decode_open(plate)
    seen = np.stack([colour.encode(frame) for frame in light])
    frames = tuple(range(len(plate)))
    grid = windows(frames, info.window, info.overlap)
    references: dict[int | None, TemporalReference] = {None: info.begin(TRACK, SEED)}
    parts: dict[int, list[tuple[Window, Delta]]] = {frame: [] for frame in frames}
    seconds = 0.0
    for step in steps_of(TRACK, frames, grid, info):
        clip = _clip(restorer, step, seen, task, mask)
        begun = time.process_time()
        restored = restorer.restore(clip, references[step.needs])
        seconds += time.process_time() - begun
        references[step.window] = restored.reference
        made = restored.pixels[clip.warm_up :]
        change = [colour.delta(seen[f], m) for f, m in zip(step.frames, made, strict=True)]
        delta = Delta(step.frames, np.stack(change), np.ones_like(clip.matte[clip.warm_up :]))
        for frame in step.frames:
            parts[frame].append((grid[step.window], delta))
    change = np.concatenate([blend(frame, parts[frame], info.overlap).delta for frame in frames])
    return np.clip(encode_open(light + change), 0, 1), seconds


def restored(restorer: Restorer, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the frames ``(T, 3, H, W)`` restored as one clip from nothing, all at defaults."""
    clip = Clip(
        pixels,
        np.ones((len(pixels), *pixels.shape[2:]), np.float32),
        tuple(range(len(pixels))),
        track=TRACK,
        parameters={p.name: p.default for p in restorer.info.parameters},
    )
    return restorer.restore(clip, restorer.info.begin(TRACK, SEED)).pixels


def _clip(
    restorer: Restorer,
    step: Step,
    seen: NDArray[np.float32],
    task: Task,
    mask: NDArray[np.float32] | None,
) -> Clip:
    frames = step.warm_up + step.frames
    rows = list(frames)
    return Clip(
        pixels=seen[rows],
        matte=np.ones((len(rows), *seen.shape[2:]), np.float32),
        frames=frames,
        track=TRACK,
        follows=step.follows,
        warm_up=len(step.warm_up),
        tasks=(task,),
        guides=Guides(mask=None if mask is None else mask[rows]),
        parameters={p.name: p.default for p in restorer.info.parameters},
    )
