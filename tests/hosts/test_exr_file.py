import struct

import numpy as np
import OpenEXR
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hosts import exr_file

KINDS = st.sampled_from([exr_file.UINT, exr_file.HALF, exr_file.FLOAT])


@st.composite
def pictures(draw):
    left, top = draw(st.integers(-50, 50)), draw(st.integers(-50, 50))
    width, height = draw(st.integers(1, 9)), draw(st.integers(1, 40))
    kinds = draw(st.dictionaries(st.sampled_from("RGBAZ"), KINDS, min_size=1))
    planes = {
        name: draw(st.binary(min_size=2, max_size=2)) * (width * height * exr_file.SIZES[kind] // 2)
        for name, kind in kinds.items()
    }
    window = (left, top, left + width - 1, top + height - 1)
    return exr_file.Picture(window, planes, kinds, (left - 1, top, left + width, top + height))


@given(pictures())
def test_when_a_picture_is_written_then_the_wheel_and_this_file_read_the_same_bits(
    tmp_path_factory, picture
):
    path = tmp_path_factory.mktemp("exr") / "a.exr"
    exr_file.write_exr(path, picture)
    assert exr_file.read_exr(path) == picture
    with OpenEXR.File(str(path), separate_channels=True) as file:
        read = {name: channel.pixels.tobytes() for name, channel in file.channels().items()}
        assert read == picture.planes
        window = file.header()["dataWindow"]
        assert (*window[0], *window[1]) == picture.window


@pytest.mark.parametrize("compression", [0, 2, 3])
def test_when_the_wheel_wrote_a_file_then_it_is_read_to_the_bit(tmp_path, compression):
    pixels = np.random.default_rng(1).random((37, 23)).astype(np.float16)
    path = str(tmp_path / "a.exr")
    header = {"compression": OpenEXR.Compression(compression), "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"G": pixels, "Z": pixels.astype(np.float32)}).write(path)
    picture = exr_file.read_exr(path)
    assert picture.planes["G"] == pixels.tobytes()
    assert picture.samples("Z") == picture.samples("G")


def test_when_numbers_exceed_half_then_they_become_infinite():
    assert struct.unpack("<3e", exr_file.pack_half([1e9, -1e9, 0.5])) == (
        float("inf"),
        float("-inf"),
        0.5,
    )


@pytest.mark.parametrize("end", [4, 60, 250, -1])
def test_when_a_file_is_torn_then_it_is_refused(tmp_path, end):
    path = tmp_path / "a.exr"
    exr_file.write_exr(path, exr_file.gradient(8, 8))
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(ValueError, match="file"):
        exr_file.read_exr(path)
