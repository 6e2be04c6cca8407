"""From a picture of a face to the 49 tokens that tell the denoiser who it is.

Five points are moved onto a template by a similarity, the aligned picture is cropped to 112x112,
the identity network's last map is projected to tokens. The official program aligns to 512x512 but
crops as if to 256x256, so that the crop holds the top left quarter of the face: kept, since the
weights may have been trained so; the crop that was presumably meant is offered beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its name everywhere

from engine.restorers.svfr.sizes import TOKENS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.restorers.svfr.asked import IdCrop
    from engine.restorers.svfr.iresnet import IResNet
    from engine.restorers.svfr.sizes import IdentitySizes

ALIGNED = 512
"""Side of the aligned picture in pixels."""
TEMPLATE_SIDE = 256
TEMPLATE = (
    (92.5892, 103.3926),
    (163.0636, 103.0028),
    (128.0504, 143.4732),
    (99.0986, 184.7310),
    (157.4598, 184.4082),
)
"""Eyes, nose, corners of the mouth, left to right in the picture, at a side of 256 pixels."""
CROP = (slice(0, 224), slice(16, 240))
"""Rows and columns that the identity network sees."""
SEEN = 112


class Projection(nn.Module):
    """The identity network's last map to tokens."""

    def __init__(self, sizes: IdentitySizes) -> None:
        super().__init__()
        self.project1024 = nn.Conv2d(sizes.widths[-1], sizes.tokens, 1, bias=False)
        self.final_norm = nn.LayerNorm(sizes.tokens)

    def forward(self, maps: Tensor) -> Tensor:
        """Return ``(N, 49, D)`` tokens of maps ``(N, C, 7, 7)``, row by row."""
        return self.final_norm(self.project1024(maps).flatten(2).transpose(1, 2))


def similarity(points: NDArray[np.float64], template: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the 2x3 matrix that moves points onto a template, with the least squared error.

    It turns, scales and shifts; it never mirrors.

    Args:
        points: ``(P, 2)`` x, y.
        template: ``(P, 2)``.
    """
    centre, aim = points.mean(0), template.mean(0)
    (x, y), (u, v) = (points - centre).T, (template - aim).T
    power = max(float(x @ x + y @ y), 1e-12)  # points that all are one have no direction
    cosine, sine = float(x @ u + y @ v) / power, float(x @ v - y @ u) / power
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([linear, aim - linear @ centre])


def alignment(points: NDArray[np.float64], side: int = ALIGNED) -> NDArray[np.float64]:
    """Return the matrix that moves a face's five points onto the template of that side."""
    template = np.array(TEMPLATE, np.float32).astype(np.float64)  # as published, to the bit
    return similarity(points, template * (side / TEMPLATE_SIDE))


def aligned(
    picture: NDArray[np.uint8], points: NDArray[np.float64], side: int = ALIGNED
) -> NDArray[np.uint8]:
    """Return the aligned picture, ``(side, side, 3)`` uint8, black where there was none.

    Args:
        picture: ``(H, W, 3)`` uint8 RGB, display-referred sRGB.
        points: ``(5, 2)`` x, y in it.
        side: In pixels.
    """
    matrix = alignment(points, side)
    warped = cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_CUBIC)
    return warped.astype(np.uint8, copy=False)


def usual_points(side: int) -> NDArray[np.float64]:
    """Return where the five points of a face lie in the engine's aligned crops, ``(5, 2)`` x, y.

    No landmarks reach a restorer. Of a track's square, brows to lower lip, the crop is 2.2 sides
    wide and its centre lies 0.08 higher; eyes and mouth are 0.4 sides apart, their middle lies 0.1
    below the square's centre.
    """
    template = np.array(TEMPLATE)
    eyes, mouth = template[:2].mean(0), template[3:].mean(0)
    apart = 0.4 / 2.2 * side / (mouth - eyes)[1]
    middle = np.array([(side - 1) / 2, (side - 1) / 2 + 0.18 / 2.2 * side])
    return middle + apart * (template - (eyes + mouth) / 2)


def seen(
    picture: NDArray[np.uint8], points: NDArray[np.float64], crop: IdCrop = "official"
) -> Tensor:
    """Return what the identity network sees of a face, ``(1, 3, 112, 112)`` float32 in [-1, 1].

    Args:
        picture: ``(H, W, 3)`` uint8 RGB, display-referred sRGB.
        points: ``(5, 2)`` x, y in it.
        crop: ``official``, or ``whole-face``, which the official program does not have.
    """
    side = ALIGNED if crop == "official" else TEMPLATE_SIDE
    part = aligned(picture, points, side)[CROP]
    pixels = torch.tensor(part).permute(2, 0, 1)[None]
    return F.interpolate(
        (pixels.float() / 255 - 0.5) / 0.5, (SEEN, SEEN), mode="bilinear", align_corners=False
    )


def as_bytes(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return a picture ``(3, H, W)`` in [0, 1] as ``(H, W, 3)`` uint8, truncated as officially."""
    return np.ascontiguousarray((picture * 255).astype(np.uint8).transpose(1, 2, 0))


@torch.inference_mode()
def tokens_of(arcface: IResNet, projection: Projection, pictures: Tensor) -> Tensor:
    """Return the tokens ``(1, 49, D)`` of one or several pictures of a person.

    Several are averaged, map by map, whatever their order.

    Args:
        arcface: The identity network.
        projection: To tokens.
        pictures: ``(P, 3, 112, 112)`` in [-1, 1], see `seen`.
    """
    weight = projection.project1024.weight
    tokens = projection(arcface(pictures.to(weight.device, weight.dtype)))
    assert tokens.shape[1] == TOKENS
    if len(tokens) == 1:
        return tokens
    # Sorted, since sums of floats depend on their order.
    return tokens.sort(0).values.mean(0, keepdim=True)
