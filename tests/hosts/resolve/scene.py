"""Scenes: media that is really on disk, on a timeline, in one line each.

scene = kit.scene(rate="23.976")
plate = scene.sequence("plate", 1001, 1010)
item = scene.clip(plate, at=86400, frames=5, offset=2, track=2, selected=True)
scene.title(frames=10, track=3)
"""

import math
from fractions import Fraction

from tests.hosts import exr_file

from . import clock, model, pictures, placing


class Scene:
    """A project with one timeline; nothing is on it yet.

    Args:
        kit: The application.
        project: Its name; "Untitled Project" cannot be saved.
        timeline: The timeline's name.
        rate: Frame rate as Resolve writes it, such as "23.976" or "29.97 DF".
        start: Start timecode.
        size: Width and height of timeline and media, in pixels.
    """

    def __init__(
        self, kit, project="Film", timeline="Cut 1", rate="24", start="01:00:00:00", size=(32, 18)
    ):
        self.kit = kit
        self.size = size
        self.project = kit.project = model.Project(project, rate, size)
        self.timeline = placing.new_timeline(self.project, timeline)
        self.timeline.move_start(clock.to_frames(start, rate))
        self.timeline.selected = []

    def sequence(self, name="plate", first=1001, last=1010, rate=None, size=None, folder=None):
        """Write an EXR sequence whose frames all differ and put it into the media pool."""
        place = self.kit.folder / "media" / name
        place.mkdir(parents=True, exist_ok=True)
        size = size or self.size
        pattern = str(place / (name + ".%04d.exr"))
        for frame in range(first, last + 1):
            exr_file.write_exr(pattern % frame, exr_file.gradient(size[0], size[1], frame % 61))
        return self.known(pattern, first, last - first + 1, rate, size, folder=folder)

    def known(self, path, first, frames, rate=None, size=None, kind="sequence", folder=None):
        """Put media into the media pool without looking for its files."""
        rate = rate or self.timeline.rate.replace(" DF", "")
        media = model.Media("", str(path), first, frames, rate, size or self.size, kind)
        media.name = media.shown_path.replace("\\", "/").rsplit("/", 1)[-1]
        (folder or self.project.folder).media.append(media)
        return media

    def movie(self, name="take.mov", frames=10, rate=None, size=(64, 36), audio=False):
        """Write a movie where PyAV is installed, and else a file that is none."""
        path = self.kit.folder / "media" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rate = rate or self.timeline.rate.replace(" DF", "")
        if pictures.installed("av") is None:
            path.write_bytes(b"no movie")
        else:
            pictures.write_movie(path, frames, clock.rate_of(rate), size)
        media = self.known(path, 0, frames, rate, size, "movie")
        media.audio = audio
        return media

    def bin(self, name, parent=None):
        """Add a bin."""
        parent = parent or self.project.root
        folder = model.Folder(name, parent)
        parent.folders.append(folder)
        return folder

    def track(self, number, kind="video"):
        """Return a track, counted from 1; it and those below are made."""
        while len(self.timeline.tracks[kind]) < number:
            self.timeline.add_track(kind)
        return self.timeline.tracks[kind][number - 1]

    def clip(
        self,
        media="plate",
        at=None,
        frames=None,
        offset=0,
        track=1,
        speed=1,
        ramp=False,
        grade=1,
        selected=False,
        under_playhead=False,
        colour="",
        **truth,
    ):
        """Put media on the timeline; return the item.

        Args:
            media: Media, or the name of a sequence to write.
            at: Timeline frame; None is after the last item of the track.
            frames: Timeline frames; None is as many as the media has.
            offset: Frames of the media before the first that is seen. Reversed items begin there
                too and go back.
            track: Number of the video track.
            speed: Retime: 2 is twice as fast, -1 is reversed.
            ramp: The speed changes on the way. True: the source frames are unknown; or the speeds
                at both ends, whose mean is the speed.
            grade: What the colour page does: a factor.
            selected: Selected by the user.
            under_playhead: The playhead is on its first frame.
            colour: Its clip colour.
            truth: Further attributes of `model.Item`.
        """
        media = media if isinstance(media, model.Media) else self.sequence(media)
        rates = clock.rate_of(media.fps) / clock.rate_of(self.timeline.rate)
        ends = [rates * Fraction(each) for each in ramp] if isinstance(ramp, tuple) else None
        factor = sum(ends) / 2 if ends else rates * Fraction(speed)
        if frames is None:
            room = offset + 1 if factor < 0 else media.frames - offset
            frames = math.floor(room / abs(factor))
        item = model.Item(media.name, media, at, frames, Fraction(offset), factor)
        item.grade, item.colour = grade, colour
        item.ramp, item.source_unknown = ends, ramp is True
        self._put(item, at, track, truth)
        if selected:
            self.timeline.selected.append(item)
        if under_playhead:
            self.timeline.playhead = item.start
        return item

    def _put(self, item, at, track, truth):
        for name, value in truth.items():
            if not hasattr(item, name):
                raise TypeError(f"an item has no {name!r}")
            setattr(item, name, value)
        track = self.track(track)
        ends = [each.end for each in track.items]
        item.start = max(ends, default=self.timeline.start) if at is None else at
        track.add(item)
        return item

    def title(self, at=None, frames=24, track=1, **truth):
        """Put a title on the timeline."""
        return self._put(model.Item("Text", None, at, frames, kind="title"), at, track, truth)

    def transition(self, at, frames=8, track=1):
        """Put a transition over a cut."""
        item = model.Item("Cross Dissolve", None, at, frames, kind="transition")
        return self._put(item, at, track, {})

    def compound(self, at=None, frames=24, track=1, in_pool=False, **truth):
        """Put a compound clip on the timeline; with a clip of its own in the media pool, or not."""
        media = None
        if in_pool:
            media = self.known("", 0, frames, kind="compound")
            media.name = "Compound Clip 1"
        item = model.Item("Compound Clip 1", media, at, frames, kind="compound")
        return self._put(item, at, track, truth)
