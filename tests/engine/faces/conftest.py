"""A real face, pasted where a test wants it."""

import os

import cv2
import numpy as np
import pytest
from skimage import data

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
"""Some tests load ONNX Runtime before the engine does."""
FACE = (slice(0, 230), slice(110, 340))
"""The astronaut's head in her portrait; her face's centre is at x 114, y 113 of this."""


@pytest.fixture(scope="session")
def portrait():
    return data.astronaut()


@pytest.fixture(scope="session")
def people(portrait):
    """Two persons, `(230, 230, 3)` uint8 display-referred: the second is the first's mirrored,
    differently coloured twin."""
    first = np.ascontiguousarray(portrait[FACE])
    hsv = cv2.cvtColor(first[:, ::-1], cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + 15) % 180
    return first, cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


@pytest.fixture(scope="session")
def stage():
    """Draws persons of a given width at given centres before a wall, later ones in front."""
    # A wall with texture, so that a cut has something to change.
    wall = cv2.GaussianBlur(np.random.default_rng(7).normal(0, 60, (180, 320, 3)), (0, 0), 8)

    def draw(*persons, shape=(180, 320), width=100, turned=False):
        seen = wall[::-1, ::-1] if turned else wall
        picture = cv2.resize(np.clip(110 + 12 * seen, 0, 255).astype(np.uint8), shape[::-1])
        for face, (x, y) in persons:
            small = cv2.resize(face, (width, width), interpolation=cv2.INTER_AREA)
            left, top = round(x - width / 2), round(y - width / 2)
            rows = slice(max(top, 0), min(top + width, shape[0]))
            columns = slice(max(left, 0), min(left + width, shape[1]))
            picture[rows, columns] = small[
                rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
            ]
        return picture

    return draw
