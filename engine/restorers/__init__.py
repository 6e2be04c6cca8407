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
        device: ``auto``, ``cpu`` or ``cuda:N``, for those that compute on one.
        after: The one that restored before; it makes room, unless they have their weights in
            common.

    Raises:
        SettingsError: The table has no such name, or the device is not there or too small.
        WeightsError: Its weights are not there.
    """
    return ready(declared(name), device, after)


def declared(name: str) -> Restorer:
    """Build the restorer of that name, whose weights are there, and load nothing of it yet.

    Args:
        name: A key of TABLE.

    Raises:
        SettingsError: The table has no such name.
        WeightsError: Its weights are not there.
    """
    restorer = build_restorer(name)
    if lacks := missing(restorer):
        raise WeightsError(lacks)
    return restorer


def ready(restorer: Restorer, device: str, after: Restorer | None = None) -> Restorer:
    """Make a restorer ready to restore; see `load_restorer`.

    Raises:
        SettingsError: The device is not there or too small.
    """
    if isinstance(restorer, OnDevice):
        # A process that only asks what there is never loads what computes.
        from engine.admission import refusal, room_on  # noqa: PLC0415
        from engine.compute import found  # noqa: PLC0415

        device = found(device)
        room = room_on(device, restorer.info)
        if not room.enough:
            raise refusal(restorer.info, [room.has])
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
