"""A timeline, as the API shows it: ends are exclusive, marks count from its start."""

from . import clock, model, placing
from .api import api
from .marks import WithMarkers
from .project import shown_settings

PLAYHEAD_PAGES = ("cut", "edit", "color", "fairlight", "deliver")


class Timeline(WithMarkers):
    """A timeline of the project."""

    @api()
    def GetName(self):
        return self._truth.name

    @api()
    def SetName(self, timelineName):
        if any(timeline.name == timelineName for timeline in self._kit.project.timelines):
            return False
        self._truth.name = timelineName
        return True

    @api()
    def GetUniqueId(self):
        return self._truth.id

    @api()
    def GetStartFrame(self):
        return self._truth.start

    @api()
    def GetEndFrame(self):
        return self._truth.end

    @api()
    def GetStartTimecode(self):
        return clock.to_timecode(self._truth.start, self._truth.rate)

    @api()
    def SetStartTimecode(self, timecode):
        try:
            start = clock.to_frames(timecode, self._truth.rate)
        except ValueError:
            return False
        self._truth.move_start(start)
        return True

    @api()
    def GetSetting(self, settingName=None):
        settings = dict(self._kit.project.settings, **self._truth.settings)
        settings = shown_settings(self._kit, settings)
        return settings.get(settingName, "") if settingName else settings

    @api()
    def SetSetting(self, settingName, settingValue):
        settings = self._truth.settings
        if settingName == "useCustomSettings":
            settings[settingName] = str(settingValue)
            return True
        if settings["useCustomSettings"] != "1":
            return False
        if settingName == "timelineFrameRate":
            if self._truth.every_item():
                return False  # a timeline's rate is fixed once it holds anything
            timecode = clock.to_timecode(self._truth.start, self._truth.rate)
            self._truth.start = clock.to_frames(timecode, settingValue)
        settings[settingName] = str(settingValue)
        return True

    # --- tracks ---

    def _tracks(self, trackType):
        return self._truth.tracks.get(trackType, [])

    def _track(self, trackType, index):
        tracks = self._tracks(trackType)
        return tracks[int(index) - 1] if 1 <= index <= len(tracks) else None

    @api()
    def GetTrackCount(self, trackType):
        return len(self._tracks(trackType))

    @api(since=(18, 5))
    def AddTrack(self, trackType, newTrackOptions=None):
        if trackType not in self._truth.tracks:
            return False
        options = newTrackOptions if isinstance(newTrackOptions, dict) else {}
        index = options.get("index")
        inside = index is not None and 1 <= index <= len(self._tracks(trackType))
        self._truth.add_track(trackType, index if inside else None)
        return True

    @api(since=(18, 5))
    def DeleteTrack(self, trackType, trackIndex):
        track = self._track(trackType, trackIndex)
        if track is None or len(self._tracks(trackType)) == 1:
            return False
        for item in list(track.items):
            placing.remove(item)
        self._tracks(trackType).remove(track)
        return True

    @api()
    def GetTrackName(self, trackType, trackIndex):
        track = self._track(trackType, trackIndex)
        return track.name if track else ""

    @api()
    def SetTrackName(self, trackType, trackIndex, name):
        track = self._track(trackType, trackIndex)
        if track is None:
            return False
        track.name = name
        return True

    @api(since=(18, 5))
    def GetIsTrackEnabled(self, trackType, trackIndex):
        track = self._track(trackType, trackIndex)
        return bool(track and track.enabled)

    @api(since=(18, 5))
    def SetTrackEnable(self, trackType, trackIndex, Bool):
        track = self._track(trackType, trackIndex)
        if track is None:
            return False
        track.enabled = bool(Bool)
        return True

    @api(since=(18, 5))
    def GetIsTrackLocked(self, trackType, trackIndex):
        track = self._track(trackType, trackIndex)
        return bool(track and track.locked)

    @api(since=(18, 5))
    def SetTrackLock(self, trackType, trackIndex, Bool):
        track = self._track(trackType, trackIndex)
        if track is None:
            return False
        track.locked = bool(Bool)
        return True

    # --- items ---

    @api()
    def GetItemListInTrack(self, trackType, index):
        track = self._track(trackType, index)
        return [self._kit.wrap(item) for item in track.items] if track else []

    @api()
    def GetItemsInTrack(self, trackType, index):
        track = self._track(trackType, index)
        items = track.items if track else []
        return {number: self._kit.wrap(item) for number, item in enumerate(items, 1)}

    @api(since=(18, 5))
    def DeleteClips(self, timelineItems, Bool=False):
        if self._kit.lies.delete_needs_edit_page and self._kit.page != "edit":
            return False
        items = [proxy._truth for proxy in timelineItems if proxy is not None and proxy._exists]
        if not items or any(item.track.locked for item in items):
            return False
        for item in items:
            placing.remove(item)
            for later in item.track.items if Bool else ():
                later.start -= item.duration if later.start >= item.end else 0
        placing.edited(self._kit, self._truth)
        return True

    @api(since=(18, 5))
    def SetClipsLinked(self, timelineItems, Bool):
        items = [proxy._truth for proxy in timelineItems]
        for item in items:
            item.linked = [each for each in items if each is not item] if Bool else []
        return True

    @api()
    def GetCurrentVideoItem(self):
        timeline = self._truth
        if timeline.blind:
            timeline.blind -= 1
            return None
        return self._kit.wrap(timeline.top_item(timeline.playhead))

    @api(since=(21, 0, 4))
    def GetSelectedClips(self):
        return [self._kit.wrap(item) for item in self._truth.selected if not item.gone]

    @api()
    def InsertTitleIntoTimeline(self, titleName):
        timeline = self._truth
        item = model.Item(titleName, None, timeline.playhead, 120, kind="title")
        if not timeline.video[0].free(item.start, item.end):
            return None
        timeline.video[0].add(item)
        return self._kit.wrap(item)

    # --- playhead and marks ---

    @api()
    def GetCurrentTimecode(self):
        if self._kit.page not in PLAYHEAD_PAGES:
            return None
        return clock.to_timecode(self._truth.playhead, self._truth.rate)

    @api()
    def SetCurrentTimecode(self, timecode):
        if self._kit.page not in PLAYHEAD_PAGES:
            return False
        self._truth.playhead = clock.to_frames(timecode, self._truth.rate)
        return True

    @api(since=(20,))
    def GetMarkInOut(self):
        return {kind: dict(marks) for kind, marks in self._truth.marks.items()}

    @api(since=(20,))
    def SetMarkInOut(self, mark_in, mark_out, type="all"):
        kinds = ("video", "audio") if type == "all" else (type,)
        for kind in kinds:
            self._truth.marks[kind] = {"in": mark_in, "out": mark_out}
        return True

    @api(since=(20,))
    def ClearMarkInOut(self, type="all"):
        for kind in ("video", "audio") if type == "all" else (type,):
            self._truth.marks.pop(kind, None)
        return True

    @api(since=(19, 1))
    def GetMediaPoolItem(self):
        for media in self._kit.project.every_media():
            if media.timeline is self._truth:
                return self._kit.wrap(media)
        return None

    @api(since=(18, 5), studio=True)
    def CreateSubtitlesFromAudio(self, autoCaptionSettings=None):
        return True
