"""Small restorers that notice everything: one wrong frame, order or reference changes every pixel.

Each output is the clip, shaded by a digest of all that the declared link lets the window depend
on. So two runs that agree bit for bit saw the same pixels, mattes, guides and references.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.restorer import (
    TASKS,
    Clip,
    Crop,
    Parameter,
    Restored,
    RestorerInfo,
    check_reference,
    random_seed,
)
from plugin_host.errors import RestorerFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.reference import TemporalReference
    from engine.restorer import Restorer


def _info(name, link, **fields):
    return RestorerInfo(
        name=name,
        title=name.capitalize(),
        tasks=TASKS,
        link=link,
        licence="Apache-2.0",
        source="tests/engine/probes.py",
        content_agnostic=fields.pop("content_agnostic", True),
        guides=("reference", "mask"),
        crop=fields.pop("crop", Crop(multiple=8)),
        parameters=(Parameter("tint", 25, 0, 100, "percent", "How much of the digest is seen."),),
        **fields,
    )


@dataclass(frozen=True)
class Probe:
    """Shades every frame by a digest of what its window depends on."""

    info: RestorerInfo

    def restore(self, clip: Clip, reference: TemporalReference) -> Restored:
        check_reference(self.info, clip, reference)
        start = _digest(
            reference.tensors.get("seen", np.zeros(0, np.uint8)),
            np.frombuffer(json.dumps([clip.tasks, dict(clip.parameters)]).encode(), np.uint8),
            *clip.guides.references,
        )
        after = [start]
        for index, frame in enumerate(clip.frames):
            mask = () if clip.guides.mask is None else (clip.guides.mask[index],)
            noise = np.array([frame, random_seed(reference.seed, clip.track, frame)])
            after.append(_digest(after[-1], clip.pixels[index], clip.matte[index], noise, *mask))
        if self.info.link in {"independent", "anchored"}:
            after[1:] = [_digest(after[-1], digest) for digest in after[1:]]
        tint = np.float32(clip.parameters.get("tint", 25) / 100)
        shades = np.stack([digest[:3].astype(np.float32) / 255 for digest in after[1:]])
        pixels = clip.pixels * (1 - tint) + shades[:, :, None, None] * tint
        kept = {"seen": after[-1]}
        if self.info.link == "anchored":
            kept = dict(reference.tensors) or kept
        confidence = np.broadcast_to(shades[:, 0, None, None], clip.matte.shape).copy()
        return Restored(
            pixels.astype(np.float32), reference.followed_by(clip.frames[-1], kept), confidence
        )


def _digest(*arrays):
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr((array.dtype.str, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return np.frombuffer(digest.digest(), np.uint8)


@dataclass(frozen=True)
class Guided:
    """Shows its guides: the mean of the first picture where the mask says so."""

    info: RestorerInfo

    def restore(self, clip: Clip, reference: TemporalReference) -> Restored:
        check_reference(self.info, clip, reference)
        pictures = clip.guides.references
        colour = pictures[0].mean((1, 2)) if pictures else np.zeros(3, np.float32)
        mask = clip.matte if clip.guides.mask is None else clip.guides.mask
        pixels = np.where(mask[:, None] > 0.5, colour[:, None, None], clip.pixels)
        after = reference.followed_by(clip.frames[-1], {"colour": colour})
        return Restored(pixels.astype(np.float32), after)


LINKS = {
    "independent": Probe(_info("independent", "independent", window=5, overlap=2)),
    "warmed": Probe(_info("warmed", "warmed", window=4, warm_up=3)),
    "anchored": Probe(_info("anchored", "anchored", window=5, overlap=2)),
    "chained": Probe(_info("chained", "chained", window=4, overlap=1)),
}
ALIGNED = Probe(
    _info("aligned", "chained", window=3, overlap=1, crop=Crop(size=64), content_agnostic=False)
)
GUIDED = Guided(_info("guided", "independent", window=4))
PROBES = {probe.info.name: probe for probe in (*LINKS.values(), ALIGNED, GUIDED)}


@dataclass
class Spy:
    """Passes everything on to a restorer, and remembers the clips.

    Attributes:
        restorer: What restores.
        before: Called with each clip first; it may raise.
        clips: Every clip so far.
    """

    restorer: Restorer
    before: Callable[[Clip], object] = lambda _clip: None
    clips: list[Clip] = field(default_factory=list)

    @property
    def info(self) -> RestorerInfo:
        return self.restorer.info

    @property
    def windows(self) -> list[tuple[int, ...]]:
        return [clip.frames[clip.warm_up :] for clip in self.clips]

    def restore(self, clip: Clip, reference: TemporalReference) -> Restored:
        self.before(clip)
        self.clips.append(clip)
        return self.restorer.restore(clip, reference)


def failing_at(frame: int) -> Spy:
    """Return a chained restorer that cannot go on at a frame."""

    def check(clip: Clip) -> None:
        if frame in clip.frames:
            raise RestorerFailed(f"cannot restore frame {frame}")

    return Spy(LINKS["chained"], check)


@dataclass(frozen=True)
class NotFinite:
    """Returns NaN in one pixel."""

    info: RestorerInfo = LINKS["chained"].info

    def restore(self, clip: Clip, reference: TemporalReference) -> Restored:
        pixels = clip.pixels.copy()
        pixels[-1, 1, 2, 3] = np.nan
        return Restored(pixels, reference.followed_by(clip.frames[-1], {}))
