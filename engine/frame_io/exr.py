"""EXR frames in and out, exact to the bit; the only place that reads and writes through the wheel.

Rules of this file:
    - The wheel ignores numpy strides when it writes, keeps and changes the dicts that it is given,
      and opens a torn file as one without parts. Nothing of that leaves this file.
    - A file is surveyed before the wheel reads it, since the wheel prints about torn files.
    - Samples are never converted on the way: half stays half, a uint32 id stays uint32.
"""

from __future__ import annotations

import hashlib
import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np
import OpenEXR
from OpenEXR import Compression, Storage

from engine.frame_io.exr_claims import check_claims
from engine.frame_io.exr_layout import readable, survey
from engine.image import Box, Image, Part
from engine.regular import read_regular
from plugin_host.errors import FrameCorrupt, FrameMissing, FrameUnsupported, FrameWriteFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_SAMPLE_TYPES = {"float16", "float32", "uint32"}
_DERIVED = {"channels", "chunkCount", "dataWindow", "displayWindow", "tiles"}
_WHEEL_ERRORS = (
    RuntimeError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    MemoryError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class FileImage(Image):
    """An image that was read from a file.

    Attributes:
        file: The bytes of that file; blocks that do not change are copied from it.
        whole: The beauty's data window, where only some rows of it were read; see `exr_rows`.
    """

    file: bytes
    whole: Box | None = None

    @property
    def is_band(self) -> bool:
        """Whether only some rows of the beauty were read, and nothing of other parts."""
        return self.whole is not None

    @property
    def plate_window(self) -> Box:
        """See `Image`."""
        return self.whole or self.beauty.data_window


def read_image(source: str | bytes, *, frame: int | None = None) -> FileImage:
    """Read every part, channel and attribute of an EXR file.

    Args:
        source: Path of the file, or its bytes.
        frame: Number of the frame, for messages.

    Returns:
        Samples ``(H, W)`` over each part's data window in the file's own types; deep channels as
        object arrays of ``(samples,)`` arrays or None. Of a part with mipmap levels, the largest;
        of a channel with subsampling, only the samples that are there. Attributes that the wheel
        cannot read are left out; what is made from the file by `exr_copy` has them.

    Raises:
        FrameMissing: There is no such file.
        FrameCorrupt: The file is empty, torn, damaged, no EXR file, or cannot be read.
        FrameUnsupported: It claims more than is read, or the name of a channel, part or attribute
            is not UTF-8.
    """
    path = source if isinstance(source, str) else None
    try:
        data = source if isinstance(source, bytes) else read_regular(source)
        expected = survey(data)
        check_claims(data)
        plain, hidden = readable(data)
        parts = OpenEXR.File(io.BytesIO(plain), separate_channels=True).parts
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FrameMissing("there is no such file", frame=frame, path=path) from error
    except UnicodeDecodeError as error:
        what = "a name holds what is not UTF-8; write the plate again without it"
        raise FrameUnsupported(what, frame=frame, path=path) from error
    except (OSError, *_WHEEL_ERRORS) as error:
        raise FrameCorrupt(f"cannot be read: {error}", frame=frame, path=path) from error
    if len(parts) != expected:
        what = f"is damaged: {len(parts)} of {expected} parts can be read"
        raise FrameCorrupt(what, frame=frame, path=path)
    return FileImage(
        tuple(
            Part(
                {name: channel.pixels for name, channel in part.channels.items()},
                _from_window(part.header["dataWindow"]),
                {name: value for name, value in part.header.items() if name not in unread},
            )
            for part, unread in zip(parts, hidden, strict=True)
        ),
        _from_window(parts[0].header["displayWindow"]),
        data,
    )


def encode_image(image: Image) -> bytes:
    """Return the bytes of an EXR file that holds the image and nothing else.

    Names, types, tiling, line order, compression and attributes are those of the parts; a part
    without them becomes ZIP-compressed scanlines. Mipmap levels are not kept. An ACES container
    holds half R, G, B and perhaps A; a part that claims to be one but holds other channels gets
    the interop id that the claim stands for.

    Raises:
        FrameWriteFailed: Samples do not fill the data window or are of another type than half,
            float or uint32; a deep part holds no sample; an attribute has no EXR type.
    """
    stream = io.BytesIO()
    parts = [_wheel_part(part, image.display_window) for part in image.parts]
    try:
        OpenEXR.File(parts).write(stream)
    except _WHEEL_ERRORS as error:
        raise FrameWriteFailed(f"cannot be written as EXR: {error}") from error
    return stream.getvalue()


def pixel_hash(image: Image) -> str:
    """Return the sha256, in hexadecimal, of the image's structure and samples.

    It covers windows, part names, channel names, types and samples; neither compression nor
    attributes nor the order of channels change it.
    """
    digest = hashlib.sha256(repr(image.display_window).encode())
    for part in image.parts:
        digest.update(repr((part.attributes.get("name", ""), part.data_window)).encode())
        for name in sorted(part.channels):
            samples = part.channels[name]
            runs = samples.ravel() if samples.dtype == object else [samples]
            digest.update(repr((name, samples.dtype.name, samples.shape)).encode())
            for run in runs:
                if samples.dtype == object:
                    digest.update(
                        b"-" if run is None else repr((run.dtype.name, run.size)).encode()
                    )
                if run is not None:
                    digest.update(np.ascontiguousarray(run, run.dtype.newbyteorder("<")).data)
    return digest.hexdigest()


def to_float32(samples: NDArray[np.float16] | NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a float32 copy, exact but for the payload of a half NaN, which stays some NaN."""
    if samples.dtype != np.float16:
        return np.array(samples, np.float32, order="C")
    return _converted(samples.view(np.int16)).view(np.float32)


def to_half(samples: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return float32 samples as half, to nearest even.

    The inverse of `to_float32` for every half but the payload of a NaN; what is beyond 65520
    becomes infinite.
    """
    return _converted(samples).view(np.float16)


def matching_interop_id(chromaticities: tuple[float, ...]) -> str | None:
    """Return the interop id of the linear space with these xy primaries and white, within 0.001."""
    return OpenEXR.chromaticitiesToColorInteropID(tuple(map(float, chromaticities)))


def _converted(samples: NDArray[Any]) -> NDArray[Any]:
    # numpy converts half seven times slower, one sample at a time
    if not samples.size:  # of which OpenCV makes nothing
        return np.empty(samples.shape, np.int16 if samples.dtype == np.float32 else np.float32)
    row = np.ascontiguousarray(samples).reshape(1, -1)
    return cv2.convertFp16(row).reshape(samples.shape)


def _wheel_part(part: Part, display_window: Box) -> OpenEXR.Part:
    known = part.attributes.get("channels", ())
    p_linear = {channel.name: bool(channel.pLinear) for channel in known}
    for channel in known:
        if channel.name in part.channels and (channel.xSampling, channel.ySampling) != (1, 1):
            raise FrameWriteFailed(f"channel {channel.name} is subsampled, which cannot be written")
    channels = {
        name: OpenEXR.Channel(
            name, _wheel_samples(name, samples, part.data_window), 1, 1, p_linear.get(name, False)
        )
        for name, samples in part.channels.items()
    }
    header = _wheel_header(part, display_window)
    return OpenEXR.Part(header, channels, header.get("name", ""))


def _wheel_samples(name: str, samples: NDArray[Any], window: Box) -> NDArray[Any]:
    if samples.shape != (window.height, window.width):
        raise FrameWriteFailed(
            f"channel {name} is {samples.shape}, the data window {(window.height, window.width)}"
        )
    if samples.dtype == object:
        deep = np.empty(samples.shape, object)
        for index, run in np.ndenumerate(samples):
            deep[index] = None if run is None else np.ascontiguousarray(run)
        return deep
    native = samples.dtype.newbyteorder("=")
    if native.name not in _SAMPLE_TYPES:
        raise FrameWriteFailed(f"channel {name} is {native.name}; EXR has half, float and uint32")
    return np.ascontiguousarray(samples, native)


def _wheel_header(part: Part, display_window: Box) -> dict[str, Any]:
    header = {
        name: _wheel_value(value)
        for name, value in part.attributes.items()
        if name not in _DERIVED and not (isinstance(value, list) and not value)
    }
    header["dataWindow"] = _to_window(part.data_window)
    header["displayWindow"] = _to_window(display_window)
    header.setdefault("compression", Compression.ZIP_COMPRESSION)
    header.setdefault("type", Storage.scanlineimage)
    if "tiles" in part.attributes:
        header["tiles"] = OpenEXR.TileDescription()
        header["tiles"].xSize = part.attributes["tiles"].xSize
        header["tiles"].ySize = part.attributes["tiles"].ySize
    # SMPTE ST 2065-4: the container holds 16-bit half RGB or RGBA.
    if "acesImageContainerFlag" in header and not _fits_aces_container(part.channels):
        del header["acesImageContainerFlag"]
        header.setdefault("colorInteropID", "lin_ap0_scene")
    return header


def _wheel_value(value: Any) -> Any:
    """Return what the wheel takes: it knows no numpy scalars and ignores strides here, too."""
    if isinstance(value, (tuple, list)):
        items = [_wheel_value(item) for item in cast("Sequence[Any]", value)]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, np.ndarray):
        return np.ascontiguousarray(cast("NDArray[Any]", value))
    return cast("np.generic", value).item() if isinstance(value, np.generic) else value


def _fits_aces_container(channels: Mapping[str, NDArray[Any]]) -> bool:
    return set("RGB") <= set(channels) <= set("RGBA") and all(
        samples.dtype == np.float16 for samples in channels.values()
    )


def _from_window(window: tuple[NDArray[np.int32], NDArray[np.int32]]) -> Box:
    (left, top), (right, bottom) = (corner.tolist() for corner in window)
    return Box(left, top, right, bottom)


def _to_window(box: Box) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return np.array([box.left, box.top], np.int32), np.array([box.right, box.bottom], np.int32)
