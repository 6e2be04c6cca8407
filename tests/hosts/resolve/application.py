"""The application itself, as `resolve`."""

from pathlib import Path

from . import pictures
from .api import Proxy, api

PAGES = ("media", "cut", "edit", "fusion", "color", "fairlight", "deliver")


class Resolve(Proxy):
    """The object that everything begins with."""

    @api()
    def Fusion(self):
        return self._kit.fusion

    @api()
    def GetProjectManager(self):
        return self._kit.project_manager()

    @api()
    def GetMediaStorage(self):
        return MediaStorage(self._kit, self._kit)

    @api()
    def OpenPage(self, pageName):
        if pageName not in PAGES or self._kit.headless:
            return False
        self._kit.page = pageName
        return True

    @api()
    def GetCurrentPage(self):
        return self._kit.page

    @api()
    def GetProductName(self):
        return "DaVinci Resolve" + ("" if self._kit.free else " Studio")

    @api()
    def GetVersion(self):
        numbers = [*list(self._kit.version), 0, 0, 0]
        return [*numbers[:3], self._kit.build, ""]

    @api()
    def GetVersionString(self):
        numbers = ([*list(self._kit.version), 0, 0])[:3]
        return ".".join(str(number) for number in [*numbers, self._kit.build])

    @api()
    def Quit(self):
        self._kit.violations.append("Quit: the user's session was ended")
        self._kit.closed = True


class MediaStorage(Proxy):
    """The files of the machine, as the media page shows them."""

    @api()
    def GetMountedVolumeList(self):
        return [str(self._kit.folder)]

    @api()
    def GetSubFolderList(self, folderPath):
        return sorted(str(path) for path in Path(folderPath).iterdir() if path.is_dir())

    @api()
    def GetFileList(self, folderPath):
        return [path for path, _, _ in pictures.files_of(folderPath)]

    @api()
    def AddItemListToMediaPool(self, items, *args):
        paths = [items, *list(args)] if isinstance(items, str) else list(items)
        if paths and isinstance(paths[0], dict):
            paths = [
                {"FilePath": i["media"], "StartIndex": i["startFrame"], "EndIndex": i["endFrame"]}
                for i in paths
            ]
        return self._kit.media_pool().ImportMedia(paths)
