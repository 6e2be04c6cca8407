"""EXR files of many layouts, made for tests of what is copied from them."""

from __future__ import annotations

import struct

import numpy as np
import OpenEXR
import OpenImageIO
from OpenEXR import Compression

from engine.frame_io.exr import encode_image, read_image
from engine.frame_io.exr_layout import LEADERS, LONG_NAMES, MAGIC, MULTIPART, kind_of, read_headers
from engine.frame_io.exr_lossless import deliverable
from engine.image import Box, Image, Part

COMPRESSIONS = [name for name in Compression.__members__ if not name.startswith("NUM_")]
LOSSY = ("B44", "B44A", "DWAA", "DWAB", "LJ2K")
WIDE = Box(-7, -11, 29, 61)
"""73 rows: whole and cut blocks of every height but 256."""


def planes(window, dtype, names="RGB", seed=0):
    """Return channels that every codec packs well, and not exactly alike."""
    y, x = np.mgrid[: window.height, : window.width]
    noise = np.random.default_rng(seed).normal(0, 0.004, (len(names), *y.shape))
    waves = [0.5 + 0.25 * np.sin(x / 9 + y / 30 + i) + n for i, n in enumerate(noise)]
    scale = 2**20 if dtype == np.uint32 else 1
    return {name: (wave * scale).astype(dtype) for name, wave in zip(names, waves, strict=True)}


def plate_of(compression, dtype=np.float16, window=WIDE, *, multipart=False, order=None, **more):
    """Return an image as read from a file, of one part or of three with the beauty second."""
    attributes = {
        "compression": getattr(Compression, compression),
        "lineOrder": OpenEXR.INCREASING_Y if order is None else order,
        "owner": "the plate's",
        "an attribute with a name of more than thirty-one bytes": 3,
        **more,
    }
    kind, other = (np.float16, dtype) if dtype == np.uint32 else (dtype, np.float32)
    beauty = {**planes(window, kind), **planes(window, other, "ZA", 1)}
    parts = [Part(beauty, window, attributes)]
    if multipart:
        small = Box(3, 3, 20, 45)
        other = {**attributes, "name": "first"}
        parts = [
            Part(planes(small, np.uint32, ("id",)), small, other),
            Part(beauty, window, {**attributes, "name": "beauty"}),
            Part(planes(window, np.float16, "UV"), window, {**attributes, "name": "last"}),
        ]
    return read_image(encode_image(Image(tuple(parts), Box(0, 0, 25, 40))))


def tall(compression):
    """Return a window that holds more than one block, the last one not whole."""
    names = ("DWAB", "HTJ2K256", "LJ2K")
    return Box(-3, -5, 12, 530) if compression.removesuffix("_COMPRESSION") in names else WIDE


def touched(plate, rows, *, columns=slice(2, 5), **attributes):
    """Return the plate with other samples of G in some rows, counted from the first."""
    samples = plate.beauty.channels["G"].copy()
    for row in rows:
        with np.errstate(all="ignore"):  # a spoilt file may hold any number
            samples[row, columns] = samples[row, columns] * 3 // 2 + 1
    return plate.with_beauty({"G": samples}, {"faceplate/status": "restored", **attributes})


def whole(image):
    """Return the file that is written where nothing is copied."""
    return encode_image(deliverable(image)[0])


def joined(*files):
    """Return a file of several parts made of files of one part, whatever their kinds."""
    headers, chunks = [], []
    shared = next(one for one in read_headers(files[0])[1][0] if one.name == b"displayWindow")
    for number, data in enumerate(files):
        flags, (header,), position = read_headers(data)
        kind = kind_of(header, flags)
        leader, stops = LEADERS[kind], []
        first = len(data)
        while position < first:
            (start,) = struct.unpack_from("<Q", data, position)
            position, first = position + 8, min(first, start)
            stops.append((start, start + leader.size + sum(leader.unpack_from(data, start))))
        chunks.append([struct.pack("<I", number) + data[slice(*stop)] for stop in stops])
        extra = {b"name": (b"string", b"part%d" % number), b"type": (b"string", kind)}
        extra[shared.name] = shared.type, shared.value
        extra[b"chunkCount"] = (b"int", struct.pack("<i", len(stops)))
        held = {name: (of, value) for name, of, value in header} | extra
        written = [
            name + b"\0" + of + b"\0" + struct.pack("<I", len(value)) + value
            for name, (of, value) in sorted(held.items())
        ]
        headers.append(b"".join(written) + b"\0")
    deep = 0x800 if any(b"deep" in header for header in headers) else 0
    head = MAGIC + struct.pack("<I", 2 | MULTIPART | LONG_NAMES | deep) + b"".join(headers) + b"\0"
    at = len(head) + 8 * sum(map(len, chunks))
    table = b""
    for chunk in (chunk for part in chunks for chunk in part):
        table += struct.pack("<Q", at)
        at += len(chunk)
    return head + table + b"".join(chunk for part in chunks for chunk in part)


def scanlines(compression="ZIP_COMPRESSION", window=WIDE):
    """Return a file of one part of scanlines."""
    return plate_of(compression, window=window).file


def mipmapped(path, names="RGB"):
    """Return a tiled file with all its levels."""
    spec = OpenImageIO.ImageSpec(64, 48, len(names), "half")
    spec.channelnames = tuple(names)
    buffer = OpenImageIO.ImageBuf(spec)
    OpenImageIO.ImageBufAlgo.fill(buffer, (0.25, 0.5, 0.75)[: len(names)])
    spec = OpenImageIO.ImageSpec()
    assert OpenImageIO.ImageBufAlgo.make_texture(OpenImageIO.MakeTxTexture, buffer, str(path), spec)
    return path.read_bytes()


def deep(path):
    """Return a deep file of scanlines."""
    spec = OpenImageIO.ImageSpec(6, 5, 1, "float")
    spec.deep, spec.channelnames = True, ("Z",)
    held = OpenImageIO.DeepData()
    held.init(spec)
    for pixel in range(30):
        held.set_samples(pixel, pixel % 3)
        for sample in range(pixel % 3):
            held.set_deep_value(pixel, 0, sample, pixel + sample * 0.5)
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec)
    assert out.write_deep_image(held)
    assert out.close()
    return path.read_bytes()


def subsampled(names="MN"):
    """Return a file whose last channel holds every second column and row; names ascend."""
    box = Box(0, 0, 19, 19)
    full = planes(box, np.float16, names)
    plain = {"compression": Compression.NO_COMPRESSION}
    flags, (header,), _ = read_headers(encode_image(Image((Part(full, box, plain),), box)))
    held = {one.name: one for one in header}
    listed = held[b"channels"]
    sampled = listed.value[:-9] + struct.pack("<ii", 2, 2) + b"\0"
    held[b"channels"] = listed._replace(value=sampled)
    written = [
        name + b"\0" + of + b"\0" + struct.pack("<I", len(value)) + value
        for name, of, value in held.values()
    ]
    head = MAGIC + struct.pack("<I", flags) + b"".join(written) + b"\0"
    rows = [
        b"".join(
            samples[y, :: 2 if name == names[-1] else 1].tobytes()
            for name, samples in full.items()
            if name != names[-1] or y % 2 == 0
        )
        for y in range(20)
    ]
    chunks = [struct.pack("<ii", y, len(row)) + row for y, row in enumerate(rows)]
    at, table = len(head) + 8 * len(chunks), b""
    for chunk in chunks:
        table += struct.pack("<Q", at)
        at += len(chunk)
    return head + table + b"".join(chunks)
