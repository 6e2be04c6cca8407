"""EXR plates of every kind that a facility has, each with what its delivery keeps.

Rules of this file:
    - A row is made of bytes that the engine did not write where the wheel cannot: levels, opaque
      attributes, subsampled channels, parts of different kinds.
    - `ROWS` is also the table in docs/plates.md; see `table`.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import OpenEXR
import OpenImageIO
from OpenEXR import Compression

from engine.frame_io.exr import encode_image
from engine.frame_io.exr_layout import (
    LEADERS,
    LONG_NAMES,
    MAGIC,
    Attribute,
    kind_of,
    read_headers,
    write_header,
)
from engine.image import Box, Image, Part
from tests.engine.frame_io.plates import COMPRESSIONS, joined

LOSSY = ("B44", "B44A", "DWAA", "DWAB", "LJ2K")
WINDOW = Box(-5, 3, 17, 43)
"""23 columns and 41 rows: blocks and tiles that are cut at every edge."""
DISPLAY = Box(0, 0, 19, 39)
ONE, MIPMAP, RIPMAP = 0, 1, 2
SAMPLES = ("half", "float", "half, float and uint32")
TILE = 8
Variants = Iterator[tuple[str, bytes]]


@dataclass(frozen=True)
class Row:
    """One line of the matrix.

    Attributes:
        plate: What the plates are, for the table.
        make: Gives each plate's name and bytes.
        kept: How they come out, for the table.
        notes: What the receipt of a restored frame says, where something is not kept.
        lost: Attributes of the beauty that are others, or gone.
        layered: Whether a layer is added.
        refused: What the error says, where such a plate is refused.
    """

    plate: str
    make: Callable[[], Variants]
    kept: str = "the plate's"
    notes: tuple[str, ...] = ()
    lost: frozenset[str] = frozenset()
    layered: bool = False
    refused: str = ""


def table() -> list[str]:
    """Return the lines of the table in docs/plates.md."""
    lines = ["| plate | delivered |", "|---|---|"]
    for row in ROWS:
        if row.refused:
            outcome = f"refused: *{row.refused}*"
        else:
            outcome = row.kept + "".join(f"; *{note}*" for note in row.notes)
        lines.append(f"| {row.plate} | {outcome} |")
    return lines


# samples


def bits(shape, dtype, seed=0):
    """Return samples of every bit pattern: denormals, infinities, NaN and their payloads."""
    kind = np.dtype(dtype)
    words = np.random.default_rng(seed).integers(0, 256, (*shape, kind.itemsize), np.uint8)
    return words.view(kind)[..., 0]


def smooth(shape, dtype, seed=0):
    """Return finite samples, which lossy codecs pack too."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    noise = np.random.default_rng(seed).normal(0, 0.004, shape)
    wave = 0.5 + 0.25 * np.sin(x / 9 + y / 30 + seed) + noise
    return (wave * (2**20 if np.dtype(dtype).kind == "u" else 1)).astype(dtype)


def channels(window, samples="half", names="RGBA"):
    """Return channels of a window: R, G, B and A smooth, others of all bit patterns."""
    shape = window.height, window.width
    dtype = np.float32 if samples == "float" else np.float16
    made = {name: smooth(shape, dtype, seed) for seed, name in enumerate(names)}
    if samples == SAMPLES[2]:
        made |= {"Z": bits(shape, np.float32, 7), "id": bits(shape, np.uint32, 8)}
    return made


def part_of(window=WINDOW, samples="half", **attributes):
    """Return a part; ZIP compressed unless an attribute says otherwise."""
    named = {"compression": Compression.ZIP_COMPRESSION, "owner": "the plate's", **attributes}
    return Part(channels(window, samples), window, named)


def file_of(*parts, display=DISPLAY):
    """Return the file of some parts."""
    return encode_image(Image(parts, display))


def tiles():
    """Return what makes a part tiled, of one level."""
    made = OpenEXR.TileDescription()
    made.xSize = made.ySize = TILE
    return {"type": OpenEXR.tiledimage, "tiles": made}


# files that the wheel does not write


def chunks_of(data):
    """Return the chunks of a file of one part, in the order of its table, leaders included."""
    flags, (header,), position = read_headers(data)
    leader = LEADERS[kind_of(header, flags)]
    starts, first = [], len(data)
    while position < first:
        (start,) = struct.unpack_from("<Q", data, position)
        position, first = position + 8, min(first, start)
        starts.append(start)
    return [data[s : s + leader.size + sum(leader.unpack_from(data, s))] for s in starts]


def written(flags, attributes, chunks, order=None):
    """Return a file of one part; its chunks lie in some order, else as they are given."""
    if any(len(name) > 31 or len(kind) > 31 for name, kind, _ in attributes):
        flags |= LONG_NAMES
    head = MAGIC + struct.pack("<I", flags) + write_header(attributes)
    at = len(head) + 8 * len(chunks)
    table = [0] * len(chunks)
    order = range(len(chunks)) if order is None else order
    for index in order:
        table[index] = at
        at += len(chunks[index])
    lying = b"".join(chunks[index] for index in order)
    return head + struct.pack(f"<{len(table)}Q", *table) + lying


def with_attributes(data, added):
    """Return a file of one part with attributes in the order of `added`, before its own."""
    flags, (header,), _ = read_headers(data)
    made = [Attribute(name, kind, value) for name, (kind, value) in added.items()]
    kept = [one for one in header if one.name not in added]
    return written(flags, made + kept, chunks_of(data))


def levelled(mode, up, compression, samples, *, names="RGBA"):
    """Return a tiled file with levels, which no library here writes with every compression.

    A tile's packed bytes do not say where it lies, so each level is made as a file of one level.
    """
    window = Box(-5, 3, 6, 16)
    xs, ys = halved(window.width, up), halved(window.height, up)
    count = max(len(xs), len(ys))
    if mode == ONE:
        levels = [(0, 0)]
    elif mode == MIPMAP:
        levels = [(level, level) for level in range(count)]
    else:
        levels = list(product(range(len(xs)), range(len(ys))))
        levels.sort(key=lambda level: level[::-1])
    files = {}
    for x, y in levels:
        width, height = xs[min(x, len(xs) - 1)], ys[min(y, len(ys) - 1)]
        box = Box(window.left, window.top, window.left + width - 1, window.top + height - 1)
        part = part_of(box, samples, compression=compression, **tiles())
        files[x, y] = file_of(replace(part, channels=channels(box, samples, names)))
    flags, (header,), _ = read_headers(files[0, 0])
    described = struct.pack("<IIB", TILE, TILE, mode + 16 * up)
    header = [a._replace(value=described) if a.name == b"tiles" else a for a in header]
    chunks = [
        chunk[:8] + struct.pack("<ii", x, y) + chunk[16:]
        for (x, y), data in files.items()
        for chunk in chunks_of(data)
    ]
    return written(flags, header, chunks)


def halved(size, up):
    """Return the sizes of the levels along one axis."""
    sizes = [size]
    while sizes[-1] > 1:
        sizes.append((sizes[-1] + up) // 2)
    return sizes


def sampled(names, coarse):
    """Return an uncompressed file in which some channels hold every second column and row."""
    box = Box(0, 0, 19, 19)
    full = {name: smooth((20, 20), np.float16, seed) for seed, name in enumerate(sorted(names))}
    plain = {"compression": Compression.NO_COMPRESSION}
    flags, (header,), _ = read_headers(file_of(Part(full, box, plain), display=box))
    listed = b"".join(
        name.encode() + b"\0" + struct.pack("<i4xii", 1, *((2, 2) if name in coarse else (1, 1)))
        for name in full
    )
    header = [a._replace(value=listed + b"\0") if a.name == b"channels" else a for a in header]
    lines = [
        b"".join(
            samples[y, :: 2 if name in coarse else 1].tobytes()
            for name, samples in full.items()
            if name not in coarse or y % 2 == 0
        )
        for y in range(20)
    ]
    return written(flags, header, [struct.pack("<ii", y, len(s)) + s for y, s in enumerate(lines)])


def deep(*, tiled=False, names="RGBAZ"):
    """Return a deep file, of scanlines or of tiles."""
    spec = OpenImageIO.ImageSpec(6, 5, len(names), "float")
    spec.deep, spec.channelnames = True, tuple(names)
    if tiled:
        spec.tile_width = spec.tile_height = 4
    held = OpenImageIO.DeepData()
    held.init(spec)
    for pixel in range(30):
        held.set_samples(pixel, pixel % 3)
        for sample, channel in product(range(pixel % 3), range(len(names))):
            held.set_deep_value(pixel, channel, sample, pixel + sample * 0.5 + channel)
    return by_openimageio((spec, held))


def by_openimageio(*parts):
    """Return the file that OpenImageIO writes: of each part a spec, and deep data or samples."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "made.exr")
        out = OpenImageIO.ImageOutput.create(path)
        specs = [spec for spec, _ in parts]
        assert out.open(path, specs if len(specs) > 1 else specs[0]), out.geterror()
        for number, (spec, held) in enumerate(parts):
            if number:
                assert out.open(path, spec, "AppendSubimage"), out.geterror()
            assert out.write_deep_image(held) if spec.deep else out.write_image(held)
        assert out.close()
        return Path(path).read_bytes()


# the plates of each row


def every(mode, *, lossy):
    """Give plates in every compression that is lossy, or is not, and every type of samples."""

    def make():
        for name, samples in product(COMPRESSIONS, SAMPLES):
            if is_lossy(name, samples) != lossy:
                continue
            compression = getattr(Compression, name)
            if mode is None:
                window = tall(name)
                data = file_of(part_of(window, samples, compression=compression))
                yield f"{name} {samples}", data
                continue
            up = int(mode != ONE and samples == "float")
            yield f"{name} {samples}", levelled(mode, up, compression, samples)

    return make


def is_lossy(name, samples):
    """Whether a compression changes samples; PXR24 does that to floats."""
    name = name.removesuffix("_COMPRESSION")
    return name in LOSSY or (name == "PXR24" and samples != "half")


def tall(name):
    """Return a window that holds several blocks."""
    high = name.removesuffix("_COMPRESSION") in {"DWAB", "HTJ2K256", "LJ2K"}
    return Box(-5, 3, 6, 530) if high else WINDOW


def windows():
    near = {"negative": WINDOW, "smaller": Box(4, 5, 12, 11), "larger": Box(-9, -7, 30, 50)}
    far = {"disjoint": Box(100, 80, 122, 99), "disjoint, negative": Box(-300, -200, -280, -170)}
    for name, window in {**near, **far, "overscan": Box(-350, -120, 390, 160)}.items():
        yield name, file_of(part_of(window))
        yield f"{name}, tiled", file_of(part_of(window, **tiles()))


def sizes():
    for width, height in ((1, 1), (1, 7), (7, 1), (3, 33), (255, 2)):
        box = Box(0, 0, width - 1, height - 1)
        yield f"{width}x{height}", file_of(part_of(box), display=box)
        yield f"{width}x{height}, tiled", file_of(part_of(box, **tiles()), display=box)


def orders():
    for order in (OpenEXR.INCREASING_Y, OpenEXR.DECREASING_Y):
        yield f"scanlines {order}", file_of(part_of(lineOrder=order))
    for order in (OpenEXR.INCREASING_Y, OpenEXR.DECREASING_Y, OpenEXR.RANDOM_Y):
        yield f"tiles {order}", file_of(part_of(lineOrder=order, **tiles()))
    flags, (header,), _ = read_headers(data := file_of(part_of(**tiles())))
    header = [a._replace(value=b"\2") if a.name == b"lineOrder" else a for a in header]
    chunks = chunks_of(data)
    shuffled = written(flags, header, chunks, np.random.default_rng(1).permutation(len(chunks)))
    yield "tiles that lie in no order", shuffled


def parts(first, **beauty):
    """Give files of several parts, the beauty at some place, each with its own compression."""

    def make():
        ids = {"id": bits((29, 8), np.uint32), "mask": bits((29, 8), np.float16)}
        vectors = {"U": smooth((71, 54), np.float16), "V": smooth((71, 54), np.float32)}
        piz = {"compression": Compression.PIZ_COMPRESSION}
        dwaa = {"compression": Compression.DWAA_COMPRESSION, "view": "right"}
        others = [
            ("ids", Part(ids, Box(2, 2, 9, 30), piz)),
            ("vectors", Part(vectors, Box(-20, -10, 33, 60), dwaa)),
        ]
        for compression in ("ZIP", "NO"):
            kind = getattr(Compression, f"{compression}_COMPRESSION")
            made = part_of(compression=kind, view="left", **beauty)
            order = [*others[:first], ("beauty", made), *others[first:]]
            scanlines = {"type": OpenEXR.scanlineimage}
            yield (
                compression,
                file_of(
                    *(
                        replace(part, attributes={**scanlines, **part.attributes, "name": name})
                        for name, part in order
                    )
                ),
            )

    return make


def cryptomatte():
    window = WINDOW
    ranks = {
        f"CryptoObject0{rank}.{name}": bits((41, 23), np.float32, seed)
        for seed, (rank, name) in enumerate(product(range(3), "RGBA"))
    }
    said = {
        "cryptomatte/7f6b1e1/name": "CryptoObject",
        "cryptomatte/7f6b1e1/hash": "MurmurHash3_32",
        "cryptomatte/7f6b1e1/conversion": "uint32_to_float32",
        "cryptomatte/7f6b1e1/manifest": '{"hero_GEO":"3c6ef372","Ünter":"80000000"}',
    }
    for name in ("NO", "ZIPS", "ZIP", "PIZ"):
        plain = part_of(compression=getattr(Compression, f"{name}_COMPRESSION"), **said)
        ids = {"ids.matId": bits((41, 23), np.uint32, 99)}
        yield name, file_of(replace(plain, channels={**plain.channels, **ranks, **ids}))
        beauty, mattes = replace(plain), Part(ranks | ids, window, dict(plain.attributes))
        named = [
            replace(part, attributes={**part.attributes, "type": OpenEXR.scanlineimage, "name": n})
            for part, n in ((mattes, "crypto"), (beauty, "rgba"))
        ]
        yield f"{name}, a part of their own", file_of(*named)


def not_finite():
    """Give plates in which every channel holds every kind of number, away from the face."""
    for dtype in (np.float16, np.float32):
        made = {name: bits((41, 23), dtype, seed) for seed, name in enumerate("RGBAZ")}
        for samples in made.values():
            samples[-8:] = 0.25
        compressed = {"compression": Compression.ZIPS_COMPRESSION}
        yield np.dtype(dtype).name, file_of(Part(made, WINDOW, compressed))
        yield f"{np.dtype(dtype).name}, tiled", file_of(Part(made, WINDOW, compressed | tiles()))


def beside():
    """Give files in which parts of other kinds lie beside a flat beauty."""
    flat = file_of(part_of())
    tiled = file_of(part_of(**tiles()))
    mips = levelled(MIPMAP, 1, Compression.ZIP_COMPRESSION, "half", names="TUV")
    lines = with_attributes(deep(), {b"deepImageState": (b"deepImageState", b"\2")})
    blocks = deep(tiled=True)
    luma = sampled(["RY", "BY", "Y"], ("RY", "BY"))
    yield "deep scanlines after it", joined(flat, lines)
    yield "deep tiles before it", joined(blocks, flat)
    yield "deep, mipmaps, subsampled", joined(mips, flat, lines, blocks, luma)
    yield "tiles beside the same", joined(lines, tiled, mips, luma)


def foreign():
    """Give files that OpenImageIO wrote, whose headers are its own."""

    def made(name, *, tiled=False, kind="half", window=WINDOW):
        spec = OpenImageIO.ImageSpec(window.width, window.height, 4, kind)
        spec.x, spec.y, spec.full_width, spec.full_height = window.left, window.top, 20, 40
        if tiled:
            spec.tile_width, spec.tile_height = 16, 8
        for key, value in (("Artist", "José"), ("oiio:subimagename", name), ("compression", "zip")):
            spec.attribute(key, value)
        spec.attribute("FramesPerSecond", "rational", (24000, 1001))
        spec.attribute("worldtocamera", "matrix", tuple(map(float, range(16))))
        if name == "ids":
            spec.channelnames = ("id0.R", "id0.G", "id0.B", "id0.A")
        samples = [smooth((window.height, window.width), np.float32, seed) for seed in range(4)]
        return spec, np.stack(samples, axis=2)

    yield "scanlines", by_openimageio(made("a"))
    yield "tiles", by_openimageio(made("a", tiled=True, kind="float"))
    small = made("ids", kind="float", window=Box(1, 1, 9, 5))
    yield "beauty first", by_openimageio(made("rgba"), small)
    yield "beauty last", by_openimageio(small, made("rgba", kind="float"))


def holding(**attributes):
    """Give plates of several layouts that hold attributes: each a type and its bytes."""

    def make():
        held = {name.encode(): value for name, value in attributes.items()}
        lossy = part_of(compression=Compression.DWAA_COMPRESSION)
        yield "scanlines", with_attributes(file_of(part_of()), held)
        yield "lossy", with_attributes(file_of(lossy), held)
        yield "tiles", with_attributes(file_of(part_of(**tiles())), held)

    return make


def numbers(form, *values):
    return struct.pack(f"<{len(values)}{form}", *values)


def texts(*values):
    return b"".join(struct.pack("<i", len(text)) + text for text in values)


RATES = {
    "framesPerSecond": (b"rational", numbers("i", 24000, 1001)),
    "captureRate": (b"rational", numbers("i", 48000, 2002)),
    "unset": (b"rational", numbers("i", 24, 0)),
    "timeCode": (b"timecode", numbers("I", 0x41025304, 0x12345678)),
    "keyCode": (b"keycode", numbers("i", 1, 2, 3, 4, 5, 4, 64)),
}
COLOURS = {
    "chromaticities": (b"chromaticities", numbers("f", 0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3, 0.3)),
    "colorInteropID": (b"string", b"lin_rec709_scene"),
    "whiteLuminance": (b"float", numbers("f", 100)),
    "adoptedNeutral": (b"v2f", numbers("f", 0.3127, 0.329)),
}
NUMBERS = {
    "anInt": (b"int", numbers("i", -7)),
    "aFloat": (b"float", numbers("f", 0.1)),
    "aNaN": (b"float", numbers("I", 0x7FC12345)),
    "aDouble": (b"double", numbers("d", 0.1)),
    **{
        f"vector{count}{form}": (b"v%d%s" % (count, form.encode()), numbers(form, *range(count)))
        for count, form in product((2, 3), "ifd")
    },
    **{
        f"matrix{side}{form}": (
            b"m%d%d%s" % (side, side, form.encode()),
            numbers(form, *range(side * side)),
        )
        for side, form in product((3, 4), "fd")
    },
    "boxOfInts": (b"box2i", numbers("i", -1, -2, 3, 4)),
    "boxOfFloats": (b"box2f", numbers("f", -1, -2, 3, 4.5)),
    "floats": (b"floatvector", numbers("f", 0.1, 0.2, 3)),
    "noFloats": (b"floatvector", b""),
    "envmap": (b"envmap", b"\1"),
    "xDensity": (b"float", numbers("f", 72)),
}
TEXTS = {
    "owner": (b"string", "José 撮影 🎬".encode()),
    "comments": (b"string", b""),
    "latin1": (b"string", b"Jos\xe9"),
    "withNul": (b"string", b"a\0b"),
    "views": (b"stringvector", texts(b"left", b"", "rechts ü".encode(), b"x" * 300)),
    "noViews": (b"stringvector", b""),
    "latin1Views": (b"stringvector", texts(b"gauche", b"\xe9")),
}
OPAQUE = {
    "preview": (b"preview", struct.pack("<II", 3, 2) + bytes(range(24))),
    "studioThing": (b"studio thing", b"\0\1\xff" * 5),
    "typed": (b"a type with a name of more than thirty-one bytes", b"xy"),
    "bytes": (b"bytes", struct.pack("<I", 3) + b"abc" + b"\0\1\xff"),
    "state": (b"deepImageState", b"\1"),
    "otherChannels": (b"chlist", b"R\0" + struct.pack("<i4xii", 1, 1, 1) + b"\0"),
    "n" * 255: (b"int", numbers("i", 7)),
    "a name of more than thirty-one bytes": (b"string", b"kept"),
    "ümlaut": (b"string", b"kept"),
}


def containers():
    aces = {b"acesImageContainerFlag": (b"int", numbers("i", 1))}
    plain = replace(part_of(), channels=channels(WINDOW, names="RGB"))
    yield "scanlines", with_attributes(file_of(plain), aces)


def whole_numbers():
    made = {name: bits((41, 23), np.uint32) for name in "RGB"}
    return file_of(Part(made, WINDOW, {"compression": Compression.ZIP_COMPRESSION}))


def both(*makes):
    """Give the plates of several makers."""
    return lambda: (plate for make in makes for plate in make())


def refusing(make):
    return lambda: iter([("", make())])


def listed(names):
    return ", ".join(name.removesuffix("_COMPRESSION") for name in names)


_PXR24 = "PXR24 of half", "PXR24 of float"
_LOSSLESS_NAMES = listed([n for n in COMPRESSIONS if not is_lossy(n, "float")] + [_PXR24[0]])
_LOSSY_NAMES = listed([n for n in COMPRESSIONS if is_lossy(n, "half")] + [_PXR24[1]])
_BLOCKS = "blocks are copied; those that changed are stored uncompressed to keep untouched pixels."
_ZIP = "compression is lossy; delivered with ZIP to keep untouched pixels."
_LEVELS = "The plate's smaller levels are left out: they would show the frame unrestored."
_NO_ACES = "acesImageContainerFlag is left out: beside half R, G, B and A nothing is allowed."
_TILES = frozenset({"tiles"})
_SAME = "blocks without a change are the plate's"
_TYPES = "half, float, and uint32 beside them"

ROWS = (
    Row(f"scanlines; {_LOSSLESS_NAMES}; {_TYPES}", every(None, lossy=False), _SAME),
    Row(f"scanlines; {_LOSSY_NAMES}", every(None, lossy=True), _SAME, (_BLOCKS,)),
    Row(f"tiles, one level; {_LOSSLESS_NAMES}; {_TYPES}", every(ONE, lossy=False), "tiles"),
    Row(f"tiles, one level; {_LOSSY_NAMES}", every(ONE, lossy=True), "tiles in ZIP", (_ZIP,)),
    *(
        row
        for mode, name in ((MIPMAP, "mipmaps"), (RIPMAP, "ripmaps"))
        for row in (
            Row(
                f"tiles, {name}, sizes rounded down or up; lossless as above",
                every(mode, lossy=False),
                "tiles of one level",
                (_LEVELS,),
                _TILES,
            ),
            Row(
                f"tiles, {name}; lossy as above",
                every(mode, lossy=True),
                "tiles of one level in ZIP",
                (_ZIP, _LEVELS),
                _TILES,
            ),
        )
    ),
    Row("lines decreasing; tiles increasing, decreasing, in random order", orders, "that order"),
    Row(
        "data window negative, smaller and larger than the display window, apart from it, with "
        "overscan of 350 pixels",
        windows,
        "that window",
    ),
    Row("written by OpenImageIO: scanlines, tiles, several parts", foreign, "the same layout"),
    Row("1x1, 1x7, 7x1, 3x33 and 255x2 pixels", sizes, "those pixels"),
    Row("NaN, infinities, denormals away from faces, in any channel", not_finite, "every bit"),
    Row("several parts, the beauty first", parts(0), "other parts byte for byte"),
    Row("several parts, the beauty second or last", both(parts(1), parts(2)), "the same"),
    Row("several parts, the beauty tiled", parts(1, **tiles()), "the same"),
    Row("cryptomatte: floats, uint32, manifest; a part of their own", cryptomatte, "every bit"),
    Row("deep, mipmapped and subsampled parts beside the beauty", beside, "those byte for byte"),
    Row(
        "`framesPerSecond` 24000/1001, rationals unset or not in lowest terms, `timeCode`, "
        "`keyCode`",
        holding(**RATES),
        "byte for byte",
    ),
    Row(
        "`chromaticities`, `colorInteropID`, `whiteLuminance`, `adoptedNeutral`",
        holding(**COLOURS),
        "byte for byte",
    ),
    Row(
        "numbers, vectors, matrices and boxes of every type, empty ones too",
        holding(**NUMBERS),
        "byte for byte",
    ),
    Row(
        "`owner`, `comments`, texts, vectors of texts; UTF-8 or not, empty, with NUL",
        holding(**TEXTS),
        "byte for byte",
    ),
    Row(
        "`preview` (not drawn anew), `deepImageState`, types of a studio's own, long names",
        holding(**OPAQUE),
        "byte for byte",
    ),
    Row("`acesImageContainerFlag`", containers, "kept while no layer is added"),
    Row(
        "`acesImageContainerFlag`, and `--layers matte`",
        containers,
        "`colorInteropID = lin_ap0_scene` says what the flag said",
        (_NO_ACES,),
        frozenset({"acesImageContainerFlag", "colorInteropID"}),
        layered=True,
    ),
    Row("deep alone", refusing(deep), refused="it holds deep A, B, G, R, Z"),
    Row(
        "luminance and chroma (Y, RY, BY)",
        refusing(lambda: sampled(["RY", "BY", "Y"], ("RY", "BY"))),
        refused="it holds BY subsampled, RY subsampled, Y",
    ),
    Row(
        "R, G or B subsampled",
        refusing(lambda: sampled("RGB", ("R", "B"))),
        refused="it holds B subsampled, G, R subsampled",
    ),
    Row(
        "another channel of the beauty's part subsampled",
        refusing(lambda: sampled("RGBX", ("X",))),
        refused="channel X is subsampled, which cannot be written",
    ),
    Row(
        "R, G and B of whole numbers",
        refusing(whole_numbers),
        refused="it holds B of whole numbers, G of whole numbers, R of whole numbers",
    ),
)
