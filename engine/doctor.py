"""Looks at this machine and says what works, what does not, and what to do about it."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from engine.host_doctor import examine_hosts
from plugin_host.client import EngineClient
from plugin_host.connection import default_path
from plugin_host.errors import EngineUnreachable, FaceplateError
from plugin_host.launcher import find

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGES = {
    "numpy": "numpy",
    "torch": "torch",
    "OpenEXR": "OpenEXR",
    "OpenImageIO": "OpenImageIO",
    "PyOpenColorIO": "opencolorio",
    "cv2": "opencv-python-headless",
    "zmq": "pyzmq",
    "safetensors": "safetensors",
}

_LINK = bytes(range(256)) * 65536


def examine(connection: str = "") -> Iterator[tuple[bool, str]]:
    """Yield findings: whether it is well, and what it is."""
    yield sys.version_info >= (3, 11), f"Python {sys.version.split()[0]} (3.11 or later)"
    for module, package in _PACKAGES.items():
        yield _package(module, package)
    yield _cascades()
    yield _colour()
    yield _device()
    yield _writable(Path(tempfile.gettempdir()))
    yield _engine(connection)
    yield from examine_hosts()


def _package(module: str, package: str) -> tuple[bool, str]:
    try:
        import_module(module)
        return True, f"{package} {version(package)}"
    except (ImportError, PackageNotFoundError) as error:
        return False, f"{package}: {error}; pip install {package}"


def _cascades() -> tuple[bool, str]:
    try:
        from engine.faces.detect import FaceDetector  # noqa: PLC0415 - its failure is a finding

        FaceDetector()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        return False, f"face detector: {error}; pip install 'opencv-python-headless>=4.10,<5'"
    return True, "face detector loads"


def _colour() -> tuple[bool, str]:
    named = os.environ.get("OCIO")
    try:
        from engine.frame_io.colour import PlateColour  # noqa: PLC0415
        from engine.frame_io.colourspace import resolve_colourspace  # noqa: PLC0415

        PlateColour(resolve_colourspace("lin_rec709_scene", {}))
    except FaceplateError as error:
        return False, f"OpenColorIO: {error}"
    return True, f"OpenColorIO config {named or 'built in'}"


def _device() -> tuple[bool, str]:
    import torch  # noqa: PLC0415 - a second or two, only here

    if torch.cuda.is_available():
        return True, f"CUDA device {torch.cuda.get_device_name(0)}"
    return True, "no CUDA device: everything runs on the CPU"


def _writable(folder: Path) -> tuple[bool, str]:
    return os.access(folder, os.W_OK), f"temporary folder {folder} can be written"


def _engine(connection: str) -> tuple[bool, str]:
    path = connection or default_path()
    if not Path(path).exists():
        return True, "no engine runs; `faceplate submit` starts one"
    try:
        with EngineClient(find(path), "doctor", deadline_s=5.0) as client:
            worker, begun = client.status(most=0).worker, time.perf_counter()
            whole = client.echo(_LINK)[0] == _LINK
            took = (time.perf_counter() - begun) * 1e3
            link = f"{len(_LINK) >> 20} MiB there and back in {took:.0f} ms"
            return whole, f"engine answers, worker {worker}; {link if whole else 'bytes changed'}"
    except EngineUnreachable as error:
        return False, f"engine: {error}; remove the file if no engine runs"
    except FaceplateError as error:
        return False, f"engine: {error}"
