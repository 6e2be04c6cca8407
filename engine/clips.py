"""From images to the clip that a restorer sees, and from what it returns to what is pasted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.analysis import beauty_planes
from engine.faces.align import plan_crops, whole_frame
from engine.faces.matte import soft_matte
from engine.faces.transform import Transform, cut_out
from engine.guides import Mask, hero_frame, read_picture
from engine.restorer import Clip, Guides, Task
from plugin_host.errors import FrameError, FrameNotFinite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.analysis import ShotAnalysis
    from engine.frame_io.colour import PlateColour
    from engine.image import Image
    from engine.plan import Step
    from engine.restorer import Restored, RestorerInfo
    from plugin_host.plate import Plate
    from plugin_host.requests import Settings

WHOLE_FRAME = 0
"""Number of the one track of a take that restores whole frames; faces are numbered from 1."""


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
        self._colour = colour
        self._parameters = parameters
        self.whole = settings.whole_frame
        self._analysis = analysis
        self._mask = Mask(settings.mask, analysis.display) if settings.mask else None
        self._maskless = {} if self._mask is None else self._mask.errors(analysis.frames)
        self._heroes: dict[int, Image] = {}
        if self.whole:
            crops = {WHOLE_FRAME: whole_frame(analysis.frames, analysis.bounds, info.crop)}
        else:
            crops = {
                track.number: plan_crops(track, info.crop, analysis.bounds)
                for track in analysis.faces.tracks
            }
        self.transforms: dict[int, dict[int, Transform]] = crops

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

    @property
    def hero_frames(self) -> tuple[int, ...]:
        """The frames that the user named as exemplars."""
        heroes = (hero_frame(reference) for reference in self._settings.references)
        return tuple(frame for frame in heroes if frame is not None)

    def set_heroes(self, images: Mapping[int, Image]) -> None:
        """Provide the images of `hero_frames`."""
        self._heroes = dict(images)

    def clip(self, step: Step, images: Mapping[int, Image]) -> Clip:
        """Cut a step's clip out of its images."""
        frames = step.warm_up + step.frames
        transforms = self.transforms[step.track]
        return Clip(
            pixels=np.stack([self._crop(images[f], transforms[f]) for f in frames]),
            matte=np.stack([self.matte(images[f], transforms[f]) for f in frames]),
            frames=frames,
            track=step.track,
            follows=step.follows,
            warm_up=len(step.warm_up),
            tasks=tuple[Task, ...](self._settings.tasks),  # type: ignore[arg-type]
            guides=self._guides(step.track, frames),
            parameters=self._parameters,
        )

    def matte(self, image: Image, transform: Transform) -> NDArray[np.float32]:
        """Return how much of a change is delivered, ``(H, W)`` float32 in [0, 1]."""
        return soft_matte(transform, image.beauty.data_window, whole=self.whole)

    def delta(self, clip: Clip, restored: Restored, frames: tuple[int, ...]) -> Delta:
        """Return what the restored clip adds to the plate in some of its frames."""
        rows = [clip.frames.index(frame) for frame in frames]
        deltas = [self._colour.delta(clip.pixels[i], restored.pixels[i]) for i in rows]
        confidence = (
            np.ones((len(rows), *clip.pixels.shape[2:]), np.float32)
            if restored.confidence is None
            else np.ascontiguousarray(restored.confidence[rows])
        )
        return Delta(frames, np.stack(deltas), confidence)

    def _crop(self, image: Image, transform: Transform) -> NDArray[np.float32]:
        data_window = image.beauty.data_window
        box = transform.footprint.intersection(data_window) or data_window
        return self._colour.encode(cut_out(beauty_planes(image, box), box, transform))

    def _guides(self, track: int, frames: tuple[int, ...]) -> Guides:
        pictures: list[NDArray[np.float32]] = []
        for reference in self._settings.references:
            frame = hero_frame(reference)
            if frame is None:
                pictures.append(read_picture(reference, self._colour))
            elif frame in self.transforms[track] and frame in self._heroes:
                pictures.append(self._crop(self._heroes[frame], self.transforms[track][frame]))
        if self._mask is None:
            return Guides(tuple(pictures))
        planes = [
            cut_out(
                np.repeat(self._mask.plane(frame)[None], 3, axis=0),
                self._analysis.display,
                self.transforms[track][frame],
            )[0]
            for frame in frames
        ]
        return Guides(tuple(pictures), np.stack(planes))
