"""The table of restorers: a new one is one file (or folder) here and one line below."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from engine.restorer import Restorer

TABLE = {
    "passthrough": "engine.restorers.passthrough:Passthrough",
    "temporal-denoise": "engine.restorers.temporal_denoise:TemporalDenoise",
}
DEFAULT = "temporal-denoise"


def load_restorer(name: str) -> Restorer:
    """Build the restorer of that name; its module is imported only now.

    Raises:
        SettingsError: The table has no such name.
    """
    if name not in TABLE:
        raise SettingsError(f"no restorer {name!r}; there are {', '.join(sorted(TABLE))}")
    module, _, cls = TABLE[name].partition(":")
    return getattr(import_module(module), cls)()
