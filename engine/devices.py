"""Devices by name: which of them an engine's workers have, and what can be seen of them.

Rules of this file:
    - Names are this engine's: `cuda:0` is the first of those that CUDA_VISIBLE_DEVICES leaves.
    - A worker on a CUDA device sees that one alone, so that no library of it can take another.
    - torch is loaded only where the system has a CUDA driver; it is torch that says what works.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

VISIBLE = "CUDA_VISIBLE_DEVICES"
_CUDA = re.compile(r"cuda:(0|[1-9][0-9]{0,3})\Z")
_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


class Seen(NamedTuple):
    """A CUDA device as its driver describes it.

    Attributes:
        kind: What its maker calls it, such as ``NVIDIA L40S``.
        memory: All its memory, in bytes.
    """

    kind: str
    memory: int


class Memory(NamedTuple):
    """What a device has of memory, in bytes.

    Attributes:
        free: What this process may still take, or holds already and can use again.
        total: All of it.
    """

    free: int
    total: int


def devices_of(text: str) -> tuple[str, ...]:
    """Return the devices that a setting names, one for each worker.

    Args:
        text: ``auto``; or ``cpu`` or ``cuda:N``, several with commas between.

    Raises:
        SettingsError: It is something else, a CUDA device twice, or CPU and CUDA together.
    """
    names = tuple(name.strip() for name in text.split(","))
    if names == ("auto",) or set(names) == {"cpu"}:
        return names
    for name in names:
        if name == "cpu" and any(map(_CUDA.match, names)):
            raise SettingsError(
                f"device {text!r}: CPU and CUDA give other bits, and a take would hold both; "
                "start an engine for each"
            )
        if not _CUDA.match(name):
            raise SettingsError(
                f"device {text!r}: say auto, cpu or cuda:N, or several, cuda:0,cuda:1"
            )
    if len(set(names)) < len(names):
        raise SettingsError(f"device {text!r}: name each CUDA device once; it has one worker")
    return names


def environment_of(device: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that shall see one CUDA device, as its `cuda:0`.

    Args:
        device: ``cuda:N`` as this process counts; others change nothing.
        environment: This process's.
    """
    if not _CUDA.match(device):
        return dict(environment)
    number, left = int(device[5:]), environment.get(VISIBLE)
    if left is None:
        return {**environment, VISIBLE: str(number)}
    names = [name.strip() for name in left.split(",")]
    # What stands behind one that does not exist is not seen, and cuda:N is not there.
    return {**environment, VISIBLE: ",".join(names[number : number + 1])}


def seen_devices() -> tuple[Seen, ...]:
    """Return the CUDA devices that this process sees, `cuda:0` first."""
    if not _has_driver():
        return ()
    import torch  # noqa: PLC0415 - see above

    if not torch.cuda.is_available():
        return ()
    found: list[Any] = [
        torch.cuda.get_device_properties(index)  # type: ignore[reportUnknownMemberType]
        for index in range(torch.cuda.device_count())
    ]
    return tuple(Seen(one.name, one.total_memory) for one in found)


def memory_of(device: str) -> Memory:
    """Return the memory of a CUDA device, `cuda:N`, as it is now."""
    import torch  # noqa: PLC0415 - see above

    free, total = torch.cuda.mem_get_info(device)
    return Memory(free + torch.cuda.memory_reserved(device), total)


def visible_words() -> str:
    """Return what CUDA_VISIBLE_DEVICES leaves, for people; empty where it is not set."""
    return f" ({VISIBLE}={os.environ[VISIBLE]})" if VISIBLE in os.environ else ""


def _has_driver() -> bool:
    import ctypes  # noqa: PLC0415 - settings are read without it

    try:
        ctypes.CDLL(_DRIVER)
    except OSError:
        return False
    return True
