"""Weights on disk: checked against the sha256 that their restorer declares, never unpickled."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from plugin_host.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor


LONGEST = 1 << 20  # bytes of a header


def read_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file, on the CPU.

    Args:
        path: Of the file.
        sha256: What the file must hash to, 64 hexadecimal digits.

    Raises:
        WeightsError: The file is not there, or not the declared one.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"cannot read the weights {path}: {error.strerror}; install Faceplate again"
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise WeightsError(
            f"the weights {path} are damaged or of another version: their sha256 is {found[:12]}…, "
            f"should be {sha256[:12]}…; install Faceplate again"
        )
    from safetensors.torch import load  # noqa: PLC0415 - torch loads where there are weights to load

    return load(data)


def read_facts(path: Path) -> dict[str, Any]:
    """Return what the header of a safetensors file tells of the training.

    Raises:
        WeightsError: The file cannot be read, or tells nothing.
    """
    try:
        with path.open("rb") as file:
            header = json.loads(file.read(min(int.from_bytes(file.read(8), "little"), LONGEST)))
        return json.loads(header["__metadata__"]["training"])
    except (OSError, OverflowError, MemoryError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} tells nothing of its training: {error}") from None
