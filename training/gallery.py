"""`python -m training.gallery`: a sheet of procedural clips, to look at.

Each kind has a row of plain frames: a few seeds, a few frames of each. Faces have a second row,
with the landmarks and the border of the matte drawn over them, and their captions are printed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.clip import MAKERS, make_clip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.clip import FaceLabels, ProceduralClip

    Picture = NDArray[np.uint8]

SEEDS = 4
"""How many clips of a kind are shown, one above the other's frames beside it."""

FRAMES = 9
"""The length of the clips shown."""

SHOWN = (0, 4, 8)
"""The frames of a clip that are shown."""

_SEED_STEP = 8  # seeds nearer than this may share a still
_GAP = 4  # pixels between clips
_SHAPE_COLOUR = (60, 255, 60)
_POINT_COLOUR = (255, 60, 60)
_MATTE_COLOUR = (255, 220, 0)


def draw_sheet(kinds: Sequence[str], seed: int, size: int) -> tuple[Picture, list[str]]:
    """Draw the sheet of some kinds, from a seed on.

    Returns:
        The sheet, (H, W, 3) uint8, display-referred sRGB, and the captions of the faces.

    Raises:
        ValueError: A kind is unknown, the seed is negative, or the size is below 1.
    """
    rows: list[Picture] = []
    captions: list[str] = []
    for kind in kinds:
        seeds = range(seed, seed + SEEDS * _SEED_STEP, _SEED_STEP)
        clips = [make_clip(kind, each, FRAMES, size) for each in seeds]
        rows.append(_row([_pictures(clip) for clip in clips]))
        labelled = [(clip, clip.labels) for clip in clips if clip.labels is not None]
        if labelled:
            rows.append(_row([_pictures_with_labels(*each) for each in labelled]))
            captions += [f"{clip.seed}: {labels.caption}" for clip, labels in labelled]
    return np.concatenate(rows), captions


def _pictures(clip: ProceduralClip) -> list[Picture]:
    shown = np.rint(clip.pixels[list(SHOWN)] * 255).astype(np.uint8)
    return [np.ascontiguousarray(frame.transpose(1, 2, 0)) for frame in shown]


def _pictures_with_labels(clip: ProceduralClip, labels: FaceLabels) -> list[Picture]:
    pictures = _pictures(clip)
    for frame, picture in zip(SHOWN, pictures, strict=True):
        inside = (labels.matte[frame] > 0.5).astype(np.uint8)
        border, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, border, -1, _MATTE_COLOUR, 1, cv2.LINE_AA)
        _dot(picture, labels.landmarks68[frame], 1.0, _SHAPE_COLOUR)
        _dot(picture, labels.landmarks5[frame], 2.0, _POINT_COLOUR)
    return pictures


def _dot(
    picture: Picture, points: NDArray[np.float32], radius: float, colour: tuple[int, int, int]
) -> None:
    for x, y in np.rint(points * 16).astype(int):
        centre = (int(x), int(y))
        cv2.circle(picture, centre, int(radius * 16), colour, -1, cv2.LINE_AA, 4)


def _row(clips: Sequence[Sequence[Picture]]) -> Picture:
    """Frames of a clip side by side, a gap after each clip and below the row."""
    height = clips[0][0].shape[0]
    gap = np.full((height, _GAP, 3), 255, np.uint8)
    row = np.concatenate([part for frames in clips for part in (*frames, gap)], 1)
    return np.pad(row, ((0, _GAP), (0, 0), (0, 0)), constant_values=255)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the sheet into a file and print the captions.

    Returns:
        The exit status: 0, or 1 where the file cannot be written.
    """
    parser = argparse.ArgumentParser(prog="python -m training.gallery", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the picture to write, a .png")
    parser.add_argument("--size", type=int, default=128, help="pixels to a side of a frame")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    asked = parser.parse_args(arguments)
    sheet, captions = draw_sheet(tuple(MAKERS), asked.seed, asked.size)
    _, encoded = cv2.imencode(".png", sheet[..., ::-1])
    try:
        asked.out.write_bytes(encoded.tobytes())
    except OSError as error:
        print(f"the sheet cannot be written: {error}", file=sys.stderr)
        return 1
    print("\n".join(captions))
    print(f"{asked.out}: {sheet.shape[1]} x {sheet.shape[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
