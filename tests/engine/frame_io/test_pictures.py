from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest
from PIL import Image as Picture
from PIL import ImageOps
from PIL.PngImagePlugin import PngInfo

from engine.frame_io.pictures import as_samples, read_picture_file, upright
from engine.image import Box
from plugin_host.errors import FrameCorrupt, FrameUnsupported

RANDOM = np.random.default_rng(5)


def write(path, pixels, form, **attributes):
    """Write a picture through OpenImageIO; a name's `__` stands for `:`."""
    height, width, count = pixels.shape
    spec = OpenImageIO.ImageSpec(width, height, count, form)
    tile = attributes.pop("tile", 0)
    spec.tile_width = spec.tile_height = tile
    for name, value in attributes.items():
        if isinstance(value, tuple):
            spec.attribute(name.replace("__", ":"), OpenImageIO.TypeDesc(value[0]), value[1])
        else:
            spec.attribute(name.replace("__", ":"), value)
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(pixels), out.geterror()
    out.close()
    return str(path)


def read(path):
    return read_picture_file(str(path), Path(path).read_bytes()).beauty


def codes(bits, channels=3):
    """Return every code of so many bits in every channel, shuffled: ``(64, W, channels)``."""
    every = np.arange(2 ** min(bits, 12)) << max(0, bits - 12)
    planes = [RANDOM.permutation(every).reshape(min(64, len(every) // 4), -1)] * channels
    return np.stack([np.roll(p, i, axis=1) for i, p in enumerate(planes)], 2).astype(np.uint16)


def widened(codes, bits):
    """Return the codes as 16 bits, the upper ones repeated below."""
    return codes << (16 - bits) | codes >> max(0, 2 * bits - 16)


def found_codes(part, bits):
    """Return the codes that the samples stand for, ``(H, W, C)``."""
    planes = np.stack(list(part.channels.values()), 2)
    return np.rint(planes.astype(np.float64) * (2**bits - 1)).astype(np.uint16)


@pytest.mark.parametrize(
    ("name", "bits"),
    [("a.dpx", 10), ("a.dpx", 12), ("a.dpx", 16), ("a.tif", 10), ("a.tif", 12), ("a.tif", 16)],
)
def test_when_codes_have_many_bits_then_each_is_told_from_each(tmp_path, name, bits):
    made = codes(bits)
    part = read(write(tmp_path / name, widened(made, bits), "uint16", oiio__BitsPerSample=bits))
    np.testing.assert_array_equal(found_codes(part, bits), made)
    dtype = np.float16 if bits == 10 else np.float32
    assert {name: samples.dtype for name, samples in part.channels.items()} == dict.fromkeys(
        "RGB", dtype
    )
    value = np.float32(made[3, 2, 0]) / np.float32(2**bits - 1)
    assert part.channels["R"][3, 2] == dtype(value)
    assert part.data_window == Box(0, 0, made.shape[1] - 1, made.shape[0] - 1)


@pytest.mark.parametrize("name", ["a.dpx", "a.tif", "a.png"])
def test_when_codes_have_eight_bits_then_they_are_halves(tmp_path, name):
    made = codes(8).astype(np.uint8)
    part = read(write(tmp_path / name, made, "uint8"))
    np.testing.assert_array_equal(found_codes(part, 8), made)
    assert part.channels["B"].dtype == np.float16


@pytest.mark.parametrize("bits", [8, 10])
def test_when_half_holds_codes_then_no_two_are_alike(bits):
    every = np.arange(2**bits, dtype=np.uint16)
    assert len(np.unique(as_samples(every, bits))) == 2**bits
    assert as_samples(every, bits)[-1] == 1


@pytest.mark.parametrize("fields", [{}, {"tile": 16}, {"planarconfig": "separate"}])
@pytest.mark.parametrize("compression", ["none", "zip", "lzw"])
def test_when_a_tiff_is_laid_out_in_any_way_then_its_floats_keep_their_bits(
    tmp_path, fields, compression
):
    made = RANDOM.normal(0, 4, (40, 33, 3)).astype(np.float32)
    made[0, 0] = (np.inf, -0.0, 70000)
    part = read(write(tmp_path / "a.tiff", made, "float", compression=compression, **fields))
    for i, name in enumerate("RGB"):
        assert part.channels[name].tobytes() == made[:, :, i].tobytes()


@pytest.mark.parametrize(
    ("name", "form", "straight"),
    [("a.png", "uint16", True), ("a.tif", "uint16", True), ("a.tif", "uint16", False)],
)
def test_when_there_is_alpha_then_nothing_is_multiplied_and_the_header_says_which(
    tmp_path, name, form, straight
):
    made = codes(16, 4)
    path = write(tmp_path / name, made, form, oiio__UnassociatedAlpha=int(straight))
    part = read(path)
    assert list(part.channels) == ["R", "G", "B", "A"]
    np.testing.assert_array_equal(found_codes(part, 16), made)
    said = part.attributes.get("faceplate/alpha")
    assert said == ("unassociated" if straight else None)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_when_a_picture_lies_on_its_side_then_it_is_put_upright(tmp_path, orientation):
    path = tmp_path / "a.tif"
    made = codes(8)[:, :40].astype(np.uint8)
    write(path, made, "uint8", Orientation=orientation)
    expected = np.asarray(ImageOps.exif_transpose(Picture.open(path)))
    part = read(path)
    np.testing.assert_array_equal(found_codes(part, 8), expected)
    np.testing.assert_array_equal(upright(made, orientation), expected)
    assert (part.data_window.width, part.data_window.height) == expected.shape[1::-1]


def test_when_a_dpx_tells_time_and_shape_then_the_header_does(tmp_path):
    path = write(
        tmp_path / "a.dpx",
        widened(codes(10), 10),
        "uint16",
        oiio__BitsPerSample=10,
        PixelAspectRatio=2.0,
        dpx__FrameRate=23.976,
        dpx__InputDevice="Scanner",
        smpte__TimeCode=("timecode", (0x01020304, 0)),
    )
    said = read(path).attributes
    time = said["timeCode"]
    assert (time.hours, time.minutes, time.seconds, time.frame) == (1, 2, 3, 4)
    assert said["framesPerSecond"] == Fraction(24000, 1001)
    assert said["pixelAspectRatio"] == 2
    assert said["dpx/InputDevice"] == "Scanner"
    assert "colorInteropID" not in said


def test_when_a_dpx_tells_no_time_then_the_header_does_not(tmp_path):
    said = read(write(tmp_path / "a.dpx", codes(8).astype(np.uint8), "uint8")).attributes
    assert not {"timeCode", "framesPerSecond"} & set(said)


@pytest.mark.parametrize(
    ("transfer", "tagged"),
    [("Printing density", "a DPX transfer of Printing density"), ("User defined", None)],
)
def test_when_a_dpx_names_its_curve_then_it_is_a_hint_and_no_more(tmp_path, transfer, tagged):
    made = codes(8).astype(np.uint8)
    said = read(write(tmp_path / "a.dpx", made, "uint8", dpx__Transfer=transfer)).attributes
    assert said.get("faceplate/tagged") == tagged


def png(path, **chunks):
    """Write a grey-free PNG with these chunks before its pixels."""
    info = PngInfo()
    for name, content in chunks.items():
        info.add(name.encode(), content)
    Picture.fromarray(codes(8).astype(np.uint8)).save(path, pnginfo=info)
    return path


def test_when_a_png_says_srgb_then_it_is_and_otherwise_nothing_is_guessed(tmp_path):
    said = read(png(tmp_path / "a.png", sRGB=b"\0")).attributes
    assert said["colorInteropID"] == "srgb_rec709_scene"
    said = read(png(tmp_path / "b.png")).attributes
    assert not {"colorInteropID", "faceplate/tagged"} & set(said)


def test_when_a_png_has_code_points_then_they_come_first(tmp_path):
    said = read(png(tmp_path / "a.png", cICP=bytes([9, 16, 0, 1]), sRGB=b"\0")).attributes
    assert said["colorInteropID"] == "pq_rec2020_display"


def test_when_a_picture_is_of_no_rgb_then_what_it_is_of_is_said(tmp_path):
    path = tmp_path / "a.tif"
    Picture.fromarray(codes(8, 4).astype(np.uint8), "CMYK").save(path)
    with pytest.raises(FrameUnsupported, match="photometric 5"):
        read(path)
    Picture.fromarray(codes(8).astype(np.uint8)).convert("P").save(path)
    with pytest.raises(FrameUnsupported, match="photometric 3"):
        read(path)


def test_when_samples_fit_no_exr_then_they_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", codes(8).astype(np.uint32), "uint")
    with pytest.raises(FrameUnsupported, match="samples of uint"):
        read(path)
    path = write(tmp_path / "b.tif", codes(8) << 2, "uint16", oiio__BitsPerSample=14)
    with pytest.raises(FrameUnsupported, match="14 bits a sample"):
        read(path)


@pytest.mark.parametrize("name", ["a.dpx", "a.tif"])
def test_when_a_picture_is_torn_then_it_is_corrupt(tmp_path, name):
    path = Path(write(tmp_path / name, codes(16), "uint16"))
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(FrameCorrupt, match="cannot be read"):
        read(path)


def test_when_a_png_is_torn_then_it_is_corrupt(tmp_path, capfd):
    path = png(tmp_path / "a.png")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FrameCorrupt, match="cannot be read"):
        read(path)
    capfd.readouterr()  # libpng prints of it


def test_when_a_file_changes_while_it_is_read_then_it_is_corrupt(tmp_path):
    path = write(tmp_path / "a.tif", codes(8).astype(np.uint8), "uint8")
    with pytest.raises(FrameCorrupt, match="was written to"):
        read_picture_file(path, b"what it held before")


def test_when_a_file_is_no_picture_then_it_is_corrupt(tmp_path):
    for name in ("a.dpx", "a.tif", "a.png"):
        (tmp_path / name).write_bytes(b"no picture")
        with pytest.raises(FrameCorrupt, match="cannot be read"):
            read(tmp_path / name)


def test_when_a_chunk_lies_about_its_length_then_the_picture_is_read_or_refused(tmp_path):
    path = png(tmp_path / "a.png")
    data = path.read_bytes()
    content = b"sRGB"
    chunk = struct.pack(">I", 0xFFFFFFF0) + content + struct.pack(">I", zlib.crc32(content))
    path.write_bytes(data[:33] + chunk + data[33:])
    with pytest.raises(FrameCorrupt):
        read(path)
