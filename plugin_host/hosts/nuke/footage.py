"""A node's picture as files: which plate it is, and which frame of it Nuke shows when.

Rules of this file:
    - A frame of the timeline is what Nuke shows, and what the artist says; a frame of the plate is
      the number in a file's name. ``plate = timeline + offset``, always, or there is no path.
    - A Read's file is taken as it is only where that is what the Read shows. Whatever is not sure
      is rendered: then Nuke itself has answered.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from plugin_host.errors import FrameRangeError, PlateError
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.nuke.application import nuke
from plugin_host.hosts.nuke.colour import space_of_read
from plugin_host.plate import Plate, is_absolute

if TYPE_CHECKING:
    from plugin_host.hosts.nuke.application import Node

PICTURES = (".exr", ".dpx", ".tif", ".tiff", ".png")
"""Files that engine and Nuke read alike; movies they decode each in their own way."""
_VIEWS = re.compile(r"%[Vv]")
_EXPRESSION = re.compile(r"frame\s*(?:([+-])\s*([0-9]{1,9}))?\Z")


class Footage(NamedTuple):
    """A plate, and how it lies on the timeline.

    Attributes:
        plate: Its files, with the colourspace that Nuke reads them as.
        frames: Those that Nuke takes for there, by the plate's numbers.
        offset: Frame of the plate less frame of the timeline.
        rendered: Whether Nuke made it, raw and in the working space.
    """

    plate: Plate
    frames: FrameRange
    offset: int = 0
    rendered: bool = False

    @property
    def still(self) -> bool:
        """Whether it is one picture, shown at every frame."""
        return self.plate.single is not None

    def to_plate(self, frames: FrameRange) -> FrameRange:
        """Return frames of the timeline by the plate's numbers."""
        return self.frames if self.still else FrameRange(f + self.offset for f in frames)

    def to_timeline(self, frames: FrameRange) -> FrameRange:
        """Return frames of the plate by the timeline's numbers."""
        return FrameRange(f - self.offset for f in frames)


def behind(node: Node | None) -> Node | None:
    """Return the node whose picture comes out of one, past the dots of the graph."""
    while node is not None and node.Class() == "Dot":
        node = node.input(0)
    return node


def views_of(node: Node) -> tuple[str, ...]:
    """Return the views in which a node's picture may differ; one empty name where it cannot."""
    views = tuple(nuke.views())
    source = behind(node)
    if len(views) < 2:
        return ("",)
    if source is not None and source.Class() == "Read":
        return views if _VIEWS.search(str(source["file"].value())) else ("",)
    return views


def footage_of_read(read: Node, view: str = "", colourspace: str | None = None) -> Footage | str:
    """Return a Read's files, or the reason why they are not what it shows.

    Args:
        read: A node of the class Read.
        view: Which of the script's views; empty for a file that is the same in all.
        colourspace: What the user named in place of the Read's own.

    Raises:
        PlateError: The Read names no file.
        FrameRangeError: Its range is none.
        ColourspaceError: Its colourspace cannot be told to the engine.
    """
    if read["disable"].value():
        return "it is disabled"
    path = path_of(read, view)
    if os.path.splitext(path)[1].lower() not in PICTURES:
        return f"{os.path.splitext(path)[1] or 'its file'} is not read by the engine as by Nuke"
    plate = Plate.parse(path, colourspace or space_of_read(read))
    if plate.single is not None:
        return Footage(plate, FrameRange([plate.single]))
    first, last = int(read["first"].value()), int(read["last"].value())
    offset = _offset(read, first)
    if offset is None:
        return f"its {read['frame_mode'].value()} {read['frame'].value()!r} renumbers frames"
    try:
        found = Footage(plate, FrameRange.between(first, last), offset)
    except FrameRangeError as error:
        raise FrameRangeError(f"{read.fullName()}: {error.message}") from None
    return _contradiction(read, found, view) or found


def _contradiction(read: Node, found: Footage, view: str) -> str:
    """Return why Nuke does not show the frames that its knobs seem to say; empty where it does."""
    for frame in (found.frames.first, found.frames.last):
        shown = frame - found.offset
        try:
            told = read.metadata("input/frame", shown, view or str(nuke.views()[0]))
        except RuntimeError:  # the file is not there; the engine will say so
            continue
        if told is not None and int(told) != frame:
            return f"Nuke shows frame {told} of it at {shown}, not {frame}"
    return ""


def path_of(read: Node, view: str = "") -> str:
    """Return the absolute path pattern of a Read's file in a view.

    Raises:
        PlateError: There is none, or it is relative in a script that lies nowhere.
    """
    path = str(nuke.filename(read) or "")
    if not path:
        raise PlateError(f"{read.fullName()} names no file")
    path = path.replace("%V", view).replace("%v", view[:1]) if view else path
    if _VIEWS.search(path):
        raise PlateError(f"{read.fullName()} has a file for each view; choose one", path=path)
    if is_absolute(path):
        return path
    folder = str(nuke.root()["project_directory"].value() or nuke.script_directory())
    if not is_absolute(folder):
        what = f"{read.fullName()} has a relative path, and the script no project directory"
        raise PlateError(what, path=path)
    return f"{folder.rstrip('/')}/{path}"


def _offset(read: Node, first: int) -> int | None:
    """Return what is added to a frame of the timeline; None where that is not all."""
    mode, text = str(read["frame_mode"].value()), str(read["frame"].value()).strip()
    if mode == "expression":
        match = _EXPRESSION.match(text) if text else None
        sign, number = match.groups() if match else (None, None)
        known = match is not None or not text
        return int((sign or "") + (number or "0")) if known else None
    try:
        number = int(text or "0")
    except ValueError:
        return None
    if mode == "offset":
        return number
    # Of a trimmed range it is not documented which end of it starts there.
    whole = first == int(read["origfirst"].value())
    return first - number if mode == "start at" and text and whole else None
