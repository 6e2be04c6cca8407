"""Resolve as a host: clips become selections, results are placed, nothing waits."""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING, Callable, Sequence

from plugin_host.errors import FaceplateError, PlateError
from plugin_host.frame_range import FrameRange
from plugin_host.host import Host, Progress, Selection
from plugin_host.hosts.resolve.choices import Choices
from plugin_host.hosts.resolve.choosing import chosen, facts_of, under_playhead
from plugin_host.hosts.resolve.clip import frames_of, is_readable, plate_of, source_of
from plugin_host.hosts.resolve.origin import BIN_ONLY, Origin
from plugin_host.hosts.resolve.placing import place
from plugin_host.hosts.resolve.rendering import Wanted, rendered
from plugin_host.requests import Shot

if TYPE_CHECKING:
    from plugin_host.host import Result
    from plugin_host.hosts.resolve.api import Item
    from plugin_host.hosts.resolve.application import Application
    from plugin_host.hosts.resolve.clip import Facts, Source
    from plugin_host.hosts.resolve.placing import Placed
    from plugin_host.plate import Plate

NAME = "resolve"
"""What the names of this host begin with, and hence its notes are found by."""


def tell(text: str) -> None:
    """Say something where Resolve shows what scripts say: its console."""
    sys.stdout.write(text + "\n")


class Said(Progress):
    """Progress as lines; a script that leaves at once has little to show."""

    def __init__(self, cancelled: Callable[[], bool] = bool) -> None:
        self._last = ""
        self._cancelled = cancelled

    def say(self, done: int, total: int, message: str) -> None:
        """Say a message that is new."""
        if message != self._last:
            self._last = message
            tell(f"{message} ({done} of {total})")

    def cancelled(self) -> bool:
        """Whether the user asked to stop: not in Resolve, but on the page."""
        return self._cancelled()


class ResolveHost(Host):
    """A running Resolve.

    Args:
        application: It.
        choices: What the user chose.
        cancelled: Whether the user asked to stop, where somebody waits.

    Attributes:
        refused: Clips that were chosen and cannot be restored, and why.
        placed: Where results were placed.
    """

    def __init__(
        self,
        application: Application,
        choices: Choices = Choices(),  # noqa: B008 - frozen
        cancelled: Callable[[], bool] = bool,
    ) -> None:
        self._cancelled = cancelled
        self._application = application
        self._choices = choices
        version = ".".join(str(number) for number in application.edition.version[:3])
        self.name = f"{NAME} {version}"
        self.refused: list[FaceplateError] = []
        self.placed: list[Placed] = []

    def selected_plates(self) -> Sequence[Selection]:
        """Return the chosen clips that can be restored; `refused` tells of the others.

        Raises:
            PlateError: None is chosen, or none of them can be.
        """
        self.refused = []
        choices = self._choices
        found: list[Selection] = []
        for track, item in chosen(
            self._application, choices.clips, colour=choices.colour, track=choices.track
        ):
            try:
                found.append(self._selection(item, track))
            except FaceplateError as error:
                self.refused.append(error)
        if not found:
            raise self.refused[0]
        return found

    def frame_under_playhead(self) -> Selection:
        """Return the clip under the playhead, of which that one frame is wanted, in the bin only.

        Raises:
            PlateError: There is none, or it cannot be restored.
        """
        track, item, frame = under_playhead(self._application)
        return at_frame(self._selection(item, track, BIN_ONLY), frame)

    def place_result(self, result: Result) -> Placed:
        """Put a result beside its clip: as a take, on a track of its own, or in the bin.

        Raises:
            FaceplateError: Resolve did not keep it; nothing else has changed.
        """
        placed = place(self._application, result)
        self.placed.append(placed)
        return placed

    def show_progress(self, title: str) -> Progress:
        """Say that something has begun."""
        tell(title)
        return Said(self._cancelled)

    def _selection(self, item: Item, track: int, way: str = "") -> Selection:
        facts = facts_of(self._application, item, track)
        source = source_of(facts)
        handles = source.handles(handles_of(self._choices))
        if self._choices.render == "always" or not is_readable(facts.path):
            plate, first = self._render(item, facts, source, handles)
        else:
            plate, first = plate_of(facts, self._choices.colourspace or None)
        way = way or self._choices.place
        return selection_of(facts, source, plate, first=first, handles=handles, way=way)

    def _render(self, item: Item, facts: Facts, source: Source, handles: int) -> tuple[Plate, int]:
        """Return a clip's media as EXR, and the number that its first frame would have."""
        media, choices = item.GetMediaPoolItem(), self._choices
        if media is None:
            raise PlateError(f"the clip {facts.name!r} has no media")
        first = max(0, source.first - handles)
        last = min(source.frames - 1, source.last + handles)
        beside = choices.render_folder or os.path.join(os.path.dirname(facts.path), "rendered")
        name = os.path.splitext(os.path.basename(facts.path))[0]
        which = hashlib.sha256(facts.path.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        folder = os.path.join(beside, f"{name}_{which}_{first}-{last}")
        wanted = Wanted(media, facts, first, last, folder, choices.render_preset)
        plate = rendered(self._application, wanted)
        colourspace = choices.render_colourspace or choices.colourspace or None
        return plate._replace(colourspace=colourspace), plate.frames_on_disk().first - first


def selection_of(
    facts: Facts, source: Source, plate: Plate, *, first: int, handles: int, way: str
) -> Selection:
    """Return a clip as a selection; `first` is the number of its media's first frame."""
    frames = frames_of(source, first)
    rate = (source.rate.numerator, source.rate.denominator)
    name = f"{plate.stem}_{frames.first}-{frames.last}"
    return Selection(
        name, Shot(plate, frames, handles), frames, Origin(facts, way, first).to_text(), rate
    )


def at_frame(whole: Selection, frame: int) -> Selection:
    """Return of a clip's selection the one that shows at a timeline frame, or nearest to it."""
    facts = Origin.from_text(whole.origin).facts
    source = source_of(facts)
    offset = min(max(frame - facts.start, 0), facts.duration - 1)
    wanted = FrameRange([list(whole.frames)[source.shown(offset) - source.first]])
    return Selection(whole.name, whole.shot, wanted, whole.origin, whole.rate)


def handles_of(choices: Choices) -> int:
    """Return how many frames around a clip the user wants to be read."""
    value = choices.knobs.get("handles", 0)
    return value if isinstance(value, int) else 0
