"""DPX, TIFF and PNG frames in, through OpenImageIO, as images that an EXR holds exactly.

Rules of this file:
    - A whole-number code becomes ``code / (2**bits - 1)``: half up to 10 bits, float above, which
      is the least that tells all codes apart. Floating samples stay what they are.
    - Nothing is converted: no colour, no alpha. What OpenImageIO would convert is refused.
    - OpenImageIO's own word for the colourspace is a guess, and not read.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import OpenImageIO

from engine.frame_io.cicp import colour_attributes
from engine.frame_io.timecode import exr_timecode, rational_rate
from engine.image import MOST_BYTES, MOST_PIXELS, Box, Image, Part
from engine.regular import read_regular
from plugin_host.errors import FrameCorrupt, FrameUnsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

EXTENSIONS = (".dpx", ".tif", ".tiff", ".png")
HALF_BITS = 10  # half holds eleven significant bits; ten are told apart up to 1
_WHOLE_BITS = (8, 10, 12, 16)
_RGB_PHOTOMETRIC = 2  # TIFF 6.0, PhotometricInterpretation
_DPX_RGB = ("RGB", "RGBA", "ABGR")
_PNG_START = 8  # bytes of signature
# OpenImageIO is to believe names: what poses as another format is no picture. What a header
# claims is held against these limits before a byte is asked for.
OpenImageIO.attribute("try_all_readers", 0)
OpenImageIO.attribute("limits:imagesize_MB", MOST_BYTES >> 20)
_NO_TIME = (0xFFFFFFFF, 0)  # SMPTE ST 268-1: all ones are undefined


def read_picture_file(path: str, data: bytes) -> Image:
    """Read one picture; its data window is the picture, upright.

    Args:
        path: The file.
        data: Its bytes, as read just now.

    Returns:
        One part with the file's channels, half or float, and what the file says of timecode,
        frame rate, pixel aspect and colour as EXR attributes.

    Raises:
        FrameCorrupt: It is no such picture, is torn, or changes meanwhile.
        FrameUnsupported: It holds what cannot be taken over exactly.
    """
    raw = OpenImageIO.ImageSpec()
    raw.attribute("oiio:UnassociatedAlpha", 1)
    raw.attribute("oiio:RawColor", 1)
    picture = open_picture(path, raw)
    try:
        spec = picture.spec()
        said = _header(spec)
        _check(spec, said)
        samples = picture.read_image(spec.format)
        problem = "" if samples is not None else _problem(picture)
    finally:
        picture.close()
    if samples is None:
        raise FrameCorrupt(f"cannot be read: {problem}")
    _check_still(path, data)
    shaped = np.asarray(samples).reshape(spec.height, spec.width, spec.nchannels)
    scaled = as_samples(shaped, _bits(shaped, said))
    turned = upright(scaled, int(said.get("Orientation", 1)))
    box = Box(0, 0, turned.shape[1] - 1, turned.shape[0] - 1)
    names = cast("tuple[str, ...]", cast("Any", spec).channelnames)
    channels = {name: np.ascontiguousarray(turned[:, :, i]) for i, name in enumerate(names)}
    attributes = {**_attributes(said), **_colour_said(said, data)}
    return Image((Part(channels, box, attributes),), box)


def open_picture(path: str, how: OpenImageIO.ImageSpec | None = None) -> OpenImageIO.ImageInput:
    """Open a picture through OpenImageIO; whoever calls closes it.

    Args:
        path: The file, of the format that its name says.
        how: Hints for the reader.

    Raises:
        FrameCorrupt: It is no such picture.
        FrameUnsupported: It claims more pixels than are read.
    """
    picture = OpenImageIO.ImageInput.open(path, how or OpenImageIO.ImageSpec())
    if picture is None:
        raise FrameCorrupt(f"cannot be read: {_problem(OpenImageIO)}")
    width, height = picture.spec().width, picture.spec().height
    if width * height > MOST_PIXELS:
        picture.close()
        raise FrameUnsupported(
            f"it claims {width}x{height} pixels; {MOST_PIXELS >> 20} million can be read"
        )
    return picture


def _problem(source: Any) -> str:
    """Return what OpenImageIO, or one of its readers, says of its last error."""
    try:
        return str(source.geterror()) or "torn, or of another format than its name says"
    except UnicodeDecodeError:  # it quotes the file
        return "it holds text that is not UTF-8"


def as_samples(codes: NDArray[Any], bits: int) -> NDArray[Any]:
    """Return codes as half or float in [0, 1]; floating samples as they are.

    Args:
        codes: Whole-number codes of any shape, or floating samples.
        bits: How many bits of a code count.
    """
    if codes.dtype.kind == "f":
        return codes
    scaled = codes.astype(np.float32) / np.float32(2**bits - 1)
    return scaled.astype(np.float16) if bits <= HALF_BITS else scaled


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return ``(H, W, ...)`` pixels as they are to be looked at.

    Args:
        pixels: As they are stored.
        orientation: 1 to 8 of TIFF 6.0, Orientation; any other number counts as 1.
    """
    if orientation in (3, 4, 6, 7):
        pixels = pixels[::-1]
    if orientation in (2, 3, 7, 8):
        pixels = pixels[:, ::-1]
    return np.swapaxes(pixels, 0, 1) if orientation in (5, 6, 7, 8) else pixels


def _check_still(path: str, data: bytes) -> None:
    """OpenImageIO reads no bytes, but the file again: make sure that it is the same."""
    try:
        same = read_regular(path) == data
    except OSError:
        same = False
    if not same:
        raise FrameCorrupt("was written to while it was read")


def _header(spec: OpenImageIO.ImageSpec) -> dict[str, Any]:
    items = cast("Iterable[Any]", spec.extra_attribs)
    said: dict[str, Any] = {}
    for item in items:
        with suppress(UnicodeDecodeError):  # a comment in another encoding is no reason to stop
            said[item.name] = item.value
    return said


def _check(spec: OpenImageIO.ImageSpec, said: Mapping[str, Any]) -> None:
    if spec.depth > 1 or spec.deep:
        raise FrameUnsupported("holds a volume or deep samples, not a picture")
    photometric = said.get("tiff:PhotometricInterpretation", _RGB_PHOTOMETRIC)
    descriptor = said.get("dpx:ImageDescriptor", _DPX_RGB[0])
    if photometric != _RGB_PHOTOMETRIC:
        raise FrameUnsupported(f"is a TIFF of photometric {photometric}; RGB (2) can be read")
    if descriptor not in _DPX_RGB:
        raise FrameUnsupported(f"is a DPX of {descriptor}; RGB and RGBA can be read")
    if str(spec.format) not in {"uint8", "uint16", "half", "float"}:
        raise FrameUnsupported(f"has samples of {spec.format}, which no EXR holds exactly")
    bits = said.get("oiio:BitsPerSample", 8)
    if str(spec.format) == "uint16" and bits not in _WHOLE_BITS:
        raise FrameUnsupported(f"has {bits} bits a sample; 8, 10, 12 and 16 can be read")


def _bits(samples: NDArray[Any], said: Mapping[str, Any]) -> int:
    """Return how many bits the codes have, after taking OpenImageIO's widening back."""
    if samples.dtype != np.uint16:
        return 8
    bits = int(said.get("oiio:BitsPerSample", 16))
    if bits < 16:
        np.right_shift(samples, 16 - bits, out=samples)
    return bits


def _attributes(said: Mapping[str, Any]) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        name.replace(":", "/"): value
        for name, value in said.items()
        if name.startswith("dpx:") and isinstance(value, str) and value
    }
    timecode = exr_timecode(int(said.get("smpte:TimeCode", _NO_TIME)[0]))
    if timecode is not None:
        attributes["timeCode"] = timecode
    for name in ("dpx:FrameRate", "dpx:TemporalFrameRate"):
        rate = rational_rate(float(said.get(name, 0)))
        if rate is not None:
            attributes.setdefault("framesPerSecond", rate)
    aspect = float(said.get("PixelAspectRatio", 1))
    if aspect > 0:
        turned = int(said.get("Orientation", 1)) in (5, 6, 7, 8)
        attributes["pixelAspectRatio"] = 1 / aspect if turned else aspect
    if said.get("oiio:UnassociatedAlpha"):
        attributes["faceplate/alpha"] = "unassociated"
    return attributes


def _colour_said(said: Mapping[str, Any], data: bytes) -> dict[str, str]:
    """Return what the file itself says of its colour.

    References:
        PNG Specification (Third Edition), 4.3: cICP counts before iCCP, and that before sRGB.
    """
    chunks = dict(_png_chunks(data))
    if len(chunks.get(b"cICP", b"")) == 4:
        return colour_attributes(*chunks[b"cICP"][:2])
    profile = said.get("ICCProfile:profile_description")
    if profile:
        return {"faceplate/tagged": f"an ICC profile, {profile}"}
    if b"sRGB" in chunks:
        return {"colorInteropID": "srgb_rec709_scene"}
    curve = said.get("dpx:Transfer")
    if curve and curve not in ("Undefined", "User defined"):
        return {"faceplate/tagged": f"a DPX transfer of {curve}"}
    return {}


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of the chunks before the pixels; none of what is no PNG."""
    at = _PNG_START if data.startswith(b"\x89PNG\r\n\x1a\n") else len(data)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IDAT":
            return
        yield name, data[at + 8 : at + 8 + length]
        at += 12 + length
