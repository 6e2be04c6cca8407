"""Compare SVFR with what the official program returned: ``python -m engine.restorers.svfr.parity``.

Reads a folder of golden data and prints one line per case. Every case
that asks the UNet is computed plainly and with the exact savings; either must be within the limit.
"""

from __future__ import annotations

import argparse
import sys
from itertools import zip_longest
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from torch import Tensor

from engine.compute import pin
from engine.restorers.svfr.cases import Case, Cases
from engine.restorers.svfr.golden import Golden
from plugin_host.errors import FaceplateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Compared(NamedTuple):
    """The outcome of a case.

    Attributes:
        name: Of the case.
        worst: Greatest absolute difference; infinite where something is no number, or of another
            shape, or was not computed.
        limit: Up to which it passes.
        why: What went wrong where nothing was compared.
    """

    name: str
    worst: float
    limit: float
    why: str = ""

    @property
    def passed(self) -> bool:
        """Whether the difference is within the limit."""
        return self.worst <= self.limit

    def __str__(self) -> str:
        word = "pass" if self.passed else "FAIL"
        return f"{word}  {self.worst:9.3g} <= {self.limit:<6g} {self.name}{self.why}"


def difference(ours: Any, theirs: Any) -> float:
    """Return the greatest absolute difference of two nested values.

    Infinite where their shapes differ or one is not a finite number.
    """
    if isinstance(ours, dict) and isinstance(theirs, dict):
        ours, theirs = cast("dict[str, Any]", ours), cast("dict[str, Any]", theirs)
        pairs = [(ours.get(key), theirs.get(key)) for key in {*ours, *theirs}]
        return max((difference(a, b) for a, b in pairs), default=0.0)
    if isinstance(theirs, list | tuple) and isinstance(ours, list | tuple):
        pairs = list(zip_longest(cast("list[Any]", ours), cast("list[Any]", theirs)))
        return max((difference(a, b) for a, b in pairs), default=0.0)
    if ours is None or theirs is None:
        return 0.0 if ours is theirs else inf
    a, b = _numbers(ours), _numbers(theirs)
    apart = np.abs(a - b) if a.shape == b.shape else np.array(inf)
    return float(apart.max(initial=0)) if np.isfinite(apart).all() else inf


def _numbers(value: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(value.double() if isinstance(value, Tensor) else value, np.float64)


def compare(case: Case) -> Compared:
    """Compute a case; whatever goes wrong is its outcome."""
    try:
        return Compared(case.name, difference(case.compute(), case.wanted), case.limit)
    except (FaceplateError, KeyError, ValueError, RuntimeError, IndexError, TypeError) as error:
        return Compared(case.name, inf, case.limit, f": {error!r}")


def outcomes(folder: Path, *, saves: bool, asking: bool = False) -> Iterator[Compared]:
    """Yield the outcome of every case of a folder.

    Args:
        folder: Of golden data.
        saves: Whether the exact savings are in.
        asking: Whether to leave out what does not ask the UNet.

    Raises:
        SettingsError: It holds no golden data.
    """
    for case in Cases(Golden(folder), saves=saves).every():
        if case.asks_unet or not asking:
            yield compare(case)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0 if every case passed, 1 if one failed, 2 if there is none."""
    parser = argparse.ArgumentParser(prog="python -m engine.restorers.svfr.parity")
    parser.add_argument("--golden", type=Path, required=True, help="folder of golden data")
    parser.add_argument("--savings", choices=("both", "on", "off"), default="both")
    asked = parser.parse_args(arguments)
    ways = {"both": (False, True), "on": (True,), "off": (False,)}[asked.savings]
    done: list[Compared] = []
    pin(1, "cpu")  # as the official numbers were made
    try:
        for saves in ways:
            print("with the exact savings" if saves else "computed plainly")
            for one in outcomes(asked.golden, saves=saves, asking=bool(done)):
                print(one, flush=True)
                done.append(one)
    except FaceplateError as error:
        print(error, file=sys.stderr)
        return 2
    failed = sum(not one.passed for one in done)
    print(f"{len(done) - failed} of {len(done)} passed")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main())
