from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import OpenEXR
import OpenImageIO
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from OpenEXR import Compression

from engine.frame_io.exr import (
    encode_image,
    matching_interop_id,
    pixel_hash,
    read_image,
    to_float32,
    to_half,
)
from engine.frame_io.exr_lossless import deliverable
from engine.image import Box, Image, Part
from plugin_host.errors import FrameCorrupt, FrameMissing, FrameUnsupported, FrameWriteFailed

RNG = np.random.default_rng(7)
LOSSLESS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "HTJ2K256", "HTJ2K32", "ZSTD")
ATTRIBUTES = {
    "compression": Compression.ZIPS_COMPRESSION,
    "lineOrder": OpenEXR.DECREASING_Y,
    "chromaticities": (0.625, 0.25, 0.25, 0.5, 0.125, 0.0625, 0.3125, 0.328125),
    "framesPerSecond": Fraction(24000, 1001),
    "timeCode": OpenEXR.TimeCode(10, 11, 12, 13, *[0] * 14),
    "keyCode": OpenEXR.KeyCode(1, 2, 3, 4, 5, 4, 64),
    "colorInteropID": "lin_ap1_scene",
    "pixelAspectRatio": 2.0,
    "nuke/version": "16.0v1",
    "nuke/a_name_that_is_longer_than_thirty_one_characters": 7,
    "owner": "José 撮影",
    "multiView": ["left", "right"],
    "curve": [0.25, 0.5],
    "precise": np.array([0.1]),
    "v2f": np.array([1.5, 2.5], np.float32),
    "v3i": np.array([1, 2, 3], np.int32),
    "worldToCamera": np.arange(16, dtype=np.float32).reshape(4, 4),
    "cryptomatte/7f6b1e1/name": "CryptoObject",
    "cryptomatte/7f6b1e1/hash": "MurmurHash3_32",
    "cryptomatte/7f6b1e1/manifest": '{"hero":"3c6ef372"}',
}


def half(height, width):
    """Every bit pattern may occur: denormals, infinities, NaN payloads."""
    return RNG.integers(0, 1 << 16, (height, width), dtype=np.uint16).view(np.float16)


def mixed(window, attributes=None):
    shape = window.height, window.width
    bits = RNG.integers(0, 1 << 32, shape, dtype=np.uint32)
    return Part(
        {
            **{name: half(*shape) for name in ("R", "G", "B", "A", "diffuse.R")},
            "Z": bits.view(np.float32),
            "CryptoObject00.R": bits[::-1].copy().view(np.float32),
            "id": bits,
        },
        window,
        attributes or {},
    )


def image_of(width=23, height=17, attributes=None):
    box = Box(0, 0, width - 1, height - 1)
    return Image((mixed(box, attributes),), box)


def assert_same(left, right):
    assert left.display_window == right.display_window
    assert len(left.parts) == len(right.parts)
    for one, other in zip(left.parts, right.parts, strict=True):
        assert one.data_window == other.data_window
        assert set(one.channels) == set(other.channels)
        for name, samples in one.channels.items():
            assert samples.dtype == other.channels[name].dtype
            assert samples.tobytes() == other.channels[name].tobytes()


def text(value):
    return repr(value.tolist()) + str(value.dtype) if isinstance(value, np.ndarray) else repr(value)


@pytest.mark.parametrize("compression", LOSSLESS)
def test_when_written_losslessly_then_every_sample_returns(compression):
    kind = getattr(Compression, f"{compression}_COMPRESSION")
    image = image_of(70, 45, {"compression": kind})
    if compression == "PXR24":
        channels = {k: v for k, v in image.beauty.channels.items() if v.dtype != np.float32}
        image = replace(image, parts=(replace(image.beauty, channels=channels),))
    back = read_image(encode_image(image))
    assert_same(back, image)
    assert back.beauty.attributes["compression"] == kind
    assert deliverable(back) == (back, None)


@pytest.mark.parametrize(
    "data_window",
    [Box(3, 2, 9, 7), Box(-5, -4, 3, 2), Box(-10, -10, 40, 30), Box(100, 100, 103, 104)],
)
def test_when_windows_differ_then_both_return(data_window):
    image = Image((mixed(data_window),), Box(0, 0, 19, 11))
    assert_same(read_image(encode_image(image)), image)


def test_when_attributes_are_of_every_kind_then_they_return():
    back = read_image(encode_image(image_of(attributes=ATTRIBUTES)))
    twice = read_image(encode_image(back))
    for name, value in ATTRIBUTES.items():
        assert text(back.beauty.attributes[name]) == text(value)
    held = {name: text(value) for name, value in back.beauty.attributes.items()}
    assert {name: text(value) for name, value in twice.beauty.attributes.items()} == held


def test_when_a_chunk_count_is_stale_then_it_is_not_written():
    back = read_image(encode_image(image_of(attributes={"chunkCount": 99})))
    assert "chunkCount" not in back.beauty.attributes


def test_when_a_channel_is_marked_perceptually_linear_then_it_stays_so():
    listed = [OpenEXR.Channel("G", half(1, 1), 1, 1, True)]
    back = read_image(encode_image(image_of(attributes={"channels": listed})))
    marks = {channel.name: channel.pLinear for channel in back.beauty.attributes["channels"]}
    assert marks["G"]
    assert not marks["R"]


def test_when_attributes_are_numpy_scalars_or_views_then_they_are_written_right():
    matrix = np.arange(16, dtype=np.float32).reshape(4, 4).T
    attributes = {"gain": np.float32(1.5), "take": np.int64(3), "m": matrix, "nothing": []}
    back = read_image(encode_image(image_of(attributes=attributes))).beauty.attributes
    assert (back["gain"], back["take"]) == (1.5, 3)
    assert np.array_equal(back["m"], matrix)
    assert "nothing" not in back


def test_when_a_file_has_several_parts_then_all_return():
    window = Box(0, 0, 40, 30)
    tiles = OpenEXR.TileDescription()
    tiles.xSize, tiles.ySize = 16, 8
    parts = (
        mixed(window, {"name": "rgba", "type": OpenEXR.scanlineimage, "view": "left"}),
        mixed(
            Box(4, 4, 9, 9),
            {
                "name": "small",
                "type": OpenEXR.scanlineimage,
                "compression": Compression.PIZ_COMPRESSION,
                "chunkCount": 99,
            },
        ),
        mixed(window, {"name": "tiled", "type": OpenEXR.tiledimage, "tiles": tiles}),
    )
    back = read_image(encode_image(Image(parts, window)))
    assert_same(back, Image(parts, window))
    assert [part.attributes["name"] for part in back.parts] == ["rgba", "small", "tiled"]
    assert back.parts[1].attributes["compression"] == Compression.PIZ_COMPRESSION
    assert back.parts[1].attributes["chunkCount"] == 1
    assert back.parts[2].attributes["type"] == OpenEXR.tiledimage
    assert back.parts[2].attributes["tiles"].xSize == 16
    assert back.parts[2].attributes["tiles"].ySize == 8


def test_when_a_tiled_plate_has_mipmaps_then_the_largest_level_is_delivered(tmp_path):
    path = str(tmp_path / "mip.exr")
    buffer = OpenImageIO.ImageBuf(OpenImageIO.ImageSpec(64, 64, 3, "half"))
    OpenImageIO.ImageBufAlgo.fill(buffer, (0.25, 0.5, 0.75))
    assert OpenImageIO.ImageBufAlgo.make_texture(
        OpenImageIO.MakeTxTexture, buffer, path, OpenImageIO.ImageSpec()
    )
    image = read_image(path)
    assert image.beauty.attributes["tiles"].mode == OpenEXR.MIPMAP_LEVELS
    back = read_image(encode_image(image))
    assert_same(back, image)
    assert back.beauty.attributes["tiles"].mode == OpenEXR.ONE_LEVEL


def test_when_a_plate_is_deep_then_it_passes_through(tmp_path):
    path = str(tmp_path / "deep.exr")
    spec = OpenImageIO.ImageSpec(6, 5, 4, "half")
    spec.deep, spec.x, spec.y = True, -2, 3
    spec.channelnames, spec.channelformats = ("R", "G", "B", "Z"), ("half", "half", "half", "float")
    deep = OpenImageIO.DeepData()
    deep.init(spec)
    for pixel in range(30):
        deep.set_samples(pixel, pixel % 3)
        for sample in range(pixel % 3):
            for channel in range(4):
                deep.set_deep_value(pixel, channel, sample, pixel + sample * 0.5 + channel)
    out = OpenImageIO.ImageOutput.create(path)
    assert out.open(path, spec)
    assert out.write_deep_image(deep)
    assert out.close()
    image = read_image(path)
    assert image.parts[0].is_deep
    assert image.parts[0].data_window == Box(-2, 3, 3, 7)
    back = read_image(encode_image(image))
    assert pixel_hash(back) == pixel_hash(image)
    first = image.parts[0].channels["Z"][0]
    assert first[0] is None
    assert first[2].tolist() == [5.0, 5.5]
    assert back.parts[0].channels["Z"][0][2].tolist() == [5.0, 5.5]


@pytest.mark.parametrize(
    "view",
    [
        lambda full: full[5:22, 7:30],
        lambda full: full[17:34][::-1, :46:2],
        lambda full: full[:17, 22::-1],
        lambda full: np.asfortranarray(full[:17, :23]),
        lambda full: np.dstack([full, full])[:17, :23, 1],
        lambda full: np.ascontiguousarray(full.T).T[:17, :23],
        lambda full: full[:17, :23].astype(">f2"),
    ],
)
def test_when_arrays_are_views_then_their_samples_are_written(view):
    full = half(40, 60)
    channels = dict.fromkeys("RGB", view(full))
    image = Image((Part(channels, Box(0, 0, 22, 16)),), Box(0, 0, 22, 16))
    back = read_image(encode_image(image)).beauty.channels
    for name in "RGB":
        assert np.array_equal(back[name], channels[name], equal_nan=True)


def test_when_an_image_is_written_then_the_callers_dicts_stay_as_they_were():
    channels = {name: half(4, 5) for name in "RGB"}
    attributes = {"owner": "me", "compression": Compression.DWAA_COMPRESSION}
    before = [(name, id(samples)) for name, samples in channels.items()]
    image = Image((Part(channels, Box(0, 0, 4, 3), attributes),), Box(0, 0, 4, 3))
    encode_image(image)
    deliverable(image)
    assert [(name, id(samples)) for name, samples in channels.items()] == before
    assert attributes == {"owner": "me", "compression": Compression.DWAA_COMPRESSION}


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (np.zeros((3, 4), np.float16), "data window"),
        (np.zeros((4, 5)), "float64"),
        (np.zeros((4, 5), np.int32), "int32"),
        (np.full((4, 5), None, object), "EXR"),
    ],
)
def test_when_samples_cannot_be_written_then_it_says_so(samples, said):
    attributes = {"type": OpenEXR.deepscanline} if samples.dtype == object else {}
    box = Box(0, 0, 4, 3)
    with pytest.raises(FrameWriteFailed, match=said):
        encode_image(Image((Part({"Y": samples}, box, attributes),), box))


def test_when_an_attribute_has_no_exr_type_then_it_is_named():
    with pytest.raises(FrameWriteFailed, match="odd"):
        encode_image(image_of(attributes={"odd": object()}))


@pytest.mark.parametrize("kind", ["scanline", "tiled", "multipart"])
def test_when_a_file_is_cut_anywhere_then_it_is_corrupt_and_nothing_is_printed(kind, capfd):
    attributes = {"name": "a", "compression": Compression.ZIPS_COMPRESSION, "owner": "x" * 40}
    if kind == "tiled":
        attributes |= {"type": OpenEXR.tiledimage, "tiles": OpenEXR.TileDescription()}
    image = image_of(attributes=attributes)
    if kind == "multipart":
        other = replace(image.beauty, attributes={**attributes, "name": "b"})
        image = replace(image, parts=(image.beauty, other))
    data = encode_image(image)
    read_image(data)
    for length in {*range(0, len(data), 97), *range(0, 900, 13), len(data) - 1}:
        with pytest.raises(FrameCorrupt):
            read_image(data[:length])
    assert capfd.readouterr() == ("", "")


@given(st.floats(0, 1, exclude_max=True))
@settings(max_examples=60)
def test_when_a_file_is_cut_at_random_then_it_is_corrupt(fraction):
    whole = encode_image(image_of(9, 7))
    with pytest.raises(FrameCorrupt):
        read_image(whole[: int(len(whole) * fraction)])


def test_when_a_writer_died_before_its_table_then_the_file_is_corrupt():
    attributes = {"compression": Compression.ZIPS_COMPRESSION}
    data = bytearray(encode_image(image_of(attributes=attributes)))
    table = data.index(b"\0\0", data.index(b"type\0string\0")) + 1
    size = 8 * 17
    table = next(
        start
        for start in range(table, len(data))
        if int.from_bytes(data[start : start + 8], "little") == start + size
    )
    data[table : table + size] = bytes(size)
    with pytest.raises(FrameCorrupt, match="never finished"):
        read_image(bytes(data))


def test_when_compressed_samples_are_damaged_then_the_frame_is_corrupt():
    data = bytearray(encode_image(image_of(64, 64)))
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    with pytest.raises(FrameCorrupt, match="damaged"):
        read_image(bytes(data), frame=1001)


@pytest.mark.parametrize("content", [b"", b"v/1", b"not a picture\n" * 9, b"v/1\x01" + bytes(300)])
def test_when_a_file_is_no_exr_then_frame_and_path_are_named(tmp_path, content):
    path = tmp_path / "plate.1001.exr"
    path.write_bytes(content)
    with pytest.raises(FrameCorrupt) as caught:
        read_image(str(path), frame=1001)
    assert (caught.value.frame, caught.value.path) == (1001, str(path))


def test_when_a_frame_is_not_there_then_it_is_missing(tmp_path):
    path = str(tmp_path / "plate.1001.exr")
    with pytest.raises(FrameMissing) as caught:
        read_image(path, frame=1001)
    assert (caught.value.frame, caught.value.path) == (1001, path)


def test_when_the_path_is_a_folder_then_it_is_corrupt(tmp_path):
    with pytest.raises(FrameCorrupt):
        read_image(str(tmp_path))


@pytest.mark.parametrize("name", [b"owner", b"diffuse.R", b"a part"])
def test_when_a_name_is_not_utf8_then_it_is_unsupported(name):
    data = encode_image(image_of(attributes={"owner": "José", "name": "a part"}))
    with pytest.raises(FrameUnsupported, match="UTF-8"):
        read_image(data.replace(name, name[:-1] + b"\xe9"))


def test_when_the_wheel_cannot_read_an_attribute_then_the_frame_is_read_without_it():
    attributes = {"owner": "Jose_", "rate": Fraction(24, 1), "views": ["left"]}
    data = encode_image(image_of(attributes=attributes))
    odd = (
        data.replace(b"Jose_", b"Jos\xe9_")
        .replace(b"rational\0\x08\0\0\0\x18\0\0\0\x01", b"rational\0\x08\0\0\0\x18\0\0\0\0")
        .replace(b"left", b"lef\xe9")
    )
    image = read_image(odd)
    assert image.file == odd
    assert not attributes.keys() & image.beauty.attributes.keys()
    assert pixel_hash(image) == pixel_hash(read_image(data))


def test_when_an_image_is_one_pixel_then_it_returns():
    assert_same(read_image(encode_image(image := image_of(1, 1))), image)


@pytest.mark.parametrize("compression", ["DWAA", "DWAB", "B44", "B44A", "PXR24"])
def test_when_a_plate_is_lossy_then_it_is_delivered_with_zip(compression):
    kind = getattr(Compression, f"{compression}_COMPRESSION")
    lossy = read_image(encode_image(image_of(64, 64, {"compression": kind, "owner": "x"})))
    image, sentence = deliverable(lossy)
    assert sentence is not None
    assert compression in sentence
    assert image.beauty.attributes["compression"] == Compression.ZIP_COMPRESSION
    assert image.beauty.attributes["owner"] == "x"
    assert pixel_hash(read_image(encode_image(image))) == pixel_hash(lossy)


def test_when_an_aces_container_gets_other_channels_then_its_claim_becomes_an_interop_id():
    box = Box(0, 0, 4, 3)
    channels = {name: half(4, 5) for name in "RGB"}
    image = Image((Part(channels, box, {"acesImageContainerFlag": 1}),), box)
    assert read_image(encode_image(image)).beauty.attributes["acesImageContainerFlag"] == 1
    layered = image.with_beauty({"faceplate.matte": half(4, 5)}, {})
    attributes = read_image(encode_image(layered)).beauty.attributes
    assert "acesImageContainerFlag" not in attributes
    assert attributes["colorInteropID"] == "lin_ap0_scene"


def test_when_only_compression_or_attributes_change_then_the_hash_stays():
    image = image_of()
    digest = pixel_hash(image)
    other = image.with_beauty({}, {"compression": Compression.PIZ_COMPRESSION, "owner": "x"})
    assert pixel_hash(read_image(encode_image(other))) == digest
    back = dict(reversed(image.beauty.channels.items()))
    assert pixel_hash(replace(image, parts=(replace(image.beauty, channels=back),))) == digest


def test_when_anything_of_the_picture_changes_then_the_hash_changes():
    image = image_of()
    part, box = image.beauty, image.display_window
    touched = part.channels["id"].copy()
    touched[3, 4] ^= 1
    moved = Box(1, 0, box.right + 1, box.bottom)
    others = [
        image.with_beauty({"id": touched}, {}),
        image.with_beauty({"id": part.channels["id"].view(np.float32)}, {}),
        image.with_beauty({"jd": part.channels["id"]}, {}),
        image.with_beauty({}, {"name": "other"}),
        replace(image, display_window=moved),
        replace(image, parts=(replace(part, data_window=moved),)),
        replace(image, parts=(part, part)),
    ]
    assert len({pixel_hash(image), *map(pixel_hash, others)}) == len(others) + 1


def test_when_every_half_goes_to_float_and_back_then_the_bits_return():
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    wide = to_float32(every)
    back = to_half(wide)
    number = ~np.isnan(every)
    assert np.array_equal(wide[number], every[number].astype(np.float32))
    assert np.array_equal(back.view(np.uint16)[number], every.view(np.uint16)[number])
    assert np.isnan(back[~number]).all()


@given(hnp.arrays(np.float32, hnp.array_shapes(max_dims=3), elements=st.floats(width=32)))
def test_when_float_goes_to_half_then_it_rounds_as_ieee_754(samples):
    with np.errstate(over="ignore"):
        expected = samples.astype(np.float16)
    assert np.array_equal(to_half(samples), expected, equal_nan=True)


def test_when_samples_to_convert_are_read_only_views_then_they_are_converted():
    samples = half(8, 10)[::-1, ::2]
    samples.flags.writeable = False
    assert np.array_equal(to_float32(samples), samples.astype(np.float32), equal_nan=True)


def test_when_samples_are_float_already_then_they_are_copied():
    samples = np.array([[0.1, -0.0, 1e-40, 1e30]], np.float32)
    copied = to_float32(samples)
    assert copied.tobytes() == samples.tobytes()
    assert not np.shares_memory(copied, samples)


def test_when_chromaticities_are_known_then_their_linear_space_is_named():
    rec709 = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)
    assert matching_interop_id(rec709) == "lin_rec709_scene"
    assert matching_interop_id((0.5,) * 8) is None
