"""Made things: text, stripes, checks, edges, lines, stars and smooth gradients.

They teach straight and thin structure, letters, and gradients without bands. Everything is
antialiased and never passes through 8-bit colour.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.palette import draw_colours, make_palette
from training.textures import draw_cloud

if TYPE_CHECKING:
    from collections.abc import Callable

    from cv2.typing import MatLike
    from numpy.typing import NDArray

    from training.palette import Palette

    Field = NDArray[np.float32]

_SMALLEST_PANEL = 110  # pixels
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
_LETTERS = string.ascii_letters + string.digits + ".,:;!?&%()-+/"


def make_patterns(generator: np.random.Generator, extent: int) -> NDArray[np.float32]:
    """Make a still: (extent, extent, 3) float32, display-referred sRGB in [0, 1]."""
    still = np.empty((extent, extent, 3), np.float32)
    palette = make_palette(generator)
    for top, left, bottom, right in _panels(generator, extent):
        still[top:bottom, left:right] = _panel(generator, palette, bottom - top, right - left)
    if generator.random() < 0.25:
        still *= 1 + np.float32(0.2) * (draw_cloud(generator, extent)[..., None] - 0.5)
    return np.clip(still, 0, 1, out=still)


def _panels(generator: np.random.Generator, extent: int) -> list[tuple[int, int, int, int]]:
    """Cut the still into panels: top, left, bottom, right."""
    waiting, done = [(0, 0, extent, extent)], []
    while waiting:
        top, left, bottom, right = waiting.pop()
        height, width = bottom - top, right - left
        if max(height, width) < 2 * _SMALLEST_PANEL or generator.random() < 0.08:
            done.append((top, left, bottom, right))
            continue
        part = generator.uniform(0.35, 0.65)
        if height > width:
            middle = top + int(part * height)
            waiting += [(top, left, middle, right), (middle, left, bottom, right)]
        else:
            middle = left + int(part * width)
            waiting += [(top, left, bottom, middle), (top, middle, bottom, right)]
    return done


def _panel(generator: np.random.Generator, palette: Palette, height: int, width: int) -> Field:
    """A gradient ground under up to two patterns: (H, W, 3)."""
    panel = _gradient(generator, palette, height, width)
    for _ in range(int(generator.choice((0, 1, 2), p=(0.2, 0.6, 0.2)))):
        pattern = _PATTERNS[generator.integers(0, len(_PATTERNS))]
        alpha = pattern(generator, height, width)[..., None]
        alpha *= np.float32(generator.uniform(0.3, 1) if generator.random() < 0.4 else 1)
        ink = _ink(generator, palette, panel)
        panel += alpha * (ink - panel)
    return panel


def _ink(generator: np.random.Generator, palette: Palette, panel: Field) -> Field:
    """A colour, black or white to print with, that can mostly be told from the ground."""
    if generator.random() < 0.35:
        return np.full(3, float(panel.mean() < 0.5), np.float32)
    inks = draw_colours(generator, palette, 3)
    return inks[np.argmax(np.abs(inks - panel.mean((0, 1))).sum(1))]


def _across(generator: np.random.Generator, height: int, width: int) -> Field:
    """The distance in pixels from a random line through the middle, (H, W)."""
    upright = generator.random() < 0.3
    angle = generator.integers(0, 2) * np.pi / 2 if upright else generator.uniform(0, np.pi)
    x = (np.arange(width) - width * generator.uniform(0.3, 0.7)) * np.cos(angle)
    y = (np.arange(height) - height * generator.uniform(0.3, 0.7)) * np.sin(angle)
    return (x[None] + y[:, None]).astype(np.float32)


def _gradient(generator: np.random.Generator, palette: Palette, height: int, width: int) -> Field:
    """A smooth run through two to four colours, along a line or out from a point."""
    run = _across(generator, height, width)
    if generator.random() < 0.35:
        run = np.hypot(run, _across(generator, height, width))
    run -= run.min()
    run /= max(float(run.max()), 1e-6)
    colours = draw_colours(generator, palette, int(generator.integers(2, 5)))
    if generator.random() < 0.5:  # faint ones are where bands show
        colours = colours[0] + (colours - colours[0]) * np.float32(generator.uniform(0, 0.3))
    run *= len(colours) - 1
    gradient = np.broadcast_to(colours[0], (height, width, 3)).astype(np.float32)
    for step in range(len(colours) - 1):
        part = np.clip(run - step, 0, 1)
        part = part * part * (3 - 2 * part)
        gradient += part[..., None] * (colours[step + 1] - colours[step])
    return gradient


def _edge_of(distance: Field) -> Field:
    """The covered part of pixels this far, in pixels, inside an edge."""
    return np.clip(distance + np.float32(0.5), 0, 1)


def _bars(generator: np.random.Generator, across: Field) -> Field:
    """Bars over a distance: hard, soft or ever finer."""
    period = np.float32(np.exp(generator.uniform(np.log(4), np.log(60))))
    kind = generator.random()
    if kind < 0.25:
        return (0.5 + 0.5 * np.sin(across * (2 * np.pi / period))).astype(np.float32)
    if kind < 0.4:  # a chirp down to a period of three pixels
        reach = max(float(np.abs(across).max()), 1.0)
        return (0.5 + 0.5 * np.sin(across**2 * (np.pi / (3 * reach)))).astype(np.float32)
    phase = np.abs(across / period - np.rint(across / period))  # 0 to one half
    half = np.float32(generator.uniform(0.12, 0.38))
    return _edge_of((half - phase) * period)


def _stripes(generator: np.random.Generator, height: int, width: int) -> Field:
    return _bars(generator, _across(generator, height, width))


def _checks(generator: np.random.Generator, height: int, width: int) -> Field:
    angle = generator.uniform(0, np.pi / 2) if generator.random() < 0.6 else 0.0
    period = np.exp(generator.uniform(np.log(8), np.log(90)))
    x, y = np.arange(width)[None], np.arange(height)[:, None]
    first = x * np.cos(angle) + y * np.sin(angle)
    second = y * np.cos(angle) - x * np.sin(angle)
    sides = []
    for distance in (first, second):
        phase = np.abs(distance / period - np.rint(distance / period))
        sides.append(_edge_of((0.25 - phase) * period))
    return (sides[0] + sides[1] - 2 * sides[0] * sides[1]).astype(np.float32)


def _edges(generator: np.random.Generator, height: int, width: int) -> Field:
    """A half plane or a wedge, hard or with a soft edge."""
    soft = np.float32(np.exp(generator.uniform(0, 3)) if generator.random() < 0.4 else 1)
    side = _edge_of(_across(generator, height, width) / soft)
    if generator.random() < 0.5:
        side = side * _edge_of(_across(generator, height, width) / soft)
    return side


def _star(generator: np.random.Generator, height: int, width: int) -> Field:
    """A Siemens star or rings; what is finer than pixels fades to grey."""
    x = np.arange(width)[None] - width * generator.uniform(0.2, 0.8)
    y = np.arange(height)[:, None] - height * generator.uniform(0.2, 0.8)
    radius = np.hypot(x, y)
    if generator.random() < 0.4:
        return _bars(generator, radius.astype(np.float32))
    spokes = int(generator.integers(6, 40))
    wave = np.sin(np.arctan2(y, x) * spokes)
    return (0.5 + 0.5 * np.clip(wave * radius / (2 * spokes), -1, 1)).astype(np.float32)


def _print(mask: MatLike) -> Field:
    return mask.astype(np.float32) * np.float32(1 / 255)


def _text(generator: np.random.Generator, height: int, width: int) -> Field:
    """Lines of letters in one font, upright or turned."""
    mask = np.zeros((height, width), np.uint8)
    font = _FONTS[generator.integers(0, len(_FONTS))]
    scale = float(np.exp(generator.uniform(np.log(0.35), np.log(3.0))))
    thickness = int(generator.integers(1, 2 + int(2 * scale)))
    step = int(30 * scale) + 6
    for baseline in range(step, height + step, step):
        letters = generator.choice(list(_LETTERS + "     "), 1 + int(width / (9 * scale)))
        start = (int(generator.integers(-10, 10)), baseline)
        cv2.putText(mask, "".join(letters), start, font, scale, 255, thickness, cv2.LINE_AA)
    if generator.random() < 0.5:
        angle = float(
            generator.uniform(-180, 180) if generator.random() < 0.4 else generator.normal(0, 8)
        )
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.1)
        mask = cv2.warpAffine(mask, turn, (width, height), flags=cv2.INTER_CUBIC)
    return _print(mask)


def _lines(generator: np.random.Generator, height: int, width: int) -> Field:
    """Straight and bent lines of all widths."""
    mask = np.zeros((height, width), np.uint8)
    along = np.linspace(0, 1, 24)[:, None]
    thickest = int(generator.integers(1, 6))
    for _ in range(int(generator.integers(4, 40))):
        ends = generator.uniform(-0.2, 1.2, (3, 2)) * (width, height)
        if generator.random() < 0.5:
            ends[1] = (ends[0] + ends[2]) / 2
        curve = (1 - along) ** 2 * ends[0] + 2 * along * (1 - along) * ends[1] + along**2 * ends[2]
        points = np.rint(curve * 16).astype(np.int32)
        thickness = int(generator.integers(1, thickest + 1))
        cv2.polylines(mask, [points], False, 255, thickness, cv2.LINE_AA, 4)
    return _print(mask)


def _dots(generator: np.random.Generator, height: int, width: int) -> Field:
    """Halftone dots on a turned grid, growing to one side."""
    period = np.exp(generator.uniform(np.log(6), np.log(40)))
    angle = generator.uniform(0, np.pi / 2)
    x, y = np.arange(width)[None], np.arange(height)[:, None]
    first = (x * np.cos(angle) + y * np.sin(angle)) / period
    second = (y * np.cos(angle) - x * np.sin(angle)) / period
    away = np.hypot(first - np.rint(first), second - np.rint(second))
    first_radius, last_radius = generator.uniform(0.08, 0.48, 2)
    radius = np.linspace(first_radius, last_radius, width)[None]
    return _edge_of((radius - away) * period).astype(np.float32)


_PATTERNS: tuple[Callable[[np.random.Generator, int, int], Field], ...] = (
    _text,
    _text,
    _text,
    _lines,
    _lines,
    _stripes,
    _checks,
    _edges,
    _star,
    _dots,
)
