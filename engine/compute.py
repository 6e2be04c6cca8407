"""The device and the threads that numbers are computed with; pinned once for a process."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import cv2
import torch

from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Generator


def pin(threads: int, device: str) -> str:
    """Fix the number of threads that results may depend on, and return the device to use.

    Args:
        threads: For OpenCV and torch.
        device: ``auto``, ``cpu`` or ``cuda:N``.

    Returns:
        ``cpu`` or ``cuda:N``.

    Raises:
        SettingsError: The device is not there.
    """
    cv2.setNumThreads(threads)
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
            f"there is no device {device!r} here; {count} CUDA devices are: say --device cpu"
        )
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
