"""The temporal reference: what a restorer learnt in one window and needs in the next.

A reference is a value. It is never changed, only followed by a new one; it names what it belongs
to, so that a skipped, replayed or foreign one is refused instead of giving a face a new identity.

Its file is safetensors with the metadata key `schema` = ``temporal-reference.1``. Every field below
is stored; tensors keep their dtype and shape, so that bytes -> value -> bytes is exact. The same
value makes the same bytes: the header's keys are sorted, tensors are little-endian.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields
from types import MappingProxyType
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
NUMERIC = "?bBhHiIlLqQefd"  # numpy's letters of the dtypes that the file can hold


@dataclass(frozen=True, slots=True, eq=False)
class TemporalReference:
    """The immutable value carried from window to window of one track.

    Tensors are copied in, so that nobody else can change them; references with the same bytes are
    equal.

    Attributes:
        restorer: Name of the restorer that made it.
        weights: sha256 of that restorer's weights, empty where it has none.
        track: Number of the track it belongs to.
        seed: Seed of the take.
        last_frame: The last frame it has seen; None at the beginning of a track.
        tensors: What was learnt, names and shapes as the restorer declares.

    Raises:
        ReferenceMismatchError: A tensor is no array of numbers.
    """

    restorer: str
    weights: str
    track: int
    seed: int
    last_frame: int | None = None
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict[str, "NDArray[Any]"])

    def __post_init__(self) -> None:
        kept = {name: _frozen(name, tensor) for name, tensor in self.tensors.items()}
        object.__setattr__(self, "tensors", MappingProxyType(kept))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TemporalReference) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self.to_bytes(),)

    def followed_by(self, last_frame: int, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Return the reference after a window that ended at `last_frame`."""
        return type(self)(self.restorer, self.weights, self.track, self.seed, last_frame, tensors)

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
        metadata = {"schema": SCHEMA, "reference": json.dumps(head, sort_keys=True)}
        return sealed_tensors(self.tensors, **metadata)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            ReferenceMismatchError: Truncated, foreign, or of another schema.
        """
        try:
            metadata = _metadata(data)
            if metadata.get("schema") != SCHEMA:
                raise ReferenceMismatchError(
                    f"a file of schema {str(metadata.get('schema'))[:40]!r}; needs {SCHEMA!r}"
                )
            head = json.loads(metadata["reference"])
            return cls(**_checked(head), tensors=unsealed_tensors(data))
        except _HOSTILE as error:
            raise ReferenceMismatchError(f"not a temporal reference: {str(error)[:200]}") from None


_HOSTILE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def sealed_tensors(tensors: Mapping[str, NDArray[Any]], **metadata: str) -> bytes:
    """Return a safetensors file that tells whether it is what was written.

    Its metadata hold the sha256 of tensors and other metadata as `seal`.
    """
    seal = _seal(tensors, metadata)
    return _sorted_header(save_tensors(dict(tensors), {**metadata, "seal": seal}))


def unsealed_tensors(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the tensors of a file that `sealed_tensors` made.

    Raises:
        ValueError: It is another, or damaged.
    """
    try:
        metadata = _metadata(data)
        seal = metadata.pop("seal", "")
        tensors = load_tensors(data)
    except (*_HOSTILE, SafetensorError) as error:
        raise ValueError(str(error)) from None
    if seal != _seal(tensors, metadata):
        raise ValueError("it is damaged: its bytes are not those that were written")
    return tensors


def _metadata(data: bytes) -> dict[str, Any]:
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]).get("__metadata__", {})


def _seal(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> str:
    digest = hashlib.sha256(repr(sorted(metadata.items())).encode("utf-8", "surrogatepass"))
    for name in sorted(tensors):
        tensor = np.asarray(tensors[name], order="C")
        digest.update(
            repr((name, tensor.dtype.name, tensor.shape)).encode("utf-8", "surrogatepass")
        )
        digest.update(tensor.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _frozen(name: str, tensor: NDArray[Any]) -> NDArray[Any]:
    if tensor.dtype.char not in NUMERIC:
        raise ReferenceMismatchError(f"tensor {name!r} of a reference is no array of numbers")
    kept = np.array(tensor, dtype=tensor.dtype.newbyteorder("<"), order="C")
    kept.setflags(write=False)
    return kept


def _sorted_header(file: bytes) -> bytes:
    """Sort the keys of a safetensors header, which the library writes in a hash table's order."""
    end = 8 + int.from_bytes(file[:8], "little")
    header = json.dumps(json.loads(file[8:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + file[end:]


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
