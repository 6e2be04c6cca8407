import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.frame_io.yuv import LUMA, Layout, _widened, to_rgb

COLOURS = st.tuples(*[st.floats(-0.1, 1.1)] * 3)


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("yuv420p", Layout(False, False, False, 2, 2, 8)),
        ("yuvj420p", Layout(False, False, True, 2, 2, 8)),
        ("yuv422p10le", Layout(False, False, False, 1, 2, 10)),
        ("yuva444p12le", Layout(False, True, False, 1, 1, 12)),
        ("gbrp", Layout(True, False, False, 1, 1, 8)),
        ("gbrap12le", Layout(True, True, False, 1, 1, 12)),
    ],
)
def test_when_a_format_is_planar_then_its_layout_is_read(name, layout):
    assert Layout.of(name) == layout


@pytest.mark.parametrize(
    "name", ["rgb24", "nv12", "yuv411p", "yuv422p10be", "gray", "yuyv422", "yuvp", "gbr420p"]
)
def test_when_a_format_is_another_then_it_is_not_read(name):
    assert Layout.of(name) is None


@given(COLOURS, st.sampled_from(sorted(LUMA)), st.booleans(), st.sampled_from([8, 10, 12]))
def test_when_a_colour_is_encoded_then_it_is_decoded_to_a_code(colour, matrix, full, bits):
    red, green, blue = colour
    of_red, of_blue = LUMA[matrix]
    light = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    differences = (blue - light) / (2 - 2 * of_blue), (red - light) / (2 - 2 * of_red)
    step = 2 ** (bits - 8)
    black, swing, reach = (0, 2**bits - 1, 2**bits - 1) if full else (16 * step, 219 * step, 0)
    codes = [black + swing * light]
    codes += [128 * step + (reach or 224 * step) * value for value in differences]
    planes = [np.full((2, 4), np.rint(code), np.int32) for code in codes]
    layout = Layout(False, False, False, 1, 1, bits)
    found = to_rgb(planes, layout, matrix, full=full)
    assert found.dtype == np.float32
    assert np.abs(found - np.reshape(colour, (3, 1, 1))).max() < 2.0 / (219 * step)


def test_when_planes_are_rgb_then_they_come_in_order_and_are_not_clipped():
    planes = [np.full((1, 2), code, np.uint8) for code in (16, 235, 255)]
    layout = Layout.of("gbrp")
    red, green, blue = to_rgb(planes, layout, 0, full=False)
    assert (green[0, 0], blue[0, 0]) == (0, 1)
    assert red[0, 0] == np.float32(239) / np.float32(219)
    assert to_rgb(planes, layout, 0, full=True)[0, 0, 0] == 1


@pytest.mark.parametrize(("height", "width"), [(8, 12), (7, 11), (1, 1), (2, 3)])
def test_when_chroma_is_coarse_then_a_ramp_stays_one(height, width):
    rows, columns = -(-height // 2), -(-width // 2)
    y, x = np.mgrid[:rows, :columns]
    # A chroma sample lies on the left column and midway between its rows.
    ramp = ((2 * x) * 8 + (2 * y + 0.5) * 16).astype(np.uint16)
    wide = _widened(ramp, Layout.of("yuv420p10le"), (height, width))
    y, x = np.mgrid[:height, :width]
    inside = np.s_[1 : 2 * rows - 1, : 2 * columns - 1]
    np.testing.assert_array_equal(wide[inside], (x * 8 + y * 16)[inside])
    assert wide.shape == (height, width)


def test_when_only_columns_are_coarse_then_rows_do_not_mix():
    plane = np.array([[0, 8, 16], [100, 0, 100]], np.uint8)
    wide = _widened(plane, Layout.of("yuv422p"), (2, 6))
    assert wide.tolist() == [[0, 4, 8, 12, 16, 16], [100, 50, 0, 50, 100, 100]]


def test_when_a_frame_is_cut_then_its_pixels_keep_their_bits():
    random = np.random.default_rng(0)
    layout = Layout.of("yuv444p10le")
    planes = [random.integers(0, 1024, (37, 101)).astype(np.uint16) for _ in range(3)]
    whole = to_rgb(planes, layout, 1, full=False)
    part = to_rgb([plane[5:20, 3:70] for plane in planes], layout, 1, full=False)
    np.testing.assert_array_equal(whole[:, 5:20, 3:70], part)
