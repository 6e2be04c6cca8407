"""The temporal reference: what a restorer learnt in one window and needs in the next.

A reference is a value. It is never changed, only followed by a new one; it names what it belongs
to, so that a skipped, replayed or foreign one is refused instead of giving a face a new identity.

Its file is safetensors with the metadata key `schema` = ``temporal-reference.1``. Every field below
is stored; tensors keep their dtype and shape, so that bytes -> value -> bytes is exact.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from plugin_host.errors import ReferenceMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SCHEMA = "temporal-reference.1"


@dataclass(frozen=True, slots=True)
class TemporalReference:
    """The immutable value carried from window to window of one track.

    Attributes:
        restorer: Name of the restorer that made it.
        weights: sha256 of that restorer's weights, empty where it has none.
        track: Number of the track it belongs to.
        seed: Seed of the take.
        last_frame: The last frame it has seen; None at the beginning of a track.
        tensors: What was learnt, names and shapes as the restorer declares.
    """

    restorer: str
    weights: str
    track: int
    seed: int
    last_frame: int | None = None
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict[str, "NDArray[Any]"])

    def __post_init__(self) -> None:
        for name, tensor in self.tensors.items():
            if tensor.dtype == object:
                raise ReferenceMismatchError(f"tensor {name!r} of a reference is no numeric array")
            tensor.setflags(write=False)

    def followed_by(self, last_frame: int, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Return the reference after a window that ended at `last_frame`."""
        return type(self)(
            self.restorer, self.weights, self.track, self.seed, last_frame, dict(tensors)
        )

    def check_leads_into(
        self, *, restorer: str, weights: str, track: int, follows: int | None
    ) -> None:
        """Refuse to go on where this reference does not belong.

        Args:
            restorer: Name of the restorer that is to read it.
            weights: sha256 of that restorer's weights.
            track: Track of the clip.
            follows: The last frame of the window that the clip depends on; None where it depends
                on none.

        Raises:
            ReferenceMismatchError: It is another restorer's, other weights', another track's, or
                its last frame is not `follows`.
        """
        if self.restorer != restorer:
            raise ReferenceMismatchError(
                f"the temporal reference was made by {self.restorer!r}; {restorer!r} needs its own"
            )
        if self.weights != weights:
            raise ReferenceMismatchError(
                f"the temporal reference was made with weights {self.weights[:12] or 'none'}, "
                f"these are {weights[:12] or 'none'}: begin a new take"
            )
        if self.track != track:
            raise ReferenceMismatchError(
                f"the temporal reference belongs to track {self.track}, the clip to track {track}"
            )
        if self.last_frame != follows:
            raise ReferenceMismatchError(self._misplaced(follows))

    def _misplaced(self, follows: int | None) -> str:
        if follows is None:
            return (
                f"the clip begins its track, but the reference already saw frame {self.last_frame}"
            )
        if self.last_frame is None:
            return f"the clip follows frame {follows}, but the reference has seen no frame yet"
        how = "skips ahead" if self.last_frame < follows else "is played again"
        return (
            f"the clip follows frame {follows}, but the reference ends at frame "
            f"{self.last_frame}: the track {how}; restore its windows in order"
        )

    def to_bytes(self) -> bytes:
        """Return the file: safetensors, the other fields in its metadata."""
        head = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "tensors"}
        tensors = {name: np.ascontiguousarray(tensor) for name, tensor in self.tensors.items()}
        metadata = {"schema": SCHEMA, "reference": json.dumps(head, sort_keys=True)}
        return save_tensors(tensors, metadata)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            ReferenceMismatchError: Truncated, foreign, or of another schema.
        """
        try:
            length = int.from_bytes(data[:8], "little")
            metadata = json.loads(data[8 : 8 + length]).get("__metadata__", {})
            if metadata.get("schema") != SCHEMA:
                raise ReferenceMismatchError(
                    f"a temporal reference of schema {metadata.get('schema')!r}; needs {SCHEMA!r}"
                )
            head = json.loads(metadata["reference"])
            return cls(**_checked(head), tensors=load_tensors(data))
        except (ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
            raise ReferenceMismatchError(f"not a temporal reference: {error}") from None


def _checked(head: dict[str, Any]) -> dict[str, Any]:
    """Return the head if each field has its type."""
    kinds: dict[str, tuple[type, ...]] = {
        "restorer": (str,),
        "weights": (str,),
        "track": (int,),
        "seed": (int,),
        "last_frame": (int, type(None)),
    }
    if set(head) != set(kinds) or any(type(head[n]) not in kinds[n] for n in kinds):
        raise ValueError(f"its head holds {sorted(head)}, needs {sorted(kinds)}")
    return head
