"""What lies on a track, as the API shows it.

Under a retime the frames come in two domains: the left offset is a place in the media divided by
the speed, the source frames are places in the media, and the speed is their difference divided by
the duration. Reversed items start later in the media than they end. 0 and 0 say nothing at all.
"""

import math

from . import model, placing
from .api import Proxy, api
from .marks import WithColours

PROPERTIES = {
    "Pan": 0.0,
    "Tilt": 0.0,
    "ZoomX": 1.0,
    "ZoomY": 1.0,
    "ZoomGang": True,
    "RotationAngle": 0.0,
    "CropLeft": 0.0,
    "CropRight": 0.0,
    "CropTop": 0.0,
    "CropBottom": 0.0,
    "FlipX": False,
    "FlipY": False,
    "CompositeMode": 0,
    "Opacity": 100.0,
    "RetimeProcess": 0,
    "Scaling": 0,
    "ResizeFilter": 0,
}


class WithTakes(Proxy):
    """Takes are counted from 1; the first that is added finds the item itself as number 1."""

    @api()
    def AddTake(self, mediaPoolItem, startFrame=None, endFrame=None):
        item = self._truth
        if mediaPoolItem is None or not mediaPoolItem._exists or item.kind != "clip":
            return False
        if item.track.locked:
            return False
        media = mediaPoolItem._truth
        base = self._base(media)
        first = int(startFrame or base) - base
        end = media.frames if endFrame is None else int(endFrame) - base
        if endFrame is not None and not self._kit.lies.take_end_exclusive:
            end += 1
        if not 0 <= first < end <= media.frames:
            return False
        if self._kit.lies.happens("take_ignored"):
            return True
        if not item.takes:
            frames = abs(math.floor(item.speed * item.duration))
            itself = model.Take(item.media, item.source_in, frames, item.duration, item.speed)
            item.takes.append(itself)
            item.take = 1
        item.takes.append(model.Take(media, first, end - first))
        return True

    def _base(self, media):
        return media.first if self._kit.lies.frames_absolute else 0

    @api()
    def GetTakesCount(self):
        return len(self._truth.takes)

    @api()
    def GetSelectedTakeIndex(self):
        return self._truth.take

    def _take(self, idx):
        takes = self._truth.takes
        return takes[int(idx) - 1] if 1 <= idx <= len(takes) else None

    @api()
    def GetTakeByIndex(self, idx):
        take = self._take(idx)
        if take is None:
            return {}
        first = take.source_in + self._base(take.media)
        last = first + take.frames - (not self._kit.lies.take_end_exclusive)
        return {
            "startFrame": int(first),
            "endFrame": int(last),
            "mediaPoolItem": self._kit.wrap(take.media),
        }

    @api()
    def SelectTakeByIndex(self, idx):
        take, item = self._take(idx), self._truth
        if take is None or item.track.locked:
            return False
        item.take = int(idx)
        item.media, item.name = take.media, take.media.name
        item.source_in = take.source_in
        if take.speed is not None:
            item.duration, item.speed = take.duration, take.speed
        else:
            placing.fit(self._kit.timeline_of(item), item, take.frames)
            item.duration = min(item.duration, item.takes[0].duration)
        placing.edited(self._kit, self._kit.timeline_of(item))
        return True

    @api()
    def DeleteTakeByIndex(self, idx):
        take, item = self._take(idx), self._truth
        if take is None or int(idx) == item.take:
            return False
        item.takes.remove(take)
        item.take -= int(idx) < item.take
        return True

    @api()
    def FinalizeTake(self):
        item = self._truth
        if not item.takes:
            return False
        item.takes, item.take = [], 0
        return True


class TimelineItem(WithTakes, WithColours):
    """An item of a timeline."""

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
    def GetStart(self, subframe_precision=False):
        return self._number(self._truth.start, subframe_precision)

    @api()
    def GetEnd(self, subframe_precision=False):
        return self._number(self._truth.end, subframe_precision)

    @api()
    def GetDuration(self, subframe_precision=False):
        return self._number(self._truth.duration, subframe_precision)

    def _number(self, value, precise):
        return float(value) if precise and self._kit.version >= (20,) else round(value)

    @api()
    def GetLeftOffset(self, subframe_precision=False):
        item = self._truth
        if item.media is None:
            return 0
        beyond = item.source_in if item.speed > 0 else item.media.frames - 1 - item.source_in
        return self._number(self._offset(beyond, 0), subframe_precision)

    def _offset(self, frames, end):
        """Return by how many timeline frames the item could be extended, at the speed there."""
        item = self._truth
        speed = item.ramp[end] if item.ramp else item.speed
        return frames if self._kit.lies.offsets_in_media else frames / abs(speed)

    @api()
    def GetRightOffset(self, subframe_precision=False):
        item = self._truth
        if item.media is None:
            return 0
        after = item.source_in + item.speed * item.duration
        beyond = item.media.frames - after if item.speed > 0 else after + 1
        return self._number(self._offset(beyond, 1), subframe_precision)

    def _source(self, position):
        item = self._truth
        if item.media is None or item.source_unknown:
            return 0
        first = item.media.first if self._kit.lies.source_frames_absolute else 0
        return math.floor(position) + first

    @api(since=(19,))
    def GetSourceStartFrame(self):
        item = self._truth
        return self._source(item.source_in + item.source_error)

    @api(since=(19,))
    def GetSourceEndFrame(self):
        item = self._truth
        return self._source(item.source_in + item.speed * item.duration)

    @api()
    def GetMediaPoolItem(self):
        return self._kit.wrap(self._truth.media)

    @api()
    def GetProperty(self, propertyKey=None):
        item = self._truth
        found = {} if item.kind == "transition" else dict(PROPERTIES, **item.properties)
        return found.get(propertyKey) if propertyKey else found

    @api()
    def SetProperty(self, propertyKey, propertyValue):
        if propertyKey not in PROPERTIES or self._truth.kind == "transition":
            return False
        self._truth.properties[propertyKey] = propertyValue
        return True

    @api(since=(18, 5))
    def GetClipEnabled(self):
        return self._truth.enabled

    @api(since=(18, 5))
    def SetClipEnabled(self, Bool):
        self._truth.enabled = bool(Bool)
        return True

    @api(since=(19,))
    def GetLinkedItems(self):
        return [self._kit.wrap(item) for item in self._truth.linked]

    @api(since=(19,))
    def GetTrackTypeAndIndex(self):
        track = self._truth.track
        tracks = self._kit.timeline_of(self._truth).tracks[track.kind]
        return [track.kind, tracks.index(track) + 1]

    @api()
    def GetFusionCompCount(self):
        return 0

    @api()
    def GetFusionCompNameList(self):
        return []

    @api(since=(18, 5), studio=True)
    def CreateMagicMask(self, mode):
        return mode in ("F", "B", "BI")

    @api(since=(18, 5), studio=True)
    def SmartReframe(self):
        return True
