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
        name: exr_file.Plane(
            kind,
            draw(st.binary(min_size=2, max_size=2)) * (width * height * exr_file.BYTES[kind] // 2),
        )
        for name, kind in kinds.items()
    }
    window = (left, top, left + width - 1, top + height - 1)
    return exr_file.Picture(planes, window, (left - 1, top, left + width, top + height))


@given(pictures(), st.sampled_from(sorted(exr_file.LINES)))
def test_when_a_picture_is_written_then_the_wheel_and_this_file_read_the_same_bits(
    tmp_path_factory, picture, compression
):
    path = tmp_path_factory.mktemp("exr") / "a.exr"
    exr_file.write_exr(path, picture, compression)
    again = exr_file.read_exr(path)
    assert again.planes == picture.planes
    assert again.data_window == picture.data_window
    assert again.display_window == picture.display_window
    with OpenEXR.File(str(path), separate_channels=True) as file:
        read = {name: channel.pixels.tobytes() for name, channel in file.channels().items()}
        assert read == {name: plane.data for name, plane in picture.planes.items()}
        window = file.header()["dataWindow"]
        assert (*window[0], *window[1]) == picture.data_window


@pytest.mark.parametrize("compression", [0, 2, 3])
def test_when_the_wheel_wrote_a_file_then_it_is_read_to_the_bit(tmp_path, compression):
    pixels = np.random.default_rng(1).random((37, 23)).astype(np.float16)
    path = str(tmp_path / "a.exr")
    header = {"compression": OpenEXR.Compression(compression), "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"G": pixels, "Z": pixels.astype(np.float32)}).write(path)
    picture = exr_file.read_exr(path)
    assert picture.planes["G"].data == pixels.tobytes()
    assert picture.planes["Z"].samples() == picture.planes["G"].samples()


def test_when_numbers_are_at_the_end_of_half_then_they_are_rounded_before_they_are_infinite():
    ends = [1e9, -1e9, 65519.996, -65519.996, 65520.0, 65504.0, 2**-25, 0.5]
    inf = float("inf")
    rounded = (inf, -inf, 65504.0, -65504.0, inf, 65504.0, 0.0, 0.5)
    assert exr_file.Plane.of(ends, exr_file.HALF).samples() == rounded
    with np.errstate(over="ignore"):
        assert tuple(np.array(ends).astype(np.float16).tolist()) == rounded


@given(st.lists(st.floats(width=32), min_size=1, max_size=40))
def test_when_floats_become_half_then_they_are_rounded_as_numpy_does(values):
    ours = exr_file.Plane.of(values).as_kind(exr_file.HALF).data
    with np.errstate(over="ignore"):
        theirs = np.array(values, np.float32).astype(np.float16)
    assert np.array_equal(np.frombuffer(ours, np.float16), theirs, equal_nan=True)


def test_when_a_file_is_of_another_kind_then_its_kind_is_named(tmp_path):
    path = str(tmp_path / "a.exr")
    header = {"compression": OpenEXR.PIZ_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"G": np.ones((8, 8), np.float16)}).write(path)
    with pytest.raises(exr_file.UnknownFile, match="compression 4"):
        exr_file.read_exr(path)


@pytest.mark.parametrize("end", [4, 60, 250, -1])
def test_when_a_file_is_torn_then_it_is_refused(tmp_path, end):
    path = tmp_path / "a.exr"
    exr_file.write_exr(path, exr_file.gradient(8, 8))
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(ValueError, match="file"):
        exr_file.read_exr(path)
