"""Small movies on disk, made by FFmpeg's encoders."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from engine.frame_io.movie import Movie

H264_OPEN = {"x264-params": "open-gop=1:keyint=6:min-keyint=6:scenecut=0:bframes=3"}
HEVC_OPEN = {"x265-params": "keyint=6:min-keyint=6:scenecut=0:open-gop=1:bframes=3:log-level=none"}
KINDS = {
    "h264.mp4": ("libx264", "yuv420p", H264_OPEN),
    "hevc.mov": ("libx265", "yuv420p10le", HEVC_OPEN),
    "prores.mov": ("prores_ks", "yuv422p10le", {"profile": "3"}),
    "prores4444.mov": ("prores_ks", "yuva444p10le", {"profile": "4"}),
    "dnxhr.mxf": ("dnxhd", "yuv422p10le", {"profile": "dnxhr_hqx"}),
    "dnxhr.mov": ("dnxhd", "yuv422p", {"profile": "dnxhr_sq"}),
}
SIZE = (128, 256)
"""Height and width; DNxHR takes no smaller one."""


def picture(index, size=SIZE):
    """Return a picture that no other frame shows, ``(H, W, 3)`` uint8."""
    y, x = np.mgrid[: size[0], : size[1]]
    planes = [x * 2 + index * 9, y * 3 + index * 5, x + y + index * 13]
    return (np.stack(planes, axis=2) % 256).astype(np.uint8)


def write_movie(
    path,
    count=15,
    *,
    kind=None,
    rate=Fraction(24),
    size=SIZE,
    timecode=None,
    make=picture,
    times=None,
    rotation=None,
    options=None,
    **tags,
):
    """Write a movie as its name in `KINDS` says; `tags` are fields of the codec context.

    Of a single frame, libx265 leaves the times to chance: give it more.
    """
    codec, pixels, usual = KINDS[kind or path.name]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options={**usual, **(options or {})})
        stream.height, stream.width = size
        stream.pix_fmt = pixels
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        if timecode:
            container.metadata["timecode"] = timecode
            stream.metadata["timecode"] = timecode
        if rotation is not None:
            stream.set_display_rotation(*rotation)
        for index in range(count):
            made = make(index, size) if make is picture else make(index)
            if isinstance(made, np.ndarray):
                made = av.VideoFrame.from_ndarray(made, format="rgb24").reformat(format=pixels)
            made.pts = index if times is None else times[index]
            made.time_base = 1 / rate
            container.mux(stream.encode(made))
        container.mux(stream.encode(None))
    return str(path)


def opened(path):
    """Return a movie that no other test has open."""
    return Movie(path, Path(path).stat().st_size)
