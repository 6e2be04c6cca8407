"""A host without an application: plates are paths, and what is placed is remembered.

For scripts, and the plainest host that the suite of hosts runs on.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Callable, Iterable, Sequence

from plugin_host.errors import FrameMissing, PlateError
from plugin_host.frame_range import FrameRange
from plugin_host.host import Host, Progress, Selection
from plugin_host.plate import Plate
from plugin_host.requests import Shot

if TYPE_CHECKING:
    from plugin_host.host import Result

Say = Callable[[int, int, str], None]
"""Told how many are done, of how many, and what."""


class Headless(Host):
    """Restores what it is given.

    Args:
        selections: What is selected; see `select`.
        say: Told how far it is.
        cancelled: Asked whether to stop.
    """

    name = "headless"

    def __init__(
        self,
        selections: Iterable[Selection] = (),
        *,
        say: Say = lambda _done, _total, _message: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.placed: list[Result] = []
        self._selections = tuple(selections)
        self._say, self._cancelled = say, cancelled

    def selected_plates(self) -> Sequence[Selection]:
        """Return what it was made with.

        Raises:
            PlateError: That is nothing.
        """
        if not self._selections:
            raise PlateError("nothing is selected; name a plate, such as /shots/a.%04d.exr")
        return self._selections

    def place_result(self, result: Result) -> str:
        """Remember a result, and return the path pattern of its frames.

        Raises:
            FrameMissing: One of them is not there.
        """
        for frame in result.frames:
            path = result.plate.path(frame)
            if not os.path.isfile(path):
                raise FrameMissing("it was there a moment ago", frame=frame, path=path)
        self.placed.append(result)
        return result.plate.pattern

    def show_progress(self, title: str) -> Progress:
        """Tell `say`, beginning with the title."""
        self._say(0, 0, title)
        return _Told(self._say, self._cancelled)


class _Told(Progress):
    def __init__(self, say: Say, cancelled: Callable[[], bool]) -> None:
        self._say, self._cancelled = say, cancelled

    def say(self, done: int, total: int, message: str) -> None:
        self._say(done, total, message)

    def cancelled(self) -> bool:
        return self._cancelled()


def select(
    path: str,
    frames: str = "",
    *,
    shot: str = "",
    handles: int = 0,
    colourspace: str | None = None,
    name: str = "",
    rate: tuple[int, int] | None = None,
) -> Selection:
    """Return a plate by its path as a selection.

    Args:
        path: A pattern, a picture or a movie.
        frames: Which are wanted; empty for all that are there.
        shot: In to out; empty for the wanted frames.
        handles: Frames around it that are read too.
        colourspace: Its own, where its files do not say.
        name: For naming what is made; empty for the plate's own.
        rate: Frames a second as a fraction.

    Raises:
        PlateError: There is no such plate, or a movie's frames were not named.
        FrameRangeError: A range is none.
    """
    plate = Plate.parse(path, colourspace)
    wanted = FrameRange.parse(frames) if frames else plate.frames_on_disk()
    whole = Shot(plate, FrameRange.parse(shot) if shot else wanted, handles)
    return Selection(name or plate.stem, whole, wanted, plate.pattern, rate)
