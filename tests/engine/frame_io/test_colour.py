from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.frame_io.colour import (
    CEILING,
    FADE_END,
    KNEE,
    PlateColour,
    decode_knee,
    decode_open,
    encode_knee,
    encode_open,
    resolve_colourspace,
)

SPACES = (
    "lin_rec709_scene",
    "lin_ap1_scene",
    "lin_ap0_scene",
    "ACEScc",
    "ARRI LogC4",
    "CLog3",
    "Cineon",
    "ViperLog",
    "sRGB",
    "Rec.1886",
    "Rec.2100 ST2084",
    "raw",
)
CODES = hnp.arrays(np.float32, (3, 4, 5), elements=st.floats(0, 1, width=32))
ANY = st.floats(width=32, allow_nan=True, allow_infinity=True)


@pytest.fixture(autouse=True)
def no_config_of_the_house(monkeypatch):
    monkeypatch.delenv("OCIO", raising=False)


@cache
def colour_of(name):
    return PlateColour(resolve_colourspace(name, {}))


def spread(low, high, count=30_000):
    return np.geomspace(low, high, count, dtype=np.float32)


def plane(*pixels):
    return np.array(pixels, np.float32).T.reshape(3, 1, len(pixels)).copy()


def test_when_values_rise_then_the_code_rises():
    first, last = np.array([0.00313, 0.003132], np.float32).view(np.uint32)
    joint = np.arange(first, last, dtype=np.uint32).view(np.float32)
    knee = np.linspace(KNEE - 1e-4, KNEE + 1e-4, 2000, dtype=np.float32)
    for values in (spread(1e-9, CEILING), joint, knee):
        steps = np.diff(encode_knee(values).astype(np.float64))
        assert (steps >= 0).all()
    assert (np.diff(encode_knee(spread(1e-9, CEILING, 5000))) > 0).all()


def test_when_values_are_encoded_and_decoded_then_they_return_to_a_millionth():
    values = spread(1e-9, CEILING)
    error = np.abs(decode_knee(encode_knee(values)).astype(np.float64) / values - 1)
    assert error.max() <= 1e-6


def test_when_values_are_known_then_their_codes_are_those_of_the_standard():
    values = np.array([0, 0.001, 0.18, KNEE, CEILING], np.float32)
    expected = [0, 0.01292, 0.461356, 1.055 * 0.6 ** (1 / 2.4) - 0.055, 1]
    assert encode_knee(values) == pytest.approx(expected, abs=1e-6)


def test_when_values_lie_outside_then_they_are_clipped():
    values = np.array([-1, -np.inf, np.nan, 1e9, np.inf], np.float32)
    assert encode_knee(values).tolist() == [0, 0, 0, 1, 1]
    assert decode_knee(np.array([-1, np.nan, 2], np.float32)).tolist() == [0, 0, CEILING]


@given(hnp.arrays(np.float32, hnp.array_shapes(), elements=ANY))
def test_when_values_are_anything_then_codes_are_codes(values):
    code = encode_knee(values)
    assert code.dtype == np.float32
    assert code.shape == values.shape
    assert ((code >= 0) & (code <= 1)).all()


@given(st.sampled_from(SPACES), hnp.arrays(np.float32, (3, 4, 5), elements=ANY))
def test_when_nothing_is_restored_then_the_plate_keeps_its_bits(name, plate):
    encoded = colour_of(name).encode(plate)
    delta = colour_of(name).delta(encoded, encoded.copy())
    assert (delta == 0).all()
    matte = np.float32(0.7)
    assert (plate + matte * delta).tobytes() == plate.tobytes()


@given(st.sampled_from(SPACES), CODES, CODES)
def test_when_only_some_pixels_are_restored_then_only_those_differ(name, encoded, restored):
    restored[:, 1:3] = encoded[:, 1:3]
    delta = colour_of(name).delta(encoded, restored)
    assert np.isfinite(delta).all()
    assert (delta[:, 1:3] == 0).all()


@given(st.sampled_from(SPACES), hnp.arrays(np.float32, (3, 4, 5), elements=st.floats(width=32)))
def test_when_a_restorer_returns_finite_codes_then_the_delta_is_finite(name, restored):
    colour = colour_of(name)
    encoded = colour.encode(np.full((3, 4, 5), 0.2, np.float32))
    restored = np.nan_to_num(restored, nan=0.5, posinf=3e38, neginf=-3e38)
    assert np.isfinite(colour.delta(encoded, restored)).all()


@pytest.mark.parametrize("name", ["lin_rec709_scene", "lin_ap1_scene", "raw"])
def test_when_a_midtone_gains_a_tenth_then_the_plate_gains_a_tenth(name):
    colour = colour_of(name)
    plate = plane((0.18, 0.18, 0.18), (0.2, 0.1, 0.08), (0.01, 0.02, 0.03), (0.3, 0.4, 0.2))
    encoded = colour.encode(plate)
    restored = encode_knee(decode_knee(encoded) * np.float32(1.1))
    delivered = plate + colour.delta(encoded, restored)
    assert delivered == pytest.approx(plate * 1.1, rel=2e-5)


def test_when_a_plate_is_acescg_then_it_is_seen_as_the_same_picture_in_rec709():
    grey = plane((0.18, 0.18, 0.18))
    assert colour_of("lin_ap1_scene").encode(grey) == pytest.approx(
        colour_of("lin_rec709_scene").encode(grey), abs=1e-6
    )
    red = plane((0.5, 0.1, 0.1))
    ap1, rec709 = (colour_of(name).encode(red) for name in ("lin_ap1_scene", "lin_rec709_scene"))
    assert ap1[0, 0, 0] > rec709[0, 0, 0] + 0.02


def test_when_a_plate_is_log_or_srgb_then_grey_is_seen_as_grey():
    assert colour_of("sRGB").encode(plane((0.461356,) * 3)) == pytest.approx(0.461356, abs=2e-6)
    assert colour_of("ARRI LogC4").encode(plane((0.278396,) * 3)) == pytest.approx(0.461, abs=1e-3)


def test_when_highlights_negatives_and_wide_colours_are_near_then_they_survive():
    colour = colour_of("lin_ap1_scene")
    plate = plane(
        (60, 55, 50), (-0.01, 0.2, 0.1), (0.02, 0.9, -0.05), (1000, 2, 3), (0.2, 0.2, 0.2)
    )
    encoded = colour.encode(plate)
    restored = encoded.copy()
    restored[:, 0, 4] += np.float32(0.05)
    delivered = plate + colour.delta(encoded, restored)
    assert delivered[:, 0, :4].tobytes() == plate[:, 0, :4].tobytes()
    assert (delivered[:, 0, 4] > plate[:, 0, 4]).all()


def test_when_highlights_are_restored_then_the_delta_fades_with_brightness():
    colour = colour_of("lin_rec709_scene")
    levels = spread(0.3, 20, 400)
    plate = np.broadcast_to(levels, (3, 1, 400)).copy()
    encoded = colour.encode(plate)
    restored = encoded - np.float32(0.01)
    full = decode_knee(restored) - decode_knee(encoded)
    share = (colour.delta(encoded, restored) / full)[0, 0]
    assert (share[levels <= KNEE] == 1).all()
    assert (share[levels >= FADE_END * 1.001] == 0).all()
    assert (np.diff(share) <= 1e-6).all()
    assert np.abs(np.diff(share)).max() < 0.02
    assert np.interp(np.sqrt(KNEE * FADE_END), levels, share) == pytest.approx(0.5, abs=1e-3)
    quarter = KNEE * (FADE_END / KNEE) ** 0.25
    assert np.interp(quarter, levels, share) == pytest.approx(0.84375, abs=1e-3)


def test_when_one_channel_is_bright_then_the_whole_pixel_fades():
    colour = colour_of("lin_rec709_scene")
    encoded = colour.encode(plane((20, 0.2, 0.2), (0.2, 0.2, 0.2)))
    delta = colour.delta(encoded, encoded - np.float32(0.05))
    assert (delta[:, 0, 0] == 0).all()
    assert (delta[:, 0, 1] < 0).all()


def test_when_a_picture_is_made_then_it_is_plain_srgb():
    plate = plane((0.18, 1, 4), (-1, np.nan, np.inf), (0, 0.5, 0.001))
    picture = colour_of("lin_rec709_scene").picture(plate)
    assert picture.shape == (1, 3, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert picture[0].tolist() == [[118, 255, 255], [0, 0, 255], [0, 188, 3]]


def test_when_a_plate_is_raw_then_only_the_knee_is_applied():
    plate = plane((0.18, 2, 70))
    assert np.array_equal(colour_of("raw").encode(plate), encode_knee(plate))


def test_when_a_crop_is_a_view_then_it_is_read_right_and_left_alone():
    plate = np.linspace(0, 2, 3 * 20 * 30, dtype=np.float32).reshape(20, 30, 3).transpose(2, 0, 1)
    before = plate.copy()
    crop = plate[:, 4:15, 21:3:-1]
    colour = colour_of("lin_ap1_scene")
    assert np.array_equal(colour.encode(crop), colour.encode(plate)[:, 4:15, 21:3:-1])
    assert np.array_equal(plate, before)


def test_when_colour_is_imported_then_torch_is_not():
    script = (
        "import sys, engine.frame_io.colour, engine.frame_io.exr; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_when_a_value_is_below_the_knee_then_both_curves_agree():
    values = spread(1e-6, 0.59, 500)
    assert np.array_equal(encode_open(values), encode_knee(values))


def test_when_open_codes_are_decoded_then_the_values_return():
    values = spread(1e-6, CEILING, 5000)
    error = np.abs(decode_open(encode_open(values)).astype(np.float64) / values - 1)
    assert error.max() < 1e-6


def test_when_the_curve_is_open_then_noise_around_a_bright_skin_averages_to_the_skin():
    skin = np.full((3, 64, 64), 0.7, np.float32)
    noise = np.random.default_rng(0).normal(0, 0.1, skin.shape).astype(np.float32)
    biases = {}
    for curve in ("knee", "open"):
        colour = PlateColour(resolve_colourspace("lin_rec709_scene", {}), curve)
        seen = colour.encode(skin)
        noisy = (
            seen + noise if curve == "open" else encode_knee(decode_open(encode_open(skin) + noise))
        )
        flat = np.full_like(seen, noisy.mean())
        biases[curve] = abs(float(colour.delta(seen, flat).mean()))
    assert biases["open"] < 0.1 * biases["knee"]


def test_when_a_hole_is_filled_then_what_was_bright_in_it_goes():
    plate = np.float32([0.3, 1.0, 6.0, 40.0]).reshape(1, 1, 4).repeat(3, axis=0)
    colour = colour_of("lin_rec709_scene")
    encoded = colour.encode(plate)
    restored = np.full_like(encoded, 0.5)
    holes = np.float32([[1, 1, 1, 0]])
    delivered = plate + colour.delta(encoded, restored, holes)
    assert np.allclose(delivered[:, 0, :3], 0.214, atol=1e-3)
    assert delivered[0, 0, 3] == 40
