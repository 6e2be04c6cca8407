"""The spaces that are known without a config of the house, and what hosts call them.

Rules of this file:
    - What OpenColorIO's built-in configs hold is taken from there; only what they lack is declared.
    - A declared curve names its maker's document. Nothing is fitted, nothing is guessed.
    - No alias has two meanings, in any case, with any spaces, dashes and brackets.

A name for a curve without primaries stands for the primaries that its camera writes it with. The
curves of film scanners and of cameras that have none keep those of ``linear``, as in Nuke.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log10
from typing import TYPE_CHECKING

import PyOpenColorIO as ocio  # noqa: N813  # its own documentation's name for it

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ALIASES", "LINEAR_REC709", "built_in_config"]

PINNED_CONFIG = "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4"
NEWEST_CONFIG = "ocio://studio-config-v5.0.0_aces-v2.1_ocio-v2.6"  # names ids; has newer cameras
LINEAR_REC709 = "Linear Rec.709 (sRGB)"
_REFERENCE = "ACES2065-1"  # of every scene-referred space of both configs

ALIASES: dict[str, tuple[str, ...]] = {
    "ACES2065-1": ("ACES (AP0)", "ACES AP0 linear", "AP0"),
    "ACEScg": ("ACES (AP1)", "AP1"),
    "ACEScc": ("ACEScc (AP1)", "ACES AP1/ACEScc"),
    "ACEScct": ("ACEScct (AP1)", "ACES AP1/ACEScct"),
    LINEAR_REC709: ("linear", "Linear sRGB", "sRGB (Linear)", "Rec.709 Linear"),
    "Linear Rec.2020": ("Rec.2020 Linear",),
    "Linear P3-D65": ("P3-D65 Linear",),
    "sRGB Encoded Rec.709 (sRGB)": ("sRGB", "sRGBf", "sRGB (Texture)"),
    "Camera Rec.709": ("rec709", "Rec.709 (Scene)"),
    "Rec.1886 Rec.709 - Display": ("Rec.1886", "Rec.709 BT.1886"),
    "Rec.1886 Rec.2020 - Display": ("Rec.2020 Gamma 2.4",),
    "Rec.2100-PQ - Display": ("Rec.2100 ST2084",),
    "Gamma 1.8 Encoded Rec.709": ("Gamma1.8",),
    "Gamma 2.2 Encoded Rec.709": ("Gamma2.2", "Rec.709 Gamma 2.2"),
    "Gamma 2.4 Encoded Rec.709": ("Gamma2.4", "BT1886", "Rec.709 Gamma 2.4"),
    "Gamma 2.6 Encoded Rec.709": ("Gamma2.6",),
    "ARRI LogC3 (EI800)": (
        "AlexaV3LogC",
        "LogC3",
        "LogC3 (EI 800)",
        "ARRI LogC",
        "ARRI LogC3",
        "ARRI LogC EI800 AWG",
        "ARRI Wide Gamut 3/ARRI LogC3",
    ),
    "Linear ARRI Wide Gamut 3": ("ARRI Wide Gamut 3 Linear", "Linear AWG3"),
    "ARRI LogC4": ("ARRILogC4", "LogC4", "ARRI Wide Gamut 4/ARRI LogC4"),
    "Linear ARRI Wide Gamut 4": ("ARRI Wide Gamut 4 Linear", "Linear AWG4"),
    "S-Log S-Gamut": ("SLog1", "Sony SLog1", "S-Gamut/S-Log"),
    "S-Log2 S-Gamut": ("SLog2", "Sony SLog2", "S-Gamut/S-Log2"),
    "S-Log3 S-Gamut3": ("S-Gamut3/S-Log3", "Sony SLog3 SGamut3"),
    "S-Log3 S-Gamut3.Cine": ("SLog3", "S-Gamut3.Cine/S-Log3", "Sony SLog3 SGamut3Cine"),
    "S-Log3 Venice S-Gamut3": ("Sony Venice SLog3 SGamut3",),
    "S-Log3 Venice S-Gamut3.Cine": ("Sony Venice SLog3 SGamut3Cine",),
    "Linear S-Gamut3": ("S-Gamut3 Linear",),
    "Linear S-Gamut3.Cine": ("S-Gamut3.Cine Linear",),
    "Log3G10 REDWideGamutRGB": (
        "Log3G10",
        "RED Log3G10",
        "REDWideGamutRGB/Log3G10",
        "RWG/Log3G10",
        "RED Log3G10 REDWideGamutRGB",
    ),
    "REDLogFilm REDWideGamutRGB": ("REDLogFilm", "REDWideGamutRGB/REDlogFilm"),
    "Linear REDWideGamutRGB": ("REDWideGamutRGB Linear", "Linear RWG"),
    "DaVinci Intermediate WideGamut": (
        "DaVinci Intermediate",
        "DaVinci WG/Intermediate",
        "DaVinci Wide Gamut Intermediate",
        "DaVinci Wide Gamut/DaVinci Intermediate",
    ),
    "Linear DaVinci WideGamut": ("DaVinci Wide Gamut Linear", "DaVinci WG/Linear", "Linear DWG"),
    "V-Log V-Gamut": (
        "V-Log",
        "Panasonic V-Log",
        "V-Gamut/V-Log",
        "Panasonic V-Gamut/V-Log",
        "Panasonic V-Log V-Gamut",
        "Panasonic Varicam VLog VGamut",
    ),
    "Linear V-Gamut": ("V-Gamut Linear", "Panasonic V-Gamut Linear"),
    "CanonLog CinemaGamut D55": (
        "CLog",
        "Canon Log",
        "Canon Log Cinema Gamut",
        "Canon Cinema Gamut/Canon Log",
    ),
    "CanonLog2 CinemaGamut D55": (
        "CLog2",
        "Canon Log 2",
        "Canon Log 2 Cinema Gamut",
        "Canon Cinema Gamut/Canon Log 2",
    ),
    "CanonLog3 CinemaGamut D55": (
        "CLog3",
        "Canon Log 3",
        "Canon Log 3 Cinema Gamut",
        "Canon Cinema Gamut/Canon Log 3",
    ),
    "Linear CinemaGamut D55": ("Linear Cinema Gamut", "Canon Cinema Gamut Linear"),
    "BMDFilm WideGamut Gen5": (
        "BMDFilm Gen5",
        "Blackmagic Film Generation 5",
        "Blackmagic Design Film Gen 5",
    ),
    "Linear BMD WideGamut Gen5": ("Linear Blackmagic Wide Gamut Gen 5",),
    "Apple Log": ("Apple Log Rec.2020", "Rec.2020/Apple Log"),
    "Apple Log 2": ("Apple Wide Gamut/Apple Log 2",),
    "D-Log D-Gamut": ("D-Log", "DJI D-Log", "DJI D-Gamut/D-Log"),
    "F-Log F-Gamut": ("F-Log", "Fujifilm F-Log", "Fujifilm F-Gamut/F-Log"),
    "F-Log2 F-Gamut": ("F-Log2", "Fujifilm F-Log2", "Fujifilm F-Gamut/F-Log2"),
    "Protune": ("GoPro Protune",),
    "Cineon": ("Cineon Film Log",),
}
"""What Nuke and Resolve call spaces, beyond the names and aliases in the built-in configs."""


@dataclass(frozen=True, slots=True)
class _Log:
    """``code = slope * log10(gain * linear + offset) + shift``, and straight below a break.

    A logarithm ends where a plate does not: below code 0, which no integer file holds, a curve
    without a toe goes on with the slope that it has there.

    Attributes:
        linear_break: Scene-linear value below which it is straight; None for that of code 0.
        toe: Slope below the break; None for the slope that the logarithm has there.
    """

    slope: float
    gain: float
    offset: float
    shift: float
    linear_break: float | None = None
    toe: float | None = None

    def from_linear(self) -> ocio.Transform:
        """Return the curve from scene-linear values to codes."""
        at_zero = (10 ** (-self.shift / self.slope) - self.offset) / self.gain
        return ocio.LogCameraTransform(
            linSideBreak=[at_zero if self.linear_break is None else self.linear_break] * 3,
            base=10.0,
            logSideSlope=[self.slope] * 3,
            logSideOffset=[self.shift] * 3,
            linSideSlope=[self.gain] * 3,
            linSideOffset=[self.offset] * 3,
            linearSlope=[] if self.toe is None else [self.toe] * 3,
        )


def _film(black: float, white: float, codes_a_decade: float) -> _Log:
    """Return a film scanner's curve of 10-bit codes, with black at 0 and white at 1."""
    flare = 10 ** ((black - white) / codes_a_decade)
    return _Log(codes_a_decade / 1023, 1 - flare, flare, white / 1023)


def _sony(gain: float) -> _Log:
    """Return S-Log of a signal that is 1 at 90 % reflectance, as full-range codes of video levels.

    References:
        Sony, S-Log White Paper and S-Log2 Technical Paper.
    """
    levels, black = (940 - 64) / 1023, 64 / 1023
    return _Log(
        0.432699 * levels, gain / 0.9, 0.037584, (0.616596 + 0.03) * levels + black, linear_break=0
    )


# Kodak, Conversion of 10-bit Log Film Data to 8-bit Linear or Video Data, 1995, has Cineon's 95,
# 685 and 0.002 density a code through a negative's gamma of 0.6: 300 codes a decade. The curves of
# Panalog, REDLog, ViperLog and PLogLin are those of OpenColorIO's nuke-default config (make.py).
_LOGS: dict[str, tuple[_Log, str]] = {
    "Cineon": (_film(95, 685, 300), LINEAR_REC709),
    "Panalog": (_film(64, 681, 444), LINEAR_REC709),
    "REDLog": (_film(0, 1023, 511), LINEAR_REC709),
    "ViperLog": (_Log(500 / 1023, 1, 0, 1), LINEAR_REC709),
    "PLogLin": (_Log(300 / 1023, 1 / 0.18, 0, 445 / 1023), LINEAR_REC709),
    # GoPro: code = ln(112 x + 1) / ln 113.
    "Protune": (_Log(1 / log10(113), 112, 1, 0), LINEAR_REC709),
    # RED: 0.184904 log10(347.189667 x + 1); 18 % at 1/3, twelve stops above it at 1. RED mirrors
    # it below 0, here it goes straight on.
    "Log3G12": (_Log(0.184904, 347.189667, 1, 0), LINEAR_REC709),
    "S-Log S-Gamut": (_sony(1), "Linear S-Gamut3"),  # S-Gamut has the primaries of S-Gamut3
    "S-Log2 S-Gamut": (_sony(155 / 219), "Linear S-Gamut3"),
    # Canon, Canon Log Gamma Curves, mirrors it below 0, here it goes straight on.
    "CanonLog CinemaGamut D55": (
        _Log(0.45310179, 10.1596 / 0.9, 1, 0.12512248, linear_break=0),
        "Linear CinemaGamut D55",
    ),
    # Fujifilm, F-Log Data Sheet and F-Log2 Data Sheet; F-Gamut is that of Rec.2020.
    "F-Log F-Gamut": (
        _Log(0.344676, 0.555556, 0.009468, 0.790453, 0.00089, 8.735631),
        "Linear Rec.2020",
    ),
    "F-Log2 F-Gamut": (
        _Log(0.245281, 5.555556, 0.064829, 0.384316, 0.000889, 8.799461),
        "Linear Rec.2020",
    ),
}


@lru_cache(maxsize=1)
def built_in_config() -> ocio.Config:
    """Return the pinned config with the newest one's ids, the spaces it lacks, and `ALIASES`."""
    config = ocio.Config.CreateFromFile(PINNED_CONFIG)
    config.setVersion(2, 6)  # that of the newest, whose transforms it takes
    for space in (*_newest(config), *_declared()):
        config.addColorSpace(space)
    for name, aliases in ALIASES.items():
        space = config.getColorSpace(name)
        assert space is not None, name
        for alias in aliases:
            space.addAlias(alias)
        config.addColorSpace(space)
    return config


def _newest(config: ocio.Config) -> Iterator[ocio.ColorSpace]:
    """Yield what the newest config adds: ids to known spaces, and new spaces."""
    newest = ocio.Config.CreateFromFile(NEWEST_CONFIG)
    for space in newest.getColorSpaces(ocio.SEARCH_REFERENCE_SPACE_ALL, ocio.COLORSPACE_ALL):
        if space.isData():
            continue  # its id, data, is a role's name
        names = (space.getName(), *space.getAliases())
        known = next((own for name in names if (own := config.getCanonicalName(name))), None)
        if known is None:
            yield space
            continue
        found = config.getColorSpace(known)
        assert found is not None
        found.addAlias(space.getInteropID())
        found.setInteropID(space.getInteropID())
        yield found


def _declared() -> Iterator[ocio.ColorSpace]:
    """Yield the spaces that no built-in config holds."""
    for name, (curve, primaries) in _LOGS.items():
        yield _space(name, curve.from_linear(), primaries)
    power = ocio.ExponentTransform(
        [2.6, 2.6, 2.6, 1.0], ocio.NEGATIVE_PASS_THRU, ocio.TRANSFORM_DIR_INVERSE
    )
    yield _space("Gamma 2.6 Encoded Rec.709", power, LINEAR_REC709)
    film = ocio.BuiltinTransform("RED_REDLOGFILM-RWG_to_ACES2065-1")
    yield ocio.ColorSpace(name="REDLogFilm REDWideGamutRGB", toReference=film)


def _space(name: str, curve: ocio.Transform, primaries: str) -> ocio.ColorSpace:
    matrix = ocio.ColorSpaceTransform(_REFERENCE, primaries)
    return ocio.ColorSpace(name=name, fromReference=ocio.GroupTransform([matrix, curve]))
