"""The way from a plate's colourspace to what a restorer sees, and back.

Rules of this file:
    - It is the only one that knows transfer curves; everything that needs a config goes to OCIO.
    - Pixels pass through here for crops only; the plate itself is never converted and back.

Three encodings appear. *Plate space* is what the plate holds. Scene-linear Rec.709 is the place
where they meet. *Code* is what a restorer sees: display-referred sRGB below KNEE. Above it a
network sees a logarithm up to 1 (*knee*), so that a highlight is something else than white, and a
method that averages pixels sees the sRGB curve go on beyond 1 (*open*), because noise that is bent
by the knee no longer averages out. See docs/decisions/0004.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import PyOpenColorIO as ocio  # noqa: N813  # its own documentation's name for it

from engine.frame_io.colourspace import (
    RAW,
    Resolved,
    config_declaring,
    config_of,
    resolve_colourspace,
)
from engine.frame_io.spaces import LINEAR_REC709, built_in_config
from plugin_host.errors import ColourspaceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "CEILING",
    "FADE_END",
    "KNEE",
    "PlateColour",
    "Resolved",
    "decode_knee",
    "decode_open",
    "encode_knee",
    "encode_open",
    "resolve_colourspace",
]

_LINEAR_ID = "lin_rec709_scene"
KNEE = 0.6
"""Scene-linear value, 1 = diffuse white, up to which the code is plain sRGB."""
CEILING = 64.0
"""Scene-linear value, 1 = diffuse white, of code 1.0: six stops above diffuse white."""
FADE_END = 8.0
"""Scene-linear value, three stops above diffuse white, from which on no delta is delivered."""

# IEC 61966-2-1: V = 12.92 L below the joint, 1.055 L^(1/2.4) - 0.055 above. The standard rounds
# the joint to 0.0031308, where the pieces miss each other by 3e-8; here they meet.
_JOINT = 0.0031306684425005883

_KNEE_CODE = 1.055 * KNEE ** (1 / 2.4) - 0.055
_OPEN_CODE = 1.055 * CEILING ** (1 / 2.4) - 0.055
_KNEE_STOPS = float(np.log2(CEILING / KNEE))  # from knee to ceiling
_FADE_STOPS = float(np.log2(FADE_END / KNEE))


def encode_knee(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the knee code, display-referred in [0, 1], of scene-linear Rec.709 values.

    Values are clipped to [0, CEILING]; NaN becomes 0. Any shape, float32 in and out.
    """
    values = _clipped(linear, CEILING)
    # Both for every pixel: to pick them out first costs more than it saves.
    low = _srgb(np.minimum(values, KNEE))
    high = _KNEE_CODE + (1 - _KNEE_CODE) * np.log2(np.maximum(values, KNEE) / KNEE) / _KNEE_STOPS
    return np.where(values > KNEE, high, low).astype(np.float32)


def decode_knee(code: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scene-linear Rec.709 values, in [0, CEILING], of a knee code.

    Codes are clipped to [0, 1]; NaN becomes 0. Any shape, float32 in and out.
    """
    values = _clipped(code, 1.0)
    low = _linear(np.minimum(values, _KNEE_CODE))
    high = KNEE * np.exp2((values - _KNEE_CODE) / (1 - _KNEE_CODE) * _KNEE_STOPS)
    return np.where(values > _KNEE_CODE, high, low).astype(np.float32)


def encode_open(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the open code, display-referred from 0 to 5.9, of scene-linear Rec.709 values.

    The sRGB curve without an upper end; values are clipped to [0, CEILING], NaN becomes 0.
    """
    return _srgb(_clipped(linear, CEILING)).astype(np.float32)


def decode_open(code: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scene-linear Rec.709 values, in [0, CEILING], of an open code."""
    return _linear(_clipped(code, _OPEN_CODE)).astype(np.float32)


_CURVES = {"knee": (encode_knee, decode_knee), "open": (encode_open, decode_open)}


class PlateColour:
    """The way from a plate's space to what a restorer sees, and back for what it changed.

    It holds two processors and nothing else; threads may share it.

    Args:
        resolved: The plate's colourspace.
        curve: What the restorer sees above the knee, ``knee`` or ``open``.

    Raises:
        ColourspaceError: The config knows no way between the space and scene-linear Rec.709.
    """

    def __init__(self, resolved: Resolved, curve: str = "knee") -> None:
        self.resolved = resolved
        self._encode, self._decode = _CURVES[curve]
        key = config_declaring(resolved.space)
        self._to_linear, self._from_linear = _processors(key, resolved.space)

    def encode(self, plate: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what a restorer sees of a crop.

        Args:
            plate: ``(3, H, W)`` float32 in plate space.

        Returns:
            ``(3, H, W)`` float32, display-referred code, in [0, 1] where the curve is ``knee``.
        """
        return self._encode(_apply(self._to_linear, plate))

    def delta(
        self,
        encoded: NDArray[np.float32],
        restored: NDArray[np.float32],
        holes: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Return what to add to the plate, inside the matte, to deliver a restoration.

        The difference fades out with the brightness of the original: in full up to KNEE, then
        along a smoothstep over stops, nothing from FADE_END on, since a code above the knee
        magnifies a restorer's noise. Every zero is -0.0, the one number that changes no bit of what
        it is added to.

        Args:
            encoded: ``(3, H, W)`` float32, what the restorer saw.
            restored: ``(3, H, W)`` float32, what it made of that; both display-referred.
            holes: ``(H, W)`` float32 in [0, 1], 1 where nothing of the original is to stay, however
                bright it is; None for nowhere.

        Returns:
            ``(3, H, W)`` float32 in plate space; finite, and exactly 0 at every pixel whose three
            restored codes are those it saw.
        """
        before, after = self._decode(encoded), self._decode(restored)
        stops = np.log2(np.maximum(before.max(axis=0), KNEE) / KNEE) / _FADE_STOPS
        rest = 1 - np.minimum(stops, 1)
        fade = rest * rest * (3 - 2 * rest)
        if holes is not None:
            fade = np.maximum(fade, holes)
        difference = _apply(self._from_linear, after) - _apply(self._from_linear, before)
        delta = fade * difference
        delta[delta == 0] = -0.0
        return delta

    def picture(self, plate: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return a plate as people and face detectors know pictures: plain sRGB, clipped at white.

        The knee would show diffuse white as light grey, which no detector was trained on.

        Args:
            plate: ``(3, H, W)`` float32 in plate space; NaN becomes black.

        Returns:
            ``(H, W, 3)`` uint8, display-referred sRGB.
        """
        code = _srgb(_clipped(_apply(self._to_linear, plate), 1.0))
        return np.ascontiguousarray(np.rint(code * 255).astype(np.uint8).transpose(1, 2, 0))


def _clipped(values: NDArray[np.float32], ceiling: float) -> NDArray[np.float64]:
    """Return values in [0, ceiling] with NaN as 0, in double: float32 rounds the knee to 2e-6."""
    return np.fmin(np.fmax(values, 0), ceiling).astype(np.float64)


def _srgb(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(linear <= _JOINT, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _linear(code: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(code <= 12.92 * _JOINT, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def _apply(processor: ocio.CPUProcessor | None, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return converted values ``(3, H, W)``; planes as they are, which takes no transposition."""
    converted = np.array(values, np.float32, order="C")
    if processor is not None and converted.size:
        red, green, blue = converted
        height, width = red.shape
        processor.apply(ocio.PlanarImageDesc(red, green, blue, width, height))
    return converted


@lru_cache(maxsize=16)
def _processors(key: str, space: str) -> tuple[ocio.CPUProcessor | None, ocio.CPUProcessor | None]:
    """Return the ways to and from scene-linear Rec.709; None for none, of a raw plate."""
    if space == RAW:
        return None, None
    config = config_of(key)
    linear = config.getCanonicalName(_LINEAR_ID) or config.getCanonicalName(LINEAR_REC709)
    try:
        if linear:
            there, back = config.getProcessor(space, linear), config.getProcessor(linear, space)
        else:
            ours, ways = built_in_config(), ocio.Config.GetProcessorFromConfigs
            there = ways(config, space, ours, LINEAR_REC709)
            back = ways(ours, LINEAR_REC709, config, space)
        # Lossless keeps OCIO off its approximate powers, which err by 2e-5; crops are small.
        lossless = ocio.OPTIMIZATION_LOSSLESS
        return there.getOptimizedCPUProcessor(lossless), back.getOptimizedCPUProcessor(lossless)
    except (ocio.Exception, ocio.ExceptionMissingFile) as error:
        raise ColourspaceError(f"no way between {space} and {LINEAR_REC709}: {error}") from error
