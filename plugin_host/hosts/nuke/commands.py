"""What the menu, the buttons of a group and scripts ask for.

    restore             the range of each group, all selected nodes one after the other
    preview             the current frame, before all other jobs
    set_hero_frame      the current frame as exemplar
    pick_faces          which faces, from what the engine finds in the shot
    cancel, open_take, engine_status

A job for the farm is written in `farm`.

Rules of this file:
    - Each takes nodes, by default the selected ones, and returns at once; in a terminal it returns
      when all is done, and raises the first error.
    - Between two steps a node may be gone: it is looked up by name, each time.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Callable, Sequence

from plugin_host.client import EngineClient
from plugin_host.errors import EngineUnreachable, SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.nuke.adapter import NukeHost, selected
from plugin_host.hosts.nuke.application import nuke
from plugin_host.hosts.nuke.board import running_jobs
from plugin_host.hosts.nuke.faces import choose_faces, look_through
from plugin_host.hosts.nuke.group import undoable
from plugin_host.hosts.nuke.knobs import knob_name
from plugin_host.hosts.nuke.main_thread import on_main
from plugin_host.hosts.nuke.placing import Origin, groups_behind
from plugin_host.hosts.nuke.requesting import asked_of, group_named, restore_groups
from plugin_host.hosts.nuke.work import connect, describe, groups_of, run, say
from plugin_host.launcher import find
from plugin_host.picks import HERO

if TYPE_CHECKING:
    import threading

    from plugin_host.hosts.nuke.application import Group, Node

_DESKTOP_S = 30.0  # for the desktop to show a folder


def restore(nodes: Sequence[Node] | None = None) -> threading.Thread | None:
    """Restore what groups ask for; other nodes get a group first.

    Raises:
        FaceplateError: Nothing is selected; in a terminal, also what went wrong.
    """
    return _restore(nodes, None)


def preview(nodes: Sequence[Node] | None = None) -> threading.Thread | None:
    """Restore the current frame, before everything else that the engine has to do.

    Raises:
        FaceplateError: As for `restore`.
    """
    return _restore(nodes, FrameRange([int(nuke.frame())]))


def set_hero_frame(nodes: Sequence[Node] | None = None) -> threading.Thread | None:
    """Take the current frame as the exemplar of the faces in it, in place of another frame.

    Raises:
        FaceplateError: As for `restore`; or no restorer of this engine takes exemplars.
    """
    frame = int(nuke.frame())

    def set_it(group: Group) -> None:
        knob = group.knob(knob_name("reference"))
        if knob is None:
            raise SettingsError("no restorer of this engine takes reference frames")
        others = [line for line in str(knob.value()).split("\n") if not line.startswith(HERO)]
        with undoable("Faceplate: set hero frame"):
            knob.setValue("\n".join([f"{HERO}{frame}", *filter(None, others)]))
        if not knob.visible():
            say(f"{group.fullName()}: frame {frame} is kept; its restorer takes no reference")

    return _with_groups("hero frame", nodes, set_it)


def pick_faces(nodes: Sequence[Node] | None = None) -> threading.Thread | None:
    """Look through the shot, show its faces, and ask which are restored.

    Raises:
        FaceplateError: As for `restore`.
    """
    chosen = _nodes(nodes)

    def work() -> None:
        with connect() as client:
            description = describe(client)
        for name in on_main(lambda: [g.fullName() for g in groups_of(chosen, description)]):
            asked = on_main(lambda: asked_of(group_named(name), description, None))  # noqa: B023 - at once
            bar = NukeHost().show_progress(f"Looking for faces in {asked.selection.name}")
            with bar as progress:
                found = look_through(asked.selection, asked.settings, progress)
            offset = Origin.parse(asked.selection.origin).offset
            on_main(lambda: choose_faces(group_named(name), found, offset))  # noqa: B023

    return run("pick faces", work)


def cancel(nodes: Sequence[Node] | None = None) -> None:
    """Stop the jobs of these or of the selected groups, of all where none is; frames are kept."""
    chosen = nuke.selectedNodes() if nodes is None else nodes
    names = {group.fullName() for node in chosen for group in groups_behind(node)}
    jobs = [job for job in running_jobs() if not chosen or job.node in names]
    for job in jobs:
        job.cancel()
    if not jobs:
        say("nothing is being restored")


def open_take(nodes: Sequence[Node] | None = None) -> None:
    """Show the folders of what these groups have restored.

    Raises:
        FaceplateError: Nothing is selected.
    """
    folders: list[str] = []
    for node in _nodes(nodes):
        takes = [str(group["fp_take"].value()) for group in groups_behind(node)]
        folders += [os.path.dirname(take) for take in takes if take]
        if not any(takes):
            say(f"{node.fullName()} has restored nothing yet")
    run("open take", lambda: _open_folders(folders))


def engine_status() -> threading.Thread | None:
    """Say how the engine and its jobs stand; start none."""
    return run("status", lambda: say(_status()))


def _restore(nodes: Sequence[Node] | None, frames: FrameRange | None) -> threading.Thread | None:
    chosen = _nodes(nodes)

    def work() -> None:
        with connect() as client:
            description = describe(client)
            names = on_main(lambda: [g.fullName() for g in groups_of(chosen, description)])
            errors = restore_groups(client, names, description, frames)
        if errors and not nuke.GUI:
            raise errors[0]

    return run("restore", work)


def _with_groups(
    title: str, nodes: Sequence[Node] | None, work: Callable[[Group], None]
) -> threading.Thread | None:
    chosen = _nodes(nodes)
    groups = [groups_behind(node) for node in chosen]
    if all(groups):
        for group in itertools.chain(*groups):
            work(group)
        return None

    def make_first() -> None:
        with connect() as client:
            description = describe(client)
        on_main(lambda: [work(group) for group in groups_of(chosen, description)])

    return run(title, make_first)


def _nodes(nodes: Sequence[Node] | None) -> list[Node]:
    return selected() if nodes is None else list(nodes)


def _status() -> str:
    try:
        connection = find()
    except EngineUnreachable as error:
        return f"no engine runs; the next command starts one\n({error})"
    with EngineClient(connection, "nuke status") as client:
        report = client.status(most=20)
    lines = [
        f"engine {connection.pid} at {connection.address}, {'ready' if report.ready else 'loads'}"
    ]
    lines += [f"{job.state}: {job.done} of {job.total}" for job in report.jobs]
    lines += [f"here: {job.node} {job.text}" for job in running_jobs()]
    return "\n".join(lines)


def _open_folders(folders: Sequence[str]) -> None:
    for folder in folders:
        _open_folder(folder)


def _open_folder(folder: str) -> None:
    if sys.platform == "win32":
        os.startfile(folder)  # noqa: S606 - a folder, which the user's own desktop shows
        return
    program = "open" if sys.platform == "darwin" else "xdg-open"
    try:
        subprocess.run([program, folder], timeout=_DESKTOP_S, check=True)  # noqa: S603 - the user's
    except (OSError, subprocess.SubprocessError):
        say(folder)
