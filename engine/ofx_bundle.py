"""The OFX plugin's bundle: where it is made, where hosts look for it, what they remember of it.

A wheel may carry the bundle that was built beside it; a checkout builds it with `make ofx`.
"""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING

from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.places import System

BUNDLE = "Faceplate.ofx.bundle"
_ENGINE = Path(__file__).parent
SOURCES = (_ENGINE / BUNDLE, _ENGINE.parent / "build" / "ofx" / BUNDLE)
"""A wheel's own, a checkout's."""


def bundle_files() -> dict[str, bytes]:
    """Return the bundle's files by their names in it, with forward slashes.

    Raises:
        SettingsError: There is none here.
    """
    for source in SOURCES:
        found = [path for path in sorted(source.rglob("*")) if path.is_file()]
        if any(path.suffix == ".ofx" for path in found):
            return {path.relative_to(source).as_posix(): path.read_bytes() for path in found}
    raise SettingsError(
        "this installation of Faceplate carries no OFX plugin; `make ofx` in a checkout builds and "
        "installs it, with cmake and a C++17 compiler",
        path=str(SOURCES[-1]),
    )


def told_where(bundle: Path, system: System) -> Iterator[str]:
    """Yield what hosts have to be told, where they do not look for a bundle by themselves."""
    folders = [system.join(folder) for folder in system.ofx_folders()]
    if system.join(str(bundle.parent.absolute())) not in folders:
        yield f"they look there where OFX_PLUGIN_PATH names it: '{bundle.parent.absolute()}'"


def found_caches(system: System) -> Iterator[str]:
    """Yield which files keep hosts from looking at a plugin again, as far as they are there."""
    found = [path for pattern in system.ofx_caches() for path in sorted(glob.glob(pattern))]  # noqa: PTH207 - texts
    if found:
        files = ", ".join(found)
        yield f"a host that does not show it, or an older one, remembers it: remove {files}"
