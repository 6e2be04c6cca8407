"""Reaches a running Resolve from outside, as its Studio edition allows.

References:
    Blackmagic's scripting README: RESOLVE_SCRIPT_API, RESOLVE_SCRIPT_LIB, and the preference
    "External scripting using".
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from plugin_host.errors import FaceplateError
from plugin_host.hosts.resolve.application import Application

_MODULE = "DaVinciResolveScript"
_SCRIPTING = {
    "darwin": (
        "/Library/Application Support/Blackmagic Design/DaVinci Resolve/Developer/Scripting",
        "/Applications/DaVinci Resolve/DaVinci Resolve.app/Contents/Libraries/Fusion/fusionscript.so",  # noqa: E501
    ),
    "win32": (
        r"%PROGRAMDATA%\Blackmagic Design\DaVinci Resolve\Support\Developer\Scripting",
        r"%PROGRAMFILES%\Blackmagic Design\DaVinci Resolve\fusionscript.dll",
    ),
    "linux": ("/opt/resolve/Developer/Scripting", "/opt/resolve/libs/Fusion/fusionscript.so"),
}
"""Where the scripting folder and its library lie, by system."""


def attach() -> Application:
    """Return the Resolve that runs on this machine.

    Raises:
        FaceplateError: None runs, it is the free edition, or it does not allow it.
    """
    resolve = _module().scriptapp("Resolve")
    if resolve is None:
        raise FaceplateError(
            "no Resolve answers: it must be running, be the Studio edition, and allow it in "
            "Preferences > System > General > External scripting using > Local; on the free "
            "edition run the scripts from Workspace > Scripts"
        )
    return Application(resolve)


def _module() -> Any:
    folder, library = _SCRIPTING.get(sys.platform, _SCRIPTING["linux"])
    os.environ.setdefault("RESOLVE_SCRIPT_API", os.path.expandvars(folder))
    os.environ.setdefault("RESOLVE_SCRIPT_LIB", os.path.expandvars(library))
    modules = os.path.join(os.environ["RESOLVE_SCRIPT_API"], "Modules")
    if modules not in sys.path:
        sys.path.append(modules)
    try:
        return import_module(_MODULE)
    except ImportError:
        raise FaceplateError(
            f"Resolve's {_MODULE} is not in {modules}; set RESOLVE_SCRIPT_API to its folder "
            "Developer/Scripting"
        ) from None
