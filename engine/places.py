"""Where host applications look for scripts, and where they lie themselves, by operating system.

Pure: a system's name, its environment and a home folder in, paths out, so that every system's
answers can be checked on any.

References:
    Blackmagic's scripting README (Scripts folders); Foundry's Q100465 (``~/.nuke``, ``NUKE_PATH``);
    OpenFX 1.5, "Packaging OFX Plug-ins" (where they are looked for). Of the hosts' caches: what
    others found on their machines, since no vendor says it.
"""

from __future__ import annotations

import ntpath
import os
import posixpath
import sys
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Literal

from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

SystemName = Literal["linux", "darwin", "win32"]
_APPLICATION_SUPPORT = "Library/Application Support"
_RESOLVE = "Blackmagic Design/DaVinci Resolve"


@dataclass(frozen=True, slots=True)
class System:
    """A machine, as far as paths go.

    Attributes:
        name: ``linux``, ``darwin`` or ``win32``.
        home: The user's home folder.
        environment: Its variables.
    """

    name: SystemName
    home: str
    environment: Mapping[str, str]

    @classmethod
    def here(cls) -> System:
        """Return the machine that this runs on."""
        name: SystemName = "linux"
        if sys.platform in {"darwin", "win32"}:
            name = sys.platform  # pyright: ignore[reportAssignmentType]
        return cls(name, os.path.expanduser("~"), os.environ)  # noqa: PTH111 - paths are text here

    @property
    def style(self) -> ModuleType:
        """How paths are written there."""
        return ntpath if self.name == "win32" else posixpath

    def join(self, *words: str) -> str:
        """Return a path of this system."""
        return self.style.normpath(self.style.join(*words))

    def known(self, variable: str, default: str) -> str:
        """Return what a variable says; the default where it says nothing."""
        return self.environment.get(variable) or default

    # ours

    def client_folder(self) -> str:
        """Return where the code that hosts load is kept for one user."""
        if self.name == "win32":
            return self.join(self.known("APPDATA", rf"{self.home}\AppData\Roaming"), "Faceplate")
        if self.name == "darwin":
            return self.join(self.home, _APPLICATION_SUPPORT, "Faceplate")
        share = self.known("XDG_DATA_HOME", posixpath.join(self.home, ".local/share"))
        return self.join(share, "faceplate", "host")

    # Nuke

    def nuke_folder(self) -> str:
        """Return the user's own plug-in folder of Nuke."""
        home = self.known("HOME", self.home) if self.name == "win32" else self.home
        return self.join(home, ".nuke")

    def nuke_applications(self) -> tuple[str, ...]:
        """Return patterns of where Nuke is usually installed."""
        if self.name == "win32":
            return (self.join(self.known("PROGRAMFILES", r"C:\Program Files"), "Nuke*"),)
        if self.name == "darwin":
            return ("/Applications/Nuke*",)
        return ("/usr/local/Nuke*", "/opt/Nuke*", self.join(self.home, "Nuke*"))

    # DaVinci Resolve

    def resolve_scripts(self, *, everybody: bool = False) -> str:
        """Return the folder of the scripts that Resolve shows on every page."""
        if self.name == "win32":
            base = (
                self.join(self.known("PROGRAMDATA", r"C:\ProgramData"), _RESOLVE)
                if everybody
                else self.join(
                    self.known("APPDATA", rf"{self.home}\AppData\Roaming"), _RESOLVE, "Support"
                )
            )
        elif self.name == "darwin":
            base = self.join("/" if everybody else self.home, _APPLICATION_SUPPORT, _RESOLVE)
        else:
            own = self.join(self.home, ".local/share/DaVinciResolve")
            base = "/opt/resolve" if everybody else own
        return self.join(base, "Fusion", "Scripts", "Utility")

    def beside_resolve_scripts(self, menu: str) -> str:
        """Return a folder for code that Resolve must not list, given one that it lists.

        Raises:
            SettingsError: `menu` is no folder that it lists.
        """
        path = (PureWindowsPath if self.name == "win32" else PurePosixPath)(
            self.style.abspath(menu)
        )
        scripts = next((each for each in path.parents if each.name == "Scripts"), None)
        if scripts is None:
            raise SettingsError(
                "Resolve lists no scripts there; it does in .../Fusion/Scripts/Utility", path=menu
            )
        return str(scripts.parent / "Faceplate")

    def resolve_applications(self) -> tuple[str, ...]:
        """Return patterns of where Resolve is usually installed."""
        if self.name == "win32":
            files = self.known("PROGRAMFILES", r"C:\Program Files")
            return (self.join(files, _RESOLVE, "Resolve.exe"),)
        if self.name == "darwin":
            return ("/Applications/DaVinci Resolve*/DaVinci Resolve*.app",)
        return ("/opt/resolve/bin/resolve", "/home/resolve/bin/resolve")

    # OFX hosts

    def ofx_folders(self) -> tuple[str, ...]:
        """Return where hosts look for OFX plugins, in their order; the last is the system's."""
        separator, common = ":", "/usr/OFX/Plugins"
        if self.name == "darwin":
            common = "/Library/OFX/Plugins"
        if self.name == "win32":
            separator = ";"
            files = self.known("COMMONPROGRAMFILES", r"C:\Program Files\Common Files")
            common = self.join(files, "OFX", "Plugins")
        named = self.known("OFX_PLUGIN_PATH", "").split(separator)
        folders = (self.join(folder.strip()) for folder in named if folder.strip())
        return tuple(dict.fromkeys((*folders, common)))

    def ofx_caches(self) -> tuple[str, ...]:
        """Return patterns of the files in which Nuke and Resolve keep what plugins they found."""
        if self.name == "win32":
            local = self.known("LOCALAPPDATA", rf"{self.home}\AppData\Local")
            nuke = self.known("NUKE_TEMP_DIR", self.join(local, "Temp", "nuke"))
            roaming = self.known("APPDATA", rf"{self.home}\AppData\Roaming")
            resolve = [self.join(roaming, _RESOLVE, "Support")]
        else:
            nuke = self.known("NUKE_TEMP_DIR", "/var/tmp/nuke-u*")  # noqa: S108 - Nuke's
            resolve = [self.join(self.home, _APPLICATION_SUPPORT, _RESOLVE)]
        if self.name == "linux":
            own = self.join(self.home, ".local/share/DaVinciResolve")
            resolve = [own, self.join(own, "configs")]
        ours = (self.join(folder, "OFXPluginCache*.xml") for folder in resolve)
        return (self.join(nuke, "ofxplugincache", "ofxplugincache_*.xml"), *ours)
