"""A selection as a farm's job, in place of one for the engine: the same for every host.

The farm is the studio's, not the shot's, so the environment names it:

    FACEPLATE_FARM           one of `farms.SCHEDULERS`; openjd
    FACEPLATE_FARM_CHUNK     frames in a task; 24
    FACEPLATE_FARM_COMMAND   the program as the farm's machines find it; faceplate
    FACEPLATE_THREADS        cores of a task, which sums depend on; 2

Rules of this file:
    - The files go where the frames will, in a folder beside the take; where another job waits
      there, into the next version.
    - Nothing is submitted: what is left is a folder, and a command for who may.
    - What the farm delivered is placed by restoring once more: nothing is missing then.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple

from plugin_host.bundle import REQUEST, write_bundle
from plugin_host.errors import OutputError, SettingsError
from plugin_host.farm import Declaration, command_of, farm_job
from plugin_host.farms import scheduler
from plugin_host.order import Order
from plugin_host.path_map import join
from plugin_host.restoring import noted
from plugin_host.whole_files import read_json

if TYPE_CHECKING:
    from plugin_host.client import EngineClient
    from plugin_host.farm import FarmJob
    from plugin_host.host import Host, Selection
    from plugin_host.replies import RestorerText
    from plugin_host.requests import Settings, Submit


class Farm(NamedTuple):
    """A studio's farm.

    Attributes:
        scheduler: One of `farms.SCHEDULERS`.
        chunk: Frames in a task.
        command: The program as its machines find it, with what precedes its arguments.
        cores: That a task uses.
    """

    scheduler: str = "openjd"
    chunk: int = 24
    command: tuple[str, ...] = ("faceplate",)
    cores: int = 2

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Farm:
        """Return the farm that the environment names.

        Raises:
            SettingsError: A variable cannot be read.
        """
        given = environment.get
        name = given("FACEPLATE_FARM") or cls().scheduler
        scheduler(name)
        command = command_of(given("FACEPLATE_FARM_COMMAND", "")) or cls().command
        chunk = _whole(environment, "FACEPLATE_FARM_CHUNK", cls().chunk)
        return cls(name, chunk, command, _whole(environment, "FACEPLATE_THREADS", cls().cores))


class Bundled(NamedTuple):
    """A job that waits to be submitted.

    Attributes:
        name: Of the selection.
        folder: Where its files lie, as the host sees it.
        how: The command that submits it.
        notes: What the one who submits should know.
        checked: How far such files were tried.
    """

    name: str
    folder: str
    how: str
    notes: tuple[str, ...]
    checked: str

    def __str__(self) -> str:
        lines = [f"{self.name}: a job for the farm lies in {self.folder}", f"submit it: {self.how}"]
        return "\n".join(
            [*lines, *(f"note: {note}" for note in self.notes), f"(such a job: {self.checked})"]
        )


def bundle(
    host: Host,
    client: EngineClient,
    selection: Selection,
    settings: Settings,
    template: str,
    *,
    farm: Farm,
    **how: Any,
) -> Bundled:
    """Write a farm's job for a selection.

    Args:
        host: Where it was selected.
        client: A session with an engine, which says what the restorer declares.
        selection: What; its paths are the host's.
        settings: How; likewise.
        template: Where to; see `versions`.
        farm: Which.
        how: ``path_map`` and ``on_error``, as `order.Order.of` takes them; the farm's machines call
            folders as the engine's does.

    Raises:
        SettingsError: A job of that farm cannot be made of it, or no storage is shared.
        OutputError: It cannot be written.
        FaceplateError: The engine cannot be asked, or the request is none.
    """
    order = Order.of(host.name, selection, settings, template, **how)
    if not order.shared:
        raise SettingsError(
            "a farm's machines read the plate themselves: it must be shared storage"
        )
    kind = scheduler(farm.scheduler)
    with host.show_progress(f"Writing the farm's job of {selection.name}") as progress:
        declared = next(r for r in client.describe().restorers if r.name == settings.restorer)
        while True:
            note = noted(client, order, progress)
            job = _job(note.submit, declared, farm)
            folder = join(note.folder, f"{selection.shot.plate.stem}.farm")
            try:
                write_bundle(folder, note.submit, kind.files(job))
                break
            except OutputError:
                if not note.version or read_json(join(folder, REQUEST)) is None:
                    raise
                order = replace(order, tried=(*order.tried, note.version))
    notes = (*job.notes, *kind.notes(job))
    return Bundled(selection.name, folder, kind.how(folder), notes, kind.CHECKED)


def _job(request: Submit, told: RestorerText, farm: Farm) -> FarmJob:
    declared = Declaration(told.link, told.window, told.overlap, vram=told.vram)
    return farm_job(request, declared, farm.chunk, command=farm.command, cores=farm.cores)


def _whole(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not int(text):
        raise SettingsError(f"{name} is {text!r}; it is a whole number from 1")
    return int(text)
