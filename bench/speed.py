"""How many frames a second a restorer makes on one core, or on a device.

    python -m bench.speed [--restorer lite] [--device cpu] [--sizes 256,512] [--frames 16]

Seconds are process time of one thread on a CPU, wall time on a device. Prints for each size the
rate as a ratio to the limit that the size has; 1 and above is well.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from engine.compute import pin
from engine.demo_plate import demo_frames
from engine.restorer import Clip, Restorer
from engine.restorers import DEFAULT, TABLE, load_restorer

LIMITS = {256: 8.0, 512: 2.5}
"""Side in pixels to the least frames a second of one core."""


def frames_per_second(restorer: Restorer, side: int, frames: int, *, cpu: bool) -> float:
    """Restore a clip of the demonstration plate in windows; return the rate after the first one."""
    info = restorer.info
    codes = demo_frames(info.window + frames)
    repeats = -(-side // min(codes.degraded.shape[1:3]))
    tiled = np.tile(codes.degraded, (1, repeats, repeats, 1))[:, :side, :side]
    pixels = np.ascontiguousarray(tiled.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
    clock = time.process_time if cpu else time.perf_counter
    reference, follows, begun = info.begin(track=0, seed=0), None, 0.0
    for first in range(0, len(pixels), info.window):
        if first == info.window:  # the first window also loads the weights
            begun = clock()
        part = pixels[first : first + info.window]
        numbers = tuple(range(first, first + len(part)))
        parameters = {p.name: p.default for p in info.parameters}
        matte = np.ones((len(part), side, side), np.float32)
        clip = Clip(part, matte, numbers, track=0, follows=follows, parameters=parameters)
        reference, follows = restorer.restore(clip, reference).reference, numbers[-1]
    return (len(pixels) - info.window) / (clock() - begun)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=__doc__)
    parser.add_argument("--restorer", choices=TABLE, default=DEFAULT)
    parser.add_argument("--device", default="cpu", help="cpu or cuda:N")
    parser.add_argument("--sizes", default="256,512", help="sides in pixels")
    parser.add_argument("--frames", type=int, default=16)
    asked = parser.parse_args()
    device = pin(1, asked.device)
    restorer = load_restorer(asked.restorer, device)
    for side in map(int, asked.sizes.split(",")):
        rate = frames_per_second(restorer, side, asked.frames, cpu=device == "cpu")
        ratio = f"{rate / LIMITS[side]:.2f} of the limit, " if side in LIMITS else ""
        sys.stdout.write(f"{asked.restorer} at {side} px on {device}: {ratio}{rate:.2f} frames/s\n")


if __name__ == "__main__":
    main()
