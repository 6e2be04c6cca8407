import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faces.matte import soft_matte
from engine.faces.paste import Patch, paste
from engine.faces.transform import Transform, cut_out
from engine.image import Box

WINDOW = Box(-5, 10, 58, 57)
SHAPE = (WINDOW.height, WINDOW.width)
DTYPES = [np.float16, np.float32]


def plate(dtype=np.float32, shape=SHAPE):
    rng = np.random.default_rng(0)
    return {name: rng.normal(0.5, 1, shape).astype(dtype) for name in "RGB"}


def wild(dtype):
    """Every kind of sample that must not be touched."""
    bits = np.uint16 if dtype == np.float16 else np.uint32
    rng = np.random.default_rng(1)
    return {
        name: rng.integers(0, np.iinfo(bits).max, SHAPE, bits, endpoint=True).view(dtype)
        for name in "RGB"
    }


def flat(transform, delta, matte=1.0, **more):
    shape = transform.shape
    return Patch(
        np.full((3, *shape), delta, np.float32),
        np.full(shape, matte, np.float32),
        transform,
        **more,
    )


def same_bits(one, other):
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


places = st.integers(-40, 90)
lengths = st.integers(1, 50)


@given(places, places, lengths, lengths, st.sampled_from(DTYPES))
def test_when_nothing_changes_then_every_bit_is_the_plates(left, top, width, height, dtype):
    channels = wild(dtype)
    transform = Transform((height, width), left, top)
    pasted = paste(channels, WINDOW, [flat(transform, 0.0)])
    assert all(same_bits(pasted.channels[name], channels[name]) for name in "RGB")


@given(places, places, lengths, lengths)
def test_when_a_native_crop_is_replaced_by_itself_doubled_then_so_is_the_plate(
    left, top, width, height
):
    channels = plate()
    transform = Transform((height, width), left, top)
    crop = cut_out(np.stack([channels[name] for name in "RGB"]), WINDOW, transform)
    matte = soft_matte(transform, WINDOW, whole=True)
    pasted = paste(channels, WINDOW, [Patch(crop, matte, transform)])
    there = transform.footprint.intersection(WINDOW)
    inside = np.zeros(SHAPE, bool)
    if there is not None:
        inside[there.slices(WINDOW)] = True
    for name in "RGB":
        expected = np.where(inside, 2 * channels[name], channels[name])
        assert same_bits(pasted.channels[name], expected)
    assert np.array_equal(pasted.matte, inside)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("step", [1.0, 0.43, 2.3])
def test_when_pixels_lie_outside_the_matte_then_their_bits_stay(dtype, step):
    channels = wild(dtype)
    transform = Transform((32, 32), 3 if step == 1 else 3.3, 20, step)
    matte = soft_matte(transform, WINDOW)
    patch = Patch(np.full((3, 32, 32), 0.25, np.float32), matte, transform)
    pasted = paste(channels, WINDOW, [patch])
    outside = pasted.matte == 0
    assert 0 < outside.sum() < outside.size
    for name in "RGB":
        assert same_bits(pasted.channels[name][outside], channels[name][outside])
        wrong = ~np.isfinite(channels[name])
        assert same_bits(pasted.channels[name][wrong], channels[name][wrong])


@pytest.mark.parametrize("dtype", DTYPES)
def test_when_one_channel_changes_then_the_signs_of_zero_in_the_others_stay(dtype):
    channels = {name: np.full(SHAPE, -0.0, dtype) for name in "RGB"}
    patch = flat(Transform((8, 8), 0, 20), 0.0)
    patch.delta[1] = 0.5
    pasted = paste(channels, WINDOW, [patch])
    assert same_bits(pasted.channels["R"], channels["R"])
    assert pasted.channels["G"].max() == 0.5


@pytest.mark.parametrize("dtype", DTYPES)
def test_when_a_constant_is_added_then_it_arrives_exactly(dtype):
    channels = plate(dtype)
    before = {name: samples.copy() for name, samples in channels.items()}
    pasted = paste(channels, WINDOW, [flat(Transform((20, 30), 0, 20), 0.3)])
    place = (slice(10, 30), slice(5, 35))
    for name in "RGB":
        expected = before[name].copy()
        expected[place] = (before[name][place].astype(np.float32) + np.float32(0.3)).astype(dtype)
        assert same_bits(pasted.channels[name], expected)
        assert same_bits(channels[name], before[name])


def test_when_patches_overlap_then_the_change_is_not_doubled():
    channels = {name: np.zeros(SHAPE, np.float32) for name in "RGB"}
    patches = [flat(Transform((20, 20), left, 20), 1.0) for left in (0, 10)]
    pasted = paste(channels, WINDOW, patches)
    assert pasted.channels["R"].max() == 1
    assert pasted.channels["R"].sum() == 20 * 30
    assert pasted.matte.max() == 1


def test_when_soft_patches_meet_then_each_counts_by_its_matte():
    channels = {name: np.zeros(SHAPE, np.float32) for name in "RGB"}
    place = Transform((4, 4), 0, 20)
    thin = paste(channels, WINDOW, [flat(place, 1.0, 0.25), flat(place, 2.0, 0.5)])
    assert thin.channels["R"].max() == pytest.approx(1.25)
    thick = paste(channels, WINDOW, [flat(place, 1.0, 0.5), flat(place, 2.0, 1.0)])
    assert thick.channels["R"].max() == pytest.approx(5 / 3)


def test_when_a_half_would_overflow_then_it_is_the_largest_half():
    channels = {name: np.full(SHAPE, 65000, np.float16) for name in "RGB"}
    pasted = paste(channels, WINDOW, [flat(Transform((8, 8), 0, 20), 1e6)])
    assert pasted.channels["R"].max() == np.float16(65504)
    pasted = paste(channels, WINDOW, [flat(Transform((8, 8), 0, 20), -1e6)])
    assert pasted.channels["R"].min() == np.float16(-65504)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("step", [1.0, 1.4])
def test_when_a_change_is_not_finite_then_it_is_left_out(wrong, step):
    channels = plate()
    patch = flat(Transform((8, 8), 0, 20, step), wrong)
    pasted = paste(channels, WINDOW, [patch])
    assert all(same_bits(pasted.channels[name], channels[name]) for name in "RGB")


@pytest.mark.parametrize("step", [0.35, 0.8, 1.7, 3.0])
def test_when_a_smooth_change_goes_through_an_aligned_crop_then_it_arrives(step):
    channels = {name: np.zeros(SHAPE, np.float32) for name in "RGB"}
    size = round(44 / step)
    transform = Transform((size, size), 2.4, 11.7, step)
    x = transform.left + step * np.arange(size)
    y = transform.top + step * np.arange(size)
    wave = (np.sin(x / 9) + np.cos(y / 11)[:, None]).astype(np.float32)
    patch = Patch(np.stack([wave] * 3), np.ones((size, size), np.float32), transform)
    pasted = paste(channels, WINDOW, [patch])
    px, py = np.arange(-5, 59), np.arange(10, 58)
    truth = np.sin(px / 9) + np.cos(py / 11)[:, None]
    inside = (px > x[0] + step) & (px < x[-1] - step)
    inside = inside & ((py > y[0] + step) & (py < y[-1] - step))[:, None]
    assert inside.sum() > 1000
    assert np.abs(pasted.channels["G"] - truth)[inside].max() < 0.03


def test_when_patches_say_how_sure_they_are_then_it_is_kept_inside_the_matte():
    channels = plate()
    sure = np.full((8, 8), 0.5, np.float32)
    patches = [
        flat(Transform((8, 8), 0, 20), 1.0, 0.5, confidence=sure),
        flat(Transform((8, 8), 30, 20), 1.0),
    ]
    confidence = paste(channels, WINDOW, patches).confidence
    assert confidence[12, 7] == 0.5
    assert confidence[12, 37] == 1
    assert confidence[12, 20] == 0


@pytest.mark.parametrize("patches", [[], [flat(Transform((4, 4), 900, 900), 1.0)]])
def test_when_no_patch_lands_then_the_plate_is_as_it_was(patches):
    channels = plate(np.float16)
    pasted = paste(channels, WINDOW, patches)
    assert all(same_bits(pasted.channels[name], channels[name]) for name in "RGB")
    assert not pasted.matte.any()
    assert not pasted.confidence.any()


@pytest.mark.parametrize("step", [1.0, 0.7, 1.6])
def test_when_only_some_pixels_are_free_then_all_others_keep_their_bits(step):
    channels = plate()
    free = np.zeros(SHAPE, np.bool_)
    free[12:20, 15:30] = True
    pasted = paste(channels, WINDOW, [flat(Transform((40, 40), 4, 15, step), 0.5)], free)
    for name in "RGB":
        changed = pasted.channels[name] != channels[name]
        assert changed[free].all()
        assert not changed[~free].any()
    assert (pasted.matte[free] == 1).all()
    assert not pasted.matte[~free].any()
