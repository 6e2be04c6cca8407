"""Movies in, through PyAV: exact frames of MOV, MP4 and MXF.

Rules of this file:
    - Frame 1 is the movie's first, as hosts count. Frames are told by their time in the file's
      own units, never by seconds, and only what the file presents counts: edit lists hold.
    - A frame is decoded from a key frame that is presented no later: a leading picture of an open
      group needs the group before. Its bits do not depend on where decoding began.
    - Only the demuxer that the name calls for reads the file: no playlist can pose as a movie and
      name files of its own.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_right
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, cast

from engine.frame_io.movie_frame import Place, Tags, check_fields, image_of
from engine.frame_io.timecode import Timecode
from engine.image import MOST_PIXELS
from plugin_host.errors import FrameCorrupt, FrameError, FrameMissing, PlateError
from plugin_host.frame_range import FrameRange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from engine.image import Image

FIRST = 1
MOST_OPEN = 2
_FORMATS = {".mxf": "mxf"}  # every other one that `Plate` calls a movie is QuickTime's
_CODECS = ("h264", "hevc", "prores", "dnxhd")  # the last is DNxHR's, too
_PROGRESSIVE = 1  # AVFieldOrder; 0 is not said
_COVER = 0x400  # AV_DISPOSITION_ATTACHED_PIC


def open_movie(path: str) -> Movie:
    """Return a movie, opened before or now; a file that changed is opened anew.

    Raises:
        FrameMissing: The file is not there.
        PlateError: It cannot be read, or not exactly; or PyAV is not installed.
    """
    try:
        there = os.stat(path)  # noqa: PTH116  # the path is a string throughout
    except OSError as error:
        raise FrameMissing(f"the movie is not there: {error.strerror}", path=path) from None
    if not stat.S_ISREG(there.st_mode):  # a pipe would be waited for
        raise PlateError("the movie is no regular file", path=path)
    return _opened(path, there.st_size, there.st_mtime_ns)


@lru_cache(maxsize=MOST_OPEN)
def _opened(path: str, size: int, _changed: int) -> Movie:
    return Movie(path, size)


class Movie:
    """One open movie; frames may be asked for in any order, on any thread.

    Args:
        path: The file, absolute.
        size: Its length in bytes.

    Attributes:
        frames: 1 to the number of frames.
        rate: Frames a second.

    Raises:
        PlateError: It cannot be read, or not exactly; or PyAV is not installed.
    """

    def __init__(self, path: str, size: int) -> None:
        try:
            from av.error import FFmpegError  # noqa: PLC0415  # an extra; and it takes half a second
        except ImportError:
            what = "reading a movie needs PyAV: pip install 'faceplate[movies]'"
            raise PlateError(what, path=path) from None
        self._failed = FFmpegError
        self._path, self._size = path, size
        self._lock = Lock()
        self._at: int | None = None  # which frame was decoded last
        self._decoded: Iterator[VideoFrame] = iter(())
        try:
            self._container, self._stream = _open(path)
            self._times, self._keys = _index(self._container, self._stream)
            self.rate = _rate(self._stream, self._times)
            self.frames = FrameRange.between(FIRST, FIRST + len(self._times) - 1)
            self._timecode = self._start()
            self._tags = Tags.of(self._stream.codec_context)  # a decoder may forget them
            check_fields(interlaced=self._stream.codec_context.field_order > _PROGRESSIVE)
            self.read(FIRST)  # what cannot be read is refused before all else
        except FFmpegError as error:
            what = f"cannot be read as a movie: {error.strerror}"
            raise PlateError(what, path=path) from None
        except (FrameError, PlateError) as error:
            raise PlateError(f"the movie {error.message}", path=path) from None

    def read(self, frame: int) -> tuple[Image, str]:
        """Return a frame, and the sha256 of its samples and of how they are to be read.

        Raises:
            FrameMissing: The movie has no such frame.
            FrameCorrupt: It cannot be decoded.
            FrameUnsupported: It is interlaced, or of another format than those that are read.
        """
        try:
            if frame not in self.frames:
                raise FrameMissing(f"the movie has frames {self.frames}")
            with self._lock:
                return image_of(self._decode(frame - FIRST), self._place(frame - FIRST))
        except self._failed as error:
            what = f"cannot be decoded: {error.strerror}"
            raise FrameCorrupt(what, frame=frame, path=self._path) from None
        except FrameError as error:
            raise type(error)(error.message, frame=frame, path=self._path) from None

    def _start(self) -> Timecode | None:
        """Return the first frame's timecode: of the track, or in MXF of the file."""
        told = (self._stream.metadata, self._container.metadata)
        text = next((said["timecode"] for said in told if "timecode" in said), "")
        return Timecode.parse(text, self.rate)

    def _place(self, index: int) -> Place:
        return Place(
            (self._size, self._times[index]),
            self.rate,
            self._timecode.later(index) if self._timecode else None,
            self._stream.sample_aspect_ratio or Fraction(1),
            self._tags,
        )

    def _decode(self, index: int) -> VideoFrame:
        """Return a frame; decode on from the last one where that is no detour."""
        wanted = self._times[index]
        key = self._keys[max(0, bisect_right(self._keys, wanted) - 1)]
        at, self._at = self._at, None  # an error leaves no place to go on from
        if at is None or index <= at or key > self._times[at + 1]:
            self._seek(wanted)
        for frame in self._decoded:
            if frame.pts is not None and frame.pts >= wanted:
                break
        else:
            raise FrameCorrupt("cannot be decoded: the movie ends before it")
        if frame.pts != wanted or frame.is_corrupt:
            raise FrameCorrupt("cannot be decoded: it, or what it is predicted from, is damaged")
        self._at = index
        return frame

    def _seek(self, wanted: int) -> None:
        """Let decoding begin at the last key frame that is presented no later, or before it."""
        for key in reversed(self._keys[: bisect_right(self._keys, wanted)]):
            self._container.seek(key, stream=self._stream)
            packets = self._container.demux(self._stream)
            first = next(packets, None)
            if first and first.is_keyframe and first.pts is not None and first.pts <= key:
                self._decoded = self._frames(chain([first], packets), first.pts)
                return
        # Such as an edit that begins between two key frames: from the very first packet.
        self._container.close()
        self._container, self._stream = _open(self._path)
        self._decoded = self._frames(self._container.demux(self._stream), self._times[0])

    def _frames(self, packets: Iterable[Packet[VideoStream]], since: int) -> Iterator[VideoFrame]:
        """Decode; what is presented before the key frame may lack what it was predicted from."""
        for packet in packets:
            try:
                yield from packet.decode()
            except self._failed:
                if packet.pts is None or packet.pts >= since:
                    raise


def _open(path: str) -> tuple[InputContainer, VideoStream]:
    import av  # noqa: PLC0415  # `Movie` has made sure of it

    name = _FORMATS.get(os.path.splitext(path)[1].lower(), "mov")  # noqa: PTH122
    local = {"protocol_whitelist": "file"}
    container = av.open(f"file:{path}", format=name, options=local, metadata_errors="replace")
    pictures = [s for s in container.streams.video if not s.disposition & _COVER]
    if len(pictures) != 1:
        container.close()
        raise PlateError(f"has {len(pictures)} video tracks; one can be read")
    context = cast("VideoCodecContext | None", pictures[0].codec_context)
    codec = "an unknown codec" if context is None else context.name
    if context is None or codec not in _CODECS:
        container.close()
        raise PlateError(f"is of {codec}; {', '.join(_CODECS)} can be read")
    # Damage is told at its packet, and not painted over with what lies beside it.
    pictures[0].thread_type = "SLICE"
    context.options = {"err_detect": "explode", "max_pixels": str(MOST_PIXELS)}
    return container, pictures[0]


def _index(container: InputContainer, stream: VideoStream) -> tuple[list[int], list[int]]:
    """Return when frames are presented, and when those are from which decoding may begin."""
    entries = stream.index_entries
    if len(entries) == stream.frames > 0 and all(entry.is_keyframe for entry in entries):
        # Nothing is out of order: the index tells, and the packets need not all be read.
        first = next(container.demux(stream), None)
        if first is not None and first.pts is not None:
            shift = first.pts - entries[0].timestamp
            every = sorted(e.timestamp + shift for e in entries if not e.is_discard)
            if every:
                return every, every
    times: list[int] = []
    keys: list[int] = []
    for packet in container.demux(stream):
        if packet.size == 0:
            continue
        if packet.pts is None:
            raise PlateError("has a frame without a time; wrap it again")
        if not packet.is_discard:
            times.append(packet.pts)
        if packet.is_keyframe:
            keys.append(packet.pts)
    if not times or not keys:
        raise PlateError("has no frames")
    return sorted(times), sorted(keys)


def _rate(stream: VideoStream, times: Sequence[int]) -> Fraction:
    """Return the one rate at which all frames come, to the nearest tick of the file's clock.

    Raises:
        PlateError: There is none.
    """
    late = 0
    for rate in (stream.guessed_rate, stream.base_rate, stream.average_rate):
        if not rate or not stream.time_base:
            continue
        ticks = 1 / (rate * stream.time_base)
        n, d = ticks.as_integer_ratio()
        off = (
            i
            for i, time in enumerate(times)
            if (by := abs((time - times[0]) * d - i * n)) > d or 2 * by >= n
        )
        first = next(off, None)
        if first is None:
            return rate
        late = max(late, first)
    raise PlateError(
        f"has a variable frame rate: its frames leave any one rate at frame {FIRST + late}; "
        "conform it to a constant rate first"
    )
