import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faces.align import plan_crops
from engine.faces.matte import soft_matte
from engine.faces.track import Track
from engine.faces.transform import Transform
from engine.image import Box
from engine.restorer import Crop

WIDE = Box(-1000, -1000, 3000, 3000)


def border(matte):
    return np.concatenate([matte[0], matte[-1], matte[:, 0], matte[:, -1]])


@given(
    st.integers(3, 70),
    st.integers(3, 70),
    st.floats(-99, 99),
    st.floats(-99, 99),
    st.floats(0.2, 5),
)
def test_when_a_matte_ends_then_it_is_exactly_zero(height, width, left, top, step):
    matte = soft_matte(Transform((height, width), left, top, step), WIDE)
    assert matte.dtype == np.float32
    assert not border(matte).any()
    assert matte.min() >= 0
    assert matte.max() <= 1
    assert matte[height // 2, width // 2] > 0


def test_when_a_crop_is_the_plate_then_its_matte_still_ends_at_zero():
    matte = soft_matte(Transform((64, 64), 0, 0), Box(0, 0, 63, 63))
    assert not border(matte).any()
    assert matte[32, 32] == 1


@pytest.mark.parametrize("crop", [Crop(multiple=16), Crop(size=256)])
def test_when_crops_are_planned_then_each_matte_is_soft_and_zero_at_the_border(crop):
    frames = tuple(range(40))
    track = Track(1, frames, tuple((300 + 1.7 * f, 200.0) for f in frames), (60.0,) * 40)
    before = None
    for transform in plan_crops(track, crop, Box(0, 0, 799, 599)).values():
        matte = soft_matte(transform, Box(0, 0, 799, 599))
        assert not border(matte).any()
        assert matte.max() == 1
        assert np.abs(np.diff(matte, axis=1)).max() < 0.2
        # However the crop steps, the matte moves with the head.
        x = transform.left + transform.step * np.arange(matte.shape[1])
        middle = float((matte.sum(axis=0) * x).sum() / matte.sum())
        assert before is None or 1.0 < middle - before < 2.4 or frames[-3] < middle
        before = middle


def test_when_a_head_reaches_beyond_the_crop_then_the_matte_fades_at_the_border():
    transform = Transform((64, 64), 100, 100, 1.0, (131.5, 131.5), 500.0)
    matte = soft_matte(transform, WIDE)
    assert not border(matte).any()
    assert matte[32, 32] == 1


def test_when_a_head_reaches_beyond_the_plate_then_the_matte_does_not_fade_there():
    transform = Transform((64, 64), 0, 0, 1.0, (31.5, 31.5), 500.0)
    assert soft_matte(transform, Box(0, 0, 63, 63)).min() == 1


def test_when_a_crop_leaves_the_data_window_then_the_matte_is_zero_outside():
    matte = soft_matte(Transform((64, 64), -20, 0), Box(0, 0, 30, 99))
    assert not matte[:, :20].any()
    assert not matte[:, 51:].any()
    assert matte[32, 30] == 1


def test_when_the_whole_frame_is_wanted_then_the_matte_is_the_data_window():
    matte = soft_matte(Transform((64, 64), -2, 0), Box(0, 0, 30, 9), whole=True)
    assert matte[:10, 2:33].min() == 1
    assert matte.sum() == 310
