"""Who is who: the sightings of one stretch without a cut, gathered by face and by person.

Rules of this file:
    - A thread is one face seen look after look; place, pace and looks decide together, for all
      faces of a look at once.
    - Two threads are one person where looks and size agree and nobody else comes near them. In
      doubt they stay two: a wrong union shows a wrong face, a missing one begins another track.
    - Nobody is in two places: threads that share a time are never one person.
    - In what order a look's faces are given changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from math import dist
from typing import TYPE_CHECKING

import numpy as np

from engine.faces.assignment import assign

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from engine.faces.detect import FaceBox

PATIENCE = 6
"""Looks in a row that may miss a face without its thread ending: a blink of 24 frames."""
LOOKS_WEIGHT = 1.5
"""What a difference of 1 in looks weighs against a distance of one face's width."""
STRANGER = 2.0
"""Cost, in face widths, from which a sighting rather begins a thread of its own."""
STILL = 0.5
"""Distance, in face widths, below which a face has stayed."""
BLINK = 2
"""Looks that may then have missed it."""
ALONE = 3.0
"""How far away every other face must then be."""
KNOWN = 1.9
"""What a face that has stayed alone costs, however its looks have changed."""
IMPOSSIBLE = 1e9
"""The same where it cannot be the face."""
MOST_UNLIKE = 0.6
"""How far the looks of a face may have changed while it was missed."""
LOOKS_MEMORY = 0.7
"""How much of a face's known looks outlives the next sighting."""
SAME_PERSON = 0.45
"""Difference in typical looks below which two threads may be one person."""
RIVAL = 0.15
"""How much less alike than those two everybody else must be."""
ENOUGH_SEEN = 3
"""Sightings from which a thread's looks are typical."""
SIZE_RATIO = 1.8
"""How far a face may have grown or shrunk while it was away."""
FASTEST = 0.5
"""The fastest that it may have come back, in face widths a frame."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One face, seen once.

    Attributes:
        frame: Where in time.
        box: Where in the plate.
        signature: What it looks like, ``(S,)`` float32; see `appearance.signature`.
    """

    frame: int
    box: FaceBox
    signature: NDArray[np.float32]


Thread = list[Sighting]


def place_at(one: Sighting, other: Sighting, frame: float) -> tuple[float, float]:
    """Return the centre of a face that keeps its pace from one sighting to another."""
    share = (frame - one.frame) / (other.frame - one.frame)
    (x, y), (to_x, to_y) = one.box.centre, other.box.centre
    return x + share * (to_x - x), y + share * (to_y - y)


def gather(sightings: Mapping[int, Iterable[Sighting]], looks: Sequence[int]) -> list[Thread]:
    """Return the sightings of one stretch by face, each face's in the order of time.

    Args:
        sightings: What was seen at every look.
        looks: Frames of the stretch that were looked at, ascending.
    """
    alive: list[_Face] = []
    ended: list[_Face] = []
    for frame in looks:
        waiting = sorted(sightings[frame], key=_rank)
        # A column for every sighting, and one for every face that is not seen.
        costs = np.full((len(alive), len(waiting) + len(alive)), STRANGER)
        for row, face in enumerate(alive):
            others = [other for other in alive if other is not face]
            costs[row, : len(waiting)] = [face.cost(seen, others) for seen in waiting]
        found = dict(zip(assign(costs), alive, strict=True))
        for face in alive:
            face.missed += 1
        for column, seen in enumerate(waiting):
            if column in found:
                found[column].add(seen)
            else:
                alive.append(_Face([seen], seen.signature))
        ended += [face for face in alive if face.missed > PATIENCE]
        alive = [face for face in alive if face.missed <= PATIENCE]
    return _settled([face.thread for face in ended + alive], looks)


@dataclass(slots=True)
class _Face:
    """A thread in the making."""

    thread: Thread
    looks: NDArray[np.float32]
    missed: int = 0

    def cost(self, seen: Sighting, others: Iterable[_Face]) -> float:
        """Return how badly a sighting fits, in face widths, among the other faces."""
        last = self.thread[-1].box
        width = (last.size + seen.box.size) / 2
        distance = dist(last.centre, seen.box.centre) / width
        if len(self.thread) > 1:
            expected = place_at(self.thread[-2], self.thread[-1], seen.frame)
            distance = min(distance, dist(expected, seen.box.centre) / width)
        if distance > 1 + self.missed / 2 or not 0.5 < seen.box.size / last.size < 2:
            return IMPOSSIBLE
        unlike = float(np.linalg.norm(self.looks - seen.signature))
        cost = distance + LOOKS_WEIGHT * unlike
        if cost < STRANGER and (unlike < MOST_UNLIKE or not self.missed):
            return cost
        # Where one face alone was just now it is the same one, however far it has turned.
        stayed = distance < STILL and self.missed <= BLINK
        alone = all(
            dist(face.thread[-1].box.centre, last.centre) > ALONE * width for face in others
        )
        return KNOWN if stayed and alone else IMPOSSIBLE

    def add(self, seen: Sighting) -> None:
        looks = LOOKS_MEMORY * self.looks + (1 - LOOKS_MEMORY) * seen.signature
        self.looks = np.asarray(looks, np.float32)
        self.thread.append(seen)
        self.missed = 0


def _rank(seen: Sighting) -> tuple[float | bytes, ...]:
    box = seen.box
    return box.left, box.top, box.width, box.height, box.score, seen.signature.tobytes()


def _settled(threads: Sequence[Thread], looks: Sequence[int]) -> list[Thread]:
    """Return the threads after sightings that look like a face beside them have gone over to it.

    Whoever steps before a face, unknown until then, is first taken for it.
    """
    known = [thread for thread in threads if len(thread) >= ENOUGH_SEEN]
    typical = np.array([_typical(thread) for thread in known])
    settled = {id(thread): {seen.frame: seen for seen in thread} for thread in threads}
    for own, thread in enumerate(known):
        beside = [n for n, other in enumerate(known) if n != own and not _in_turn(thread, other)]
        for seen in thread:
            unlike = np.linalg.norm(typical - seen.signature, axis=1).tolist()
            wanted = [
                (unlike[other], other)
                for other in beside
                if unlike[other] + RIVAL < unlike[own]
                and seen.frame not in settled[id(known[other])]
                and _is_near(seen, known[other], looks)
            ]
            if wanted:
                del settled[id(thread)][seen.frame]
                settled[id(known[min(wanted)[1]])][seen.frame] = seen
    return [[held[frame] for frame in sorted(held)] for held in settled.values() if held]


def _is_near(seen: Sighting, thread: Thread, looks: Sequence[int]) -> bool:
    """Whether a face seen a look or two before or after could have been where this one is."""
    frame = bisect_left(looks, seen.frame)
    around = looks[max(frame - 2, 0) : frame + 3]
    return any(
        other.frame in around
        and dist(other.box.centre, seen.box.centre)
        <= FASTEST * abs(other.frame - seen.frame) * other.box.size
        for other in thread
    )


def _typical(thread: Thread) -> NDArray[np.float32]:
    return np.asarray(np.median([seen.signature for seen in thread], axis=0), np.float32)


def reunite(threads: Iterable[Thread]) -> list[list[Thread]]:
    """Return the threads by person, each person's in the order of time."""
    people = [[thread] for thread in sorted(threads, key=lambda thread: _rank(thread[0]))]
    known = [person for person in people if len(person[0]) >= ENOUGH_SEEN]
    if len(known) < 2:
        return people
    typical = np.array([_typical(thread) for (thread,) in known])
    unlike = np.linalg.norm(typical[:, None] - typical, axis=2)
    apart = np.array([[not _in_turn(*one, *other) for other in known] for one in known])
    while True:
        wanted = np.where(apart, np.inf, unlike)
        one, other = divmod(int(wanted.argmin()), len(known))
        if wanted[one, other] >= SAME_PERSON:
            break
        if not _may_return(known[one], known[other]) or _in_doubt(one, other, unlike, apart):
            apart[one, other] = apart[other, one] = True
            continue
        known[one] += known[other]
        known[one].sort(key=lambda thread: thread[0].frame)
        known[other].clear()
        unlike[one] = unlike[:, one] = np.maximum(unlike[one], unlike[other])
        apart[one] = apart[:, one] = apart[one] | apart[other]
        # Who has joined another is nobody's rival any more.
        unlike[other] = unlike[:, other] = np.inf
    return [person for person in people if person]


def _in_turn(one: Thread, other: Thread) -> bool:
    """Whether two threads share no time."""
    return one[-1].frame < other[0].frame or other[-1].frame < one[0].frame


def _may_return(one: list[Thread], other: list[Thread]) -> bool:
    """Whether a face could have gone from where each thread ends to where the next begins."""
    for before, after in pairwise(sorted([*one, *other], key=lambda thread: thread[0].frame)):
        gone, back = before[-1], after[0]
        smaller, larger = sorted((gone.box.size, back.box.size))
        reach = FASTEST * (back.frame - gone.frame) * larger
        if larger > SIZE_RATIO * smaller or dist(gone.box.centre, back.box.centre) > reach:
            return False
    return True


def _in_doubt(one: int, other: int, unlike: NDArray[np.float64], apart: NDArray[np.bool_]) -> bool:
    """Whether somebody who is not the one looks nearly as much like the other, or vice versa."""
    for mine, theirs in ((one, other), (other, one)):
        rivals = apart[mine] | (unlike[mine] >= SAME_PERSON)
        rivals[[one, other]] = False
        if bool((unlike[theirs, rivals] < unlike[one, other] + RIVAL).any()):
            return True
    return False
