"""What YuNet's outputs mean: from numbers on three grids to faces. Pure functions.

Rules of this file:
    - A grid's cell stands for the square of `stride` pixels whose first pixel is its column and row
      times the stride; what it says of a face is relative to that pixel, in strides.
    - Boxes leave in the cascades' convention, brows to lower lip, so that crops are alike whatever
      found the face. YuNet's own boxes hold the whole face; its landmarks tell the rest.

References:
    Wu, Peng, Yu: YuNet: A Tiny Millisecond-level Face Detector. Machine Intelligence Research 20
    (2023). The meaning of the outputs is OpenCV's, `FaceDetectorYN`; its boxes are not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.faces.detect import DOUBTFUL_SCORE, FaceBox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

STRIDES = (8, 16, 32)
"""Pixels from one cell of a grid to the next."""
WIDTHS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
"""What there is for every cell: two scores, a box, five landmarks; and how many numbers it has."""
SURE_SCORE = 0.7
"""YuNet's score, of at most 1, that makes a face certain: score 1 of a `FaceBox`."""
SAME_FACE = 0.3
"""Intersection over union from which two boxes are one face."""
MOST_FACES = 1000
"""More candidates than that are not looked at."""
EYES_APART = 0.9
"""What the eyes' distance counts against theirs from the mouth; it is more where one nods."""
SIDE = 2.5
"""Side of the square from brows to lower lip, in distances of the eyes from the mouth."""
RISE = 0.1
"""How far, in sides, the square's centre lies above the middle of eyes and mouth."""


def decode(
    outputs: Mapping[str, NDArray[np.float32]], width: int
) -> list[tuple[float, NDArray[np.float64]]]:
    """Return the faces, the surest first: score in [0, 1] and landmarks.

    Args:
        outputs: ``cls_8`` to ``kps_32``, each ``(1, N, C)`` float32, N cells of one grid in rows.
        width: Of the picture that was looked at, in pixels, a multiple of 32.

    Returns:
        Scores, and landmarks ``(5, 2)`` float64, x and y in that picture's pixels: the two eyes,
        the nose, the two corners of the mouth.
    """
    grids = [_grid(outputs, stride, width) for stride in STRIDES]
    scores, boxes, landmarks = (np.concatenate(part) for part in zip(*grids, strict=True))
    sure = np.isfinite(boxes).all(1) & np.isfinite(landmarks).all((1, 2))
    sure &= scores >= DOUBTFUL_SCORE * SURE_SCORE
    scores, boxes, landmarks = scores[sure], boxes[sure], landmarks[sure]
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), 0.0, SAME_FACE, top_k=MOST_FACES)
    return [(float(scores[index]), landmarks[index]) for index in kept]


def _grid(
    outputs: Mapping[str, NDArray[np.float32]], stride: int, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return scores, boxes as left, top, width, height, and landmarks of one grid's cells."""
    said = {what: outputs[f"{what}_{stride}"][0].astype(np.float64) for what in WIDTHS}
    rows, columns = np.divmod(np.arange(len(said["cls"])), width // stride)
    cells = np.stack([columns, rows], axis=1)
    scores = np.sqrt(np.clip(said["cls"], 0, 1) * np.clip(said["obj"], 0, 1))[:, 0]
    centres = (cells + said["bbox"][:, :2]) * stride
    with np.errstate(over="ignore"):  # what is infinite is no face
        sizes = np.exp(said["bbox"][:, 2:]) * stride
    landmarks = (cells[:, None] + said["kps"].reshape(-1, 5, 2)) * stride
    return scores, np.concatenate([centres - sizes / 2, sizes], axis=1), landmarks


def face_box(score: float, landmarks: NDArray[np.float64]) -> FaceBox:
    """Return the square from brows to lower lip that landmarks tell.

    Args:
        score: YuNet's, in [0, 1].
        landmarks: ``(5, 2)`` float64, see `decode`.
    """
    eyes, mouth = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    tall = float(np.linalg.norm(eyes - mouth))
    wide = float(np.linalg.norm(landmarks[1] - landmarks[0]))
    side = max(SIDE * max(tall, EYES_APART * wide), 1.0)
    up = (eyes - mouth) / max(tall, 1.0)
    x, y = ((eyes + mouth) / 2 + RISE * side * up).tolist()
    return FaceBox(x - (side - 1) / 2, y - (side - 1) / 2, side, side, score / SURE_SCORE)
