"""Motion: a still becomes a clip.

A clip looks at the still through a frame that moves smoothly (shift, turn, zoom, shear), over a
surface that bends locally; something from another still may pass in front of it; the shutter may
be open long enough to smear, and the light may change. Paths are sums of waves in continuous time,
in frames, so any instant can be asked for and nothing drifts away in a long clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.outlines import cover, draw_blob, draw_outline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.float32]

STATIC = 0.12
"""The part of clips in which nothing moves."""

OCCLUDED = 0.35
"""The part of the other clips in which something passes in front."""

_SMEARED = 0.2
_INSTANTS = 5  # per frame, where the shutter smears
_LIT = 0.3
_FLASHED = 0.05
_MARGIN = 1.5  # how much more than a frame of a still is kept to move over
_CRISP, _FINEST = 1.3, 3.0  # how many pixels of a still make one of a clip, where it has them
_DENSITY = 1.25  # pixels of a layer to one of the clip: a little finer keeps it crisp
_CONTROL = 5  # points to a side that bend the surface
_WAVES = 3
_REACH = 0.18  # the farthest shift as a part of the frame


@dataclass(frozen=True, slots=True)
class _Path:
    """V values over time, each a sum of waves; (waves, V) each, frequency in turns per frame."""

    amplitude: NDArray[np.float64]
    frequency: NDArray[np.float64]
    phase: NDArray[np.float64]

    def at(self, time: float) -> NDArray[np.float64]:
        angle = 2 * np.pi * self.frequency * time + self.phase
        return (self.amplitude * np.sin(angle)).sum(0)


@dataclass(frozen=True, slots=True)
class _Layer:
    """Pixels (H, W, 3), or (H, W, 4) where alpha is already multiplied in, and how they move."""

    pixels: Pixels
    pose: _Path
    bend: _Path


def _draw_path(generator: np.random.Generator, speed: NDArray[np.float64], reach: float) -> _Path:
    """Draw a path of V values with a typical speed each, per frame, that keep within a reach."""
    shape = (_WAVES, len(speed))
    frequency = np.exp(generator.uniform(np.log(0.008), np.log(0.12), shape))
    share = generator.dirichlet(np.ones(_WAVES), len(speed)).T
    amplitude = np.minimum(share * speed * np.sqrt(2) / (2 * np.pi * frequency), share * reach)
    return _Path(amplitude, frequency, generator.uniform(0, 2 * np.pi, shape))


def _draw_poses(generator: np.random.Generator, size: int, *, moving: bool) -> tuple[_Path, _Path]:
    """Draw how a layer moves (x, y, turn, zoom, two shears) and bends (points x 2)."""
    shift = size * np.exp(generator.uniform(np.log(4e-4), np.log(2.5e-2))) * moving
    turn = np.exp(generator.uniform(np.log(2e-4), np.log(1.2e-2))) * moving
    bent = moving and generator.random() < 0.7
    bend = size * np.exp(generator.uniform(np.log(2e-4), np.log(6e-3))) * bent
    pixels = _draw_path(generator, np.full(2, shift), _REACH * size)
    others = _draw_path(generator, turn * np.array([1, 0.7, 0.3, 0.3]), 0.14)
    joined = [
        np.concatenate((getattr(pixels, part), getattr(others, part)), 1)
        for part in ("amplitude", "frequency", "phase")
    ]
    points = _draw_path(generator, np.full(2 * _CONTROL**2, bend), 0.03 * size)
    return _Path(*joined), points


def _look(layer: _Layer, time: float, size: int, filtered: int) -> Pixels:
    """The layer as the frame sees it at an instant: (size, size, C)."""
    x, y, turn, zoom, lean, slope = layer.pose.at(time)
    scale = _DENSITY * np.exp(zoom)
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    middle = (size - 1) / 2
    grid = np.arange(size) - middle
    rows = np.array([[c - s * slope, c * lean - s], [s + c * slope, s * lean + c]])
    height, width = layer.pixels.shape[:2]
    bend = layer.bend.at(time).astype(np.float32).reshape(2, _CONTROL, _CONTROL)
    maps = []
    for row, start, bent in zip(
        rows, (x + (width - 1) / 2, y + (height - 1) / 2), bend, strict=True
    ):
        sheet = cv2.resize(bent, (size, size), interpolation=cv2.INTER_CUBIC)
        sheet += (row[0] * grid + start).astype(np.float32)[None]
        sheet += (row[1] * grid).astype(np.float32)[:, None]
        maps.append(sheet)
    # A still goes on, mirrored, beyond its border; a thing cut out does not.
    border = cv2.BORDER_REFLECT_101 if layer.pixels.shape[2] == 3 else cv2.BORDER_CONSTANT
    seen = cv2.remap(layer.pixels, maps[0], maps[1], filtered, borderMode=border)
    return np.asarray(seen, np.float32)


def _choose_region(generator: np.random.Generator, still: Pixels, size: int) -> Pixels:
    """A part of the still, shrunk to the pixels of a layer."""
    extent = min(still.shape[:2])
    wanted = int(np.ceil(_MARGIN * size))
    most = min(extent / wanted, _FINEST)
    least = min(_CRISP, most)
    shrink = max(np.exp(generator.uniform(np.log(least), np.log(most))), 1.0)
    side = min(extent, round(shrink * wanted))
    top = generator.integers(0, still.shape[0] - side + 1)
    left = generator.integers(0, still.shape[1] - side + 1)
    region = still[top : top + side, left : left + side]
    # The copy is for views that run backwards, which OpenCV refuses.
    region = np.ascontiguousarray(region)
    kept = min(round(_DENSITY * side / shrink), side)
    shrunk = cv2.resize(region, (kept, kept), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.float32)


def _cut_out(generator: np.random.Generator, still: Pixels, size: int) -> Pixels:
    """A thing cut out of a still: (H, W, 4), alpha multiplied in."""
    region = _choose_region(generator, still, size)
    height, width = region.shape[:2]
    outline = draw_blob(generator) if generator.random() < 0.5 else draw_outline(generator)
    radius = _DENSITY * size * generator.uniform(0.15, 0.5)
    centre = np.array((width, height)) / 2 + generator.uniform(-0.45, 0.45, 2) * size
    covered = cover((outline * radius + centre).astype(np.float32), height, width)
    alpha = covered.astype(np.float32) * np.float32(1 / 255)
    if generator.random() < 0.3:
        soft = float(np.exp(generator.uniform(-0.5, 1)))
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), soft), np.float32)
    alpha = alpha[..., None]
    return np.concatenate((region * alpha, alpha), 2, dtype=np.float32)


def _expose(layers: list[_Layer], time: float, size: int, filtered: int) -> Pixels:
    picture = _look(layers[0], time, size, filtered)
    for layer in layers[1:]:
        front = _look(layer, time, size, filtered)
        alpha = np.clip(front[..., 3:], 0, 1)
        picture *= 1 - alpha
        picture += front[..., :3]
    return picture


def _draw_light(generator: np.random.Generator, frames: int) -> NDArray[np.float32] | None:
    """Draw the gain of each frame and channel, (T, 3), or None where the light is still."""
    if generator.random() >= _LIT:
        return None
    strength = np.exp(generator.uniform(np.log(0.01), np.log(0.15)))
    path = _draw_path(generator, np.full(4, strength / 4), strength)
    waves = np.stack([path.at(float(frame)) for frame in range(frames)])
    gain = np.exp(waves[:, :1] + 0.35 * waves[:, 1:])
    if generator.random() < _FLASHED / _LIT:
        gain[generator.integers(0, frames) :] *= np.exp(generator.uniform(-0.35, 0.35))
    return gain.astype(np.float32)


def move_still(
    generator: np.random.Generator, still: Pixels, other: Pixels, frames: int, size: int
) -> Pixels:
    """Move over a still, now and then with a part of another one in front.

    Args:
        generator: Where the random numbers come from.
        still: (H, W, 3) float32, display-referred sRGB in [0, 1].
        other: The same, of any still.
        frames: T of the clip.
        size: H and W of the clip, in pixels.

    Returns:
        The clip, (T, 3, H, W) float32, display-referred sRGB in [0, 1].
    """
    moving = bool(generator.random() >= STATIC)
    layers = [
        _Layer(_choose_region(generator, still, size), *_draw_poses(generator, size, moving=moving))
    ]
    if moving and generator.random() < OCCLUDED:
        front = _cut_out(generator, other, size)
        layers.append(_Layer(front, *_draw_poses(generator, size, moving=True)))
    shutter = generator.uniform(0.3, 0.9) if moving and generator.random() < _SMEARED else 0.0
    instants = np.linspace(0, shutter, _INSTANTS) if shutter else (0.0,)
    filtered = cv2.INTER_LINEAR if shutter else cv2.INTER_CUBIC  # smearing hides the difference
    gains = _draw_light(generator, frames)
    clip = np.empty((frames, 3, size, size), np.float32)
    for frame in range(frames if moving else 1):
        pictures = [_expose(layers, frame + instant, size, filtered) for instant in instants]
        clip[frame] = np.stack(pictures).mean(0).transpose(2, 0, 1)
    if not moving:
        clip[1:] = clip[0]
    if gains is not None:
        clip *= gains[..., None, None]
    return np.clip(clip, 0, 1, out=clip)
