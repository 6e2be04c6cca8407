"""Saying in words who is seen and how they look."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from training.faces.identity import Beard, Glasses, Haircut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.faces.identity import Identity

_LENGTHS = {Haircut.CROPPED: "cropped", Haircut.SHORT: "short", Haircut.LONG: "long"}
_BEARDS = {Beard.STUBBLE: "stubble", Beard.MOUSTACHE: "a moustache", Beard.FULL: "a full beard"}


def caption_of(identity: Identity, expressions: Sequence[str]) -> str:
    """Return a sentence about a person and the expression that most frames show.

    Args:
        identity: Who is seen.
        expressions: One name per frame, at least one.
    """
    ages = ((32, "a young"), (55, "a middle-aged"), (1000, "an old"))
    age = next(word for limit, word in ages if identity.age < limit)
    features = [_hair(identity)]
    if identity.beard in _BEARDS:
        features.append(_BEARDS[identity.beard])
    if identity.freckles > 0.3:
        features.append("freckles")
    if identity.glasses is not Glasses.NONE:
        features.append("glasses")
    listed = features[0] if len(features) == 1 else f"{', '.join(features[:-1])} and {features[-1]}"
    expression = Counter(expressions).most_common(1)[0][0]
    skin = next(
        w for limit, w in ((0.33, "light"), (0.66, "tan"), (2, "dark")) if identity.melanin < limit
    )
    return (
        f"{age} {'man' if identity.is_man else 'woman'} of {skin} skin with {listed}, {expression}"
    )


def _hair(identity: Identity) -> str:
    if identity.haircut is Haircut.BALD:
        return "a bald head"
    words = [_LENGTHS.get(identity.haircut, ""), identity.hair_shade]
    if identity.haircut >= Haircut.SHORT:
        words.append(
            "curly" if identity.curl > 0.5 else "wavy" if identity.curl > 0.25 else "straight"
        )
    return f"{' '.join(word for word in words if word)} hair"
