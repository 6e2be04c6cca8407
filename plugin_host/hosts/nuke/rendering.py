"""A node's picture rendered to half EXR, raw and in the working space, for the engine to read.

Rules of this file:
    - A folder is named by all that the picture depends on, as far as Nuke tells: so what did not
      change is not rendered again, and its take goes on; what did change lies in another folder.
    - A frame counts as rendered when Nuke has said so and its file is there: `rendered.json`
      remembers the first, after the fact.
    - The Write lives for the length of its render only, and leaves no trace in the undo history.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, Generator, Iterable, Iterator

from plugin_host.errors import (
    FrameMissing,
    FrameRangeError,
    JobCancelled,
    OutputError,
    PlateError,
)
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.nuke.application import nuke
from plugin_host.hosts.nuke.footage import Footage
from plugin_host.plate import Plate, is_absolute

if TYPE_CHECKING:
    from plugin_host.hosts.nuke.application import Node

_DONE = "rendered.json"
# How a node looks and where it lies; its picture does not depend on that.
_LOOKS = (
    *("name", "label", "xpos", "ypos", "selected", "tile_color", "gl_color", "note_font", "cached"),
    *("note_font_size", "note_font_color", "hide_input", "dope_sheet", "bookmark", "icon", "panel"),
    *("postage_stamp", "postage_stamp_frame", "indicators", "help", "thumbnail", "reload"),
    *("autolabel", "onCreate", "onDestroy", "updateUI", "knobChanged"),
)
_OF_SCRIPT = ("colorManagement", "OCIO_config", "customOCIOConfigPath", "workingSpaceLUT", "format")


def default_folder() -> str:
    """Return where rendered plates go, beside the script.

    Raises:
        OutputError: The script was never saved.
    """
    folder = str(nuke.script_directory() or "")
    if not is_absolute(folder):
        raise OutputError(
            "the picture has to be rendered first, beside the script; save the script, or name a "
            "folder in the knob Rendered plates"
        )
    return f"{folder.rstrip('/')}/faceplate/plates"


def render(
    node: Node, frames: FrameRange, *, view: str, folder: str, colourspace: str | None
) -> Footage:
    """Render frames of a node, those that are not there yet; return them as footage.

    Args:
        node: What to render; its frames are the timeline's.
        frames: Which.
        view: In which view; empty for the first.
        folder: Below it a folder is made for this picture.
        colourspace: Name of the working space.

    Raises:
        PlateError: Nuke could not; or proxy mode is on.
        JobCancelled: The user cancelled.
        OutputError: The folder cannot be written.
        FrameMissing: Nuke said that it rendered a frame whose file is not there.
    """
    refuse_proxy()
    view = view or str(nuke.views()[0])
    name = "_".join([*node.fullName().split("."), *([view] if len(nuke.views()) > 1 else [])])
    own = f"{folder.replace(os.sep, '/').rstrip('/')}/{name}_{fingerprint(node, frames)}"
    plate = Plate.parse(f"{own}/{name}.%04d.exr", colourspace)
    done = _done(own, plate)
    missing = [frame for frame in frames if frame not in done]
    if missing:
        with _writing(own):
            os.makedirs(own, exist_ok=True)
        _execute(node, plate, FrameRange(missing), view)
        for frame in missing:
            if not os.path.isfile(plate.path(frame)):
                raise FrameMissing("Nuke did not render it", frame=frame, path=plate.path(frame))
        with _writing(own):
            _remember(own, FrameRange([*done, *missing]))
    return Footage(plate, frames, rendered=True)


def refuse_proxy() -> None:
    """Refuse to work in proxy mode, where pictures are smaller than they will be.

    Raises:
        PlateError: It is on.
    """
    if nuke.root()["proxy"].value():
        raise PlateError("proxy mode is on; faces are restored at full size: switch it off")


def fingerprint(node: Node, frames: FrameRange) -> str:
    """Return 12 hexadecimal digits that change with what a node's picture is made of."""
    digest = hashlib.sha256()
    root = nuke.root()
    for name in _OF_SCRIPT:
        knob = root.knob(name)
        digest.update(f"{name}={knob.toScript() if knob is not None else ''}\n".encode())
    numbers: dict[str, int] = {}  # names are no part of it, connections are
    for one in _upstream(node):
        number = numbers.setdefault(one.fullName(), len(numbers))
        inputs = (one.input(i) for i in range(one.inputs()))
        linked = [numbers.setdefault(n.fullName(), len(numbers)) if n else -1 for n in inputs]
        digest.update(f"{number} {one.Class()} {linked}\n".encode())
        for name in sorted(set(one.knobs()) - set(_LOOKS)):
            digest.update(f"{name}={one[name].toScript()}\n".encode())
        for line in _files(one, frames):
            digest.update(line.encode())
    return digest.hexdigest()[:12]


def _upstream(node: Node) -> Iterator[Node]:
    """Yield a node and all that it depends on, nearest first, groups' insides too.

    Behind a group's Input lies what the group is connected to, and the group's own knobs, but not
    all that is inside: a result that is placed there would be another picture.
    """
    waiting = [(node, True)]
    seen: set[tuple[str, bool]] = set()
    while waiting:
        one, entered = waiting.pop(0)
        if (one.fullName(), entered) in seen:
            continue
        seen.add((one.fullName(), entered))
        yield one
        mask = nuke.INPUTS | nuke.HIDDEN_INPUTS | nuke.EXPRESSIONS
        waiting += [(source, True) for source in one.dependencies(mask)]
        if isinstance(one, nuke.Group) and entered:
            waiting += [(inner, True) for inner in one.nodes()]
        elif one.Class() == "Input":
            waiting.append((one.parent(), False))


def _files(node: Node, frames: Iterable[int]) -> Iterator[str]:
    """Yield a line for each file that a node reads for these frames: its size and age."""
    reading = node.knob("reading")  # a Write shows its input, unless this is on
    writes = node.Class() == "Write" and not (reading is not None and reading.value())
    path = nuke.filename(node) if node.knob("file") is not None and not writes else None
    if not path:
        return
    paths: Iterable[str] = [path]
    with contextlib.suppress(PlateError):
        plate = Plate.parse(path)
        if not plate.is_movie and plate.single is None:
            paths = (plate.path(frame) for frame in _every(plate, frames))
    for one in paths:
        with contextlib.suppress(OSError):
            found = os.stat(one)
            yield f"{os.path.basename(one)} {found.st_size} {found.st_mtime_ns}\n"


def _every(plate: Plate, frames: Iterable[int]) -> Iterable[int]:
    """Return all frames on disk: which of them a retime reads, only Nuke knows."""
    try:
        return plate.frames_on_disk()
    except PlateError:
        return frames


def _execute(node: Node, plate: Plate, frames: FrameRange, view: str) -> None:
    nuke.Undo.disable()
    write = None
    try:
        with node.parent():
            write = nuke.nodes.Write()
        write.setInput(0, node)
        _set(write, plate)
        ranges = nuke.FrameRanges(str(frames).replace(",", " "))
        nuke.execute(write, ranges, [view])
    except RuntimeError as error:
        if str(error).strip().lower().startswith("cancel"):
            raise JobCancelled("the render was cancelled; nothing was sent to the engine") from None
        raise PlateError(f"Nuke could not render {node.fullName()}: {error}") from None
    finally:
        if write is not None:
            nuke.delete(write)
        nuke.Undo.enable()


def _set(write: Node, plate: Plate) -> None:
    values: dict[str, Any] = {
        "file_type": "exr",
        "channels": "all",
        "datatype": "16 bit half",
        "compression": "Zip (1 scanline)",
        "metadata": "all metadata",
        "autocrop": False,
        "raw": True,
        "use_limit": False,
    }
    write["file"].setValue(plate.pattern.replace("\\", "/"))  # a backslash is Tcl's
    for name, value in values.items():
        write[name].setValue(value)


def _done(folder: str, plate: Plate) -> frozenset[int]:
    """Return the frames that were rendered whole and still lie there."""
    try:
        with open(f"{folder}/{_DONE}", encoding="utf-8") as file:
            frames = FrameRange.parse(json.load(file)["frames"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, FrameRangeError):
        return frozenset()
    return frozenset(frame for frame in frames if os.path.isfile(plate.path(frame)))


def _remember(folder: str, frames: FrameRange) -> None:
    path = f"{folder}/{_DONE}"
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump({"frames": str(frames)}, file)
    os.replace(path + ".part", path)


@contextlib.contextmanager
def _writing(folder: str) -> Generator[None, None, None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write there: {error.strerror}", path=folder) from None
