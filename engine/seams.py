"""Seams: how far an approximate start is from the frames that its neighbour delivered.

A step that begins anew instead of reading its neighbour's reference also restores the frame before
it, to warm up. Where the neighbour has delivered that frame, the two must look alike; how alike is
the seam, in codes of 255 (root mean square inside the matte, of what a restorer sees).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.analysis import beauty_planes, read_frame
from engine.faces.paste import Patch, paste
from engine.frame_io.exr import read_image
from engine.image import BEAUTY
from engine.kept import numbered
from engine.manifest import read_json
from engine.take import SEAMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.analysis import ShotAnalysis
    from engine.clips import Clips, Delta
    from engine.plan import Step
    from engine.take import Take


@dataclass(frozen=True, slots=True)
class Seam:
    """What an approximate start differs by from the frame before it.

    Attributes:
        track: Number of the track.
        frame: The frame before, as the neighbour delivers it.
        codes: How far apart they are, in codes of 255; None where that is not measured.
    """

    track: int
    frame: int
    codes: float | None = None

    def __str__(self) -> str:
        """Say it in a sentence."""
        far = "measured once it is delivered" if self.codes is None else f"{self.codes:.2f}"
        unit = "" if self.codes is None else " codes of 255"
        return f"seam after frame {self.frame} of track {self.track}: {far}{unit}"


def keep_seam(take: Take, step: Step, before: Delta) -> str:
    """Keep what an approximate start made of the frame before it; return a sentence about it."""
    take.seams.keep((step.track, before.frames[0]), {"delta": before.delta})
    return (
        f"approximate start: frame {step.frames[0]} of track {step.track} began anew "
        f"{len(step.warm_up)} frames early"
    )


def measure_seams(take: Take, analysis: ShotAnalysis, clips: Clips) -> Iterator[Seam]:
    """Measure every kept seam whose frame is delivered by now; yield it, and all others."""
    for track, frame in take.seams.numbers(2):
        kept = take.seams.get(track, frame)
        if kept is None or take.receipt(frame) is None:
            yield Seam(track, frame)
            continue
        codes = _seam(take, analysis, clips, (track, frame), kept["delta"][0])
        take.store_seam(track, frame, codes)
        take.seams.forget(track, frame)
        yield Seam(track, frame, codes)


def seams_of(folder: Path) -> list[Seam]:
    """Return the seams of a take's folder, those that are not measured yet too."""
    found = {(track, frame): Seam(track, frame) for track, frame in numbered(folder / SEAMS, 2)}
    for track, frame in numbered(folder / SEAMS, 2, ".json"):
        codes = (read_json(folder / SEAMS / str(track) / f"{frame}.json") or {}).get("codes")
        if isinstance(codes, float):
            found[track, frame] = Seam(track, frame, codes)
    return [found[where] for where in sorted(found)]


def _seam(
    take: Take,
    analysis: ShotAnalysis,
    clips: Clips,
    where: tuple[int, int],
    delta: NDArray[np.float32],
) -> float:
    track, frame = where
    image = read_frame(take.plate, frame, analysis)
    transform = clips.transforms[track][frame]
    matte = clips.matte(image, transform)
    part = image.beauty
    plate: dict[str, NDArray[Any]] = {name: part.channels[name] for name in BEAUTY}
    pasted = paste(plate, part.data_window, [Patch(delta, matte, transform)])
    ours = image.with_beauty(pasted.channels, {})
    theirs = read_image(str(take.frame_path(frame)), frame=frame)
    box = transform.footprint.intersection(part.data_window)
    assert box is not None
    codes = [255 * clips.colour.encode(beauty_planes(one, box)) for one in (ours, theirs)]
    weight = pasted.matte[box.slices(part.data_window)] > 0
    return float(np.sqrt(np.mean((codes[0] - codes[1])[:, weight] ** 2)))
