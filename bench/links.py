"""What a restorer whose windows are chained would lose and gain if it were warmed instead.

    python -m bench.links [--restorer lite] [--level "x2 mix"] [--frames 32]

A chained window needs all windows before it; a warmed one would begin anew, a few source frames
early. For each length of that warm-up the seam is printed: how far the first frames of the windows
are from the chained ones, in dB (higher is closer), and the jump across the seam as a ratio to the
change between two neighbouring chained frames; then what both cost: frames restored for one frame
wanted in the middle of a long shot, and for a whole shot on many machines.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import numpy as np

from bench.drive import restored
from bench.plates import Extent
from engine.compute import pin
from engine.restorers import DEFAULT, TABLE, load_restorer
from training.degrade import LEVELS, apply

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.restorer import Restorer

    Floats = NDArray[np.float32]

WARM_UPS = (0, 2, 4, 8, 16)
SHOT = 480  # frames


def seam(restorer: Restorer, plate: Floats, chained: Floats, warm_up: int) -> tuple[float, float]:
    """Return the mean square distance at the windows' first frames, and the jump into them."""
    window, distances, jumps = restorer.info.window, [], []
    for first in range(2 * window, len(plate), window):
        begun = restored(restorer, plate[first - warm_up : first + 1])[-1]
        distances.append(np.mean((begun - chained[first]) ** 2))
        usual = np.abs(chained[first] - chained[first - 1]).mean()
        jumps.append(np.abs(begun - chained[first - 1]).mean() / usual)
    return float(np.mean(distances)), float(np.mean(jumps))


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.links", description=__doc__)
    parser.add_argument("--restorer", choices=TABLE, default=DEFAULT)
    parser.add_argument("--level", choices=LEVELS, default="noise 20")
    parser.add_argument("--frames", type=int, default=40)
    asked = parser.parse_args()
    pin(1, "cpu")
    restorer = load_restorer(asked.restorer)
    extent = Extent(clips=1, views=1, frames=asked.frames, size=128)
    plates = [
        apply(LEVELS[asked.level], subject.pixels(extent.frames, extent.size), subject.seed).pixels
        for subject in extent.subjects
    ]
    chains = [restored(restorer, plate) for plate in plates]
    window = restorer.info.window
    for warm_up in WARM_UPS:
        found = [seam(restorer, p, c, warm_up) for p, c in zip(plates, chains, strict=True)]
        distance, jump = np.mean(found, axis=0)
        sys.stdout.write(
            f"{asked.restorer}, {asked.level}, warm-up {warm_up}: {-10 * np.log10(distance):.1f} dB"
            f" from the chain, jump {jump:.2f}; one frame costs {warm_up + window} against "
            f"{SHOT // 2} frames, a shot {1 + warm_up / window:.2f} times as much\n"
        )


if __name__ == "__main__":
    main()
