"""Seams: how far an approximate start is from the frames that its neighbour delivered.

A step that begins anew instead of reading its neighbour's reference also restores the frame before
it, to warm up. Where the neighbour has delivered that frame, the two must look alike; how alike is
the seam, in codes of 255 (root mean square inside the matte, of what a restorer sees).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.analysis import beauty_planes, read_frame
from engine.faces.paste import Patch, paste
from engine.frame_io.exr import read_image
from engine.image import BEAUTY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from engine.analysis import ShotAnalysis
    from engine.clips import Clips, Delta
    from engine.frame_io.colour import PlateColour
    from engine.plan import Step
    from engine.take import Take

KIND = "seams"


def keep_seam(take: Take, step: Step, before: Delta) -> str:
    """Keep what an approximate start made of the frame before it; return a sentence about it."""
    take.keep(step.track, before.frames[0], {"delta": before.delta}, KIND)
    return (
        f"approximate start: frame {step.frames[0]} of track {step.track} began anew "
        f"{len(step.warm_up)} frames early"
    )


def measure_seams(
    take: Take, analysis: ShotAnalysis, clips: Clips, colour: PlateColour
) -> Iterator[str]:
    """Measure every kept seam whose frame is delivered by now; yield a sentence for each."""
    for track, frame in take.kept_numbers(KIND):
        kept = take.kept(track, frame, KIND)
        if kept is None or take.receipt(frame) is None:
            yield f"seam after frame {frame} of track {track}: measured once it is delivered"
            continue
        seam = _seam(take, analysis, clips, colour, (track, frame), kept["delta"][0])
        take.forget(track, frame, KIND)
        yield f"seam after frame {frame} of track {track}: {seam:.2f} codes of 255"


def _seam(  # noqa: PLR0917 - what the sentence is about, in the order of the caller
    take: Take,
    analysis: ShotAnalysis,
    clips: Clips,
    colour: PlateColour,
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
    codes = [255 * colour.encode(beauty_planes(one, box)) for one in (ours, theirs)]
    weight = pasted.matte[box.slices(part.data_window)] > 0
    return float(np.sqrt(np.mean((codes[0] - codes[1])[:, weight] ** 2)))
