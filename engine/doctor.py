"""Looks at this machine and says what works, what does not, and what to do about it."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from engine.admission import gib
from engine.defaults import told_defaults, told_path_map
from engine.devices import memory_of, seen_devices, visible_words
from engine.dialects import VARIABLE, chosen
from engine.host_doctor import examine_hosts
from engine.precedence import DEFAULT, FLAG, Told, settings_file, variable
from engine.settings import resolve_settings, told_settings, weights_folder
from plugin_host.client import EngineClient
from plugin_host.connection import default_path
from plugin_host.errors import EngineUnreachable, FaceplateError
from plugin_host.launcher import find
from plugin_host.path_map import PathMap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


def findings(flags: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what the doctor says, ``setting``, ``ok`` or ``problem``, and of what."""
    for good, text in settings_in_force(flags):
        yield ("setting" if good else "problem"), text
    for good, text in examine(flags["connection"]):
        yield ("ok" if good else "problem"), text


def examine(connection: str = "") -> Iterator[tuple[bool, str]]:
    """Yield findings: whether it is well, and what it is."""
    yield sys.version_info >= (3, 11), f"Python {sys.version.split()[0]} (3.11 or later)"
    for module, package in _PACKAGES.items():
        yield _package(module, package)
    yield _cascades()
    yield _colour()
    yield from _devices()
    yield _writable(Path(tempfile.gettempdir()))
    yield _engine(connection)
    yield from examine_hosts()


def settings_in_force(flags: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """Yield every setting, its value and who said it; then what is wrong with the rest."""
    environment = os.environ
    try:
        file = settings_file(environment)
        yield True, f"settings file {file.path}" + ("" if file.there else ", which is not there")
        given = {name: flags.get(name) for name in ("device", "threads")}
        told = told_settings(given, environment)
        connection, named = flags.get("connection"), told.pop("connection")
        reached = Told(connection, FLAG) if connection else named
        told["connection"] = reached if reached.value else Told(default_path(), reached.origin)
        told["weights"] = Told(weights_folder(), _by(variable("weights"), environment))
        told["progress"] = Told(chosen(None, environment), _by(VARIABLE, environment))
        told["path_map"] = told_path_map(flags.get("path_map"), environment)
        told.update((f"[restore] {name}", one) for name, one in told_defaults(environment).items())
    except FaceplateError as error:
        yield False, str(error)
    else:
        yield from ((True, f"{name} = {_shown(v)} ({by})") for name, (v, by) in told.items())


def _by(name: str, environment: Mapping[str, str]) -> str:
    return f"environment {name}" if environment.get(name) else DEFAULT


def _shown(value: object) -> str:
    if isinstance(value, tuple) and not isinstance(value, PathMap):
        value = ",".join(cast("tuple[str, ...]", value))
    elif isinstance(value, dict):
        sets = cast("dict[str, dict[str, int]]", value)
        value = ",".join(f"{r}.{n}={v}" for r, knobs in sets.items() for n, v in knobs.items())
    elif isinstance(value, bool):
        value = str(value).lower()
    return "none" if value is None else str(value) or "none"


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


def _devices() -> Iterator[tuple[bool, str]]:
    seen = {f"cuda:{number}": device for number, device in enumerate(seen_devices())}
    for name, device in seen.items():
        free = gib(memory_of(name).free)
        yield True, f"{name} is {device.kind}, {free} of {gib(device.memory)} GiB free"
    if not seen:
        yield True, f"no CUDA device{visible_words()}: everything runs on the CPU"
    if len({device.kind for device in seen.values()}) > 1:
        yield True, "the CUDA devices are of several kinds, which may give other bits"
    with suppress(FaceplateError):  # said with the settings
        for name in resolve_settings({}).devices:
            if name.startswith("cuda:") and name not in seen:
                there = ", ".join(seen) or "none"
                yield False, f"device {name} of the settings is not there; there is {there}"


def _writable(folder: Path) -> tuple[bool, str]:
    return os.access(folder, os.W_OK), f"temporary folder {folder} can be written"


def _engine(connection: str) -> tuple[bool, str]:
    path = connection or default_path()
    if not Path(path).exists():
        return True, "no engine runs; `faceplate submit` starts one"
    try:
        with EngineClient(find(path), "doctor", deadline_s=5.0) as client:
            reported, begun = client.status(most=0), time.perf_counter()
            whole = client.echo(_LINK)[0] == _LINK
            took = (time.perf_counter() - begun) * 1e3
            link = f"{len(_LINK) >> 20} MiB there and back in {took:.0f} ms"
            words = [f"{one.device} {one.state}" for one in reported.workers] or [reported.worker]
            link = link if whole else "bytes changed"
            return whole, f"engine answers, worker {', '.join(words)}; {link}"
    except EngineUnreachable as error:
        return False, f"engine: {error}; remove the file if no engine runs"
    except FaceplateError as error:
        return False, f"engine: {error}"
