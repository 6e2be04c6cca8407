"""Which faces of a shot are restored: the engine's own program looks, the artist chooses.

Rules of this file:
    - The numbers hold for a shot, its handles, colourspace and detector: all are passed on.
    - The program is the one that starts the engine. It reads this machine's files.
"""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Any, Iterable

from plugin_host.errors import DeadlineExceeded, EngineStartFailed, JobCancelled, RequestRefused
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.nuke.application import nuke
from plugin_host.hosts.nuke.group import undoable
from plugin_host.hosts.nuke.knobs import knob_name
from plugin_host.launcher import engine_command, engine_environment

if TYPE_CHECKING:
    from plugin_host.host import Progress, Selection
    from plugin_host.hosts.nuke.application import Group
    from plugin_host.requests import Settings

LONGEST_S = 7200.0  # for a shot to be looked through
_POLL_S = 0.1
_MOST = 12  # faces that the question names


def look_through(selection: Selection, settings: Settings, progress: Progress) -> dict[str, Any]:
    """Return what ``faceplate analyse --json`` says of a shot; its contact sheet is ``sheet``.

    Raises:
        EngineStartFailed: The program is not there.
        RequestRefused: It refused; says why.
        JobCancelled: The user cancelled.
        DeadlineExceeded: It did not end within two hours.
    """
    folder = tempfile.mkdtemp(prefix="faceplate-")
    command = [
        *engine_command(),
        *_arguments(selection, settings, os.path.join(folder, "faces.png")),
    ]
    progress.say(0, 1, "looks through the shot")
    with open(os.path.join(folder, "said"), "w+", encoding="utf-8") as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own engine
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=engine_environment(),
            )
        except OSError as error:
            what = f"cannot start {command[0]}: {error.strerror}"
            raise EngineStartFailed(what) from None
        _wait(process, progress)
        said.seek(0)
        text = said.read().strip()
    found = _last_object(text.splitlines())
    if found is None or "faces" not in found:
        why = (found or {}).get("message") or text[-2000:] or f"exit code {process.returncode}"
        raise RequestRefused(f"the shot could not be looked through: {why}")
    return found


def choose_faces(group: Group, found: dict[str, Any], offset: int) -> None:
    """Show the contact sheet beside a group, and ask which of the faces are restored; on main.

    Args:
        group: Whose knob takes the answer.
        found: Of `look_through`.
        offset: Frame of the plate less frame of the timeline.
    """
    faces = found["faces"]
    knob = group[knob_name("faces")]
    lines = [f"{face['number']}: {_span(face['frames'], offset)}" for face in faces[:_MOST]]
    if len(faces) > _MOST:
        lines.append(f"and {len(faces) - _MOST} more")
    if found.get("sheet"):
        _show_sheet(group, str(found["sheet"]))
    if not faces:
        nuke.message(f"Faceplate\n\n{group.fullName()}: no face was found in the shot")
        return
    question = "Which faces are restored? 1,3=Anna, or -2 for all but that one; empty for all.\n"
    answer: str | None = nuke.getInput(question + "\n".join(lines), str(knob.value()))
    if answer is not None:  # pyright: ignore[reportUnnecessaryComparison] - cancelled; the stub forgot
        with undoable("Faceplate: pick faces"):
            knob.setValue(answer.strip())


def _arguments(selection: Selection, settings: Settings, sheet: str) -> list[str]:
    shot = selection.shot
    plate = shot.plate
    path = plate.pattern if plate.single is None else plate.path(plate.single)
    words = ["analyse", path, f"--shot={shot.frames}", f"--handles={shot.handles}"]
    words += [f"--colourspace={plate.colourspace}"] if plate.colourspace else []
    words += [f"--detector={settings.detector}"] if settings.detector else []
    return [*words, f"--out={sheet}", "--json"]


def _wait(process: subprocess.Popen[bytes], progress: Progress) -> None:
    end = time.monotonic() + LONGEST_S
    while process.poll() is None:
        cancelled = progress.cancelled()
        if cancelled or time.monotonic() > end:
            process.kill()
            process.wait(10)
            if cancelled:
                raise JobCancelled("looking for faces was cancelled")
            raise DeadlineExceeded(f"the shot was not looked through within {LONGEST_S:.0f} s")
        time.sleep(_POLL_S)


def _last_object(lines: Iterable[str]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = None
    for line in lines:
        if line.startswith("{"):
            try:
                found = json.loads(line)
            except ValueError:
                continue
    return found


def _span(frames: object, offset: int) -> str:
    return str(FrameRange(f - offset for f in FrameRange.parse(str(frames))))


def _show_sheet(group: Group, path: str) -> None:
    with undoable("Faceplate: contact sheet"):
        name = f"{group.name()}_faces"
        with group.parent():
            read = nuke.toNode(name) or nuke.nodes.Read(name=name)
        read["file"].setValue(path.replace("\\", "/"))
        read.setXYpos(int(group.xpos()) + 110, int(group.ypos()))
