"""Small sound files of every kind that a plate may be of, by name; made anew each time."""

from __future__ import annotations

import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import OpenImageIO

from tests.engine.frame_io.plates import (
    COMPRESSIONS,
    deep,
    joined,
    mipmapped,
    plate_of,
    scanlines,
    subsampled,
)

_PIXELS = np.random.default_rng(0).uniform(0, 1, (48, 64, 3))


@cache
def exr_files() -> dict[str, bytes]:
    """Return EXR files of every compression and layout."""
    files = {f"{name.lower()}.exr": plate_of(name).file for name in COMPRESSIONS}
    files["several.exr"] = plate_of("PIZ_COMPRESSION", multipart=True).file
    files["several_zip.exr"] = plate_of("ZIP_COMPRESSION", multipart=True).file
    with tempfile.TemporaryDirectory() as folder:
        tiled, lists = mipmapped(Path(folder) / "a.exr"), deep(Path(folder) / "b.exr")
    files |= {"tiled.exr": tiled, "deep.exr": lists}
    files["mixed.exr"] = joined(scanlines(), tiled, lists, subsampled())
    return files


@cache
def pictures() -> dict[str, bytes]:
    """Return DPX, TIFF and PNG files."""
    codes = (_PIXELS * 65535).astype(np.uint16)
    made = {
        "a8.png": ((_PIXELS * 255).astype(np.uint8), {}),
        "a16.png": (codes, {}),
        "a10.dpx": (codes, {"oiio:BitsPerSample": 10}),
        "a16.dpx": (codes, {}),
        "float.tif": (_PIXELS.astype(np.float32), {}),
        "tiled.tif": (codes, {"tile": 16}),
    }
    for name in ("none", "lzw", "zip", "packbits"):
        made[f"{name}.tif"] = codes, {"compression": name}
    return {name: _picture(name, pixels, how) for name, (pixels, how) in made.items()}


def _picture(name, pixels, how):
    spec = OpenImageIO.ImageSpec(pixels.shape[1], pixels.shape[0], 3, pixels.dtype.name)
    for key, value in how.items():
        if key == "tile":
            spec.tile_width = spec.tile_height = value
        else:
            spec.attribute(key, value)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        out = OpenImageIO.ImageOutput.create(str(path))
        assert out.open(str(path), spec), out.geterror()
        assert out.write_image(pixels), out.geterror()
        out.close()
        return path.read_bytes()


@cache
def movies() -> dict[str, bytes]:
    """Return a movie of every codec; none without PyAV."""
    if find_spec("av") is None:
        return {}
    from tests.engine.movies import KINDS, write_movie  # noqa: PLC0415 - an extra

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(write_movie(Path(folder) / name, 6)) for name in KINDS]
        return {path.name: path.read_bytes() for path in paths}


KINDS = {"exr": exr_files, "pictures": pictures, "movies": movies}
