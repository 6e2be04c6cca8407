"""Following faces through a shot: sightings every few frames in, tracks of every frame out.

Rules of this file:
    - A sighting is in plate pixels: pixel (x, y) has its centre at x, y, and both may be negative.
    - A track never crosses a cut. It holds the frames in which its face is there, and no others:
      where the face is gone, hidden behind another or out of the picture, the track has a gap.
    - A face that is only missed, as by turning away for an instant, is not gone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from math import dist
from statistics import median
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from engine.faces.detect import FaceBox
from engine.faces.threads import PATIENCE, Sighting, Thread, gather, place_at, reunite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INTERVAL = 4
"""Faces are looked for in every so many frames."""
FEWEST_SIGHTINGS = 2
"""Sightings that a track needs, where there were as many looks."""
FEWEST_SCORES = 3.0
"""Sum of its scores that a track needs, where there were as many looks."""
FEWEST_SEEN = 0.3
"""Share of the looks between a track's first and last that must have seen it."""
STRAY_STEP = 0.5
"""Distance from its neighbours' median, in face widths, from which a sighting is an outlier."""
STRAY_RATIO = 1.4
"""The same for its size."""
AWAY = 0.5
"""How far, in face widths, a missed face's pace must lead it astray to have left."""
HEAD = 1.6
"""Side of the square that hides what is behind a head, in sides of its face."""
HIDDEN = 0.5
"""Share of a face's place that another head must cover to hide it."""


@dataclass(frozen=True, slots=True)
class Track:
    """One face followed through a stretch without a cut.

    Attributes:
        number: Name of the track, from 1.
        frames: Where the face is, ascending; frames that the shot lacks are left out.
        centres: x and y of the face's centre in each, in plate pixels.
        sizes: Side of the square from brows to lower lip in each, in plate pixels.
        returns: Those of the frames at which the face is back after it was gone.
    """

    number: int
    frames: tuple[int, ...]
    centres: tuple[tuple[float, float], ...]
    sizes: tuple[float, ...]
    returns: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the track as plain lists and numbers; floats come back exactly."""
        return {
            "number": self.number,
            "frames": list(self.frames),
            "centres": [list(centre) for centre in self.centres],
            "sizes": list(self.sizes),
            "returns": list(self.returns),
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
            tuple(int(frame) for frame in document.get("returns", ())),
        )


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
        threads = [t for t in gather(sightings, looks) if _is_believed(t, looks)]
        threads = [_without_strays(thread) for thread in threads]
        for person in reunite(threads):
            runs = _runs(person, threads, looks)
            tracks.append(_filled(runs, stretch, interval))
    tracks.sort(key=lambda track: (track.frames[0], track.centres[0], track.sizes[0]))
    return tuple(replace(track, number=number) for number, track in enumerate(tracks, 1))


def _is_believed(thread: Thread, looks: Sequence[int]) -> bool:
    scores = [seen.box.score for seen in thread]
    spanned = bisect_right(looks, thread[-1].frame) - bisect_left(looks, thread[0].frame)
    return (
        max(scores) >= 1
        and sum(scores) >= min(FEWEST_SCORES, len(looks))
        and len(thread) >= min(FEWEST_SIGHTINGS, len(looks))
        and len(thread) >= FEWEST_SEEN * spanned
    )


def _without_strays(thread: Thread) -> list[Sighting]:
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
        strays = dist((x, y), seen.box.centre) > STRAY_STEP * size
        if not strays and 1 / STRAY_RATIO < seen.box.size / size < STRAY_RATIO:
            kept.append(seen)
    return kept or list(thread)


def _runs(
    person: Sequence[Thread], threads: Sequence[Thread], looks: Sequence[int]
) -> list[Thread]:
    """Return a person's sightings, parted wherever the face was gone between two of them."""
    own = {id(thread) for thread in person}
    others: dict[int, list[FaceBox]] = {}
    for thread in threads:
        for seen in thread if id(thread) not in own else ():
            others.setdefault(seen.frame, []).append(seen.box)
    begins = {thread[0].frame for thread in person}
    every = [seen for thread in person for seen in thread]
    runs: list[Thread] = [every[:1]]
    for index, (before, after) in enumerate(pairwise(every)):
        missed = looks[bisect_right(looks, before.frame) : bisect_left(looks, after.frame)]
        strays = dist(before.box.centre, after.box.centre) > after.box.size
        if missed and (
            (after.frame in begins and (strays or len(missed) > PATIENCE))
            or _turned_back(every[max(index - 1, 0) : index + 3])
            or any(_is_hidden(before, after, look, others.get(look, ())) for look in missed)
        ):
            runs.append([])
        runs[-1].append(after)
    # Of a single frame in between one would only see a flash.
    return [run for run in runs if len(run) > 1] or runs[:1]


def _turned_back(around: Sequence[Sighting]) -> bool:
    """Whether a face was going away before it was missed and was coming back after it was."""
    if len(around) < 4:
        return False
    earlier, before, after, later = around
    middle = (before.frame + after.frame) / 2
    far = AWAY * (before.box.size + after.box.size) / 2
    place = place_at(before, after, middle)
    ways = (earlier, before), (after, later)
    return all(dist(place, place_at(*way, middle)) > far for way in ways)


def _is_hidden(before: Sighting, after: Sighting, frame: int, others: Sequence[FaceBox]) -> bool:
    """Whether another head covers a face's place between two of its sightings."""
    x, y = place_at(before, after, frame)
    share = (frame - before.frame) / (after.frame - before.frame)
    side = before.box.size + share * (after.box.size - before.box.size)
    place = _square((x, y), side)
    heads = (_square(other.centre, HEAD * other.size) for other in others)
    return any(place.shared_area(head) > HIDDEN * side**2 for head in heads)


def _square(centre: tuple[float, float], side: float) -> FaceBox:
    return FaceBox(centre[0] - (side - 1) / 2, centre[1] - (side - 1) / 2, side, side, 1)


def _filled(runs: Sequence[Thread], stretch: Sequence[int], interval: int) -> Track:
    """Return a track with every frame of its runs, held to an end of the stretch that is near."""
    frames: list[int] = []
    returns: list[int] = []
    for number, run in enumerate(runs):
        first, last = (bisect_left(stretch, run[place].frame) for place in (0, -1))
        first = 0 if number == 0 and first <= interval else first
        near = len(stretch) - 1 - last <= interval
        last = len(stretch) - 1 if number == len(runs) - 1 and near else last
        returns += [stretch[first]] if number else []
        frames += stretch[first : last + 1]
    seen = [sighting for run in runs for sighting in run]
    times = [sighting.frame for sighting in seen]
    xs, ys, sizes = (
        np.interp(frames, times, values).tolist()
        for values in (
            [sighting.box.centre[0] for sighting in seen],
            [sighting.box.centre[1] for sighting in seen],
            [sighting.box.size for sighting in seen],
        )
    )
    centres = tuple(zip(xs, ys, strict=True))
    return Track(0, tuple(frames), centres, tuple(sizes), tuple(returns))
