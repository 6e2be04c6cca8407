"""Following faces through a shot: sightings every few frames in, tracks of every frame out.

Rules of this file:
    - A sighting is in plate pixels: pixel (x, y) has its centre at x, y, and both may be negative.
    - Who is who is decided by place and by looks together, so that two people who cross keep
      their numbers.
    - A track never crosses a cut, and holds every frame there is from its first to its last.
    - Nothing here sees a picture, except `signature`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from engine.faces.detect import FaceBox

INTERVAL = 4
"""Faces are looked for in every so many frames."""
PATIENCE = 6
"""Looks in a row that may miss a face without its track ending: a blink of 24 frames."""
FEWEST_SIGHTINGS = 2
"""Sightings that a track needs, where there were as many looks."""
FEWEST_SCORES = 3.0
"""Sum of its scores that a track needs, where there were as many looks."""
FEWEST_SEEN = 0.3
"""Share of the looks between a track's first and last that must have seen it."""
LOOKS_WEIGHT = 1.5
"""What a difference of 1 in looks weighs against a distance of one face's width."""
LOOKS_MEMORY = 0.7
"""How much of a face's known looks outlives the next sighting."""
STRAY_STEP = 0.5
"""Distance from its neighbours' median, in face widths, from which a sighting is an outlier."""
STRAY_RATIO = 1.4
"""The same for its size."""
PATCH = 16
"""Side of the patch of brightness in a signature; colour has a quarter of it."""
COLOUR_UNIT = 20.0
"""Difference in colour, in CIELAB's units, that counts as 1."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One face, seen once.

    Attributes:
        frame: Where in time.
        box: Where in the plate.
        signature: What it looks like, ``(S,)`` float32; see `signature`.
    """

    frame: int
    box: FaceBox
    signature: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Track:
    """One face followed through a stretch without a cut.

    Attributes:
        number: Name of the track, from 1.
        frames: Frame numbers, ascending; those of the shot that are missing are left out.
        centres: x and y of the face's centre in each, in plate pixels.
        sizes: Side of the square from brows to lower lip in each, in plate pixels.
    """

    number: int
    frames: tuple[int, ...]
    centres: tuple[tuple[float, float], ...]
    sizes: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the track as plain lists and numbers; floats come back exactly."""
        return {
            "number": self.number,
            "frames": list(self.frames),
            "centres": [list(centre) for centre in self.centres],
            "sizes": list(self.sizes),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return the track that `to_json` wrote.

        Raises:
            KeyError: A field is missing.
            TypeError: A field is not of its kind.
            ValueError: A field is not a number, or a centre not a pair.
        """
        return cls(
            int(document["number"]),
            tuple(int(frame) for frame in document["frames"]),
            tuple((float(x), float(y)) for x, y in document["centres"]),
            tuple(float(size) for size in document["sizes"]),
        )


def signature(picture: NDArray[np.uint8], box: FaceBox) -> NDArray[np.float32]:
    """Return what a face looks like, comparable by distance; about 1 between two people.

    The pattern of brightness without level and contrast, and the colours coarsely.

    Args:
        picture: ``(H, W, 3)`` uint8, display-referred RGB.
        box: The face, in the picture's pixels.

    Returns:
        ``(S,)`` float32.
    """
    scale = box.size / PATCH
    x, y = box.centre
    corner = (x - scale * (PATCH - 1) / 2, y - scale * (PATCH - 1) / 2)
    to_picture = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
    # Averaging first keeps noise and detail out of so small a patch.
    smooth = cv2.blur(picture, (max(round(scale), 1),) * 2)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(
        smooth, to_picture, (PATCH, PATCH), flags=how, borderMode=cv2.BORDER_REPLICATE
    )
    lab = cv2.cvtColor(patch.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    brightness = lab[..., 0] - lab[..., 0].mean()
    pattern = brightness / max(float(np.linalg.norm(brightness)), 1.0)
    coarse = cv2.resize(lab, (PATCH // 4, PATCH // 4), interpolation=cv2.INTER_AREA)
    colour = coarse[..., 1:] / (COLOUR_UNIT * PATCH / 4)
    return np.concatenate([pattern.ravel(), colour.ravel()]).astype(np.float32)


def link(
    sightings: Mapping[int, Sequence[Sighting]],
    frames: Sequence[int],
    cuts: Sequence[int],
    interval: int = INTERVAL,
) -> tuple[Track, ...]:
    """Return the tracks that the sightings make, numbered by first frame, then left to right.

    Args:
        sightings: Every frame that was looked at, to what was seen there, be it nothing.
        frames: Every frame there is, ascending.
        cuts: Frames at which a new camera setup begins.
        interval: How many frames lie from one look to the next, at most; a track whose first or
            last sighting is no farther from its stretch's end is held to that end.
    """
    tracks: list[Track] = []
    starts = sorted({0, *(bisect_left(frames, cut) for cut in cuts), len(frames)})
    for start, end in pairwise(starts):
        stretch = frames[start:end]
        looks = [frame for frame in stretch if frame in sightings]
        tracks += [
            _filled(_without_strays(thread), stretch, interval)
            for thread in _threads(sightings, looks)
            if _is_believed(thread, looks)
        ]
    tracks.sort(key=lambda track: (track.frames[0], track.centres[0], track.sizes[0]))
    return tuple(
        Track(number, track.frames, track.centres, track.sizes)
        for number, track in enumerate(tracks, 1)
    )


@dataclass(slots=True)
class _Thread:
    """A track in the making."""

    sightings: list[Sighting]
    looks: NDArray[np.float32]
    missed: int = field(default=0)

    def expected(self, frame: int) -> tuple[float, float]:
        """Return the centre at a frame if the face keeps its pace."""
        (x, y), last = self.sightings[-1].box.centre, self.sightings[-1]
        if len(self.sightings) == 1:
            return x, y
        before = self.sightings[-2]
        pace = (frame - last.frame) / (last.frame - before.frame)
        old_x, old_y = before.box.centre
        return x + pace * (x - old_x), y + pace * (y - old_y)

    def cost(self, seen: Sighting) -> float | None:
        """Return how badly a sighting fits, in face widths; None where it cannot be the face."""
        last = self.sightings[-1].box
        width = (last.size + seen.box.size) / 2
        places = (self.expected(seen.frame), last.centre)
        distance = min(_distance(place, seen.box.centre) for place in places) / width
        if distance > 1 + self.missed / 2 or not 0.5 < seen.box.size / last.size < 2:
            return None
        return distance + LOOKS_WEIGHT * float(np.linalg.norm(self.looks - seen.signature))

    def add(self, seen: Sighting) -> None:
        looks = LOOKS_MEMORY * self.looks + (1 - LOOKS_MEMORY) * seen.signature
        self.looks = np.asarray(looks, np.float32)
        self.sightings.append(seen)
        self.missed = 0


def _threads(
    sightings: Mapping[int, Sequence[Sighting]], looks: Sequence[int]
) -> list[list[Sighting]]:
    """Return the sightings of one stretch by face, the cheapest pairs joined first."""
    alive: list[_Thread] = []
    ended: list[_Thread] = []
    for frame in looks:
        waiting = list(sightings[frame])
        pairs = sorted(
            (cost, index, place)
            for index, thread in enumerate(alive)
            for place, seen in enumerate(waiting)
            if (cost := thread.cost(seen)) is not None
        )
        found: dict[int, int] = {}
        for _, index, place in pairs:
            if index not in found and place not in found.values():
                found[index] = place
        for index, thread in enumerate(alive):
            if index in found:
                thread.add(waiting[found[index]])
            else:
                thread.missed += 1
        ended += [thread for thread in alive if thread.missed > PATIENCE]
        alive = [thread for thread in alive if thread.missed <= PATIENCE]
        new = set(range(len(waiting))) - set(found.values())
        alive += [_Thread([waiting[place]], waiting[place].signature) for place in sorted(new)]
    return [thread.sightings for thread in ended + alive]


def _is_believed(thread: Sequence[Sighting], looks: Sequence[int]) -> bool:
    scores = [seen.box.score for seen in thread]
    spanned = bisect_right(looks, thread[-1].frame) - bisect_left(looks, thread[0].frame)
    return (
        max(scores) >= 1
        and sum(scores) >= min(FEWEST_SCORES, len(looks))
        and len(thread) >= min(FEWEST_SIGHTINGS, len(looks))
        and len(thread) >= FEWEST_SEEN * spanned
    )


def _without_strays(thread: Sequence[Sighting]) -> list[Sighting]:
    """Return the sightings without those that their neighbours in time contradict."""
    boxes = [seen.box for seen in thread]
    kept: list[Sighting] = []
    for index, seen in enumerate(thread):
        near = boxes[max(index - 2, 0) : index + 3]
        size = median(box.size for box in near)
        # As many before as after, so that a face in motion is no outlier to itself.
        around = min(2, index, len(boxes) - 1 - index)
        level = boxes[index - around : index + around + 1]
        x, y = (median(box.centre[axis] for box in level) for axis in range(2))
        strays = _distance((x, y), seen.box.centre) > STRAY_STEP * size
        if not strays and 1 / STRAY_RATIO < seen.box.size / size < STRAY_RATIO:
            kept.append(seen)
    return kept or list(thread)


def _filled(thread: Sequence[Sighting], stretch: Sequence[int], interval: int) -> Track:
    """Return a track with every frame between its sightings, held to an end that is near."""
    first, last = (bisect_left(stretch, thread[place].frame) for place in (0, -1))
    first = 0 if first <= interval else first
    last = len(stretch) - 1 if len(stretch) - 1 - last <= interval else last
    frames = stretch[first : last + 1]
    times = [seen.frame for seen in thread]
    xs, ys, sizes = (
        np.interp(frames, times, values).tolist()
        for values in (
            [seen.box.centre[0] for seen in thread],
            [seen.box.centre[1] for seen in thread],
            [seen.box.size for seen in thread],
        )
    )
    return Track(0, tuple(frames), tuple(zip(xs, ys, strict=True)), tuple(sizes))


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    return ((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2) ** 0.5
