"""The demonstration plate: a portrait in slow camera motion, and what camera and codec leave.

The picture is NASA's public-domain portrait of Eileen Collins, which scikit-image carries. It is
panned, zoomed and rotated by fractions of a pixel in linear light (the clean frames), then blurred,
given sensor noise and sent through real H.264 (the degraded frames). The clean frames are the truth
against which a restorer can be measured.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = (640, 480)
RATE = 24
BLUR = 0.8  # pixels, sigma of the lens
LUMA_NOISE = 16.0  # 8-bit codes, sigma shared by the channels
COLOUR_NOISE = 7.0  # 8-bit codes, sigma of each channel alone
CRF = 24
REPEATABLE = "threads=1:no-mbtree=1"

_LOOK_AT = (246.0, 190.0)  # picture pixels of 512 x 512, below the face
_SWAY = (9.0, 7.0)  # picture pixels, how far the camera wanders
_TURN = math.radians(1.5)
_BREATH = 0.05  # relative change of the zoom
_PERIOD = 96  # frames of one sway


@dataclass(frozen=True, slots=True)
class DemoFrames:
    """The same frames before and after the camera and the codec.

    Attributes:
        clean: ``(T, H, W, 3)`` uint8, display-referred sRGB, the truth.
        degraded: ``(T, H, W, 3)`` uint8, display-referred sRGB, what there is to restore.
    """

    clean: NDArray[np.uint8]
    degraded: NDArray[np.uint8]


def demo_frames(count: int = 60, size: tuple[int, int] = SIZE, seed: int = 0) -> DemoFrames:
    """Make the demonstration plate; the same arguments give the same bits.

    Args:
        count: Frames, at least 1.
        size: Width and height in pixels, both even and at least 32.
        seed: Seed of the noise.

    Raises:
        SettingsError: A size that H.264 cannot hold, no frames, or the ``demo`` extra is missing.
    """
    width, height = size
    if count < 1 or min(size) < 32 or width % 2 or height % 2:
        raise SettingsError(
            f"a demo of {count} frames of {width} x {height}: sides are even, >= 32"
        )
    picture = linear(np.asarray(_extra("skimage.data").astronaut(), np.uint8))
    lit = [_shot(picture, frame, size) for frame in range(count)]
    noise = np.random.Generator(np.random.PCG64(seed))
    seen = [_seen(light, noise) for light in lit]
    return DemoFrames(np.stack([_display(light) for light in lit]), _through_h264(seen, size))


def _extra(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise SettingsError(f"the demo needs {error.name}: pip install 'faceplate[demo]'") from None


def _shot(picture: NDArray[np.float32], frame: int, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return what the camera sees at a frame: ``(H, W, 3)`` float32, scene-linear."""
    phase = 2 * math.pi * frame / _PERIOD
    width, height = size
    # The view, widest and turned, still lies inside the picture, whose nearest sides are left
    # and top.
    cos, sin = math.cos(_TURN), math.sin(_TURN)
    widest = max(
        (width * cos + height * sin) / 2 / (_LOOK_AT[0] - _SWAY[0] - 4),
        (height * cos + width * sin) / 2 / (_LOOK_AT[1] - _SWAY[1] - 4),
    )
    zoom = widest * (1 + _BREATH * (1 - math.cos(phase)))
    turn = _TURN * math.sin(phase * 0.8 + 0.5)
    x = _LOOK_AT[0] + _SWAY[0] * math.sin(phase)
    y = _LOOK_AT[1] + _SWAY[1] * math.sin(phase * 1.3 + 1)
    cos, sin = math.cos(turn) / zoom, math.sin(turn) / zoom
    middle = ((width - 1) / 2, (height - 1) / 2)
    inverse = np.array(
        [
            [cos, -sin, x - cos * middle[0] + sin * middle[1]],
            [sin, cos, y - sin * middle[0] - cos * middle[1]],
        ]
    )
    light = cv2.warpAffine(
        picture,
        inverse,
        size,
        flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    return np.clip(np.asarray(light, np.float32), 0, 1)


def _seen(light: NDArray[np.float32], noise: np.random.Generator) -> NDArray[np.uint8]:
    """Return the frame after lens and sensor: ``(H, W, 3)`` uint8, display-referred sRGB."""
    blurred = np.asarray(cv2.GaussianBlur(light, (0, 0), BLUR), np.float32)
    codes = _display(blurred).astype(np.float32)
    codes += noise.normal(0, LUMA_NOISE, (*light.shape[:2], 1))
    codes += noise.normal(0, COLOUR_NOISE, light.shape)
    return np.clip(np.rint(codes), 0, 255).astype(np.uint8)


def _through_h264(frames: list[NDArray[np.uint8]], size: tuple[int, int]) -> NDArray[np.uint8]:
    av = _extra("av")
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as movie:
        stream = movie.add_stream("libx264", rate=RATE)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        # x264's bits follow its number of threads; and with its macroblock tree, on a processor
        # with AVX-512, one run in five came out different.
        stream.options = {"crf": str(CRF), "preset": "medium", "x264-params": REPEATABLE}
        for frame in frames:
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        movie.mux(stream.encode(None))
    with av.open(io.BytesIO(file.getvalue())) as movie:
        return np.stack([f.to_ndarray(format="rgb24") for f in movie.decode(video=0)])


def linear(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the scene-linear values of display-referred sRGB codes, float32 in [0, 1]."""
    v = codes.astype(np.float32) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _display(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    v = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.clip(np.rint(v * 255), 0, 255).astype(np.uint8)
