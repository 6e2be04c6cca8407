"""Real codecs: JPEG frame by frame, and video through FFmpeg's encoders, in memory.

Rules of this file:
    - Bits repeat: one thread each way, and no look-ahead that may depend on timing.
    - Colour goes to Rec.709 YCbCr 4:2:0 and back right here. FFmpeg's scaler, as PyAV calls it,
      darkens green by 1.3 codes per trip, and a restorer would learn to undo that.
    - As many frames come out as went in; a size that a codec cannot hold is padded with the edge.
"""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003  # read at run time by the dataclass
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

import cv2
import numpy as np
from av import CodecContext, Packet, VideoFrame
from av.codec.codec import UnknownCodecError
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray  # noqa: TC002

from training.degrade.light import BLUE, GREEN, RED

PRESETS = ("ultrafast", "veryfast", "fast", "medium", "slow")
"""Presets of x264 and x265; the other encoders have none and ignore it."""

_RATE = Fraction(24)
_SMALLEST = 16  # pixels, a side that every encoder takes


@dataclass(frozen=True, slots=True)
class _Encoder:
    decoder: str
    options: Callable[[float, str], dict[str, str]]  # of CRF and preset


def _x264(crf: float, preset: str) -> dict[str, str]:
    # With the macroblock tree, on a processor with AVX-512, one run in five came out different.
    return {"crf": str(crf), "preset": preset, "x264-params": "threads=1:no-mbtree=1"}


def _x265(crf: float, preset: str) -> dict[str, str]:
    # With B frames, bits depended on what had been encoded before.
    quiet = "pools=none:frame-threads=1:cutree=0:bframes=0:info=0:log-level=none"
    # One step coarser, it has the PSNR of x264 at the same CRF within two decibels.
    return {"crf": str(crf + 1), "preset": preset, "x265-params": quiet}


def _mpeg(crf: float, _preset: str) -> dict[str, str]:
    # These have no CRF, so the quantiser is held. The step of H.264 doubles every 6 of its scale,
    # and this offset gives the PSNR that x264 has at the same CRF within half a decibel.
    quantiser = str(min(max(round(2 ** ((crf - 12) / 6)), 2), 31))
    return {"qmin": quantiser, "qmax": quantiser, "b": "100M"}


def _vp9(crf: float, _preset: str) -> dict[str, str]:
    # Its scale ends at 63; so stretched it has the PSNR of x264 at the same CRF within a decibel.
    scaled = str(min(max(round(2 * crf - 11), 0), 63))
    return {"crf": scaled, "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "0"}


_ENCODERS = MappingProxyType(
    {
        "libx264": _Encoder("h264", _x264),
        "libx265": _Encoder("hevc", _x265),
        "mpeg4": _Encoder("mpeg4", _mpeg),
        "mpeg2video": _Encoder("mpeg2video", _mpeg),
        "libvpx-vp9": _Encoder("vp9", _vp9),
    }
)
ENCODERS = tuple(_ENCODERS)
"""Names of FFmpeg's encoders that a recipe may ask for."""


def jpeg(pixels: NDArray[np.float32], quality: int) -> NDArray[np.float32]:
    """Return a clip whose every frame went through JPEG, 4:2:0.

    Args:
        pixels: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1].
        quality: libjpeg's, 1 to 100.
    """
    codes = np.rint(pixels * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    setting = [cv2.IMWRITE_JPEG_QUALITY, quality]
    files = [cv2.imencode(".jpg", frame[..., ::-1], setting)[1] for frame in codes]
    frames = np.asarray([cv2.imdecode(file, cv2.IMREAD_COLOR) for file in files], np.float32)
    return np.ascontiguousarray(frames[..., ::-1].transpose(0, 3, 1, 2)) / np.float32(255)


def video(
    pixels: NDArray[np.float32], encoder: str, crf: float, preset: str
) -> NDArray[np.float32]:
    """Return a clip that went through a video codec as one stream, yuv420p of 8 bits.

    Args:
        pixels: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1]; any size.
        encoder: A name of ENCODERS.
        crf: x264's scale; for the other encoders a value of about the same quality is used.
        preset: A name of PRESETS.

    Raises:
        RuntimeError: This build of FFmpeg lacks the encoder, or frames were lost.
    """
    frames, _, height, width = pixels.shape
    tall, wide = (max(side + side % 2, _SMALLEST) for side in (height, width))
    edge = ((0, 0), (0, 0), (0, tall - height), (0, wide - width))
    planes = to_yuv420(np.pad(pixels, edge, mode="edge"))
    decoded = decode(encode(planes, encoder, crf, preset), encoder)
    if decoded.shape != planes.shape:
        raise RuntimeError(f"{encoder} made {decoded.shape} of {planes.shape}, {frames} frames")
    return np.ascontiguousarray(from_yuv420(decoded)[..., :height, :width])


def encode(planes: NDArray[np.uint8], encoder: str, crf: float, preset: str) -> list[Packet]:
    """Return the packets of a stream.

    Args:
        planes: ``(T, H * 3 / 2, W)`` uint8, yuv420p; H and W even.
        encoder: A name of ENCODERS.
        crf: x264's scale.
        preset: A name of PRESETS.

    Raises:
        RuntimeError: This build of FFmpeg lacks the encoder.
    """
    context = _context(encoder, "w")
    context.height, context.width = planes.shape[1] * 2 // 3, planes.shape[2]
    context.pix_fmt, context.framerate, context.time_base = "yuv420p", _RATE, 1 / _RATE
    context.options = _ENCODERS[encoder].options(crf, preset)
    packets = []
    for number, plane in enumerate(planes):
        frame = VideoFrame.from_ndarray(plane, format="yuv420p")
        frame.pts = number
        packets += context.encode(frame)
    return packets + context.encode(None)


def decode(packets: list[Packet], encoder: str) -> NDArray[np.uint8]:
    """Return ``(T, H * 3 / 2, W)`` uint8, yuv420p, of the packets that an encoder made."""
    context = _context(_ENCODERS[encoder].decoder, "r")
    frames = [frame for packet in [*packets, None] for frame in context.decode(packet)]
    return np.asarray([frame.to_ndarray() for frame in frames], np.uint8)


def to_yuv420(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return ``(T, H * 3 / 2, W)`` uint8 planes, Rec.709 of narrow range, chroma amid four pixels.

    Args:
        pixels: ``(T, 3, H, W)`` float32, display-referred in [0, 1]; H and W even.
    """
    frames, _, height, width = pixels.shape
    red, green, blue = pixels.transpose(1, 0, 2, 3)
    luma = RED * red + GREEN * green + BLUE * blue
    chroma = np.stack([(blue - luma) / (2 - 2 * BLUE), (red - luma) / (2 - 2 * RED)], 1)
    chroma = chroma.reshape(frames, 2, height // 2, 2, width // 2, 2).mean((3, 5))
    # ITU-R BT.709-6, 3.4 to 3.5: 219 steps from 16 for luma, 224 around 128 for colour differences
    samples = [
        (16 + 219 * luma).reshape(frames, -1),
        (128 + 224 * chroma).reshape(frames, -1),
    ]
    codes = np.rint(np.concatenate(samples, 1)).astype(np.uint8)
    return codes.reshape(frames, height * 3 // 2, width)


def from_yuv420(planes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return ``(T, 3, H, W)`` float32, display-referred in [0, 1], of yuv420p planes as above."""
    frames, rows, width = planes.shape
    height = rows * 2 // 3
    luma = (planes[:, :height].astype(np.float32) - 16) / 219
    small = planes[:, height:].reshape(frames * 2, height // 2, width // 2)
    small = (small.astype(np.float32) - 128) / 224
    large = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in small]
    blueness, redness = np.stack(large).reshape(frames, 2, height, width).transpose(1, 0, 2, 3)
    red = luma + (2 - 2 * RED) * redness
    blue = luma + (2 - 2 * BLUE) * blueness
    green = (luma - RED * red - BLUE * blue) / GREEN
    return np.clip(np.stack([red, green, blue], 1), 0, 1).astype(np.float32, copy=False)


def _context(codec: str, mode: Literal["r", "w"]) -> VideoCodecContext:
    try:
        context = CodecContext.create(codec, mode)
    except UnknownCodecError as error:
        raise RuntimeError(f"this build of PyAV has no {codec}") from error
    assert isinstance(context, VideoCodecContext)
    context.thread_count = 1
    return context
