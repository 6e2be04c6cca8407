"""The clips that restorers are compared on: no training has seen them.

Procedural clips come from seeds that begin at `HELD_OUT`, which training leaves alone, and their
faces are of identities from `STRANGERS` on, which no seed gives by itself. Real pixels are views of
the demonstration plate's clean frames. All are display-referred sRGB, ``(T, 3, H, W)`` float32 in
[0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from engine.demo_plate import demo_frames
from training.clip import make_clip
from training.faces import make_face_clip

if TYPE_CHECKING:
    from numpy.typing import NDArray

Source = Literal["procedural", "real"]
SOURCES: tuple[Source, ...] = ("procedural", "real")
HELD_OUT = 900_000_000
SPACING = 16
"""Seeds from clip to clip, since neighbours may share a still."""
STRANGERS = 2**31
"""The first identity kept for evaluation; clips that choose their own choose one below."""
KINDS = ("face", "face", "leaves", "face")
"""The kinds of procedural clips, over and over."""

WIDE, CLOSE = (448, 336), (640, 480)
VIEWS = (
    (CLOSE, (308, 168), 0),  # the face, as the demonstration shows it
    (WIDE, (200, 128), 24),  # head and collar, in the picture's own resolution
    (WIDE, (250, 208), 0),  # suit, collar and helmet
    (CLOSE, (308, 168), 36),  # the face again, while the camera moves back
)
"""Size of the plate in pixels, x and y of the middle of the view, first frame."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes:
        clips: Procedural clips.
        views: Views of the real plate, at most as many as there are.
        frames: In each clip.
        size: Side of each clip in pixels.
    """

    clips: int = 8
    views: int = len(VIEWS)
    frames: int = 10
    size: int = 192

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The clips."""
        counts = {"procedural": self.clips, "real": min(self.views, len(VIEWS))}
        return tuple(
            Subject(source, index) for source in SOURCES for index in range(counts[source])
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """What one clip shows, small enough to hand to another process.

    Attributes:
        source: Where its pixels come from.
        index: Its number among those of its source, from 0.
    """

    source: Source
    index: int

    @property
    def seed(self) -> int:
        """The number that its pixels and its degradations are made from."""
        return HELD_OUT + SPACING * (self.index + (10_000 if self.source == "real" else 0))

    def pixels(self, frames: int, size: int) -> NDArray[np.float32]:
        """Return its clean frames, ``(frames, 3, size, size)``."""
        if self.source == "procedural":
            kind = KINDS[self.index % len(KINDS)]
            if kind == "face":
                person = STRANGERS + self.index
                return make_face_clip(self.seed, frames, size, identity=person).pixels
            return make_clip(kind, self.seed, frames, size).pixels
        plate, middle, first = VIEWS[self.index]
        return _view(_clean(plate, first + frames)[first:], middle, size)


@lru_cache(maxsize=4)
def _clean(size: tuple[int, int], frames: int) -> NDArray[np.uint8]:
    return demo_frames(frames, size).clean


def _view(codes: NDArray[np.uint8], middle: tuple[int, int], size: int) -> NDArray[np.float32]:
    """Cut a square out, as near to its middle as the frame allows."""
    height, width = codes.shape[1:3]
    x = min(max(middle[0] - size // 2, 0), width - size)
    y = min(max(middle[1] - size // 2, 0), height - size)
    cut = codes[:, y : y + size, x : x + size].transpose(0, 3, 1, 2)
    return np.ascontiguousarray(cut, np.float32) / np.float32(255)
