"""Motion between consecutive frames, and what it carries into holes.

Rules of this file: pure functions of arrays, without a network; training and restoring both call
them, so that a network meets the motion that it was trained on. Callers pin OpenCV to one thread,
since the bits of the flow follow the number of threads.

References:
    Kroeger et al.: Fast optical flow using dense inverse search, 2016 (as OpenCV has it).
    Telea: An image inpainting technique based on the fast marching method, 2004 (ditto).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Codes = NDArray[np.uint8]

FLOW_SIDE = 128  # pixels, longest side at which flow is searched
FLOW_LEAST = 16  # pixels, sides below which DIS has no patch to search
FLOW_BLUR = 1.0  # pixels, sigma of the blur under which flow sees through the noise
DISAGREEMENT = 1.0  # pixels at FLOW_SIDE, forth and back, at which motion half holds
TELEA_REACH = 4.0  # pixels
PROPAGATED = 0.5  # doubt of a pixel that was seen in an earlier frame
FADING = 0.95  # what is left of trust after each frame: errors of the flow add up
MULTIPLE = 16
"""Height and width of what the networks see are multiples of this many pixels."""
LUMA = (0.2126, 0.7152, 0.0722)  # of red, green and blue: ITU-R BT.709-6, 3.2


class Filled(NamedTuple):
    """A frame without holes, and what following frames need of it.

    Attributes:
        pixels: ``(3, H, W)`` float32, display-referred sRGB; the frame's own bits outside holes.
        trust: ``(H, W)`` float32 in [0, 1]: 1 where a pixel was seen, less where it came along the
            motion, 0 where it is made up.
    """

    pixels: Floats
    trust: Floats

    def doubt(self) -> Floats:
        """Return ``(H, W)`` float32: 0 was seen, a half was seen earlier, 1 is made up."""
        carried = np.where(self.trust > 0, np.float32(PROPAGATED), np.float32(1))
        return np.where(self.trust == 1, np.float32(0), carried)


def small_luma(pixels: Floats) -> Codes:
    """Return the picture in which flow is searched, ``(h, w)`` uint8 codes of 255.

    Args:
        pixels: ``(3, H, W)`` float32, display-referred sRGB; both sides at least 1.
    """
    height, width = pixels.shape[1:]
    shrink = max(1.0, max(height, width) / FLOW_SIDE)
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    interleaved = np.ascontiguousarray(pixels.transpose(1, 2, 0))
    small = cv2.resize(interleaved, size, interpolation=cv2.INTER_AREA)
    luma = cv2.GaussianBlur(cv2.transform(small, np.array([LUMA])), (0, 0), FLOW_BLUR)
    return np.clip(np.rint(luma * 255), 0, 255).astype(np.uint8).reshape(size[::-1])


def search_motion(now: Codes, before: Codes) -> Floats:
    """Return where each pixel of a frame was in the frame before, and where that holds.

    Args:
        now: ``(h, w)`` of `small_luma`.
        before: The same of the frame before.

    Returns:
        ``(3, h, w)`` float32: x and y to the place in the frame before, where a whole width or
        height is 2; then 1 where the way back leads home, towards 0 where it does not or where the
        place lies outside.
    """
    height, width = now.shape
    if min(height, width) < FLOW_LEAST:
        still = np.zeros((3, height, width), np.float32)
        still[2] = 1
        return still
    forth, back = _flow(now, before), _flow(before, now)
    x = forth[..., 0] + np.arange(width, dtype=np.float32)
    y = forth[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    home = forth + cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    distance = (home**2).sum(-1) / np.float32(DISAGREEMENT**2)
    inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    holds = inside / (1 + distance)
    units = forth * np.array([2 / width, 2 / height], np.float32)
    return np.concatenate((units.transpose(2, 0, 1), holds[None])).astype(np.float32)


def _flow(now: Codes, before: Codes) -> Floats:
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(1)
    start = np.zeros((*now.shape, 2), np.float32)
    return np.asarray(search.calc(now, before, start), np.float32)


def no_motion(height: int, width: int) -> Floats:
    """Return ``(3, h, w)``, the motion into the first frame: it holds nowhere."""
    return np.zeros((3, height, width), np.float32)


def made_up(pixels: Floats, mask: Floats) -> Floats:
    """Return a frame whose holes are filled from around them, by Telea's method.

    Args:
        pixels: ``(3, H, W)`` float32, display-referred sRGB.
        mask: ``(H, W)`` float32 in [0, 1], above 0 where pixels are to be made up.
    """
    holes = (mask > 0).astype(np.uint8)
    if not holes.any():
        return pixels
    interleaved = np.ascontiguousarray(pixels.transpose(1, 2, 0))
    codes = np.clip(np.rint(interleaved * 255), 0, 255).astype(np.uint8)
    guess = cv2.inpaint(codes, holes, TELEA_REACH, cv2.INPAINT_TELEA).astype(np.float32) / 255
    return np.where(holes, guess.transpose(2, 0, 1), pixels).astype(np.float32)


def fill_holes(pixels: Floats, mask: Floats, before: Filled | None, motion: Floats) -> Filled:
    """Fill the holes of a frame: along the motion where that was seen, else from around them.

    Args:
        pixels: ``(3, H, W)`` float32, display-referred sRGB.
        mask: ``(H, W)`` float32 in [0, 1], above 0 where pixels are to be made up.
        before: The frame before, filled; None for none.
        motion: ``(3, h, w)`` of `search_motion`.
    """
    holes = mask > 0
    if before is None or not holes.any():
        return Filled(made_up(pixels, mask), (~holes).astype(np.float32))
    height, width = mask.shape
    large = cv2.resize(motion.transpose(1, 2, 0), (width, height), interpolation=cv2.INTER_LINEAR)
    x = large[..., 0] * np.float32(width / 2) + np.arange(width, dtype=np.float32)
    y = large[..., 1] * np.float32(height / 2) + np.arange(height, dtype=np.float32)[:, None]
    planes = np.dstack((before.pixels.transpose(1, 2, 0), before.trust))
    carried = cv2.remap(planes, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    trust = np.clip(carried[..., 3] * large[..., 2], 0, 1) * np.float32(FADING)
    known = holes & (trust > np.float32(0.3))
    joined = np.where(known, carried[..., :3].transpose(2, 0, 1), pixels).astype(np.float32)
    rest = (holes & ~known).astype(np.float32)
    seen = np.where(holes, np.where(known, trust, np.float32(0)), np.float32(1))
    return Filled(made_up(joined, rest), seen.astype(np.float32))
