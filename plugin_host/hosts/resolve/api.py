"""Asking Resolve, of which nothing is certain; `api.pyi` says what is asked and may come back.

Rules of this file:
    - `hasattr` is True for every name; `dir()` tells what there is, and older versions have less.
    - Whatever Resolve says may be None, and so may each item of a list.
    - An item without a unique id is a phantom: it was returned, and is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # compared with Blackmagic's documentation, as the public stubs have it
    import fusionscript  # pyright: ignore[reportMissingModuleSource]

    from plugin_host.hosts.resolve import api as asked  # noqa: PLW0406 - that is its stub

    _application: type[asked.Resolve] = fusionscript.Resolve
    _projects: type[asked.ProjectManager] = fusionscript.ProjectManager
    _project: type[asked.Project] = fusionscript.Project
    _pool: type[asked.MediaPool] = fusionscript.MediaPool
    _folder: type[asked.Folder] = fusionscript.Folder
    _media: type[asked.Media] = fusionscript.MediaPoolItem
    _timeline: type[asked.CheckedTimeline] = fusionscript.Timeline
    _item: type[asked.CheckedItem] = fusionscript.TimelineItem


def ask(thing: Any, name: str, *arguments: Any) -> Any:
    """Return what a method says that not every version has; None where it is not there."""
    return getattr(thing, name)(*arguments) if name in dir(thing) else None


def present(things: Any) -> list[Any]:
    """Return what is really there of a list of Resolve's; an empty list for None."""
    return [thing for thing in things or () if thing is not None and thing.GetUniqueId()]
