"""The truth behind the API: plain objects that tests build and look at.

Positions on a timeline are timeline frames, ends exclusive. Positions in media are frames of the
media from 0, ends exclusive; an item plays `source_in + speed * (frame - start)`, rounded down.
"""

import itertools
import math
from fractions import Fraction
from pathlib import Path

from . import clock

_IDS = itertools.count(1)


def unique_id():
    """Return an id of the form that Resolve uses, the same in every run."""
    return f"00000000-0000-4000-8000-{next(_IDS):012x}"


class Marked:
    """What has markers, flags and a colour."""

    def __init__(self):
        self.id = unique_id()
        self.markers = {}
        self.flags = []
        self.colour = ""
        self.gone = False


class Folder:
    """A bin of the media pool."""

    def __init__(self, name, parent=None):
        self.id = unique_id()
        self.name = name
        self.parent = parent
        self.folders = []
        self.media = []
        self.gone = False


class Media(Marked):
    """A clip of the media pool.

    Attributes:
        path: A pattern with `%04d` for a sequence; else the file; "" for what has none.
        first: Number of the first file of a sequence, else 0.
        frames: How many there are.
        audio: It has sound, which an append brings along unless it asks for video alone.
    """

    def __init__(self, name, path, first, frames, fps, size, kind="sequence"):
        Marked.__init__(self)
        self.name = name
        self.path = path
        self.first = first
        self.frames = frames
        self.fps = str(fps)
        self.width, self.height = size
        self.kind = kind
        self.properties = {}
        self.metadata = {}
        self.marks = {}
        self.timeline = None
        self.audio = False
        self.offline = False

    @property
    def shown_path(self):
        """The path as Resolve shows it: `a.[1001-1100].exr`."""
        if self.kind != "sequence":
            return self.path
        before, after = self.path.rsplit("%", 1)
        width, after = after.split("d", 1)
        numbers = "-".join(
            ("%" + width + "d") % n for n in (self.first, self.first + self.frames - 1)
        )
        return f"{before}[{numbers}]{after}"

    def file_of(self, frame):
        """Return the path of the file of a frame, counted from 0."""
        return Path(self.path % (self.first + frame) if self.kind == "sequence" else self.path)


class Take:
    """One alternative of an item: media and its part; the item itself keeps length and speed."""

    def __init__(self, media, source_in, frames, duration=None, speed=None):
        self.media = media
        self.source_in = source_in
        self.frames = frames
        self.duration = duration
        self.speed = speed


class Item(Marked):
    """What lies on a track: a clip, compound, title or transition.

    Attributes:
        kind: "clip", "compound", "title", "generator" or "transition".
        speed: Media frames a timeline frame: rates that differ and retimes; below 0 is reversed.
        ramp: The speeds at the first and the last frame, where it changes on the way; `speed` is
            their mean.
        grade: What the colour page multiplies every pixel by.
        source_error: Added to what GetSourceStartFrame says.
        source_unknown: The source frames read 0 and 0.
    """

    def __init__(self, name, media, start, duration, source_in=0, speed=1, kind="clip"):
        Marked.__init__(self)
        self.name = name
        self.media = media
        self.start = start
        self.duration = duration
        self.source_in = source_in
        self.speed = speed
        self.kind = kind
        self.track = None
        self.takes = []
        self.take = 0
        self.enabled = True
        self.linked = []
        self.properties = {}
        self.grade = 1
        self.ramp = None
        self.source_error = 0
        self.source_unknown = False
        self.vanishes = False

    @property
    def end(self):
        """The first timeline frame after the item."""
        return self.start + self.duration

    def source_frame(self, frame):
        """Return the media frame that a timeline frame shows."""
        passed = frame - self.start
        first, last = self.ramp or (self.speed, self.speed)
        gained = Fraction(last - first) * passed * passed / (2 * self.duration)
        return math.floor(self.source_in + first * passed + gained)


class Track:
    """A track: its items lie in the order of time."""

    def __init__(self, kind, name):
        self.kind = kind
        self.name = name
        self.items = []
        self.locked = False
        self.enabled = True

    def add(self, item):
        """Put an item where its start says."""
        item.track = self
        self.items.append(item)
        self.items.sort(key=lambda each: each.start)

    def free(self, start, end):
        """Return whether no item lies between two frames; transitions do not count."""
        return all(
            item.end <= start or item.start >= end
            for item in self.items
            if item.kind != "transition"
        )


class Timeline(Marked):
    """A timeline; its tracks are counted from the lowest."""

    def __init__(self, name, rate="24", start="01:00:00:00", size=(64, 36)):
        Marked.__init__(self)
        self.name = name
        self.settings = {
            "timelineFrameRate": str(rate),
            "timelineResolutionWidth": str(size[0]),
            "timelineResolutionHeight": str(size[1]),
            "useCustomSettings": "0",
        }
        self.start = clock.to_frames(start, rate)
        self.tracks = {"video": [], "audio": [], "subtitle": []}
        self.add_track("video")
        self.add_track("audio")
        self.playhead = self.start
        self.selected = []
        self.marks = {}
        self.blind = 0

    @property
    def rate(self):
        """The frame rate as the setting words it."""
        return self.settings["timelineFrameRate"]

    @property
    def size(self):
        """Width and height, in pixels."""
        return tuple(
            int(self.settings["timelineResolution" + side]) for side in ("Width", "Height")
        )

    @property
    def end(self):
        """The first frame after the last item."""
        return max([item.end for item in self.every_item()], default=self.start)

    @property
    def video(self):
        """The video tracks, from the lowest."""
        return self.tracks["video"]

    def add_track(self, kind, index=None):
        """Add a track, on top unless an index from 1 says where."""
        tracks = self.tracks[kind]
        track = Track(kind, f"{kind.capitalize()} {len(tracks) + 1}")
        tracks.insert(len(tracks) if index is None else index - 1, track)
        return track

    def every_item(self, kinds=("video", "audio", "subtitle")):
        """Return all items, track by track."""
        return [item for kind in kinds for track in self.tracks[kind] for item in track.items]

    def top_item(self, frame):
        """Return the item that is seen at a frame, or None."""
        for track in reversed(self.video):
            for item in track.items if track.enabled else ():
                if item.start <= frame < item.end and item.enabled and item.kind != "transition":
                    return item
        return None

    def move_start(self, start):
        """Let the timeline, and all that is on it, begin at another frame."""
        for item in self.every_item():
            item.start += start - self.start
        self.playhead += start - self.start
        self.start = start


class Project:
    """A project: its bins, timelines and render queue."""

    def __init__(self, name="Untitled Project", rate="24", size=(64, 36)):
        self.id = unique_id()
        self.name = name
        self.settings = {
            "timelineFrameRate": str(rate),
            "timelineResolutionWidth": str(size[0]),
            "timelineResolutionHeight": str(size[1]),
            "colorScienceMode": "davinciYRGB",
        }
        self.root = Folder("Master")
        self.folder = self.root
        self.timelines = []
        self.timeline = None
        self.selected_media = []
        self.saves = 0

    def every_folder(self):
        """Return all bins, the root first."""
        found = [self.root]
        for folder in found:
            found.extend(folder.folders)
        return found

    def every_media(self):
        """Return all clips of all bins."""
        return [media for folder in self.every_folder() for media in folder.media]
