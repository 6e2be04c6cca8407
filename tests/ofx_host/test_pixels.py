import numpy as np
import pytest

from tests.ofx_host.conftest import blank_like, noise, same_bits
from tests.ofx_host.host import (
    ALPHA,
    BYTE,
    CHANNELS,
    DTYPES,
    FLOAT,
    HALF,
    OK,
    PREMULTIPLIED,
    RGB,
    RGBA,
    SHORT,
    STRAIGHT,
    Image,
)

ORIGINAL, RESTORED, MATTE, DIFFERENCE, SPLIT = range(5)
LAYOUTS = [
    {},
    {"padding": 20},
    {"backwards": True, "padding": 4},
    {"origin": (-7, 31)},
    {"origin": (5, -3), "backwards": True, "padding": 3, "offset": 1},
]


@pytest.fixture
def picture(fake):
    """A restored frame, 3, whose alpha is the source's; and the source."""
    frame, source = noise(3), noise(4)
    frame[..., 3] = source[..., 3]
    fake.frames[3] = frame
    return frame, source


def rendered(effect, source, **more):
    out = blank_like(source, padding=8)
    assert effect.show(source).render(out, 3, **more) == OK
    return out.read()


@pytest.mark.parametrize("out", LAYOUTS)
@pytest.mark.parametrize("into", LAYOUTS)
def test_when_rows_are_padded_backwards_or_offset_then_every_pixel_is_the_engine_s(
    shown, picture, into, out
):
    frame, pixels = picture
    source = Image(pixels, **into)
    target = blank_like(source, **{k: v for k, v in out.items() if k != "origin"})
    assert shown().show(source).render(target, 3) == OK
    assert same_bits(target.read(), frame)


def test_when_the_source_has_another_alpha_then_that_is_kept(shown, picture):
    frame, pixels = picture
    pixels[..., 3] = 0.25
    got = rendered(shown(), Image(pixels))
    assert same_bits(got[..., :3].copy(), frame[..., :3].copy())
    assert (got[..., 3] == 0.25).all()


def test_when_there_is_no_source_image_then_the_frame_s_own_alpha_is_shown(shown, picture):
    frame, _ = picture
    effect = shown()
    effect.clips["Source"].region = [0.0, 0.0, 13.0, 9.0]
    out = Image.blank(13, 9)
    assert effect.render(out, 3) == OK
    assert same_bits(out.read(), frame)
    effect.set(take="")
    assert effect.render(out, 3) == OK
    assert not out.read().any()


@pytest.mark.parametrize("components", [RGBA, RGB])
@pytest.mark.parametrize("depth", [FLOAT, HALF, SHORT, BYTE])
def test_when_a_host_has_other_samples_then_they_are_rounded_once(shown, fake, depth, components):
    frame = np.random.default_rng(1).uniform(-0.5, 1.5, (9, 13, 4)).astype("f4")
    frame[..., 3] = 1
    frame[0, :3, 0] = np.nan, np.inf, -np.inf
    fake.frames[3] = frame
    channels, most = CHANNELS[components], {BYTE: 255, SHORT: 65535}.get(depth)
    blank = np.zeros((9, 13, channels), DTYPES[depth])
    if channels == 4:
        blank[..., 3] = most or 1
    got = rendered(shown(), Image(blank, depth=depth, components=components))
    wanted = frame[..., :channels]
    if most:
        wanted = np.nan_to_num(wanted, nan=0, posinf=1, neginf=0).clip(0, 1) * np.float32(most)
        wanted = np.floor(wanted + np.float32(0.5))
    with np.errstate(over="ignore", invalid="ignore"):
        wanted = wanted.astype(DTYPES[depth])
    assert np.array_equal(got, wanted, equal_nan=depth in (HALF, FLOAT))


def test_when_every_half_goes_through_then_it_comes_out_as_it_went_in(shown, fake):
    halves = np.arange(65536, dtype=np.uint16).view(np.float16).reshape(128, 128, 4)
    fake.frames[3] = halves.astype(np.float32)
    source = Image(np.zeros((128, 128, 3)), depth=HALF, components=RGB)
    assert np.array_equal(rendered(shown(), source), halves[..., :3], equal_nan=True)
    every = Image(halves, depth=HALF)
    effect = shown(source=DIFFERENCE, mix=0.0)  # reads all of them, and writes the alpha
    got = rendered(effect, every)[..., 3]
    assert np.array_equal(got, halves[..., 3], equal_nan=True)


@pytest.mark.parametrize("depth", [FLOAT, HALF, SHORT, BYTE])
@pytest.mark.parametrize("components", [RGBA, RGB, ALPHA])
def test_when_the_original_is_shown_then_its_bits_are(shown, depth, components):
    shape = 9, 13, CHANNELS[components] * np.dtype(DTYPES[depth]).itemsize
    raw = np.random.default_rng(2).integers(0, 256, shape, np.uint8).view(DTYPES[depth])
    source = Image(raw, depth=depth, components=components, padding=5)
    assert same_bits(rendered(shown(source=ORIGINAL), source), raw)


def test_when_only_alpha_is_rendered_then_the_source_passes_but_for_the_matte(shown, picture, fake):
    pixels = np.random.default_rng(5).uniform(0, 1, (9, 13, 1)).astype("f4")
    fake.mattes[3] = np.random.default_rng(6).uniform(0, 1, (9, 13)).astype("f4")
    source = Image(pixels, components=ALPHA)
    assert same_bits(rendered(shown(), source), pixels)
    assert same_bits(rendered(shown(source=MATTE), source)[..., 0], fake.mattes[3])


@pytest.mark.parametrize("window", [(0, 0, 4, 4), (3, 2, 13, 5), (12, 8, 13, 9), (5, 5, 5, 5)])
@pytest.mark.parametrize("show", [RESTORED, MATTE, SPLIT])
def test_when_a_tile_is_asked_for_then_it_is_that_part_of_the_whole(
    shown, picture, fake, window, show
):
    fake.mattes[3] = np.random.default_rng(6).uniform(0, 1, (9, 13)).astype("f4")
    source = Image(np.nan_to_num(picture[1]))
    effect = shown(source=show, matteGrow=0.0 if show == RESTORED else 2.0)
    whole = rendered(effect, source)
    out = blank_like(source)
    assert effect.render(out, 3, window=window) == OK  # the host looks for what lies outside
    left, low, right, high = window
    part = np.s_[9 - high : 9 - low, left:right]
    assert same_bits(out.read()[part].copy(), whole[part].copy())


def test_when_the_output_is_a_tile_in_memory_then_the_source_is_read_at_its_place(shown, picture):
    frame, pixels = picture
    effect = shown().show(Image(pixels))
    out = Image.blank(4, 3, origin=(6, 2))
    assert effect.render(out, 3) == OK
    assert same_bits(out.read(), frame[9 - 5 : 9 - 2, 6:10].copy())


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1)])
def test_when_a_frame_is_tiny_then_it_is_shown(shown, fake, size):
    width, height = size
    fake.frames[3] = noise(1, 8, 8)[:height, :width]
    got = rendered(shown(), Image(fake.frames[3]))
    assert same_bits(got, fake.frames[3])


@pytest.mark.parametrize(("scale", "size"), [((0.5, 0.5), (8, 6)), ((0.25, 0.25), (4, 3))])
def test_when_a_proxy_is_rendered_then_each_pixel_is_the_mean_of_what_it_covers(
    shown, fake, scale, size
):
    frame = np.random.default_rng(1).uniform(0, 2, (12, 16, 4)).astype("f4")
    fake.frames[3] = frame
    width, height = size
    effect = shown()
    effect.clips["Source"].region = [0.0, 0.0, 16.0, 12.0]
    got = rendered(effect, Image(np.ones((height, width, 4))), scale=scale)
    step = 16 // width
    wanted = frame.reshape(height, step, width, step, 4).mean((1, 3))
    np.testing.assert_allclose(got[..., :3], wanted[..., :3], rtol=1e-6)
    assert (got[..., 3] == 1).all()


def test_when_a_proxy_s_size_is_rounded_then_the_mean_of_all_is_kept(shown, fake):
    fake.frames[3] = np.full((11, 15, 4), 0.5, "f4")
    effect = shown()
    effect.clips["Source"].region = [0.0, 0.0, 15.0, 11.0]
    got = rendered(effect, Image(np.ones((6, 8, 4))), scale=(0.5, 0.5))
    assert (got[..., :3] == 0.5).all()


def test_when_pixels_are_not_square_then_they_are_still_one_to_one(shown, fake):
    fake.frames[3] = noise(1)
    effect = shown()
    effect.clips["Source"].region = [0.0, 0.0, 26.0, 9.0]  # canonical: 13 pixels, twice as wide
    source = Image(fake.frames[3], aspect=2.0)
    assert same_bits(rendered(effect, source), fake.frames[3])


def test_when_the_frame_holds_less_than_the_display_then_the_source_stands_around_it(shown, fake):
    fake.frames[3] = noise(1, 3, 4)
    fake.data[3], fake.display[3] = (6, 2, 9, 4), (0, 0, 12, 8)
    pixels = noise(2)
    wanted = pixels.copy()
    wanted[2:5, 6:10, :3] = fake.frames[3][..., :3]
    assert same_bits(rendered(shown(), Image(pixels)), wanted)
    effect = shown(source=DIFFERENCE)
    got = rendered(effect, Image(np.nan_to_num(pixels, posinf=0, neginf=0)))
    assert not got[:2, :, :3].any()
    assert not got[5:, :, :3].any()


def test_when_the_frame_has_overscan_then_the_source_s_region_finds_its_place(shown, fake):
    fake.frames[3] = noise(1, 13, 17)
    fake.data[3], fake.display[3] = (-2, -2, 14, 10), (0, 0, 12, 8)
    assert same_bits(
        rendered(shown(), Image(np.zeros((9, 13, 4)))), patched(fake.frames[3][2:11, 2:15])
    )
    wide = Image(np.zeros((13, 17, 4)), origin=(-2, -2))
    assert same_bits(rendered(shown(), wide), patched(fake.frames[3]))


def patched(frame):
    return np.concatenate([frame[..., :3], np.zeros_like(frame[..., :1])], 2)


def test_when_sizes_do_not_match_then_the_source_is_marked_and_the_message_says_so(shown, picture):
    effect = shown()
    got = rendered(effect, Image(np.zeros((30, 50, 4))))
    assert "13x9" in effect.persistent
    assert "50x30" in effect.persistent
    assert got.any()
    assert not got[5:-5, 5:-5].any()


@pytest.mark.parametrize("size", [(99, 75), (100, 74), (101, 75), (50, 75), (50, 30)])
def test_when_the_frame_has_nearly_the_size_or_another_shape_then_it_is_not_shown(
    shown, fake, size
):
    width, height = size
    fake.frames[3] = np.full((75, 100, 4), 2, "f4")
    effect = shown(missing=0)
    got = rendered(effect, Image(np.ones((height, width, 4))))
    assert (got == 1).all()
    assert "100x75" in effect.persistent


@pytest.mark.parametrize("mix", [0.0, 0.25, 1.0])
def test_when_it_is_mixed_then_the_ends_are_exact(shown, fake, mix):
    rng = np.random.default_rng(1)
    frame, pixels = (rng.uniform(0, 2, (9, 13, 4)).astype("f4") for _ in range(2))
    fake.frames[3] = frame
    got = rendered(shown(mix=mix), Image(pixels))
    wanted = pixels + np.float32(mix) * (frame - pixels)
    np.testing.assert_allclose(got[..., :3], wanted[..., :3], rtol=1e-5, atol=1e-6)
    if mix in {0, 1}:
        exact = frame if mix else pixels
        assert same_bits(got[..., :3].copy(), exact[..., :3].copy())


def test_when_it_is_split_then_each_side_is_exact(shown, picture):
    frame, pixels = picture
    got = rendered(shown(source=SPLIT, splitPosition=6 / 13), Image(pixels))
    assert same_bits(got[:, :6].copy(), pixels[:, :6].copy())
    assert same_bits(got[:, 6:].copy(), frame[:, 6:].copy())


def test_when_the_difference_is_shown_then_it_is_absolute(shown, fake):
    rng = np.random.default_rng(1)
    frame, pixels = (rng.uniform(0, 2, (9, 13, 4)).astype("f4") for _ in range(2))
    fake.frames[3] = frame
    got = rendered(shown(source=DIFFERENCE), Image(pixels))
    assert np.array_equal(got[..., :3], np.abs(frame - pixels)[..., :3])


def soft_matte():
    y, x = np.mgrid[:30, :40]
    return np.clip(1.4 - np.hypot(x - 20, y - 15) / 10, 0, 1).astype("f4")


def test_when_the_matte_is_left_alone_then_gain_and_grow_change_no_bit(shown, fake):
    matte, pixels = soft_matte(), np.random.default_rng(1).uniform(0, 1, (30, 40, 4)).astype("f4")
    fake.frames[3] = np.where(matte[..., None] > 0, pixels + 1, pixels).astype("f4")
    fake.frames[3][..., 3] = pixels[..., 3]
    fake.mattes[3] = matte
    assert same_bits(rendered(shown(), Image(pixels)), fake.frames[3])
    tiny = rendered(shown(matteGrow=0.25), Image(pixels))  # less than half a pixel
    assert same_bits(tiny, fake.frames[3])


def test_when_the_matte_has_no_gain_then_the_source_is_shown(shown, fake):
    pixels = np.random.default_rng(1).uniform(0, 1, (30, 40, 4)).astype("f4")
    fake.frames[3], fake.mattes[3] = pixels + 1, soft_matte()
    assert same_bits(rendered(shown(matteGain=0.0), Image(pixels)), pixels)


@pytest.mark.parametrize("grow", [-3.0, 3.0])
def test_when_the_matte_grows_or_shrinks_then_it_is_the_most_or_least_around(shown, fake, grow):
    matte, radius = soft_matte(), 3
    fake.frames[3], fake.mattes[3] = np.zeros((30, 40, 4), "f4"), matte
    around = np.pad(matte, radius)
    windows = np.lib.stride_tricks.sliding_window_view(around, (7, 7))
    wanted = windows.max((2, 3)) if grow > 0 else windows.min((2, 3))
    wanted = np.where(matte > 0, wanted, 0)
    got = rendered(shown(source=MATTE, matteGrow=grow), Image(np.zeros((30, 40, 4))))
    assert np.array_equal(got, np.repeat(wanted[..., None], 4, 2))


def test_when_the_gain_is_two_then_the_edge_of_the_change_is_twice_as_strong(shown, fake):
    matte = soft_matte()
    pixels = np.full((30, 40, 4), 0.5, "f4")
    fake.frames[3] = pixels + matte[..., None]  # a change of 1 under the matte
    fake.mattes[3] = matte
    got = rendered(shown(matteGain=2.0), Image(pixels))[..., 0] - 0.5
    sure = matte >= 1 / 16
    np.testing.assert_allclose(got[sure], np.clip(2 * matte, 0, 1)[sure], atol=1e-5)
    assert (got[matte == 0] == 0).all()


def test_when_the_take_has_no_matte_then_the_message_says_so(shown, picture):
    effect = shown(source=MATTE)
    rendered(effect, Image(picture[1]))
    assert "faceplate.matte" in effect.persistent
    effect.set(source=RESTORED)
    assert same_bits(rendered(effect, Image(picture[1])), picture[0])
    assert effect.persistent is None


@pytest.mark.parametrize(
    ("frames", "source", "power"),
    [(0, STRAIGHT, 0), (1, STRAIGHT, -1), (2, PREMULTIPLIED, 1), (1, PREMULTIPLIED, 0)],
)
def test_when_frame_and_source_are_associated_differently_then_the_frame_is_brought_over(
    shown, fake, frames, source, power
):
    frame = np.random.default_rng(1).uniform(0.1, 1, (9, 13, 4)).astype("f4")
    frame[0, 0, 3] = 0
    fake.frames[3] = frame
    got = rendered(shown(frameAlpha=frames), Image(frame, alpha=source))
    alpha = frame[..., 3:].copy()
    if power < 0:
        alpha[alpha == 0] = 1
    np.testing.assert_allclose(got[..., :3], frame[..., :3] * alpha**power, rtol=1e-6)
    assert np.array_equal(got[..., 3], frame[..., 3])


def test_when_the_source_is_marked_then_only_its_border_is(shown, fake):
    pixels = np.random.default_rng(1).uniform(0, 0.5, (80, 100, 4)).astype("f4")
    got = rendered(shown(missing=1), Image(pixels))
    changed = (got != pixels).any(2)
    assert changed[:2].any()
    assert changed[:, -2:].any()
    assert not changed[2:-2, 2:-2].any()
    assert same_bits(rendered(shown(missing=0), Image(pixels)), pixels)
