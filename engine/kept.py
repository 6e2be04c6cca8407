"""What a take keeps for a while: tensors that were computed and are not used yet, a file each.

    windows/<track>/<window>.<frame>.safetensors   until the frame is delivered
    seams/<track>/<frame>.safetensors              until the seam is measured

Rules of this file:
    - What is kept under a name is the same whoever keeps it. So writers may replace each other's
      files, and none takes away what another counts on.
    - What is damaged counts as not there.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from engine.reference import sealed_tensors, unsealed_tensors
from engine.regular import read_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

SUFFIX = ".safetensors"
_NUMBER = "(-?[0-9]{1,9})"
_NAMES = re.compile(rf"{_NUMBER}/{_NUMBER}(?:\.{_NUMBER})?\Z")


class Kept:
    """Tensors of one kind, each under a track and one or two numbers.

    Args:
        take: The take's folder.
        kind: Name of theirs in it.
        write: Writes a file, given its path.
    """

    def __init__(self, take: Path, kind: str, write: Callable[[Path, bytes], None]) -> None:
        self._folder, self._write = take / kind, write

    def keep(self, numbers: tuple[int, ...], tensors: Mapping[str, NDArray[Any]]) -> None:
        """Keep tensors.

        Raises:
            FrameWriteFailed: The disk is full, gone or read-only.
        """
        self._write(path_of(self._folder, *numbers), sealed_tensors(tensors))

    def has(self, *numbers: int) -> bool:
        """Whether something is kept there; it may be damaged."""
        return path_of(self._folder, *numbers).exists()

    def get(self, *numbers: int) -> dict[str, NDArray[Any]] | None:
        """Return what is kept; None where it is not there."""
        with suppress(OSError, ValueError):
            return unsealed_tensors(read_regular(path_of(self._folder, *numbers)))
        return None

    def forget(self, *numbers: int) -> None:
        """Keep it no longer."""
        path_of(self._folder, *numbers).unlink(missing_ok=True)

    def numbers(self, count: int) -> list[tuple[int, ...]]:
        """Return track and numbers of all that is kept under so many of them; see `numbered`."""
        return numbered(self._folder, count)


def path_of(folder: Path, track: int, *numbers: int) -> Path:
    """Return where a folder of a take keeps what has these numbers."""
    return folder / str(track) / (".".join(map(str, numbers)) + SUFFIX)


def numbered(folder: Path, count: int, suffix: str = SUFFIX) -> list[tuple[int, ...]]:
    """Return track and numbers of the files in a folder of a take that are named by them.

    Args:
        folder: The folder.
        count: How many numbers, the track's among them; files of fewer or more are another's.
        suffix: How the files' names end.
    """
    paths = folder.glob(f"*/*{suffix}")
    found = (_NAMES.match(f"{p.parent.name}/{p.name.removesuffix(suffix)}") for p in paths)
    numbers = (tuple(int(n) for n in match.groups() if n) for match in found if match)
    return sorted(each for each in numbers if len(each) == count)
