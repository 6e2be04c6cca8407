"""From images to the clip that a restorer sees, and from what it returns to what is pasted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from engine.analysis import beauty_planes
from engine.faces.align import plan_crops, whole_frame
from engine.faces.matte import soft_matte
from engine.faces.pick import not_picked, picked, written
from engine.faces.transform import Transform, cut_out
from engine.guides import Exemplars, Mask, hero_frame
from engine.restorer import Clip, Guides, Task
from plugin_host.errors import FrameError, FrameNotFinite
from plugin_host.picks import split_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from engine.analysis import ShotAnalysis
    from engine.frame_io.colour import PlateColour
    from engine.image import Box, Image
    from engine.plan import Step
    from engine.restorer import Restored, RestorerInfo
    from plugin_host.plate import Plate
    from plugin_host.requests import Settings

WHOLE_FRAME = 0
"""Number of the one track of a take that restores whole frames; faces are numbered from 1."""


@dataclass(frozen=True, slots=True)
class FaceCrop:
    """What a restorer sees of one face in one frame.

    Attributes:
        pixels: ``(3, H, W)`` float32, display-referred.
        matte: ``(H, W)`` float32 in [0, 1]; not to be written to.
    """

    pixels: NDArray[np.float32]
    matte: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    """A frame that was read, and what was cut out of it.

    Attributes:
        image: The frame.
        crops: By number of the track.
    """

    image: Image
    crops: Mapping[int, FaceCrop]


@dataclass(frozen=True, slots=True)
class Change:
    """What a restored window changed, from which deltas are made when they are asked for.

    Attributes:
        clip: What the restorer saw.
        restored: What it made of that.
        colour: The plate's colours.
    """

    clip: Clip
    restored: Restored
    colour: PlateColour

    def only(self, frames: tuple[int, ...]) -> Delta:
        """Return what some of the window's frames get added."""
        rows = [self.clip.frames.index(frame) for frame in frames]
        before, after = self.clip.pixels, self.restored.pixels
        given = self.restored.confidence
        confidence = (
            np.ones((len(rows), *before.shape[2:]), np.float32)
            if given is None
            else np.ascontiguousarray(given[rows])
        )
        holes = self.clip.guides.mask
        deltas = [
            self.colour.delta(before[row], after[row], None if holes is None else holes[row])
            for row in rows
        ]
        return Delta(frames, np.stack(deltas), confidence)


@dataclass(frozen=True, slots=True)
class Delta:
    """What one window adds to the plate for one track.

    Attributes:
        frames: Frame numbers.
        delta: ``(T, 3, H, W)`` float32, scene-linear in plate space; exactly 0 where nothing
            changed.
        confidence: ``(T, H, W)`` float32 in [0, 1].
    """

    frames: tuple[int, ...]
    delta: NDArray[np.float32]
    confidence: NDArray[np.float32]

    def only(self, frames: tuple[int, ...]) -> Delta:
        """Return the part that concerns some of the frames."""
        rows = [self.frames.index(frame) for frame in frames]
        return Delta(frames, self.delta[rows], self.confidence[rows])


class Clips:
    """Makes the clips of a shot.

    Args:
        analysis: What was found in the shot.
        info: What the restorer wants to see.
        settings: What the user asked for.
        colour: The plate's colours.
        parameters: Every parameter of the restorer with its value.
    """

    def __init__(
        self,
        analysis: ShotAnalysis,
        info: RestorerInfo,
        settings: Settings,
        colour: PlateColour,
        parameters: Mapping[str, int],
    ) -> None:
        self._info = info
        self._settings = settings
        self.colour = colour
        self._parameters = parameters
        self.whole = settings.whole_frame
        self._analysis = analysis
        self._mask = Mask(settings.mask, analysis.display) if settings.mask else None
        self._maskless = {} if self._mask is None else self._mask.errors(analysis.frames)
        self._heroes: dict[int, Image] = {}
        self._exemplars = Exemplars(colour, info.crop)
        tracks = analysis.faces.tracks
        self._people = picked(settings.faces, tracks)
        if self.whole:
            crops = {WHOLE_FRAME: whole_frame(analysis.frames, analysis.bounds, info.crop)}
        else:
            crops = {
                track.number: plan_crops(track, info.crop, analysis.bounds)
                for track in tracks
                if track.number in self._people
            }
        self.transforms: dict[int, dict[int, Transform]] = crops
        self._left = {t.number: frozenset(t.frames) for t in tracks if t.number not in crops}

    def people(self, tracks: Iterable[int]) -> str:
        """Return tracks with the names of their people, as `--faces` takes them."""
        return written({track: self._people[track] for track in tracks if track in self._people})

    def not_picked(self, frame: int) -> str:
        """Return a sentence on the faces of a frame that are not restored; empty for none."""
        return not_picked(track for track, held in self._left.items() if frame in held)

    def usable(self, track: int) -> tuple[int, ...]:
        """Return a track's frames that can be restored: finite pixels, and a mask where asked."""
        return tuple(
            frame
            for frame in self.transforms[track]
            if self._finite(track, frame) and frame not in self._maskless
        )

    def error(self, frame: int, plate: Plate) -> FrameError | None:
        """Return why a frame cannot be delivered restored, None where it can."""
        tracks = [track for track, held in self.transforms.items() if frame in held]
        if not all(self._finite(track, frame) for track in tracks):
            what = "the frame" if self.whole else "a face"
            path = plate.path(frame)
            return FrameNotFinite(f"NaN or infinite pixels in {what}", frame=frame, path=path)
        error = self._maskless.get(frame) if tracks else None
        return error or self._analysis.error(frame, plate)

    def _finite(self, track: int, frame: int) -> bool:
        return self._analysis.is_finite(frame, self.transforms[track][frame].footprint)

    def rows(self, frame: int) -> range | None:
        """Return the rows of a frame that can change; None where all of them are wanted."""
        layers = self._settings.layers
        if self.whole or ("patch" not in layers and layers != ("beauty",)):
            return None
        boxes = [held[frame].footprint for held in self.transforms.values() if frame in held]
        top = self._analysis.bounds.top  # where there is no face, one row must stand for all
        rows = [top, top] if not boxes else [y for b in boxes for y in (b.top, b.bottom)]
        return range(min(rows), max(rows) + 1)

    @property
    def hero_frames(self) -> tuple[int, ...]:
        """The frames that the user named as exemplars."""
        heroes = (hero_frame(reference) for reference in self._settings.references)
        return tuple(frame for frame in heroes if frame is not None)

    def set_heroes(self, images: Mapping[int, Image]) -> None:
        """Provide the images of `hero_frames`."""
        self._heroes = dict(images)

    def look(self, image: Image, frame: int, tracks: Iterable[int]) -> Look:
        """Cut the crops of some tracks out of a frame; once, whatever windows share it."""
        places = {track: self.transforms[track][frame] for track in tracks}
        crops = {
            track: FaceCrop(self._crop(image, place), self.matte(image, place))
            for track, place in places.items()
        }
        return Look(image, crops)

    def clip(self, step: Step, looks: Mapping[int, Look]) -> Clip:
        """Put a step's clip together."""
        frames = step.warm_up + step.frames
        crops = [looks[frame].crops[step.track] for frame in frames]
        return Clip(
            pixels=np.stack([crop.pixels for crop in crops]),
            matte=np.stack([crop.matte for crop in crops]),
            frames=frames,
            track=step.track,
            follows=step.follows,
            warm_up=len(step.warm_up),
            tasks=tuple[Task, ...](self._settings.tasks),  # type: ignore[arg-type]
            guides=self._guides(step.track, frames),
            parameters=self._parameters,
        )

    def matte(self, image: Image, transform: Transform) -> NDArray[np.float32]:
        """Return how much of a change is delivered, ``(H, W)`` float32 in [0, 1]; read-only."""
        return _matte(transform, image.plate_window, self.whole)

    def holes(self, frame: int, window: Box) -> NDArray[np.bool_] | None:
        """Return where a frame is to be made up, ``(h, w)`` over a window; None without a mask."""
        if self._mask is None:
            return None
        display = self._analysis.display
        holes = np.zeros((window.height, window.width), np.bool_)
        held = window.intersection(display)
        if held is not None:
            holes[held.slices(window)] = self._mask.plane(frame)[held.slices(display)] > 0
        return holes

    def change(self, clip: Clip, restored: Restored) -> Change:
        """Return what the restored clip changed."""
        return Change(clip, restored, self.colour)

    def _crop(self, image: Image, transform: Transform) -> NDArray[np.float32]:
        data_window = image.beauty.data_window
        box = transform.footprint.intersection(data_window) or data_window
        return self.colour.encode(cut_out(beauty_planes(image, box), box, transform))

    def _guides(self, track: int, frames: tuple[int, ...]) -> Guides:
        pictures: list[NDArray[np.float32]] = []
        heroes: list[int | None] = []
        for reference in self._settings.references:
            (name, exemplar), frame = split_reference(reference), hero_frame(reference)
            if name and name != self._people.get(track):
                continue
            if frame is None:
                pictures.append(self._exemplars.picture(exemplar))
                heroes.append(None)
                continue
            holder = self._holder(track, frame)
            if holder is not None and frame in self._heroes:
                pictures.append(self._crop(self._heroes[frame], self.transforms[holder][frame]))
                heroes.append(frame)
        guides = Guides(tuple(pictures), heroes=tuple(heroes))
        if self._mask is None:
            return guides
        planes = [
            cut_out(
                np.repeat(self._mask.plane(frame)[None], 3, axis=0),
                self._analysis.display,
                self.transforms[track][frame],
            )[0]
            for frame in frames
        ]
        return replace(guides, mask=np.stack(planes))

    def _holder(self, track: int, frame: int) -> int | None:
        """Return the track that shows a track's person in a frame: itself, or one of that name."""
        name = self._people.get(track)
        kin = [other for other, called in self._people.items() if name and called == name]
        return next((one for one in (track, *kin) if frame in self.transforms[one]), None)


@lru_cache(maxsize=32)  # a crop that stands still has one matte; one that moves needs it twice
def _matte(transform: Transform, window: Box, whole: bool) -> NDArray[np.float32]:
    matte = soft_matte(transform, window, whole=whole)
    matte.flags.writeable = False
    return matte
