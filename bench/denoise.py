"""What `temporal-denoise` gains on the demonstration plate, and what it costs.

    python -m bench.denoise [--frames 24]

The other side is OpenCV's fastNlMeansDenoisingColored frame by frame, at the strength that suits it
best on the same plate, in the same run. The frame-difference error is the mean of
|(out[t] - out[t-1]) - (clean[t] - clean[t-1])| in 8-bit codes: what is left of the flicker.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bench.drive import restored
from engine.demo_plate import demo_frames
from engine.demo_report import frame_difference_error, psnr
from engine.restorers import load_restorer

if TYPE_CHECKING:
    from numpy.typing import NDArray

NLM_STRENGTHS = (3, 5, 6, 8, 10, 12)
REGIONS = {
    "full frame": (slice(None), slice(None)),
    "face": (slice(40, 296), slice(180, 436)),
}


def denoised(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return ``(T, H, W, 3)`` in [0, 1], restored as one clip."""
    pixels = np.ascontiguousarray(codes.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
    return restored(load_restorer("temporal-denoise"), pixels).transpose(0, 2, 3, 1)


def non_local_means(codes: NDArray[np.uint8], strength: int) -> NDArray[np.float32]:
    """Return ``(T, H, W, 3)`` in [0, 1], each frame alone."""
    frames = [cv2.fastNlMeansDenoisingColored(f, None, strength, strength) for f in codes]
    return np.stack(frames).astype(np.float32) / np.float32(255)


def decibels(pixels: NDArray[np.float32], clean: NDArray[np.float32]) -> float:
    """Return the PSNR over all pixels in dB."""
    return psnr(clean, pixels, np.ones(clean.shape[:3], np.float32))


def difference_error(pixels: NDArray[np.float32], clean: NDArray[np.float32]) -> float:
    """Return the frame-difference error in codes of 255."""
    return frame_difference_error(clean, pixels, np.ones(clean.shape[:3], np.float32))


def seconds_per_frame(side: int, frames: int = 6) -> float:
    """Return process seconds per square frame, the first one (no history) not counted."""
    codes = demo_frames(frames, (side, side)).degraded
    spent = []
    for count in (1, frames):
        start = time.process_time()
        denoised(codes[:count])
        spent.append(time.process_time() - start)
    return (spent[1] - spent[0]) / (frames - 1)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.denoise")
    parser.add_argument("--frames", type=int, default=24)
    plate = demo_frames(parser.parse_args().frames)
    clean = plate.clean.astype(np.float32) / np.float32(255)
    mended = denoised(plate.degraded)
    rivals = {h: non_local_means(plate.degraded, h) for h in NLM_STRENGTHS}
    for region, (ys, xs) in REGIONS.items():
        truth = clean[:, ys, xs]
        before = plate.degraded[:, ys, xs].astype(np.float32) / np.float32(255)
        mine = mended[:, ys, xs]
        others = {h: r[:, ys, xs] for h, r in rivals.items()}
        best = max(others, key=lambda h: decibels(others[h], truth))
        calmest = min(others, key=lambda h: difference_error(others[h], truth))
        print(f"{region}, PSNR in dB: plate {decibels(before, truth):.2f}")
        print(f"{region}, PSNR in dB: best NLM (h={best}) {decibels(others[best], truth):.2f}")
        print(f"{region}, PSNR in dB: temporal-denoise {decibels(mine, truth):.2f}")
        error = difference_error(mine, truth)
        nlm = difference_error(others[calmest], truth)
        print(f"{region}, frame-difference error in codes: {error:.2f}")
        print(f"{region}, the same over the plate's: {error / difference_error(before, truth):.3f}")
        print(f"{region}, the same over the calmest NLM's (h={calmest}): {error / nlm:.3f}")
    for side in (256, 512):
        print(f"CPU seconds per frame of {side} x {side}: {seconds_per_frame(side):.3f}")


if __name__ == "__main__":
    main()
