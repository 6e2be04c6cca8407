import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faces.transform import Transform, cut_out
from engine.image import Box


def plate(window, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 5, (3, window.height, window.width)).astype(np.float32)


places = st.integers(-60, 60)
lengths = st.integers(1, 40)


@given(st.tuples(places, places, lengths, lengths), st.tuples(places, places, lengths, lengths))
def test_when_a_crop_is_native_then_it_holds_the_very_bits(held, wanted):
    (x, y, w, h), (left, top, width, height) = held, wanted
    window = Box(x, y, x + w - 1, y + h - 1)
    planes = plate(window)
    planes.view(np.uint32)[0, 0, 0] = 0x7FC12345
    crop = cut_out(planes, window, Transform((height, width), left, top))
    assert crop.shape == (3, height, width)
    for v in {0, height // 2, height - 1}:
        for u in {0, width // 2, width - 1}:
            column, row = min(max(left + u - x, 0), w - 1), min(max(top + v - y, 0), h - 1)
            assert crop[:, v, u].tobytes() == planes[:, row, column].tobytes()


def test_when_a_native_crop_is_changed_then_the_plate_is_not():
    window = Box(0, 0, 9, 9)
    planes = plate(window)
    before = planes.copy()
    cut_out(planes, window, Transform((4, 4), 2, 2))[:] = 9
    assert np.array_equal(planes, before)


@pytest.mark.parametrize("step", [0.37, 0.9, 1.0, 1.6, 3.2])
def test_when_a_crop_is_aligned_then_a_ramp_is_read_at_its_place(step):
    window = Box(-20, 30, 179, 229)
    x, y = np.meshgrid(np.arange(-20, 180), np.arange(30, 230))
    planes = np.stack([x, y, x + y]).astype(np.float32)
    transform = Transform((32, 40), 10.3, 60.7, step)
    assert not transform.native
    crop = cut_out(planes, window, transform)
    u, v = np.meshgrid(10.3 + step * np.arange(40), 60.7 + step * np.arange(32))
    # OpenCV places samples to 1/32 of a pixel, and its bicubic kernel bends ramps by as much.
    assert np.abs(crop - np.stack([u, v, u + v])).max() < 0.15


def test_when_a_crop_is_shrunk_then_detail_is_averaged_not_dropped():
    window = Box(0, 0, 255, 255)
    planes = np.tile(np.float32([[0, 1], [1, 0]]), (3, 128, 128))
    crop = cut_out(planes, window, Transform((30, 30), 8.0, 8.0, 6.0))
    assert np.abs(crop - 0.5).max() < 0.02


@given(st.floats(0.2, 5), st.floats(-300, 300), st.floats(-300, 300))
def test_when_an_aligned_crop_lies_anywhere_then_the_edge_is_repeated(step, left, top):
    window = Box(3, 4, 22, 13)
    planes = np.full((3, 10, 20), 2.5, np.float32)
    crop = cut_out(planes, window, Transform((6, 7), left, top, step))
    assert crop.shape == (3, 6, 7)
    assert np.allclose(crop, 2.5)


@given(st.floats(0.2, 5), st.floats(-300, 300), st.floats(-300, 300), lengths, lengths)
def test_when_a_footprint_is_asked_for_then_it_holds_every_sample(step, left, top, w, h):
    box = Transform((h, w), left, top, step).footprint
    assert box.left <= left
    assert box.right >= left + (w - 1) * step
    assert box.top <= top
    assert box.bottom >= top + (h - 1) * step
