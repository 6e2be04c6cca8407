"""Letters on a picture, drawn four times as large and averaged, so that small ones can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GROUND = (22, 22, 24)
BRIGHT = (238, 238, 240)
DIM = (164, 164, 170)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FINER = 4
_CAPITAL = 21.0  # height of a capital letter at scale 1, in pixels


def width_of(text: str, size: int) -> int:
    """Return how many pixels wide a text is whose capitals are 0.7 `size` high."""
    scale, weight = _pen(size)
    (width, _), _ = cv2.getTextSize(_ascii(text), _FONT, scale, weight)
    return -(-width // _FINER)


def fitted(text: str, size: int, width: int) -> str:
    """Return the text, or as much of it as there is room for, with dots after it."""
    if width_of(text, size) <= width:
        return text
    while text and width_of(text + "...", size) > width:
        text = text[:-1]
    return text.rstrip(" ,-") + "..."


def letter(
    canvas: NDArray[np.uint8],
    text: str,
    at: tuple[int, int],
    size: int,
    colour: tuple[int, int, int],
) -> None:
    """Write a text; what lies outside the canvas is left out.

    Args:
        canvas: ``(H, W, 3)`` uint8, changed in place.
        text: Characters beyond ASCII become question marks: the font has no others.
        at: Column of its left end, row of its base line.
        size: Pixels from one line to the next, about.
        colour: In the canvas's order of channels.
    """
    scale, weight = _pen(size)
    above, below = size, size // 3 + 1
    width = width_of(text, size) + 2
    large = np.zeros(((above + below) * _FINER, width * _FINER), np.uint8)
    start = (_FINER, above * _FINER)
    cv2.putText(large, _ascii(text), start, _FONT, scale, 255, weight, cv2.LINE_AA)
    ink = cv2.resize(large, (width, above + below), interpolation=cv2.INTER_AREA)
    left, top = at[0] - 1, at[1] - above
    rows = slice(max(top, 0), max(min(at[1] + below, canvas.shape[0]), 0))
    columns = slice(max(left, 0), max(min(left + width, canvas.shape[1]), 0))
    place = canvas[rows, columns]
    seen = ink[rows.start - top :, columns.start - left :][: place.shape[0], : place.shape[1]]
    share = seen[..., None].astype(np.float32) / 255
    place[:] = np.rint(place * (1 - share) + np.asarray(colour, np.float32) * share)


def centred(
    canvas: NDArray[np.uint8],
    text: str,
    at: tuple[int, int],
    size: int,
    colour: tuple[int, int, int],
) -> None:
    """Write a text around a column; see `letter`."""
    letter(canvas, text, (at[0] - width_of(text, size) // 2, at[1]), size, colour)


def _pen(size: int) -> tuple[float, int]:
    return 0.7 * size * _FINER / _CAPITAL, max(round(size * _FINER / 11), 1)


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode("ascii")
