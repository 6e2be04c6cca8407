"""What the demonstration shows: figures against the clean truth, and two pictures.

All figures are taken of display-referred sRGB codes in [0, 1], as eyes see them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_SHOWN = (0.1, 0.5, 0.9)  # where in the shot the contact sheet looks
_ENLARGED = 2  # times, for the contact sheet
_LABEL = 28  # pixels of height


@dataclass(frozen=True, slots=True)
class Gain:
    """One figure before and after.

    Attributes:
        name: What was measured, and where.
        before: Of the plate.
        after: Of the restored frames.
        unit: ``dB`` or ``codes`` of 255.
    """

    name: str
    before: float
    after: float
    unit: str


def psnr(
    truth: NDArray[np.float32], seen: NDArray[np.float32], weight: NDArray[np.float32]
) -> float:
    """Return the peak signal-to-noise ratio in dB.

    Args:
        truth: ``(T, H, W, 3)`` in [0, 1].
        seen: The same shape.
        weight: ``(T, H, W)``, how much each pixel counts.
    """
    error = np.sum(weight[..., None] * (seen - truth) ** 2) / (3 * np.sum(weight))
    return float(10 * np.log10(1 / max(error, 1e-12)))


def frame_difference_error(
    truth: NDArray[np.float32], seen: NDArray[np.float32], weight: NDArray[np.float32]
) -> float:
    """Return how much more the frames change than they should, in codes of 255.

    The mean absolute difference between the changes from frame to frame seen and true: 0 without
    flicker.
    """
    error = np.abs(np.diff(seen, axis=0) - np.diff(truth, axis=0))
    return float(255 * np.sum(weight[1:, ..., None] * error) / (3 * np.sum(weight[1:])))


def gains(
    clean: NDArray[np.float32],
    plate: NDArray[np.float32],
    restored: NDArray[np.float32],
    matte: NDArray[np.float32],
) -> list[Gain]:
    """Measure inside the matte, where faces were restored, and over the whole frame."""
    found: list[Gain] = []
    for where, weight in (("inside the matte", matte), ("whole frame", np.ones_like(matte))):
        for name, measure, unit in (
            ("PSNR", psnr, "dB"),
            ("frame-difference error", frame_difference_error, "codes"),
        ):
            before, after = measure(clean, plate, weight), measure(clean, restored, weight)
            found.append(Gain(f"{name}, {where}", before, after, unit))
    return found


def draw_contact_sheet(
    path: Path,
    pictures: dict[str, NDArray[np.float32]],
    matte: NDArray[np.float32],
    first_frame: int,
) -> None:
    """Draw the face before and after, side by side, at three moments of the shot.

    Args:
        path: Where the PNG goes.
        pictures: Column label to ``(T, H, W, 3)`` in [0, 1].
        matte: ``(T, H, W)``; the sheet shows what it covers.
        first_frame: Number of the first.
    """
    rows: list[NDArray[np.uint8]] = []
    ys, xs = np.nonzero(matte.max(axis=0) > 0)
    window = (slice(ys.min(), ys.max() + 1), slice(xs.min(), xs.max() + 1))
    for share in _SHOWN:
        index = round(share * (len(matte) - 1))
        cells = [
            _labelled(shown[index][window], f"{label}, frame {first_frame + index}")
            for label, shown in pictures.items()
        ]
        rows.append(np.concatenate(cells, axis=1))
    _save(path, np.concatenate(rows))


def draw_time_stack(
    path: Path, pictures: dict[str, NDArray[np.float32]], matte: NDArray[np.float32]
) -> None:
    """Draw one pixel column of the face over time, one block for each of `pictures`.

    Time runs to the right. Flicker shows as vertical streaks, steady skin as smooth bands.
    """
    column = int(np.argmax(matte.sum(axis=(0, 1))))
    blocks = [
        _labelled(
            cv2.resize(
                np.ascontiguousarray(np.swapaxes(shown[:, :, column], 0, 1)),
                None,
                fx=6,
                fy=1,
                interpolation=cv2.INTER_NEAREST,
            ).astype(np.float32),
            f"{label}: column {column} over time",
            enlarged=1,
        )
        for label, shown in pictures.items()
    ]
    _save(path, np.concatenate(blocks, axis=1))


def _labelled(
    picture: NDArray[np.float32], text: str, enlarged: int = _ENLARGED
) -> NDArray[np.uint8]:
    codes = np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)
    codes = np.repeat(np.repeat(codes, enlarged, axis=0), enlarged, axis=1)
    band = np.full((_LABEL, codes.shape[1], 3), 24, np.uint8)
    where = (8, _LABEL - 9)
    cv2.putText(band, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1, cv2.LINE_AA)
    return np.concatenate([band, codes])


def _save(path: Path, picture: NDArray[np.uint8]) -> None:
    done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    assert done
    path.write_bytes(data.tobytes())
