"""What a host application must be able to do: name its plates, place results, show progress.

`plugin_host.restoring` does everything else, the same for every host. An adapter lies in `hosts/`,
one file or folder each, and is the only place that imports its application.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Sequence

if TYPE_CHECKING:
    from plugin_host.frame_range import FrameRange
    from plugin_host.plate import Plate
    from plugin_host.replies import Finished
    from plugin_host.requests import Shot, Submit


@dataclass(frozen=True)
class Selection:
    """A plate that the user selected, in the host's words and in the engine's.

    Attributes:
        name: What the host calls it, for people and for naming what is made.
        shot: Its plate, in to out, and handles; paths as the host sees them.
        frames: Those of it that are wanted.
        origin: By what the host finds it again, as text: a node's full name, an item's id.
        rate: Frames a second as a fraction, where the host knows; for placing the result.
    """

    name: str
    shot: Shot
    frames: FrameRange
    origin: str
    rate: tuple[int, int] | None = None


@dataclass(frozen=True)
class Result:
    """A restoration that is verified: every frame lies on disk as its receipt says.

    Attributes:
        selection: What was restored.
        submit: How, in the engine's paths.
        plate: The delivered frames, as a plate whose path is the host's; with the colourspace of
            the source.
        frames: Those of them that are there.
        take: Folder of the take, as the host sees it.
        finished: The engine's last word: notes, errors, frames without a face.
    """

    selection: Selection
    submit: Submit
    plate: Plate
    frames: FrameRange
    take: str
    finished: Finished


class Progress(ABC):
    """How far a job is, shown in the host's way; closed by leaving its ``with``."""

    @abstractmethod
    def say(self, done: int, total: int, message: str) -> None:
        """Show how much is done; called from the thread that restores."""

    @abstractmethod
    def cancelled(self) -> bool:
        """Whether the user asked to stop; called from the thread that restores."""

    def close(self) -> None:  # noqa: B027  # most have nothing to take away
        """Take it off the screen."""

    def __enter__(self) -> Progress:  # noqa: PYI034 - Self needs a newer Python than hosts have
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Host(ABC):
    """An application in which somebody works.

    Attributes:
        name: For the engine's log, such as ``nuke 15.1``.
    """

    name: str

    @abstractmethod
    def selected_plates(self) -> Sequence[Selection]:
        """Return what is selected, in the host's order.

        Raises:
            FaceplateError: Nothing is, or something that cannot be restored: says what, and what
                would be right.
        """

    @abstractmethod
    def place_result(self, result: Result) -> Any:
        """Show a verified result beside the original, which stays as it is; return where.

        Raises:
            FaceplateError: The host did not keep what it was given.
        """

    @abstractmethod
    def show_progress(self, title: str) -> Progress:
        """Show that something has begun."""
