"""What SVFR is asked for and how much memory it may use: values, known before torch is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

IdCrop = Literal["official", "whole-face"]
ENCODE_CHUNK = 8
"""The official program's is 20, which takes more memory than all else."""
DECODE_CHUNK = 16


@dataclass(frozen=True, slots=True)
class Economy:
    """How much memory is used; but for the decoder's chunk, results agree to rounding.

    Attributes:
        together: Rows of guidance computed at a time.
        encode_chunk: Pictures encoded at a time.
        decode_chunk: Frames decoded at a time.
        offload: Whether VAE and identity network are on the device only while they work.
    """

    together: int = 2
    encode_chunk: int = ENCODE_CHUNK
    decode_chunk: int = DECODE_CHUNK
    offload: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user may choose.

    Attributes:
        steps: Of the second pass.
        first_steps: Of the first.
        guidance: Toward reference and identity.
        strength: Part of the schedule that is run.
        crop: What the identity network sees.
    """

    steps: int = 30
    first_steps: int = 50
    guidance: float = 2.0
    strength: float = 1.0
    crop: IdCrop = "official"

    @classmethod
    def of(cls, parameters: Mapping[str, int]) -> Asked:
        """Return what a clip's parameters say."""
        return cls(
            parameters["steps"],
            parameters["first_steps"],
            parameters["guidance"] / 100,
            parameters["strength"] / 100,
            "whole-face" if parameters["whole_face_id"] else "official",
        )
