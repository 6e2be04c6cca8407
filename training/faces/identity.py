"""Who a procedural person is: the numbers that stay while everything else moves.

Rules of this file:
    - An identity is drawn from its seed alone; the same seed gives the same person everywhere.
    - Shape numbers are in standard deviations of the house's population, limited to two.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from training.seeds import random_stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

HAIR_SHADES = {
    "black": (0.09, 0.075, 0.07),
    "dark brown": (0.20, 0.13, 0.09),
    "brown": (0.34, 0.22, 0.14),
    "red": (0.50, 0.22, 0.10),
    "blond": (0.70, 0.57, 0.39),
    "grey": (0.60, 0.59, 0.58),
}
"""Display-referred sRGB of a lit lock, by name."""
EYE_SHADES = {
    "dark brown": (0.20, 0.12, 0.07),
    "brown": (0.38, 0.23, 0.11),
    "hazel": (0.45, 0.37, 0.18),
    "green": (0.36, 0.46, 0.29),
    "blue": (0.36, 0.52, 0.66),
    "grey": (0.48, 0.53, 0.56),
}
"""Display-referred sRGB of the iris, by name."""
GREYING_AGE = 52.0
"""Years from which hair may be grey."""


class Haircut(IntEnum):
    """How long the hair is."""

    BALD = 0
    CROPPED = 1
    SHORT = 2
    MEDIUM = 3
    LONG = 4


class Beard(IntEnum):
    """What grows on lip and jaw."""

    NONE = 0
    STUBBLE = 1
    MOUSTACHE = 2
    FULL = 3


class Glasses(IntEnum):
    """What sits on the nose."""

    NONE = 0
    ROUND = 1
    SQUARE = 2


def linear(shade: tuple[float, float, float]) -> NDArray[np.float32]:
    """Return the scene-linear values of a display-referred shade, by a plain power of 2.2."""
    return np.array(shade, np.float32) ** 2.2


@dataclass(frozen=True, slots=True)
class Shape:
    """Geometry of a head, each number in standard deviations within [-2, 2]."""

    face_width: float
    jaw_width: float
    chin_width: float
    chin_length: float
    cheekbones: float
    forehead: float
    eye_size: float
    eye_spacing: float
    eye_tilt: float
    eye_depth: float
    nose_length: float
    nose_width: float
    nose_height: float
    nose_bridge: float
    mouth_width: float
    lip_upper: float
    lip_lower: float
    brow_height: float
    brow_arch: float
    brow_weight: float
    ear_size: float


@dataclass(frozen=True, slots=True)
class Identity:
    """One procedural person.

    Attributes:
        seed: What the person was drawn from; also the person's id.
        shape: The head's geometry.
        masculinity: From 0, a woman's proportions, to 1, a man's.
        age: Years.
        melanin: Darkness of the skin in [0, 1].
        redness: How far cheeks, nose and chin redden, in [0, 1].
        freckles: How many, in [0, 1].
        gloss: How strongly the skin shines, in [0, 1].
        eye_shade: A key of `EYE_SHADES`.
        hair_shade: A key of `HAIR_SHADES`.
        haircut: Length of the hair.
        curl: From 0, straight, to 1, curly.
        volume: Thickness of the hair in [0, 1].
        fringe: How far hair falls over the forehead, in [0, 1].
        parting: Side of the parting in [-1, 1].
        beard: What grows on lip and jaw.
        glasses: What sits on the nose.
        make_up: Colour on lips and lids, in [0, 1].
    """

    seed: int
    shape: Shape
    masculinity: float
    age: float
    melanin: float
    redness: float
    freckles: float
    gloss: float
    eye_shade: str
    hair_shade: str
    haircut: Haircut
    curl: float
    volume: float
    fringe: float
    parting: float
    beard: Beard
    glasses: Glasses
    make_up: float

    @property
    def is_man(self) -> bool:
        """Whether the proportions are rather a man's."""
        return self.masculinity >= 0.5

    def parameters(self) -> NDArray[np.float32]:
        """Return all that makes the person, about in [-2, 2].

        Returns:
            ``(P,)`` float32; shades are given by their three values, kinds as one number each.
        """
        numbers = list(asdict(self.shape).values())
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in {"seed", "shape"}:
                continue
            if field.name == "age":
                numbers.append((value - 45.0) / 25.0)
            elif field.name == "eye_shade":
                numbers += EYE_SHADES[value]
            elif field.name == "hair_shade":
                numbers += HAIR_SHADES[value]
            else:
                numbers.append(float(value))
        return np.array(numbers, np.float32)


def draw_identity(seed: int) -> Identity:
    """Return the person of a seed.

    Args:
        seed: Any integer from 0.

    Returns:
        The same person for the same seed, in any process.
    """
    rng = random_stream("identity", seed)
    man = bool(rng.random() < 0.5)
    masculinity = float(
        np.clip(rng.normal(0.82 if man else 0.18, 0.09), *((0.55, 1.0) if man else (0.0, 0.45)))
    )
    drawn = np.clip(rng.normal(0.0, 0.8, len(fields(Shape))), -2, 2)
    shape = dict(zip((field.name for field in fields(Shape)), drawn.tolist(), strict=True))
    lean = masculinity - 0.5
    for name, pull in _MALE_PULL.items():
        shape[name] = float(np.clip(shape[name] + pull * lean, -2, 2))
    age = float(rng.uniform(18, 80))
    melanin = float(rng.beta(1.1, 1.5))
    return Identity(
        seed=seed,
        shape=Shape(**shape),
        masculinity=masculinity,
        age=age,
        melanin=melanin,
        redness=float(rng.random()),
        freckles=float(max(rng.uniform(-1.5, 1) * (1 - melanin), 0)),
        gloss=float(rng.uniform(0.2, 1)),
        eye_shade=_eye_shade(rng, melanin),
        hair_shade=_hair_shade(rng, melanin, age),
        haircut=_haircut(rng, man=man, age=age),
        curl=float(rng.choice([rng.uniform(0, 0.3), rng.uniform(0.3, 1)])),
        volume=float(rng.random()),
        fringe=float(max(rng.uniform(-1.2, 1), 0)),
        parting=float(rng.uniform(-1, 1)),
        beard=Beard(rng.choice(4, p=[0.35, 0.27, 0.1, 0.28])) if man else Beard.NONE,
        glasses=Glasses(rng.choice(3, p=[0.68, 0.16, 0.16])),
        make_up=0.0 if man else float(max(rng.uniform(-0.6, 1), 0)),
    )


_MALE_PULL = {
    "jaw_width": 1.8,
    "chin_width": 1.6,
    "chin_length": 1.0,
    "face_width": 0.6,
    "eye_size": -0.9,
    "eye_depth": 1.0,
    "nose_width": 1.0,
    "nose_height": 0.8,
    "lip_upper": -1.2,
    "lip_lower": -0.9,
    "brow_height": -1.3,
    "brow_arch": -1.2,
    "brow_weight": 1.8,
}
"""Standard deviations between a woman's mean and a man's."""


def _eye_shade(rng: np.random.Generator, melanin: float) -> str:
    light = max(1 - 2.2 * melanin, 0.0)
    odds = np.array(
        [0.25 + melanin, 0.4, 0.3 * light + 0.05, 0.3 * light, 0.7 * light, 0.3 * light]
    )
    return str(rng.choice(list(EYE_SHADES), p=odds / odds.sum()))


def _hair_shade(rng: np.random.Generator, melanin: float, age: float) -> str:
    light = max(1 - 2.0 * melanin, 0.0)
    grey = float(np.clip((age - GREYING_AGE) / 15, 0, 3))
    odds = np.array([0.2 + 1.5 * melanin, 0.4, 0.5 * light + 0.05, 0.25 * light, 0.6 * light, grey])
    return str(rng.choice(list(HAIR_SHADES), p=odds / odds.sum()))


def _haircut(rng: np.random.Generator, *, man: bool, age: float) -> Haircut:
    odds = [0.04 + 0.16 * (age > 45), 0.2, 0.56, 0.12, 0.08] if man else [0, 0.03, 0.2, 0.3, 0.47]
    return Haircut(rng.choice(5, p=np.array(odds) / np.sum(odds)))
