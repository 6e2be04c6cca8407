"""What the suite feeds a restorer with: clips as the pipeline cuts them, played in order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.plan import steps_of
from engine.restorer import Clip, Guides
from engine.windowing import windows

SEED = 7


def side(info, least=32):
    """Return the side of a crop that the restorer accepts."""
    return info.crop.size or -(-least // info.crop.multiple) * info.crop.multiple


def make_clip(info, frames, *, size=None, tasks=None, parameters=None, **fields):
    """Return a clip of noisy moving pictures with every guide that the restorer declares."""
    height, width = size or (side(info), side(info))
    tasks = tasks or info.tasks[:1]
    pixels = np.stack([_pixels(frame, height, width) for frame in frames])
    references = (_pixels(1, 40, 56),) if "reference" in info.guides else ()
    mask = None
    if "inpaint" in tasks:
        mask = np.zeros((len(frames), height, width), np.float32)
        mask[:, height // 4 : height // 2] = 1
    return Clip(
        pixels=pixels,
        matte=np.ones((len(frames), height, width), np.float32),
        frames=tuple(frames),
        track=1,
        tasks=tasks,
        guides=Guides(references, mask),
        parameters={p.name: p.default for p in info.parameters} | (parameters or {}),
        **fields,
    )


def _pixels(frame, height, width):
    y, x = np.mgrid[:height, :width]
    noise = np.random.default_rng(frame).normal(0, 0.05, (3, height, width))
    waves = [0.5 + 0.3 * np.sin((x + 0.7 * frame) / (4 + c)) * np.cos(y / 6) for c in range(3)]
    return np.clip(np.stack(waves) + noise, 0, 1).astype(np.float32)


def clips_of(info, frames, **fields):
    """Return each step of a track with its clip, as the plan has them."""
    grid = windows(tuple(range(frames[0], frames[-1] + 1)), info.window, info.overlap)
    return [
        (
            step,
            make_clip(
                info,
                step.warm_up + step.frames,
                follows=step.follows,
                warm_up=len(step.warm_up),
                **fields,
            ),
        )
        for step in steps_of(1, frames, grid, info)
    ]


def play(restorer, clips, *, carried=lambda reference: reference):
    """Restore a track's clips in order; `carried` is what happens to a reference on its way."""
    references = {None: restorer.info.begin(1, SEED)}
    results = []
    for step, clip in clips:
        restored = restorer.restore(clip, references[step.needs])
        references[step.window] = carried(restored.reference)
        results.append(restored)
    return results


def bits(restored):
    """Return what must be equal where two results are the same."""
    confidence = None if restored.confidence is None else restored.confidence.tobytes()
    return restored.pixels.tobytes(), restored.reference.to_bytes(), confidence


def check_shape(clip, restored):
    """Assert what holds for every result."""
    assert restored.pixels.shape == clip.pixels.shape
    assert restored.pixels.dtype == np.float32
    assert np.isfinite(restored.pixels).all()
    assert restored.pixels.min() >= 0
    assert restored.pixels.max() <= 1
    if restored.confidence is not None:
        assert restored.confidence.shape == clip.matte.shape
        assert restored.confidence.dtype == np.float32
        assert restored.confidence.min() >= 0
        assert restored.confidence.max() <= 1
    assert restored.reference.last_frame == clip.frames[-1]


def fresh_copy(clip):
    """Return an equal clip that shares no array."""
    guides = clip.guides
    mask = None if guides.mask is None else guides.mask.copy()
    return replace(
        clip,
        pixels=clip.pixels.copy(),
        matte=clip.matte.copy(),
        guides=Guides(tuple(picture.copy() for picture in guides.references), mask),
        parameters=dict(clip.parameters),
    )


def clip_bits(clip):
    """Return everything in a clip, comparable."""
    guides = clip.guides
    arrays = (clip.pixels, clip.matte, *guides.references)
    mask = b"" if guides.mask is None else guides.mask.tobytes()
    rest = (clip.frames, clip.track, clip.follows, clip.warm_up, clip.tasks, clip.parameters)
    return [array.tobytes() for array in arrays], mask, rest
