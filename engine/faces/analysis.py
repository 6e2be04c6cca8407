"""Looking through a shot once: where it cuts, and which faces are where.

Rules of this file:
    - Pictures pass by; of each only a thumbnail's worth is kept, and a handful of them wait until
      it is known whether a cut follows.
    - The result depends on the pictures and their frame numbers alone.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import cv2
import numpy as np

from engine.faces.appearance import signature
from engine.faces.cuts import LOOKAHEAD, View, begins_setup, view
from engine.faces.detect import FaceDetector
from engine.faces.threads import Sighting
from engine.faces.track import INTERVAL, Track, link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from engine.faces.detect import FaceBox
    from engine.faces.yunet import YuNet
    from engine.image import Box

LONGEST_SIDE = 640
"""Longest side of a proxy, in pixels."""
THUMBNAIL = (64, 36)
"""Columns and rows of a thumbnail, whatever the picture's shape."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """The small picture of a plate in which faces are looked for.

    Attributes:
        window: What of the plate it shows: the display window.
        width: Its columns.
        height: Its rows.
    """

    window: Box
    width: int
    height: int

    @classmethod
    def of(cls, window: Box, longest: int = LONGEST_SIDE) -> Self:
        """Return the proxy of a window, scaled down so that no side is above `longest` pixels."""
        scale = min(longest / max(window.width, window.height), 1)
        return cls(
            window, max(round(window.width * scale), 1), max(round(window.height * scale), 1)
        )

    def to_plate(self, box: FaceBox) -> FaceBox:
        """Return a box of the proxy in plate pixels."""
        across, down = self.window.width / self.width, self.window.height / self.height
        return replace(
            box,
            left=self.window.left + box.left * across,
            top=self.window.top + box.top * down,
            width=box.width * across,
            height=box.height * down,
        )


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is known of a shot before it is restored.

    Attributes:
        frames: Frame numbers that were looked through, ascending.
        cuts: Those at which a new camera setup begins, the first of all excluded.
        tracks: The faces, by number.
    """

    frames: tuple[int, ...]
    cuts: tuple[int, ...]
    tracks: tuple[Track, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the analysis as plain lists and numbers; floats come back exactly."""
        return {
            "frames": list(self.frames),
            "cuts": list(self.cuts),
            "tracks": [track.to_json() for track in self.tracks],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return the analysis that `to_json` wrote.

        Raises:
            KeyError: A field is missing.
            TypeError: A field is not of its kind.
            ValueError: A field is not a number.
        """
        return cls(
            tuple(int(frame) for frame in document["frames"]),
            tuple(int(frame) for frame in document["cuts"]),
            tuple(Track.from_json(track) for track in document["tracks"]),
        )


def analyse(
    pictures: Iterable[tuple[int, NDArray[np.uint8]]],
    proxy: Proxy,
    detector: FaceDetector | YuNet | None = None,
) -> Analysis:
    """Find the cuts of a shot and follow its faces.

    Args:
        pictures: Frame number, ascending, and proxy ``(H, W, 3)`` uint8 display-referred RGB;
            read once, in order.
        proxy: Where the pictures lie in the plate.
        detector: What finds faces; a new `FaceDetector` by default.

    Raises:
        WeightsError: See `FaceDetector` and `YuNet.detect`.
    """
    detector = detector or FaceDetector()
    frames: list[int] = []
    cuts: list[int] = []
    sightings: dict[int, list[Sighting]] = {}
    since = 0
    for now, following in _with_next(_with_cuts(pictures)):
        frames.append(now.frame)
        since = 0 if now.begins else since + 1
        if now.begins and len(frames) > 1:
            cuts.append(now.frame)
        if since % INTERVAL == 0 or following is None or following.begins:
            sightings[now.frame] = [
                Sighting(now.frame, proxy.to_plate(box), signature(now.picture, box))
                for box in detector.detect(now.picture)
            ]
    return Analysis(tuple(frames), tuple(cuts), link(sightings, frames, cuts))


class _Seen(NamedTuple):
    frame: int
    picture: NDArray[np.uint8]
    begins: bool


def _with_cuts(pictures: Iterable[tuple[int, NDArray[np.uint8]]]) -> Iterator[_Seen]:
    """Yield every picture as soon as it is known whether a camera setup begins with it."""
    waiting: deque[tuple[int, NDArray[np.uint8]]] = deque()
    views: list[View] = []
    for frame, picture in pictures:
        waiting.append((frame, picture))
        small = cv2.resize(picture, THUMBNAIL, interpolation=cv2.INTER_AREA)
        views.append(view(np.asarray(small, np.uint8)))
        if len(waiting) > LOOKAHEAD:
            yield _settled(waiting, views)
            # Frames farther back than a flash is long have nothing more to say.
            del views[: -(2 * LOOKAHEAD + 2)]
    while waiting:
        yield _settled(waiting, views)


def _settled(waiting: deque[tuple[int, NDArray[np.uint8]]], views: list[View]) -> _Seen:
    index = len(views) - len(waiting)
    frame, picture = waiting.popleft()
    return _Seen(frame, picture, index == 0 or begins_setup(views, index))


def _with_next(seen: Iterator[_Seen]) -> Iterator[tuple[_Seen, _Seen | None]]:
    now = next(seen, None)
    while now is not None:
        following = next(seen, None)
        yield now, following
        now = following
