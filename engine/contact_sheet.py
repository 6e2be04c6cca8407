"""The contact sheet of a shot: what was found in it, on one picture for people.

    title
    the shot    a few frames with boxes and numbers; below them the time, cuts and bad frames marked
    a row       for each track: its number and frames, faces evenly chosen, when it is there

Its width never changes, and its height only with the number of tracks, of which it shows the first
`MOST_ROWS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.analysis import beauty_planes, proxy_picture
from engine.faces.transform import Transform, cut_out
from engine.frame_io.colour import PlateColour
from engine.frame_io.plates import read_frame_of
from engine.lettering import BRIGHT, DIM, GROUND, centred, fitted, letter, width_of
from plugin_host.frame_range import FrameRange

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from engine.analysis import ShotAnalysis
    from engine.faces.track import Track
    from engine.image import Image
    from plugin_host.plate import Plate

MOST_ROWS = 40
COLUMNS = 12
"""Thumbnails in a row."""
STILLS = 6
"""Frames of the shot above the rows."""
THUMB = 128  # pixels, as all that follows
GAP = 8
EDGE = 28
LABEL = 188
INSIDE = LABEL + COLUMNS * (THUMB + GAP) - GAP
WIDTH = INSIDE + 2 * EDGE
STILL = (INSIDE + GAP) // STILLS - GAP
TITLE = 84
TIME = 62
ROW = THUMB + 48
FOOT = 56
TAG = 18
VIEW = 2.4
"""Side of a thumbnail's square in the plate, in sides of the tracked one: the whole head."""
CUT = (235, 80, 70)
EMPTY = (44, 44, 48)
COLOURS = (
    (255, 176, 46), (64, 196, 255), (146, 220, 84), (255, 112, 160), (178, 148, 255),
    (64, 220, 180), (255, 232, 90), (255, 134, 84), (120, 160, 255), (214, 214, 222),
)  # fmt: skip


def draw_sheet(plate: Plate, analysis: ShotAnalysis, hint: str) -> NDArray[np.uint8]:
    """Draw what was found in a shot.

    Args:
        plate: The source; the frames that are shown are read again.
        analysis: What was found; at least one frame is usable.
        hint: The last line: how to go on.

    Returns:
        ``(H, W, 3)`` uint8, display-referred sRGB.

    Raises:
        FrameError: A frame can no longer be read.
    """
    sheet = _Sheet(analysis)
    sheet.title(plate)
    shown = sheet.stills()
    for row, track in enumerate(analysis.faces.tracks[:MOST_ROWS]):
        shown += sheet.row(row, track)
    for frame in sorted({still.frame for still in shown}):
        image, _ = read_frame_of(plate, frame)
        for still in shown:
            if still.frame == frame:
                sheet.show(still, image)
    sheet.foot(hint)
    return sheet.canvas


def colour_of(track: int) -> tuple[int, int, int]:
    """Return the colour of a track on every sheet, RGB."""
    return COLOURS[(track - 1) % len(COLOURS)]


@dataclass(frozen=True, slots=True)
class _Still:
    """A place of the sheet that waits for its frame: of a track, or of them all."""

    frame: int
    corner: tuple[int, int]
    track: Track | None = None


class _Sheet:
    """A sheet being drawn."""

    def __init__(self, analysis: ShotAnalysis) -> None:
        assert analysis.colour is not None
        self._analysis = analysis
        self._colour = PlateColour(analysis.colour)
        display = analysis.display
        self._scale = min(STILL / display.width, STILL / display.height)
        self._still_height = max(round(display.height * self._scale), 1)
        self._rows_top = TITLE + self._still_height + TIME
        rows = min(len(analysis.faces.tracks), MOST_ROWS)
        self.canvas = np.full((self._rows_top + rows * ROW + FOOT, WIDTH, 3), GROUND, np.uint8)
        first, last = analysis.frames[0], analysis.frames[-1]
        self._first, self._length = first, last + 1 - first

    def title(self, plate: Plate) -> None:
        """Say what this is a sheet of."""
        found, display, colour = self._analysis, self._analysis.display, self._analysis.colour
        faces, cuts = len(found.faces.tracks), len(found.faces.cuts)
        letter(self.canvas, fitted(plate.stem, 30, INSIDE), (EDGE, 42), 30, BRIGHT)
        words = (
            f"{_in_short(found.frames, 30)}   {display.width} x {display.height}   "
            f"{'' if colour is None else colour.space}   "
            f"{_counted(faces, 'face')}   {_counted(cuts, 'cut')}"
        )
        letter(self.canvas, fitted(words, 16, INSIDE), (EDGE, 68), 16, DIM)

    def stills(self) -> list[_Still]:
        """Lay out the frames of the shot and, below them, its time."""
        frames = self._analysis.frames
        count = min(STILLS, len(frames))
        step, width = (INSIDE + GAP) / count, round(self._analysis.display.width * self._scale)
        shown: list[_Still] = []
        for place in range(count):
            middle = self._first + (place + 0.5) / count * self._length - 0.5
            frame = min(frames, key=lambda f, middle=middle: abs(f - middle))
            x = EDGE + round((place + 0.5) * step - GAP / 2)
            shown.append(_Still(frame, (x - width // 2, TITLE)))
            centred(self.canvas, str(frame), (x, TITLE + self._still_height + 20), 14, DIM)
        y = TITLE + self._still_height + 30
        self._time(EDGE, INSIDE, y, [(frames, (110, 110, 118))])
        self._cuts(EDGE, INSIDE, y, numbered=True)
        return shown

    def row(self, place: int, track: Track) -> list[_Still]:
        """Lay out a track's row."""
        top = self._rows_top + place * ROW
        colour = colour_of(track.number)
        letter(self.canvas, str(track.number), (EDGE, top + 40), 38, colour)
        size = sorted(track.sizes)[len(track.sizes) // 2]
        about = (_in_short(track.frames, 17), _counted(len(track.frames), "frame"))
        for line, text in enumerate((*about, f"{size:.0f} px")):
            letter(self.canvas, text, (EDGE, top + 68 + 22 * line), 15, DIM if line else BRIGHT)
        left = EDGE + LABEL
        shown = [
            _Still(frame, (left + column * (THUMB + GAP), top), track)
            for column, frame in enumerate(evenly(track.frames, COLUMNS))
        ]
        for still in shown:
            middle = (still.corner[0] + THUMB // 2, top + THUMB + 17)
            centred(self.canvas, str(still.frame), middle, 13, DIM)
        y = top + THUMB + 26
        self._time(left, INSIDE - LABEL, y, [(track.frames, colour)])
        self._cuts(left, INSIDE - LABEL, y, numbered=False)
        return shown

    def _x(self, frame: int, left: int, width: int) -> int:
        return left + round((frame - self._first) / self._length * width)

    def _time(
        self, left: int, width: int, y: int, held: Iterable[tuple[Sequence[int], tuple[int, ...]]]
    ) -> None:
        """Draw the shot's time from left to right, and in colour which frames are held."""
        self.canvas[y : y + 4, left : left + width] = EMPTY
        for frames, colour in held:
            for frame in frames:
                start = self._x(frame, left, width)
                end = max(self._x(frame + 1, left, width), start + 1)
                self.canvas[y : y + 4, start:end] = colour

    def _cuts(self, left: int, width: int, y: int, *, numbered: bool) -> None:
        free = left
        for frame in self._analysis.faces.cuts:
            x = self._x(frame, left, width)
            self.canvas[y - 3 : y + 7, x - 1 : x + 1] = CUT
            if numbered and x - 40 >= free:
                centred(self.canvas, f"cut {frame}", (x, y + 24), 13, CUT)
                free = x + 40

    def show(self, still: _Still, image: Image) -> None:
        """Draw a frame where it belongs."""
        if still.track is None:
            self._show_all(still, image)
        else:
            self._show_face(still, still.track, image)

    def _show_all(self, still: _Still, image: Image) -> None:
        display = self._analysis.display
        picture = proxy_picture(image, self._colour, display)
        size = (max(round(display.width * self._scale), 1), self._still_height)
        how = cv2.INTER_AREA if size[0] < picture.shape[1] else cv2.INTER_LINEAR
        x, y = still.corner
        view = self.canvas[y : y + size[1], x : x + size[0]]
        view[:] = np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
        for track in self._analysis.faces.tracks:
            if still.frame in track.frames:
                (cx, cy), side = _seen(track, still.frame)
                at = ((cx - display.left + 0.5), (cy - display.top + 0.5))
                _box(view, (at[0] * self._scale, at[1] * self._scale), side * self._scale, track)

    def _show_face(self, still: _Still, track: Track, image: Image) -> None:
        (cx, cy), side = _seen(track, still.frame)
        step = VIEW * side / THUMB
        half = step * (THUMB - 1) / 2
        transform = Transform((THUMB, THUMB), cx - half, cy - half, step)
        window = image.beauty.data_window
        box = transform.footprint.intersection(window) or window
        planes = cut_out(np.nan_to_num(beauty_planes(image, box)), box, transform)
        x, y = still.corner
        view = self.canvas[y : y + THUMB, x : x + THUMB]
        # Beyond the plate, a crop repeats its edge.
        steps = np.arange(THUMB) * step - half
        columns = (cx + steps >= window.left - 0.5) & (cx + steps <= window.right + 0.5)
        rows = (cy + steps >= window.top - 0.5) & (cy + steps <= window.bottom + 0.5)
        inside = (rows[:, None] & columns)[..., None]
        view[:] = np.where(inside, self._colour.picture(planes), np.asarray(EMPTY, np.uint8))
        _box(view, (THUMB / 2, THUMB / 2), THUMB / VIEW, track, numbered=False)

    def foot(self, hint: str) -> None:
        """Say what is not shown, and how to go on."""
        rest = self._analysis.faces.tracks[MOST_ROWS:]
        more = f"and {_counted(len(rest), 'face')} more, not drawn.   " if rest else ""
        text = fitted(more + hint, 16, INSIDE)
        letter(self.canvas, text, (EDGE, len(self.canvas) - 24), 16, DIM)


def evenly(frames: Sequence[int], most: int) -> list[int]:
    """Return at most so many frames, evenly chosen, the first and the last among them."""
    places = np.linspace(0, len(frames) - 1, min(most, len(frames)))
    return [frames[round(place)] for place in places.tolist()]


def _seen(track: Track, frame: int) -> tuple[tuple[float, float], float]:
    index = track.frames.index(frame)
    return track.centres[index], track.sizes[index]


def _box(
    view: NDArray[np.uint8],
    centre: tuple[float, float],
    side: float,
    track: Track,
    *,
    numbered: bool = True,
) -> None:
    """Draw a face's square, and above it the number of its track."""
    colour = colour_of(track.number)
    left, top, right, bottom = (
        round(centre[axis] + sign * side / 2) for sign in (-1, 1) for axis in (0, 1)
    )
    cv2.rectangle(view, (left, top), (right, bottom), colour, 1, cv2.LINE_AA)
    if numbered:
        text = str(track.number)
        top = max(top - TAG, 0)
        view[top : top + TAG, max(left, 0) : max(left + width_of(text, 15) + 9, 0)] = colour
        letter(view, text, (left + 4, top + 14), 15, GROUND)


def _in_short(frames: Sequence[int], most: int) -> str:
    """Return the frames in so many characters: as a range, or else the first and the last."""
    text = str(FrameRange(frames))
    return text if len(text) <= most else f"{frames[0]} to {frames[-1]}"


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
