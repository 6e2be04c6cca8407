"""The media pool: bins, clips, and what is put on timelines from them."""

from pathlib import Path

from . import clock, model, pictures, placing
from .api import Proxy, api
from .failures import Frozen
from .marks import WithColours

READ_ONLY = (
    "File Path",
    "File Name",
    "Frames",
    "Start",
    "End",
    "Resolution",
    "Type",
    "Duration",
    "Format",
)


class Folder(Proxy):
    """A bin."""

    @api()
    def GetName(self):
        return self._truth.name

    @api()
    def GetClipList(self):
        return [self._kit.wrap(media) for media in self._truth.media]

    @api()
    def GetSubFolderList(self):
        return [self._kit.wrap(folder) for folder in self._truth.folders]

    @api()
    def GetUniqueId(self):
        return self._truth.id

    @api()
    def GetIsFolderStale(self):
        return False


class MediaPoolItem(WithColours):
    """A clip of the media pool; its properties are text."""

    @api()
    def GetName(self):
        return self._truth.name

    @api(since=(20, 2))
    def SetName(self, name):
        self._truth.name = name
        return True

    @api()
    def GetUniqueId(self):
        return self._truth.id

    @api()
    def GetMediaId(self):
        return "media-" + self._truth.id

    @api()
    def GetMetadata(self, metadataType=None):
        metadata = self._truth.metadata
        return metadata.get(metadataType, "") if metadataType else dict(metadata)

    @api()
    def SetMetadata(self, metadataType, metadataValue=None):
        new = metadataType
        self._truth.metadata.update(new if isinstance(new, dict) else {new: metadataValue})
        return True

    def _properties(self):
        media = self._truth
        last = media.first + media.frames - 1
        kinds = {"compound": "Compound", "timeline": "Timeline", "still": "Still"}
        found = {
            "Clip Name": media.name,
            "File Name": Path(media.shown_path).name,
            "File Path": media.shown_path,
            "FPS": float(media.fps) if self._kit.lies.rate_as_number else media.fps,
            "Start": str(media.first),
            "End": str(last),
            "Frames": str(media.frames),
            "Start TC": clock.to_timecode(media.first, media.fps),
            "End TC": clock.to_timecode(last + 1, media.fps),
            "Duration": clock.to_timecode(media.frames, media.fps),
            "Resolution": f"{media.width}x{media.height}",
            "PAR": "Square",
            "Reel Name": "",
            "IDT": "",
            "Input Color Space": "",
            "Alpha mode": "None",
            "Type": kinds.get(media.kind, "Video"),
            "Format": Path(media.path).suffix[1:].upper(),
            "Usage": str(sum(1 for _ in placing.instances(self._kit.project, media))),
            "Online Status": "Offline" if media.offline else "Online",
        }
        found.update(media.properties)
        return found

    @api()
    def GetClipProperty(self, propertyName=None):
        found = self._properties()
        return found.get(propertyName, "") if propertyName else found

    @api()
    def SetClipProperty(self, propertyName, propertyValue):
        if propertyName in READ_ONLY or propertyName not in self._properties():
            return False
        if propertyName == "FPS":
            self._truth.fps = str(propertyValue)
        self._truth.properties[propertyName] = str(propertyValue)
        return True

    @api()
    def ReplaceClip(self, filePath):
        found = imported(self._kit, filePath)
        if found is None:
            return False
        for name in ("path", "first", "frames", "width", "height", "kind", "name"):
            setattr(self._truth, name, getattr(found, name))
        return True

    @api()
    def LinkProxyMedia(self, proxyMediaFilePath):
        if not Path(proxyMediaFilePath).is_file():
            return False
        self._truth.properties["Proxy Media Path"] = proxyMediaFilePath
        return True

    @api()
    def UnlinkProxyMedia(self):
        return self._truth.properties.pop("Proxy Media Path", None) is not None

    @api(since=(20,))
    def GetMarkInOut(self):
        return {kind: dict(marks) for kind, marks in self._truth.marks.items()}

    @api(since=(18, 5), studio=True)
    def TranscribeAudio(self, useSpeakerDetection=None):
        return True


class MediaPool(Proxy):
    """The media pool of the current project."""

    @property
    def _project(self):
        return self._truth

    @api()
    def GetRootFolder(self):
        return self._kit.wrap(self._project.root)

    @api()
    def GetCurrentFolder(self):
        return self._kit.wrap(self._project.folder)

    @api()
    def SetCurrentFolder(self, folder):
        if folder is None or not folder._exists:
            return False
        if not self._kit.lies.happens("folder_ignored"):
            self._project.folder = folder._truth
        return True

    @api()
    def AddSubFolder(self, folder, name):
        if folder is None or any(each.name == name for each in folder._truth.folders):
            return None
        new = model.Folder(name, folder._truth)
        folder._truth.folders.append(new)
        self._project.folder = new  # as the user would see it, the new bin is the current one
        return self._kit.wrap(new)

    @api()
    def DeleteFolders(self, subfolders):
        for folder in [each._truth for each in subfolders if each._exists and each._truth.parent]:
            folder.gone = True
            folder.parent.folders.remove(folder)
            if self._project.folder not in self._project.every_folder():
                self._project.folder = self._project.root
        return True

    @api()
    def MoveClips(self, clips, targetFolder):
        for media in [each._truth for each in clips]:
            for folder in self._project.every_folder():
                if media in folder.media:
                    folder.media.remove(media)
            targetFolder._truth.media.append(media)
        return True

    @api()
    def DeleteClips(self, clips):
        if self._kit.lies.delete_needs_edit_page and self._kit.page != "edit":
            return False
        for media in [each._truth for each in clips if each is not None and each._exists]:
            media.gone = True
            for folder in self._project.every_folder():
                folder.media = [each for each in folder.media if each is not media]
            for item in placing.instances(self._project, media):
                placing.remove(item)
        return True

    @api()
    def ImportMedia(self, items):
        if isinstance(items, (str, dict)):
            raise Frozen(f"ImportMedia takes a list; it was given {items!r}")
        found = [media for item in items for media in self._import(item)]
        return [self._kit.wrap(media) for media in found]

    def _import(self, item):
        if isinstance(item, dict):
            pattern, first, last = item["FilePath"], item.get("StartIndex"), item.get("EndIndex")
            wanted = [(pattern, first, last)]
        elif Path(item).is_dir():
            wanted = pictures.files_of(item)
        else:
            wanted = [(item, None, None)]
        for path, first, last in wanted:
            media = imported(self._kit, str(path), first, last)
            if media is not None:
                yield self._kept(media)

    def _kept(self, media):
        """Return the clip of this bin that the file already is, or the new one."""
        folder = self._project.folder
        for each in folder.media:
            if each.shown_path == media.shown_path:
                return each
        folder.media.append(media)
        return media

    @api()
    def CreateEmptyTimeline(self, name):
        if any(timeline.name == name for timeline in self._project.timelines):
            return None
        return self._kit.wrap(placing.new_timeline(self._project, name))

    @api()
    def CreateTimelineFromClips(self, name, clips, *args):
        timeline = self.CreateEmptyTimeline(name)
        if timeline is not None:
            self.AppendToTimeline(clips, *args)
        return timeline

    @api()
    def AppendToTimeline(self, clips, *args):
        return placing.append(self._kit, self._project, clips, args)

    @api()
    def DeleteTimelines(self, timeline):
        for each in [proxy._truth for proxy in timeline if proxy is not None and proxy._exists]:
            placing.delete_timeline(self._project, each)
        return True

    @api(since=(19,))
    def GetSelectedClips(self):
        return [self._kit.wrap(media) for media in self._project.selected_media]

    @api(since=(19,))
    def SetSelectedClip(self, mediaPoolItem):
        self._project.selected_media = [mediaPoolItem._truth]
        return True

    @api()
    def GetUniqueId(self):
        return "pool-" + self._project.id


def imported(kit, path, first=None, last=None):
    """Return a new clip of what is on disk, or None where nothing can be read."""
    sequence = "%" in Path(path).name
    if sequence and (first is None or last is None or last < first):
        return None
    try:
        width, height, frames, rate = pictures.probe(path % first if sequence else path)
        if sequence:
            pictures.probe(path % last)
    except (OSError, ValueError):
        return None
    size = (width, height)
    if sequence:
        kind, frames = "sequence", last - first + 1
    else:
        kind, first = ("movie" if rate else "still"), 0
    fps = kit.rate_text(rate) if rate else kit.project.settings["timelineFrameRate"]
    media = model.Media("", path, first, frames, fps, size, kind)
    media.name = Path(media.shown_path).name
    return media
