"""What the doctor finds of host applications: which there are, and how Faceplate sits in them."""

from __future__ import annotations

import glob
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.installing import Installation, engine_program, wanted
from engine.ofx_bundle import BUNDLE, bundle_files, found_caches
from engine.placed_files import digest, recorded
from engine.places import System
from plugin_host.errors import FaceplateError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Finding = tuple[bool, str]
NUKES = range(13, 18)
"""Major versions that the adapter is written for."""
ATTACH_S = 20.0
_NUKE = re.compile(r"Nuke(\d+)\.(\d+)v(\d+)")
_ATTACH = (
    "from plugin_host.hosts.resolve.external import attach\nprint(attach().edition, flush=True)\n"
)


def examine_hosts(system: System | None = None) -> Iterator[Finding]:
    """Yield findings: whether it is well, and what it is."""
    system = System.here() if system is None else system
    yield from _nuke(system)
    yield from _resolve(system)
    yield from _ofx(system)


def _nuke(system: System) -> Iterator[Finding]:
    found = _there(system.nuke_applications())
    versions = sorted({match[0] for path in found if (match := _NUKE.search(path))})
    places = {"": Installation.of("nuke", system, None)}
    for folder in _nuke_path(system):
        places[f" --path '{folder}'"] = Installation.of("nuke", system, folder)
    ours = {there: where for there, where in places.items() if recorded(where.client)}
    for there, where in (ours or {"": places[""]}).items():
        yield from _installed(where, bool(found), ", ".join(versions), there)
    for there, where in ours.items():
        told = where.startup is not None and where.startup.exists()
        if not told or b">>> faceplate" not in where.startup.read_bytes():  # type: ignore[union-attr]
            yield False, f"nuke: {where.startup} does not name it; `faceplate install nuke{there}`"
    if len(ours) > 1:
        what = f"nuke: Faceplate is installed {len(ours)} times, and one hides another"
        yield False, f"{what}; " + " or ".join(f"`faceplate uninstall nuke{one}`" for one in ours)
    for version in versions:
        major = int(_NUKE.fullmatch(version)[1])  # type: ignore[index]
        if major not in NUKES:
            yield False, f"{version}: Faceplate is written for Nuke {NUKES[0]} to {NUKES[-1]}"


def _nuke_path(system: System) -> list[str]:
    """Return the folders of $NUKE_PATH that are not the user's own."""
    separator = ";" if system.name == "win32" else ":"
    folders = system.environment.get("NUKE_PATH", "").split(separator)
    others = (system.style.normpath(folder) for folder in folders if folder)
    return [folder for folder in dict.fromkeys(others) if folder != system.nuke_folder()]


def _resolve(system: System) -> Iterator[Finding]:
    found = _there(system.resolve_applications())
    yield from _in_menus(system, found=bool(found))
    if not found:
        return
    if os.path.isdir("/opt/resolve/ResolvePython"):  # noqa: PTH112 - paths are text here
        yield (
            True,
            "resolve: brings its own Python, so it is 21.1 or later: Studio runs the scripts",
        )
    yield from python_for_resolve(system)
    yield _attached()


def _in_menus(system: System, *, found: bool) -> Iterator[Finding]:
    """Yield what is installed for this user, and for all of them."""
    own = Installation.of("resolve", system, None)
    everybody = system.resolve_scripts(everybody=True)
    shared = Installation.of("resolve", system, everybody)
    if not recorded(shared.client):
        yield from _installed(own, found, "DaVinci Resolve")
        return
    yield from _installed(shared, found, "DaVinci Resolve", f" --path '{everybody}'")
    if recorded(own.client):
        yield from _installed(own, found, "DaVinci Resolve")
        what = "resolve: installed for this user and for all, so the menu lists everything twice"
        yield False, f"{what}; `faceplate uninstall resolve`"


def python_for_resolve(
    system: System, registered: Sequence[tuple[int, int]] = ()
) -> Iterator[Finding]:
    """Yield what stands against Resolve's finding a Python, before 21.1 which brings one.

    Args:
        system: The machine.
        registered: Versions of Python in the registry of Windows.
    """
    if system.name == "darwin":
        home = system.environment.get("PYTHON3HOME", "")
        places = [f"{home}/bin/python3"] if home else ["/usr/local/bin/python3"]
        if not _there(places):
            what = f"resolve: looks for Python at {places[0]}, which is not there; install Python "
            cure = "from python.org, or `launchctl setenv PYTHON3HOME` to a folder with bin/python3"
            yield False, what + cure
    if system.name == "win32":
        highest = max(registered or _registered(), default=None)
        if highest is None:
            yield False, "resolve: no Python is registered; install 3.10 to 3.12 from python.org"
        elif highest >= (3, 13):
            what = f"resolve: takes the highest Python, {highest[0]}.{highest[1]}, with which 20.x "
            yield False, what + "crashes; set PYTHONHOME to one of 3.7 to 3.12"


def _registered() -> list[tuple[int, int]]:
    if sys.platform != "win32":
        return []
    import winreg  # noqa: PLC0415 - of Windows alone

    found: list[tuple[int, int]] = []
    for root in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
        try:
            with winreg.OpenKey(root, r"Software\Python\PythonCore") as key:
                names = [winreg.EnumKey(key, i) for i in range(winreg.QueryInfoKey(key)[0])]
        except OSError:
            continue
        matches = (re.match(r"(\d+)\.(\d+)", name) for name in names)
        found += [(int(match[1]), int(match[2])) for match in matches if match]
    return found


def _attached() -> Finding:
    """Ask a running Resolve who it is, in a process of its own: its library may bring ours down."""
    try:
        asked = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", _ATTACH],
            capture_output=True,
            text=True,
            timeout=ATTACH_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False, "resolve: does not answer; a dialogue may be open in it"
    if asked.returncode == 0:
        return True, f"resolve: {asked.stdout.strip()} answers external scripting"
    words = asked.stderr.strip().splitlines()
    why = words[-1].partition(": ")[2] if words else f"its library ended with {asked.returncode}"
    return True, f"resolve: external scripting is off or no Resolve runs ({why})"


def _ofx(system: System) -> Iterator[Finding]:
    """Yield where the OFX plugin is, whether it is today's, and what hosts remember of it."""
    folders = system.ofx_folders()
    named = system.environment.get("OFX_PLUGIN_PATH")
    yield True, f"ofx: hosts look in {', '.join(folders)}; OFX_PLUGIN_PATH is {named or 'not set'}"
    bundles = [bundle for folder in folders if (bundle := Path(folder, BUNDLE)).is_dir()]
    if not bundles:
        yield True, "ofx: the effect is not there; `faceplate install ofx`"
        return
    try:
        mine = {name: digest(data) for name, data in bundle_files().items()}
    except SettingsError:
        mine = {}
    for bundle in bundles:
        if not mine:
            yield True, f"ofx: {bundle} is there; this installation has none to compare it with"
        elif all(_digest_of(bundle / name) == sha for name, sha in mine.items()):
            yield True, f"ofx: {bundle} holds this release"
        else:
            cure = f"`faceplate install ofx --path '{bundle.parent}'`"
            yield False, f"ofx: {bundle} is of another release, or was changed; {cure}"
        yield from _permissions("ofx", bundle)
    if len(bundles) > 1:
        yield False, f"ofx: the effect is there {len(bundles)} times, and one hides another"
    for words in found_caches(system):
        yield True, f"ofx: {words}"


def _installed(where: Installation, found: bool, name: str, there: str = "") -> Iterator[Finding]:
    """Yield whether a host is there, and whether what is installed in it is today's.

    Args:
        where: What is looked at.
        found: Whether the host is on this machine.
        name: What the host is called.
        there: What `faceplate install` needs besides the host to come there.
    """
    host = where.host
    if not any(recorded(folder) for folder in where.folders):
        yield (
            True,
            (
                f"{host}: {name} is there without Faceplate; `faceplate install {host}`"
                if found
                else f"{host}: not found on this machine"
            ),
        )
        return
    try:
        files = wanted(where, engine_program())
    except FaceplateError as error:
        yield False, f"{host}: {error}"
        return
    for folder, mine in files.items():
        shas = {name: digest(data) for name, data in mine.items()}
        yield _fresh(host, folder, shas, f"`faceplate install {host}{there}`")
        yield from _permissions(host, folder)


def _fresh(host: str, folder: Path, mine: dict[str, str], cure: str) -> Finding:
    stale = [name for name, sha in mine.items() if recorded(folder).get(name) != sha]
    changed = [name for name, sha in mine.items() if _digest_of(folder / name) != sha]
    if stale or set(recorded(folder)) - set(mine):
        what = "is of another release, or moved"
    elif changed:
        what = f"{changed[0]} is missing or was changed"
    else:
        return True, f"{host}: {folder} holds this release"
    return False, f"{host}: {folder}: {what}; {cure}"


def _permissions(host: str, folder: Path) -> Iterator[Finding]:
    """Yield what others could change: a host runs it with the user's rights."""
    if os.name != "posix":
        return
    for path in (folder, *(folder / name for name in recorded(folder))):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            yield False, f"{host}: others can change {path}; `chmod -R go-w '{folder}'`"
            return
        if not os.access(path, os.R_OK):
            yield False, f"{host}: {path} cannot be read; `chmod -R u+r '{folder}'`"
            return


def _digest_of(path: Path) -> str:
    try:
        return digest(path.read_bytes())
    except OSError:
        return ""


def _there(patterns: Sequence[str]) -> list[str]:
    return [path for pattern in patterns for path in glob.glob(pattern)]  # noqa: PTH207 - texts
