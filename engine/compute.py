"""The device and the threads that numbers are computed with; pinned once for a process.

torch takes more than a second to load: a process that never computes with it never loads it.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import cv2

from engine.devices import devices_of, visible_words
from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Generator

_threads: list[int] = []  # what was pinned; none before


def pin(threads: int, device: str) -> str:
    """Fix the number of threads that results may depend on, and return the device to use.

    Args:
        threads: For OpenCV and torch.
        device: ``auto``, ``cpu`` or ``cuda:N``; of several, the first is taken.

    Returns:
        ``cpu`` or ``cuda:N``; ``auto`` until `found` is asked, where torch is not loaded yet.

    Raises:
        SettingsError: The device is not there.
    """
    device = devices_of(device)[0]
    cv2.setNumThreads(threads)
    _threads[:] = [threads]
    if device in {"auto", "cpu"} and "torch" not in sys.modules:
        return device
    return found(device)


def found(device: str) -> str:
    """Load torch, pin it as OpenCV is pinned, and return the device to use.

    Args:
        device: ``auto``, ``cpu`` or ``cuda:N``.

    Returns:
        ``cpu`` or ``cuda:N``.

    Raises:
        SettingsError: The device is not there.
    """
    import torch  # noqa: PLC0415 - see above

    for threads in _threads:
        torch.set_num_threads(threads)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False  # would choose other kernels, and bits, by the clock
    if device == "auto":
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        return device
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device not in {f"cuda:{index}" for index in range(count)}:
        raise SettingsError(
            f"there is no device {device!r} here; {count} CUDA devices are{visible_words()}: say "
            "--device cpu"
        )
    if device != "cuda:0":  # what a library makes without naming a device belongs there too
        torch.cuda.set_device(device)
    return device


@contextmanager
def opencv_on_one_thread() -> Generator[None]:
    """Keep OpenCV on one thread: the bits of its optical flow follow the number of threads."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
