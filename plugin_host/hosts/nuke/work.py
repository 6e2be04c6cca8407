"""A command's way: to the engine on a worker, to Nuke on its main thread, and what is said at last.

Rules of this file:
    - The engine may take its time to start or to answer; the main thread never waits for it.
    - Every error is said, once, in a dialog; in a terminal it is raised, so that a script ends.
"""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING, Callable, Sequence

from plugin_host.client import EngineClient
from plugin_host.errors import FaceplateError
from plugin_host.hosts.nuke.application import nuke
from plugin_host.hosts.nuke.footage import views_of
from plugin_host.hosts.nuke.group import make, undoable
from plugin_host.hosts.nuke.knobs import add_knobs, is_ours
from plugin_host.hosts.nuke.main_thread import tell_main
from plugin_host.hosts.nuke.placing import group_behind
from plugin_host.hosts.nuke.progress import Bar
from plugin_host.launcher import find_or_start

if TYPE_CHECKING:
    from plugin_host.hosts.nuke.application import Group, Node
    from plugin_host.replies import Description

_described: list[Description] = []


def run(name: str, work: Callable[[], None]) -> threading.Thread | None:
    """Do some work on a thread of its own; in a terminal, here and now.

    Returns:
        The thread, which ends with Nuke; None in a terminal.

    Raises:
        FaceplateError: What went wrong, in a terminal.
    """
    if not nuke.GUI:
        work()
        return None

    def guarded() -> None:
        try:
            work()
        except FaceplateError as error:
            say(str(error))
        except Exception:  # noqa: BLE001 - a fault of ours is told, not lost with the thread
            say(f"Faceplate has a fault; please report this:\n{traceback.format_exc()}")

    thread = threading.Thread(name=f"faceplate {name}", target=guarded, daemon=True)
    thread.start()
    return thread


def say(text: str) -> None:
    """Show a text to the user, or print it; returns at once on a worker."""
    tell_main(lambda: (nuke.message if nuke.GUI else nuke.tprint)(f"Faceplate\n\n{text}"))


def connect() -> EngineClient:
    """Return a session with the engine, which is started where none runs.

    Raises:
        EngineUnreachable: It does not come up.
    """
    with Bar("Faceplate's engine") as bar:
        bar.say(0, 1, "asks the engine, which may have to start")
        return EngineClient(
            find_or_start(), f"nuke {nuke.NUKE_VERSION_STRING}", again=find_or_start
        )


def groups_of(nodes: Sequence[Node], description: Description) -> list[Group]:
    """Return the groups that restore these nodes, made where they are not there; on main.

    Of a node whose views differ there is one for each view, and a JoinViews behind them.
    """
    groups: list[Group] = []
    with undoable("Faceplate: make nodes"):
        for node in nodes:
            if is_ours(node):
                add_knobs(node, description)
                groups.append(node)  # pyright: ignore[reportArgumentType] - it is ours
                continue
            views = views_of(node)
            known = [group_behind(node, view) for view in views]
            made = [one or make(node, description, v) for one, v in zip(known, views)]
            for group in made:
                add_knobs(group, description)
            if len(made) > 1 and None in known:
                _join(made)
            groups += made
    return groups


def describe(client: EngineClient) -> Description:
    """Return what the engine can do; `last_description` remembers it.

    Raises:
        EngineUnreachable: It does not answer.
    """
    _described[:] = [client.describe()]
    return _described[0]


def last_description() -> Description | None:
    """Return what the engine could do when it was asked last; None if it never was."""
    return _described[0] if _described else None


def _join(groups: Sequence[Group]) -> None:
    with groups[0].parent():
        join = nuke.nodes.JoinViews()
    for number, group in enumerate(groups):
        join.setInput(number, group)
        group.setXpos(int(group.xpos()) + 110 * number)
    join.setXYpos(int(groups[0].xpos()), int(groups[0].ypos()) + 80)
    knob = join.knob("viewassoc")  # which input is which view, where it is not by their order
    if knob is not None:
        knob.setValue("\n".join(nuke.views()))
