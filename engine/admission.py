"""Whether a restorer may begin on a device: by what it declares, against what the device has.

Rules of this file:
    - What a restorer declares is an estimate. Where all of it fits, nothing is said; where only its
      smallest step fits, it may begin, and it is said; where that does not, it may not.
    - A CPU has no memory of its own to be short of: there every restorer may begin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from engine.devices import memory_of
from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from engine.devices import Memory


class Needs(Protocol):
    """A restorer, as far as its memory goes: `RestorerInfo` or `RestorerText`."""

    @property
    def name(self) -> str:
        """Which."""
        ...

    @property
    def vram(self) -> int:
        """Bytes of device memory; 0 where it needs no accelerator."""
        ...

    @property
    def vram_least(self) -> int:
        """The same at its smallest step; 0 where it has none."""
        ...


class Room(NamedTuple):
    """What there is for a restorer on a device.

    Attributes:
        enough: Whether it may begin.
        has: What the device has, for people; empty where nothing is to be said.
        note: What follows, where it may begin and must do with less; else empty.
    """

    enough: bool
    has: str = ""
    note: str = ""


def least(needs: Needs) -> int:
    """Return the bytes without which a restorer need not begin."""
    return needs.vram_least or needs.vram


def room_on(
    device: str, needs: Needs, memory: Callable[[str], Memory] = memory_of, called: str = ""
) -> Room:
    """Return whether a restorer may begin on a device now.

    Args:
        device: ``cpu``, or ``cuda:N`` as this process counts.
        needs: The restorer.
        memory: Looks at the device.
        called: What people call the device, where that is something else.
    """
    if device == "cpu" or not needs.vram:
        return Room(enough=True)
    free, total = memory(device)
    if free >= needs.vram:
        return Room(enough=True)
    has = f"{called or device} has {gib(free)} of {gib(total)} GiB free"
    if free < least(needs):
        return Room(enough=False, has=has)
    return Room(True, has, f"{_needed(needs)}, and {has}: where it runs out, smaller steps follow")


def total_words(device: str, memory: int) -> str:
    """Return what a device has at most, for people."""
    return f"{device} has {gib(memory)} GiB"


def refusal(needs: Needs, has: Iterable[str]) -> SettingsError:
    """Return the error of a restorer that may begin nowhere.

    Args:
        needs: The restorer.
        has: What each device has.
    """
    return SettingsError(
        f"{_needed(needs)}: {'; '.join(has)}. Free it, take another restorer or --device cpu"
    )


def _needed(needs: Needs) -> str:
    smaller = f", {gib(least(needs))} at its smallest step" if needs.vram_least else ""
    return f"{needs.name} needs {gib(needs.vram)} GiB of device memory{smaller}"


def gib(size: int) -> str:
    """Return a number of bytes in GiB, for people."""
    return f"{size / 2**30:.1f}"
