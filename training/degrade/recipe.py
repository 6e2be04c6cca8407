"""A recipe: everything that is done to one clip, as values that JSON can hold.

Rules of this file: it knows numbers only, not pixels. A step's numbers are checked where they are
built, so that a recipe which exists can be carried out.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from training.degrade.codec import ENCODERS, PRESETS
from training.degrade.optics import SCALERS

LIGHTS = ("codes", "linear")
FILLS = ("grey", "mean", "noise")
SHARES = (0.05, 0.40)
"""Least and largest share of a frame that brush strokes cover."""


@dataclass(frozen=True, slots=True)
class Lens:
    """A Gaussian blur; sigmas in pixels, angle in radians, summed in ``codes`` or ``linear``."""

    major: float
    minor: float
    angle: float = 0.0
    light: str = "codes"

    def __post_init__(self) -> None:
        _hold(self, major=(0.05, 50), minor=(0.05, 50), light=LIGHTS)


@dataclass(frozen=True, slots=True)
class Shake:
    """A straight motion blur; length in pixels, angle in radians."""

    length: float
    angle: float
    light: str = "linear"

    def __post_init__(self) -> None:
        _hold(self, length=(0, 200), light=LIGHTS)


@dataclass(frozen=True, slots=True)
class _Noise:
    sigma: float
    colour: float = 1.0
    grain: float = 0.0

    def __post_init__(self) -> None:
        _hold(self, sigma=(0, 255), colour=(0, 1), grain=(0, 20))


class Gauss(_Noise):
    """Noise of equal strength everywhere; sigma in 8-bit codes, colour and grain as in `noise`."""

    __slots__ = ()


class Shot(_Noise):
    """Noise of counted photons; sigma in 8-bit codes at code 128, the rest as in `Gauss`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Down:
    """Fewer pixels: each side divided by a factor of at least 1."""

    factor: float
    scaler: str

    def __post_init__(self) -> None:
        _hold(self, factor=(1, 64), scaler=tuple(SCALERS))


@dataclass(frozen=True, slots=True)
class Up:
    """Back to the size that the clip had at first."""

    scaler: str

    def __post_init__(self) -> None:
        _hold(self, scaler=tuple(SCALERS))


@dataclass(frozen=True, slots=True)
class Jpeg:
    """JPEG of every frame; libjpeg's quality."""

    quality: int

    def __post_init__(self) -> None:
        _hold(self, quality=(1, 100))


@dataclass(frozen=True, slots=True)
class Video:
    """A video codec; an encoder of FFmpeg, the CRF on x264's scale, a preset of x264 and x265."""

    encoder: str
    crf: float
    preset: str = "medium"

    def __post_init__(self) -> None:
        _hold(self, encoder=ENCODERS, crf=(0, 51), preset=PRESETS)


Step = Lens | Shake | Gauss | Shot | Down | Up | Jpeg | Video
STEPS: MappingProxyType[str, type[Step]] = MappingProxyType(
    {cls.__name__.lower(): cls for cls in Step.__args__}
)
"""The word that JSON has for a step, to its class."""


@dataclass(frozen=True, slots=True)
class Brush:
    """Strokes that hide a share of the picture.

    Attributes:
        share: Mean share of the picture that is hidden, within SHARES.
        strokes: How many, each with a way of its own.
        motion: How far they wander to each side, as a share of the shorter side; 0 is static.
        period: Frames of one way there and back.
        fill: What stands in the holes: ``grey``, ``mean`` or ``noise``.
    """

    share: float
    strokes: int = 3
    motion: float = 0.0
    period: float = 48.0
    fill: str = "grey"

    def __post_init__(self) -> None:
        _hold(self, share=SHARES, strokes=(1, 20), motion=(0, 0.5), period=(8, 1000), fill=FILLS)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is done to a clip: the steps in their order, then colour taken, then holes.

    Attributes:
        name: What tables and logs call it.
        steps: Carried out from the first to the last.
        grey: None, or the light in which colour is weighed away: ``codes`` or ``linear``.
        brush: None, or what hides parts of the picture.

    Raises:
        ValueError: A number or a word that no step can be carried out with, or a clip that would
            end smaller than it was.
    """

    name: str
    steps: tuple[Step, ...] = ()
    grey: str | None = None
    brush: Brush | None = None

    def __post_init__(self) -> None:
        _hold(self, grey=(None, *LIGHTS))
        sizes = [type(step) for step in self.steps if isinstance(step, Down | Up)]
        if sizes and sizes[-1] is Down:
            raise ValueError(f"{self.name}: a step down is not followed by a step up")

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as objects, lists, numbers and words."""
        steps = [{"step": type(s).__name__.lower(), **dataclasses.asdict(s)} for s in self.steps]
        brush = None if self.brush is None else dataclasses.asdict(self.brush)
        return {"name": self.name, "steps": steps, "grey": self.grey, "brush": brush}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Recipe:
        """Return the recipe that `to_json` gave.

        Raises:
            ValueError: A step or a field is unknown or missing, or a value is impossible.
        """
        try:
            steps = tuple(_step(**step) for step in values["steps"])
            brush = None if values["brush"] is None else Brush(**values["brush"])
            return cls(values["name"], steps, values["grey"], brush)
        except (KeyError, TypeError) as error:
            raise ValueError(f"no recipe: {error}") from error


def _step(step: str, **fields: Any) -> Step:
    return STEPS[step](**fields)


def _hold(part: object, **limits: tuple[Any, ...]) -> None:
    """Refuse a number outside its limits, or a word that is not among its words."""
    for field, allowed in limits.items():
        value = getattr(part, field)
        if isinstance(value, int | float):
            low, high = allowed
            good = low <= value <= high
        else:
            good = value in allowed
        if not good:
            raise ValueError(f"{type(part).__name__}: {field} is {value!r}, not of {allowed}")
