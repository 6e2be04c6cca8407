"""The table of restorers: a new one is one file (or folder) here and one line below."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from plugin_host.errors import SettingsError, WeightsError

if TYPE_CHECKING:
    from engine.restorer import Restorer

TABLE = {
    "lite": "engine.restorers.lite:Lite",
    "passthrough": "engine.restorers.passthrough:Passthrough",
    "svfr": "engine.restorers.svfr:Svfr",
    "svfr-official": "engine.restorers.svfr:SvfrOfficial",
    "svfr-tiny": "engine.restorers.svfr:SvfrTiny",
    "temporal-denoise": "engine.restorers.temporal_denoise:TemporalDenoise",
}
DEFAULT = "lite"


@runtime_checkable
class OnDevice(Protocol):
    """A restorer that computes on a device."""

    def to(self, device: str) -> None:
        """Restore on this device, ``cpu`` or ``cuda:N``, from now on."""
        ...


@runtime_checkable
class OnWeights(Protocol):
    """A restorer whose weights the user adds."""

    def missing(self) -> str:
        """Return what it lacks and where to get it; empty where nothing."""
        ...


@runtime_checkable
class Heavy(Protocol):
    """A restorer whose weights leave little room for another's."""

    def let_go(self) -> None:
        """Forget the weights; they are loaded anew when they are needed again."""
        ...


def missing(restorer: Restorer) -> str:
    """Return what a restorer lacks and where to get it; empty where it can restore."""
    return restorer.missing() if isinstance(restorer, OnWeights) else ""


def load_restorer(name: str, device: str = "cpu", after: Restorer | None = None) -> Restorer:
    """Build the restorer of that name, ready to restore.

    Args:
        name: A key of TABLE.
        device: ``cpu`` or ``cuda:N``, for those that compute on one.
        after: The one that restored before; it makes room, unless they have their weights in
            common.

    Raises:
        SettingsError: The table has no such name.
        WeightsError: Its weights are not there.
    """
    restorer = build_restorer(name)
    if lacks := missing(restorer):
        raise WeightsError(lacks)
    if isinstance(restorer, OnDevice):
        restorer.to(device)
    if isinstance(after, Heavy) and after.info.weights != restorer.info.weights:
        after.let_go()
    return restorer


def build_restorer(name: str) -> Restorer:
    """Build the restorer of that name, to ask what it is; its module is imported only now.

    Args:
        name: A key of TABLE.

    Raises:
        SettingsError: The table has no such name.
    """
    if name not in TABLE:
        raise SettingsError(f"no restorer {name!r}; there are {', '.join(sorted(TABLE))}")
    module, _, cls = TABLE[name].partition(":")
    restorer: Restorer = getattr(import_module(module), cls)()
    return restorer
