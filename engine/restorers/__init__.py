"""The table of restorers: a new one is one file (or folder) here and one line below."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from engine.restorer import Restorer

TABLE = {
    "lite": "engine.restorers.lite:Lite",
    "passthrough": "engine.restorers.passthrough:Passthrough",
    "temporal-denoise": "engine.restorers.temporal_denoise:TemporalDenoise",
}
DEFAULT = "lite"


@runtime_checkable
class OnDevice(Protocol):
    """A restorer that computes on a device."""

    def to(self, device: str) -> None:
        """Restore on this device, ``cpu`` or ``cuda:N``, from now on."""
        ...


def load_restorer(name: str, device: str = "cpu") -> Restorer:
    """Build the restorer of that name; its module is imported only now.

    Args:
        name: A key of TABLE.
        device: ``cpu`` or ``cuda:N``, for those that compute on one.

    Raises:
        SettingsError: The table has no such name.
    """
    if name not in TABLE:
        raise SettingsError(f"no restorer {name!r}; there are {', '.join(sorted(TABLE))}")
    module, _, cls = TABLE[name].partition(":")
    restorer: Restorer = getattr(import_module(module), cls)()
    if isinstance(restorer, OnDevice):
        restorer.to(device)
    return restorer
