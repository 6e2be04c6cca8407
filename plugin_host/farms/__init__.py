"""A farm's job as the files of one scheduler; each module knows one, and none knows the others.

Every module has

    CHECKED                 how far what it writes was tried
    files(job, at_once)     the files, by name; a name on ``.sh`` is a program
    how(folder)             the command that submits them
    notes(job)              what the one who submits should know
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from plugin_host.errors import SettingsError

SCHEDULERS = ("openjd", "slurm", "deadline10", "opencue")


def scheduler(name: str) -> Any:
    """Return the module of a scheduler.

    Raises:
        SettingsError: It is none of `SCHEDULERS`.
    """
    if name not in SCHEDULERS:
        raise SettingsError(f"the farm {name!r} is none of {', '.join(SCHEDULERS)}")
    return import_module(f"plugin_host.farms.{name}")
