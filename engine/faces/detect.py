"""Finding faces in a display-referred picture with the cascades that OpenCV brings along.

Rules of this file:
    - Coordinates are the picture's: pixel (x, y) has its centre at x, y; a box's first column is
      `left` and its centre `left + (width - 1) / 2`.
    - Cascades agree or are doubted: what counts is the number of raw hits, of all cascades
      together, that fall on one place. A real face has tens, a coincidence a handful.
    - The same picture gives the same boxes in the same order, on any number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from plugin_host.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

FRONTAL_SIDE = 640
"""Longest side, in pixels, at which frontal faces are looked for."""
PROFILE_SIDE = 400
"""The same for faces seen from the side, whose cascade costs more per pixel."""
SMALLEST_SIDE = 320
"""A smaller picture is enlarged to this."""
SMALLEST_FACE = 20
"""Side of the smallest box in the scaled picture: the size that the cascades were trained at."""
CONTRAST = 2.0
"""Limit of the local equalisation; global equalisation would see a face by its surroundings."""
CONTRAST_TILES = (8, 8)
"""Columns and rows of its tiles."""
SCALE_FACTOR = 1.15
"""Ratio between neighbouring face sizes that are tried."""
FEWEST_HITS = 3
"""A cascade's hits on one place below which it is not heard."""
SURE_HITS = 12
"""All cascades' hits on one place that make a face certain: score 1."""
DOUBTFUL_SCORE = 0.5
"""A place with a lower score is not reported."""
SAME_PLACE = 0.4
"""Share of the smaller of two boxes that must be common for them to be one place."""
SAME_BOX = 0.5
"""Intersection over union from which a box refines the place's strongest one."""


@dataclass(frozen=True, slots=True)
class FaceBox:
    """Where a face is, and how sure that is.

    Cascade boxes are tight and square: brows to lower lip.

    Attributes:
        left: First column, in pixels of the picture.
        top: First row.
        width: Columns, above 0.
        height: Rows, above 0.
        score: From 1 on a face by itself; below 1 believed only beside surer sightings.
    """

    left: float
    top: float
    width: float
    height: float
    score: float

    @property
    def centre(self) -> tuple[float, float]:
        """The centre's x and y."""
        return self.left + (self.width - 1) / 2, self.top + (self.height - 1) / 2

    @property
    def size(self) -> float:
        """Side of the square of the same area."""
        return (self.width * self.height) ** 0.5

    def shared_area(self, other: FaceBox) -> float:
        """Return the area, in square pixels, that both boxes cover."""
        right = min(self.left + self.width, other.left + other.width)
        bottom = min(self.top + self.height, other.top + other.height)
        across, down = right - max(self.left, other.left), bottom - max(self.top, other.top)
        return max(across, 0.0) * max(down, 0.0)


class _Hit(NamedTuple):
    """What one cascade says of one place; sorts frontal before profile, then by hits."""

    kind: int
    doubt: int
    left: float
    top: float
    width: float
    height: float

    @property
    def hits(self) -> int:
        return -self.doubt

    @property
    def box(self) -> FaceBox:
        return FaceBox(self.left, self.top, self.width, self.height, self.hits / SURE_HITS)


class FaceDetector:
    """Finds faces from the front and from either side.

    Raises:
        WeightsError: OpenCV came without its cascades.
    """

    def __init__(self) -> None:
        self._frontal = (_cascade("frontalface_alt2"), _cascade("frontalface_default"))
        self._profile = _cascade("profileface")

    def detect(self, picture: NDArray[np.uint8]) -> tuple[FaceBox, ...]:
        """Return the faces of a picture, the surest first.

        Args:
            picture: ``(H, W, 3)`` uint8, display-referred RGB.

        Returns:
            Boxes in the picture's pixels, of which no two cover one place.
        """
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        found: list[_Hit] = []
        small = _scaled(grey, FRONTAL_SIDE)
        for cascade in self._frontal:
            found += _hits(cascade, small, grey.shape, kind=0)
        # The cascade knows one side only; the mirrored picture shows it the other.
        small = _scaled(grey, PROFILE_SIDE)
        found += _hits(self._profile, small, grey.shape, kind=1)
        mirrored = _hits(self._profile, cv2.flip(small, 1), grey.shape, kind=1)
        found += [hit._replace(left=grey.shape[1] - hit.left - hit.width) for hit in mirrored]
        boxes = (_merged(place) for place in _places(found))
        return tuple(
            sorted(
                (box for box in boxes if box.score >= DOUBTFUL_SCORE),
                key=lambda box: (-box.score, box.left, box.top),
            )
        )


def _cascade(name: str) -> cv2.CascadeClassifier:
    path = Path(cv2.__file__).parent / "data" / f"haarcascade_{name}.xml"
    if not path.is_file():
        raise WeightsError(
            "face detection needs the cascades of opencv-python-headless 4", path=str(path)
        )
    return cv2.CascadeClassifier(str(path))


def _scaled(grey: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return the picture with its longest side from `SMALLEST_SIDE` to `side`, equalised."""
    height, width = grey.shape
    longest = max(height, width)
    scale = min(max(longest, SMALLEST_SIDE), side) / longest
    shape = max(round(width * scale), 1), max(round(height * scale), 1)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(grey, shape, interpolation=how)
    return np.asarray(cv2.createCLAHE(CONTRAST, CONTRAST_TILES).apply(small), np.uint8)


def _hits(
    cascade: cv2.CascadeClassifier, small: cv2.typing.MatLike, shape: Sequence[int], *, kind: int
) -> list[_Hit]:
    boxes, counts = cascade.detectMultiScale2(
        small,
        scaleFactor=SCALE_FACTOR,
        minNeighbors=FEWEST_HITS,
        minSize=(SMALLEST_FACE, SMALLEST_FACE),
    )
    down, across = shape[0] / small.shape[0], shape[1] / small.shape[1]
    return [
        _Hit(kind, -int(count), x * across, y * down, width * across, height * down)
        for (x, y, width, height), count in zip(np.asarray(boxes).tolist(), counts, strict=True)
    ]


def _places(found: Iterable[_Hit]) -> list[list[_Hit]]:
    """Return the hits by place, each place led by its strongest frontal hit."""
    places: list[list[_Hit]] = []
    for hit in sorted(found):
        box = hit.box
        for place in places:
            lead = place[0].box
            smaller = min(box.width * box.height, lead.width * lead.height)
            if box.shared_area(lead) > SAME_PLACE * smaller:
                place.append(hit)
                break
        else:
            places.append([hit])
    return places


def _merged(place: Sequence[_Hit]) -> FaceBox:
    """Return the place's box: the mean of those hits that are much like the leading one."""
    lead = place[0]
    alike = [hit for hit in place if hit.kind == lead.kind and _overlap(hit, lead) >= SAME_BOX]
    hits = sum(hit.hits for hit in alike)
    left, top, width, height = (
        sum(hit.hits * hit[side] for hit in alike) / hits for side in range(2, 6)
    )
    return FaceBox(left, top, width, height, sum(hit.hits for hit in place) / SURE_HITS)


def _overlap(one: _Hit, other: _Hit) -> float:
    """Return intersection over union."""
    shared = one.box.shared_area(other.box)
    return shared / (one.width * one.height + other.width * other.height - shared)
