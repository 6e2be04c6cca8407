"""What groups ask the engine for: read from their knobs, restored one after the other.

Rules of this file:
    - All jobs begin to wait at once, so that a cancel reaches those that have not begun.
    - One that fails stops no other. Every error is in its group's label, and said.
"""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple, Sequence, cast

from plugin_host.errors import EngineBusy, FaceplateError, JobCancelled
from plugin_host.hosts.nuke.adapter import NukeHost, plate_of, template_of
from plugin_host.hosts.nuke.application import nuke
from plugin_host.hosts.nuke.board import begin_job
from plugin_host.hosts.nuke.group import undoable
from plugin_host.hosts.nuke.knobs import values_of, wanted_of
from plugin_host.hosts.nuke.main_thread import on_main
from plugin_host.hosts.nuke.placing import Origin
from plugin_host.hosts.nuke.work import say
from plugin_host.panel import settings
from plugin_host.path_map import PathMap
from plugin_host.restoring import restore

if TYPE_CHECKING:
    from plugin_host.client import EngineClient
    from plugin_host.frame_range import FrameRange
    from plugin_host.host import Selection
    from plugin_host.hosts.nuke.application import Group
    from plugin_host.hosts.nuke.board import Job
    from plugin_host.replies import Description
    from plugin_host.requests import Settings


class Asked(NamedTuple):
    """What a group asks the engine for."""

    selection: Selection
    settings: Settings
    template: str
    on_error: str
    shared: bool
    forget: bool


def restore_groups(
    client: EngineClient, names: Sequence[str], description: Description, frames: FrameRange | None
) -> list[FaceplateError]:
    """Restore groups, one after the other; return what went wrong.

    Args:
        client: A session with the engine.
        names: Full names of the groups.
        description: What the engine says it can do.
        frames: Of the timeline, urgently, in place of each group's range; None for that.
    """
    errors: list[FaceplateError] = []
    with contextlib.ExitStack() as jobs:
        waiting = [_begin(name, jobs, errors, urgent=frames is not None) for name in names]
        for job in filter(None, waiting):
            with job:
                try:
                    _restore_one(client, job, description, frames)
                except FaceplateError as error:
                    errors.append(error)
                    _tell(job.node, error)
    return errors


def group_named(name: str) -> Group:
    """Return the group of a full name.

    Raises:
        FaceplateError: It is gone.
    """
    with nuke.root():
        node = nuke.toNode(name)
    if node is None:
        raise FaceplateError(f"{name} is gone from the script")
    return cast("Group", node)


def _begin(
    name: str, jobs: contextlib.ExitStack, errors: list[FaceplateError], *, urgent: bool
) -> Job | None:
    """Return a job that ends with `jobs` at the latest; None where the node has one."""
    try:
        return jobs.enter_context(begin_job(name, urgent=urgent))
    except EngineBusy as error:
        errors.append(error)
        _tell(name, error)
        return None


def _restore_one(
    client: EngineClient, job: Job, description: Description, frames: FrameRange | None
) -> None:
    if job.cancelled():
        raise JobCancelled("cancelled before it began")
    asked = on_main(lambda: asked_of(group_named(job.node), description, frames))
    result = restore(
        NukeHost(job),
        client,
        asked.selection,
        asked.settings,
        asked.template,
        path_map=PathMap.from_environment(),
        on_error=asked.on_error,
        urgent=frames is not None,
        shared=asked.shared,
        forget=asked.forget and frames is None,  # after a preview more is to come
    )
    wrong = result.finished.errors
    for error in wrong[:1]:
        more = f"; nor are {len(wrong) - 1} more frames" if len(wrong) > 1 else ""
        say(f"{job.node}: frame {error.frame} is not as asked: {error.message}{more}")


def asked_of(group: Group, description: Description, frames: FrameRange | None) -> Asked:
    """Return what a group's knobs say, checked; render its input where that is needed; on main.

    Args:
        group: Which.
        description: What the engine says it can do.
        frames: Of the timeline, in place of the group's own range; None for that.

    Raises:
        FaceplateError: It cannot be asked for; says why, and what would be right.
    """
    wanted = wanted_of(group)
    settings(description, values_of(group, description))  # before anything is rendered
    if frames is not None:
        wanted = wanted._replace(frames=frames)
    selection = plate_of(group, wanted)
    offset = Origin.parse(selection.origin).offset
    made = settings(description, values_of(group, description, offset=offset))
    template = template_of(selection, wanted)
    return Asked(selection, made, template, wanted.on_error, wanted.shared, wanted.forget)


def _tell(name: str, error: FaceplateError) -> None:
    """Put an error into the group's label, and say it; a cancel is no news."""
    cancelled = isinstance(error, JobCancelled)

    def put() -> None:
        group = nuke.toNode(name)
        if group is not None and not isinstance(error, EngineBusy):
            text = error.message if cancelled else f"not restored: {error.message}"
            with undoable("Faceplate: say what became of it"):
                group["label"].setValue(text[:200].replace("[", "(").replace("]", ")"))

    on_main(put)
    if not cancelled and nuke.GUI:
        say(f"{name}: {error}")
