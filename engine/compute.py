"""The device and the threads that numbers are computed with; pinned once for a process."""

from __future__ import annotations

import cv2
import torch

from plugin_host.errors import SettingsError


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
