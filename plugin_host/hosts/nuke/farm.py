"""What groups ask for, as jobs for the studio's farm.

Rules of this file:
    - Nothing is submitted and nothing placed: the artist hears where the job lies, and by which
      command it is submitted, once for all groups, and in the terminal too, where it can be copied.
      Restored once more afterwards, the group shows what the farm made.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

from plugin_host.errors import FaceplateError
from plugin_host.farming import Farm, bundle
from plugin_host.hosts.nuke.adapter import NukeHost, selected
from plugin_host.hosts.nuke.application import nuke
from plugin_host.hosts.nuke.main_thread import on_main, tell_main
from plugin_host.hosts.nuke.requesting import asked_of, group_named
from plugin_host.hosts.nuke.work import connect, describe, groups_of, run, say
from plugin_host.path_map import PathMap

if TYPE_CHECKING:
    import threading

    from plugin_host.client import EngineClient
    from plugin_host.farming import Bundled
    from plugin_host.hosts.nuke.application import Node
    from plugin_host.replies import Description


def restore_on_farm(nodes: Sequence[Node] | None = None) -> threading.Thread | None:
    """Write a farm's job for each group; other nodes get a group first.

    Raises:
        FaceplateError: Nothing is selected; in a terminal, also what went wrong.
    """
    chosen = selected() if nodes is None else list(nodes)

    def work() -> None:
        farm = Farm.from_environment()
        errors: list[FaceplateError] = []
        told: list[str] = []
        with connect() as client:
            description = describe(client)
            for name in on_main(lambda: [g.fullName() for g in groups_of(chosen, description)]):
                try:
                    told.append(str(_bundled(client, name, description, farm)))
                except FaceplateError as error:
                    errors.append(error)
                    told.append(f"{name}: {error}")
        text = "\n\n".join(told)
        say(text)
        if nuke.GUI:
            tell_main(lambda: nuke.tprint(text))
        if errors and not nuke.GUI:
            raise errors[0]

    return run("restore on the farm", work)


def _bundled(client: EngineClient, name: str, description: Description, farm: Farm) -> Bundled:
    asked = on_main(lambda: asked_of(group_named(name), description, None))
    return bundle(
        NukeHost(),
        client,
        asked.selection,
        asked.settings,
        asked.template,
        farm=farm,
        path_map=PathMap.from_environment(),
        on_error=asked.on_error,
        shared=asked.shared,
    )
