"""Chosen clips asked for by the user's choices: of the engine, or of the studio's farm.

Rules of this file:
    - One clip that is refused stops no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

from plugin_host import panel
from plugin_host.errors import OutputError, RequestRefused
from plugin_host.farming import Farm, bundle
from plugin_host.restoring import submit_only

if TYPE_CHECKING:
    from plugin_host.client import EngineClient
    from plugin_host.host import Host, Selection
    from plugin_host.hosts.resolve.choices import Choices
    from plugin_host.job_note import JobNote
    from plugin_host.requests import Settings

LATER = "run Collect results when they are done"


def submit_all(
    engine: EngineClient,
    host: Host,
    choices: Choices,
    selections: Sequence[Selection],
    *,
    urgent: bool = False,
) -> tuple[list[str], list[str]]:
    """Ask for selections; return what became of each, and the jobs.

    Raises:
        EngineUnreachable: The engine cannot be asked.
    """
    lines: list[str] = []
    jobs: list[str] = []
    for selection in selections:
        try:
            note = submit(engine, host, choices, selection, urgent=urgent)
        except RequestRefused as error:
            lines.append(f"not restored: {selection.name}: {error}")
            continue
        jobs.append(note.job)
        lines.append(f"{selection.name}: {len(selection.frames)} frames, job {note.job}")
    return lines + [LATER] * bool(jobs), jobs


def bundle_all(
    engine: EngineClient, host: Host, choices: Choices, selections: Sequence[Selection]
) -> list[str]:
    """Write jobs of selections for the farm; return what became of each.

    Raises:
        SettingsError: The environment names no farm.
        EngineUnreachable: The engine cannot be asked.
    """
    studio = Farm.from_environment()
    lines: list[str] = []
    for selection in selections:
        try:
            made, how = _asked(engine, choices)
            bundled = bundle(host, engine, selection, made, choices.output, farm=studio, **how)
            lines += str(bundled).splitlines()
        except (OutputError, RequestRefused) as error:
            lines.append(f"not restored: {selection.name}: {error}")
    return lines


def submit(
    engine: EngineClient,
    host: Host,
    choices: Choices,
    selection: Selection,
    *,
    urgent: bool = False,
) -> JobNote:
    """Ask for a selection by the user's choices.

    Raises:
        FaceplateError: The engine refused, or a choice is wrong.
    """
    made, how = _asked(engine, choices)
    how.update(urgent=urgent, forget=choices.forget)
    return submit_only(host, engine, selection, made, choices.output, **how)


def _asked(engine: EngineClient, choices: Choices) -> tuple[Settings, dict[str, Any]]:
    """Return the settings that the choices say, and how else it is asked for."""
    description = engine.describe()
    knobs = {"on_error": "source", **choices.knobs}
    on_error = panel.checked(description, knobs)["on_error"]
    how = {"path_map": choices.paths(), "on_error": on_error, "shared": choices.shared}
    return panel.settings(description, knobs), how
