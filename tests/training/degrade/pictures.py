"""Clips that tests damage."""

import cv2
import numpy as np


def moving(frames=6, height=64, width=64, seed=0):
    """A soft texture that pans by a pixel a frame; (T, 3, H, W) float32."""
    rng = np.random.default_rng(seed)
    wide = rng.random((height, width + frames, 3), np.float32)
    wide = cv2.GaussianBlur(wide, (0, 0), 1.5)
    wide = 0.1 + 0.8 * (wide - wide.min()) / (np.ptp(wide) + 1e-6)
    views = [wide[:, frame : frame + width] for frame in range(frames)]
    return np.ascontiguousarray(np.stack(views).transpose(0, 3, 1, 2), np.float32)


def flat(code, frames=2, side=160):
    """Every pixel the same 8-bit code."""
    return np.full((frames, 3, side, side), code / 255, np.float32)


def psnr(pixels, clean):
    return -10 * np.log10(np.mean((pixels - clean) ** 2))
