from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from engine.frame_io.colour import FADE_END, PlateColour, _apply, decode_knee, encode_knee
from engine.frame_io.colourspace import _every_space, resolve_colourspace
from engine.frame_io.spaces import ALIASES, PINNED_CONFIG, built_in_config

PAGE = Path(__file__).parents[3] / "docs" / "colour.md"
EVERY = sorted(space.getName() for space in _every_space("") if not space.isData())
# Scans count density, not light: ADX16 reaches half's largest number at a third of its codes.
SPACES = [name for name in EVERY if name != "ADX16"]
LINEAR = [name for name in SPACES if name.startswith(("Linear ", "CIE XYZ")) or "ACEScg" in name]
# What OpenColorIO's own transforms clip below code 0: display gammas, and tables of camera logs.
CLIPPED = re.compile("Apple Log|CanonLog[23]|.*Rec.1886|P3-D.* Display")
# Codes at which OpenColorIO's tables of Canon's curves and of film end.
BELOW = {"ADX10": -0.1}
ABOVE = {"CanonLog2 CinemaGamut D55": 1.0, "CanonLog3 CinemaGamut D55": 1.0}


@pytest.fixture(autouse=True)
def no_config_of_the_house(monkeypatch):
    monkeypatch.delenv("OCIO", raising=False)


def to_linear(name, values):
    return _apply(PlateColour(resolve_colourspace(name, {}))._to_linear, values)


def from_linear(name, values):
    return _apply(PlateColour(resolve_colourspace(name, {}))._from_linear, values)


def greys(values):
    return np.broadcast_to(np.asarray(values, np.float32), (3, 1, len(values))).copy()


def code_of(name, linear):
    return float(from_linear(name, greys([linear]))[1, 0, 0])


@pytest.mark.parametrize("name", SPACES)
def test_when_greys_go_to_linear_and_back_then_they_return_within_float32(name):
    low = 0.0 if CLIPPED.match(name) else BELOW.get(name, -0.25)
    codes = np.linspace(low, ABOVE.get(name, 1.2), 3001, dtype=np.float32)
    back = from_linear(name, to_linear(name, greys(codes)))
    assert np.abs(back - codes).max() <= 1e-6


# S-2014-003: ACEScc clips what AP0 does not hold, as most of these colours.
@pytest.mark.parametrize("name", [name for name in SPACES if name != "ACEScc"])
def test_when_colours_go_to_linear_and_back_then_they_are_the_same_light(name):
    codes = np.random.default_rng(1).uniform(0, 1, (3, 30, 30)).astype(np.float32)
    light = to_linear(name, codes)
    again = to_linear(name, from_linear(name, light))
    assert (np.abs(again - light).max(axis=0) <= 4e-6 * np.abs(light).max(axis=0) + 1e-7).all()


@pytest.mark.parametrize("name", LINEAR)
def test_when_scene_linear_colours_are_negative_or_bright_then_they_return_within_float32(name):
    values = np.random.default_rng(2).normal(0, 100, (3, 30, 30)).astype(np.float32)
    back = from_linear(name, to_linear(name, values))
    assert (np.abs(back - values) <= 4e-7 * np.abs(values).max(axis=0)).all()


@pytest.mark.parametrize("name", EVERY)
def test_when_light_rises_then_codes_rise_and_are_finite(name):
    light = np.concatenate([[0], np.geomspace(1e-7, 64, 4000)])
    codes = from_linear(name, greys(light))
    assert np.isfinite(codes).all()
    assert (np.diff(codes[1, 0].astype(np.float64)) >= 0).all()
    seen = codes[1, 0, light <= FADE_END].astype(np.float64)  # nothing brighter is delivered
    assert (np.diff(seen[::50]) > 0).all()


@pytest.mark.parametrize("name", SPACES)
def test_when_codes_rise_then_light_rises(name):
    codes = np.linspace(-0.25, 1.25, 3001, dtype=np.float32)
    light = to_linear(name, greys(codes))[1, 0].astype(np.float64)
    inside = (codes[1:] >= 0.001) & (codes[1:] <= 1)
    assert (np.diff(light) >= 0).all()
    assert (np.diff(light)[inside] > 0).all()


@pytest.mark.parametrize("name", EVERY)
def test_when_a_plate_is_grey_then_it_stays_grey(name):
    seen = to_linear(name, from_linear(name, greys([0.01, 0.18, 1.0])))
    assert seen == pytest.approx(greys([0.01, 0.18, 1.0]), rel=2e-5)


@pytest.mark.parametrize("name", EVERY)
def test_when_a_grey_gains_a_tenth_of_its_light_then_the_plate_does(name):
    light = np.geomspace(0.02, 0.5, 50)
    colour = PlateColour(resolve_colourspace(name, {}))
    plate = from_linear(name, greys(light))
    seen = colour.encode(plate)
    restored = encode_knee(decode_knee(seen) * np.float32(1.1))
    delivered = to_linear(name, plate + colour.delta(seen, restored))
    assert delivered == pytest.approx(greys(1.1 * light), rel=1e-4)


# 10-bit codes of 0, 18 and 90 % reflectance, as the makers' documents print them.
TEN_BIT = [
    ("S-Log S-Gamut", 90, 394, 636),  # Sony, S-Log White Paper
    ("S-Log2 S-Gamut", 90, 347, 582),  # Sony, S-Log2 Technical Paper
    ("S-Log3 S-Gamut3", 95, 420, 598),  # Sony, Technical Summary for S-Gamut3.Cine/S-Log3
    ("S-Log3 S-Gamut3.Cine", 95, 420, 598),
    ("V-Log V-Gamut", 128, 433, 602),  # Panasonic, V-Log/V-Gamut Reference Manual
    ("F-Log F-Gamut", 95, 470, 705),  # Fujifilm, F-Log Data Sheet
    ("F-Log2 F-Gamut", 95, 400, 570),  # Fujifilm, F-Log2 Data Sheet
]


@pytest.mark.parametrize(("name", "black", "grey", "white"), TEN_BIT)
def test_when_reflectance_is_known_then_ten_bit_codes_are_the_makers(name, black, grey, white):
    codes = [1023 * code_of(name, light) for light in (0, 0.18, 0.9)]
    assert codes == pytest.approx([black, grey, white], abs=0.5)


POINTS = [
    ("ACEScc", 0.18, 0.4135884),  # S-2014-003
    ("ACEScct", 0.0, 0.0729055),  # S-2016-001: 0.0729055341958355
    ("ACEScct", 0.18, 0.4135884),
    ("sRGB", 0.18, 1.055 * 0.18 ** (1 / 2.4) - 0.055),  # IEC 61966-2-1
    ("rec709", 0.18, 1.099 * 0.18**0.45 - 0.099),  # ITU-R BT.709
    ("Rec.1886 Rec.709 - Display", 0.18, 0.18 ** (1 / 2.4)),  # ITU-R BT.1886, black at 0
    ("Rec.2100-PQ - Display", 1.0, 0.508078),  # SMPTE ST 2084, 100 cd/m2
    *((f"Gamma{power}", 0.18, 0.18 ** (1 / power)) for power in (1.8, 2.2, 2.4, 2.6)),
    ("AlexaV3LogC", 0.0, 0.092809),  # ARRI, ALEXA Log C Curve: f of EI 800
    ("AlexaV3LogC", 0.18, 400 / 1023),
    ("ARRILogC4", 0.0, 95 / 1023),  # ARRI, LogC4 Logarithmic Color Space, Specification
    ("ARRILogC4", 0.18, 0.2783958),
    ("Log3G10", -0.01, 0.0),  # RED, White Paper on REDWideGamutRGB and Log3G10
    ("Log3G10", 0.18, 1 / 3),
    ("Log3G10", 184.322, 1.0),
    ("Log3G12", 0.18, 1 / 3),  # the same, twelve stops above grey
    ("Log3G12", 0.18 * 2**12, 1.0),
    ("DaVinci Intermediate", 0.18, 0.336043),  # Blackmagic, DaVinci Wide Gamut Intermediate
    ("DaVinci Intermediate", 1.0, 0.513837),
    ("DaVinci Intermediate", 100.0, 1.0),
    ("BMDFilm Gen5", 0.0, 0.0924658),  # Blackmagic, Generation 5 Color Science
    ("BMDFilm Gen5", 0.18, 0.3835616),
    ("Apple Log", 0.0, 0.1504765),  # Apple Log Profile White Paper, by its formula
    ("Apple Log", 0.18, 0.4882725),
    ("CLog", 0.0, 128 / 1023),  # Canon, Canon Log Gamma Curves, by their formulas
    ("CLog", 0.18, 0.3433896),
    ("CLog2", 0.0, 95 / 1023),
    ("CLog2", 0.18, 0.3982547),
    ("CLog3", 0.0, 128 / 1023),
    ("CLog3", 0.18, 0.3433894),
    ("D-Log", 0.0, 0.0929),  # DJI, White Paper on D-Log and D-Gamut
    ("D-Log", 0.18, 0.3987646),
    ("Cineon", 0.0, 95 / 1023),  # Kodak, 1995
    ("Cineon", 1.0, 685 / 1023),
    ("REDLogFilm", 0.0, 95 / 1023),  # Cineon's curve
    ("REDLogFilm", 1.0, 685 / 1023),
    ("Panalog", 0.0, 64 / 1023),
    ("Panalog", 1.0, 681 / 1023),
    ("REDLog", 0.0, 0.0),
    ("REDLog", 1.0, 1.0),
    ("ViperLog", 0.1, 523 / 1023),  # 500 codes a decade
    ("ViperLog", 1.0, 1.0),
    ("PLogLin", 0.18, 445 / 1023),  # and 300 codes a decade
    ("PLogLin", 1.8, 745 / 1023),
    ("Protune", 1 / 112, np.log(2) / np.log(113)),
    ("Protune", 1.0, 1.0),
]


@pytest.mark.parametrize(("name", "light", "code"), POINTS)
def test_when_light_is_known_then_the_code_is_the_published_one(name, light, code):
    assert code_of(name, light) == pytest.approx(code, abs=2e-5)


def test_when_primaries_are_known_then_a_pure_red_is_where_they_say():
    # CIE xy of the reds: Rec.2020, P3-D65, S-Gamut3, V-Gamut.
    red = np.array([1, 0, 0], np.float32).reshape(3, 1, 1)
    for name, xy in [
        ("Linear Rec.2020", (0.708, 0.292)),
        ("Linear P3-D65", (0.68, 0.32)),
        ("Linear S-Gamut3", (0.73, 0.28)),
        ("Linear V-Gamut", (0.73, 0.28)),
    ]:
        xyz = from_linear("CIE XYZ-D65 - Scene-referred", to_linear(name, red))[:, 0, 0]
        assert xyz[:2] / xyz.sum() == pytest.approx(xy, abs=5e-4), name


def test_when_a_curve_stands_on_primaries_then_they_are_those_of_its_linear_space():
    red = np.array([0.5, 0.2, 0.1], np.float32).reshape(3, 1, 1)
    for curve, linear in [
        ("SLog1", "Linear S-Gamut3"),
        ("SLog2", "Linear S-Gamut3"),
        ("CLog", "Linear CinemaGamut D55"),
        ("F-Log2", "Linear Rec.2020"),
        ("Cineon", "Linear Rec.709 (sRGB)"),
    ]:
        codes = from_linear(curve, to_linear(linear, red))
        greys_of_it = [code_of(curve, light) for light in red[:, 0, 0]]
        assert codes[:, 0, 0] == pytest.approx(greys_of_it, abs=1e-5), curve


def test_when_the_built_in_config_is_made_then_it_is_valid_and_the_pinned_one_is_untouched():
    built_in_config().validate()
    pinned = type(built_in_config()).CreateFromFile(PINNED_CONFIG)
    assert not pinned.getCanonicalName("Cineon")


def test_when_a_space_is_known_then_the_page_names_it_and_every_alias():
    rows = re.findall(r"^\| `([^|`]+)` \|([^|]*)\|[^|]*\|[^|]*\|$", PAGE.read_text(), re.MULTILINE)
    named = {space: tuple(re.findall(r"`([^`]+)`", aliases)) for space, aliases in rows}
    assert len(named) == len(rows)
    assert set(named) == set(EVERY)
    for space, aliases in named.items():
        assert set(ALIASES.get(space, ())) <= set(aliases), space
        for alias in aliases:
            assert resolve_colourspace(alias, {}).space == space
