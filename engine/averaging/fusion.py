"""One step of the recursion: the history along the motion, and this frame, made one.

Values are display-referred codes in luma and two colour differences; noise is in squares of them,
variance in multiples of the noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.averaging.patches import (
    ORDER,
    SIDE,
    STEP,
    patch_means,
    spectra,
    to_pixels,
)
from plugin_host.errors import ReferenceMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FLAT = 0.15  # part of the patches, the flattest, in which noise is measured
NOISE_RATE = 0.15  # per frame, how fast the noise spectrum follows its estimate
NOISE_FLOOR = np.float32((0.1 / 255) ** 2)  # code^2: a tenth of an 8-bit step is no noise
GROWTH = 0.005  # relative variance added per frame: a steady gain of 0.07, a memory of 14 frames
SLACK = 0.4  # innovation energy above the noise's, relative, that the noise's own scatter explains
CUT = 3.0  # median misfit above which the picture is another one and the history is dropped
FLOW_BLUR = 1.5  # pixels, sigma of the blur under which flow sees through the noise
FLOW_LEAST = 16  # pixels, sides below which DIS has no patch to search
COLOUR_STEP = 3 / 255  # code, change of a patch's mean colour that is no codec's
COLOUR_SURE = 9.0  # times the median square, three sigma, above which a colour has changed
LIGHT_REACH = 3.0  # patches, sigma of the blur that finds a change of light
LIGHT_SURE = 2.0  # sigma above which a change of light is believed


@dataclass(frozen=True, slots=True)
class History:
    """What is carried: the tensors of the temporal reference, by their names.

    Attributes:
        fused: ``(H, W, 3)`` luma and colour differences of display-referred codes, not shrunk.
        variance: ``(H, W)`` in (0, 1], relative.
        guide: ``(H, W)`` in [0, 1], luma of the restored frame, which the next flow looks for.
        noise: ``(3, 64)`` code^2, the noise spectrum.
    """

    fused: Floats
    variance: Floats
    guide: Floats
    noise: Floats

    def tensors(self) -> dict[str, Floats]:
        """Return the arrays by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of(cls, tensors: Mapping[str, Floats], size: tuple[int, int]) -> History | None:
        """Read what `tensors` returned; None where there is no history yet.

        Args:
            tensors: Arrays by name, or none.
            size: Height and width of the clip's crops.

        Raises:
            ReferenceMismatchError: They are no history, or of crops of another size.
        """
        if not tensors:
            return None
        shapes = {"fused": (*size, 3), "variance": size, "guide": size, "noise": (3, SIDE * SIDE)}
        if shapes != {name: tensor.shape for name, tensor in tensors.items()}:
            seen = tensors["guide"].shape if "guide" in tensors else sorted(tensors)
            raise ReferenceMismatchError(
                f"the temporal reference holds crops of {seen}, the clip crops of {size} (height, "
                "width): a track keeps one crop size"
            )
        return cls(**tensors)


def fuse(seen: Floats, before: History | None) -> History:
    """Return the history with this frame in it; its guide is still the frame before."""
    if before is None:
        return _begin(seen)
    height, width = seen.shape[:2]
    warped, variance, guide, inside = _warp(before, _flow(seen[..., 0], before.guide))
    spread = 1 + patch_means(variance, STEP)
    innovation = spectra(seen - warped, STEP)
    energy = innovation**2 / spread[..., None, None]
    misfit = _misfit(energy, before.noise)
    if np.median(misfit) > CUT:
        return _begin(seen)
    light = _light(innovation[..., 0], misfit, spread, before.noise[:, 0])
    flat = _flattest(spectra(guide[..., None], STEP)[..., 0, :])
    noise = _follow(before.noise, energy.reshape(-1, 3, SIDE * SIDE)[flat], misfit.ravel()[flat])
    unexplained = np.maximum(0, misfit - 1 - SLACK) * spread + np.float32(GROWTH)
    prior = variance + to_pixels(unexplained, (height, width))
    # What comes from outside the crop was never seen.
    gain = np.where(inside, prior / (1 + prior), np.float32(1))
    warped += to_pixels(light, (height, width))
    fused = warped + gain[..., None] * (seen - warped)
    return History(fused.astype(np.float32, copy=False), gain, before.guide, noise)


def _begin(seen: Floats) -> History:
    """Return a history of one frame, its noise measured in space.

    Half of the coefficients choose the flattest patches, the other half are measured in them:
    chosen and measured by the same ones, noise would be underestimated.
    """
    grid = spectra(seen, STEP)
    noise = np.empty((3, SIDE * SIDE), np.float32)
    for half in (ORDER % 2 == 0, ORDER % 2 == 1):
        chosen = _flattest(grid[:, :, 0], ~half & (ORDER > 1))
        energy = grid.reshape(-1, 3, SIDE * SIDE)[chosen] ** 2
        noise[:, half] = energy[..., half].mean(0)
    # In space, low frequencies are picture: they are taken to be as noisy as the middle ones.
    noise = np.maximum(_bounded(noise, 1), NOISE_FLOOR)
    return History(seen, np.ones(seen.shape[:2], np.float32), seen[..., 0], noise)


def _flow(now: Floats, before: Floats) -> Floats:
    """Return where each pixel of this frame was in the one before, ``(H, W, 2)``, in pixels."""
    if min(now.shape) < FLOW_LEAST:
        return np.zeros((*now.shape, 2), np.float32)
    codes = [
        cv2.GaussianBlur(np.clip(luma * 255, 0, 255), (0, 0), FLOW_BLUR).astype(np.uint8)
        for luma in (now, before)
    ]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(1)
    start = np.zeros((*now.shape, 2), np.float32)
    return np.asarray(search.calc(codes[0], codes[1], start), np.float32)


def _warp(before: History, flow: Floats) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Return the fused frame, variance and guide along the flow, and what lies inside the crop."""
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]

    def along(plane: Floats, interpolation: int) -> Floats:
        warped = cv2.remap(plane, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(warped, np.float32)

    # Resampling happens at every frame: after 240 of them bilinear is 5 dB too soft, OpenCV's
    # cubic, which overshoots, 2 dB too hard.
    fused = along(before.fused, cv2.INTER_LANCZOS4)
    variance = along(before.variance, cv2.INTER_LINEAR)
    guide = along(before.guide, cv2.INTER_LINEAR)
    inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    return fused, variance, guide, inside


def _misfit(energy: Floats, noise: Floats) -> Floats:
    """Return the innovation's energy over the expected one, about 1 where history holds true.

    Luma speaks with all its coefficients. Colour speaks with its mean, where the change is one to
    be seen: a codec leaves colour noise in few patches, which is no Gaussian.
    """
    luma: Floats = np.minimum(energy[:, :, 0] / noise[0], np.float32(1e4)).mean(-1)
    colour = energy[:, :, 1:, 0]
    usual = np.maximum(np.median(colour, axis=(0, 1)), np.float32((SIDE * COLOUR_STEP / 3) ** 2))
    colour = np.minimum(colour / (COLOUR_SURE * usual), 1e4).max(-1)
    worst = np.maximum(luma, colour)
    smooth = cv2.blur(worst, (3, 3), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smooth, np.float32)


def _light(means: Floats, misfit: Floats, spread: Floats, noise: Floats) -> Floats:
    """Return the smooth change of light since the history, ``(rows, columns, 3)``, in codes.

    A fade is too small a part of each patch's energy to be seen there, and would lag.
    """
    trust = (misfit < 2).astype(np.float32)[..., None] + np.float32(1e-3)
    sums = np.asarray(cv2.GaussianBlur(means * trust, (0, 0), LIGHT_REACH), np.float32)
    shares = np.asarray(cv2.GaussianBlur(trust, (0, 0), LIGHT_REACH), np.float32)
    change = sums / shares[..., None]
    # A Gaussian averages 4 pi sigma^2 values; patches overlap fourfold.
    averaged = 4 * np.pi * LIGHT_REACH**2 / (SIDE / STEP) ** 2
    scatter = LIGHT_SURE**2 * noise * spread[..., None] / averaged
    sure = np.maximum(0, 1 - scatter / (change**2 + NOISE_FLOOR))
    return change * sure / np.float32(SIDE)


def _follow(noise: Floats, energy: Floats, misfit: Floats) -> Floats:
    """Return the spectrum after an innovation, measured where the picture is flat and known."""
    held = misfit < CUT
    if not held.any():
        return noise
    estimate = np.minimum(_bounded(energy[held].mean(0), 4), 2 * noise)
    return np.maximum(noise + np.float32(NOISE_RATE) * (estimate - noise), NOISE_FLOOR)


def _bounded(noise: Floats, times: float) -> Floats:
    """Return the spectrum with its lowest part at most so many times the middle one."""
    middle = np.median(noise[:, (ORDER == 3) | (ORDER == 4)], axis=1, keepdims=True)
    return np.where(ORDER <= 2, np.minimum(noise, np.float32(times) * middle), noise)


def _flattest(luma: Floats, measured: NDArray[np.bool_] = ORDER > 0) -> NDArray[np.intp]:
    """Return the indices of the flattest patches that are neither crushed nor burnt out."""
    activity = (luma[..., measured] ** 2).sum(-1).ravel()
    level = luma[..., 0].ravel() / SIDE
    # At the ends of the range noise is cut off.
    usable = np.flatnonzero((level > 0.1) & (level < 0.9))
    usable = usable if len(usable) >= 16 else np.arange(len(level))
    count = max(min(16, len(usable)), int(len(usable) * FLAT))
    return usable[np.argsort(activity[usable], kind="stable")[:count]]
