"""How schedulers want to be told of progress: each reads lines of its own in a task's output.

Rules of this file:
    - What others wrote, such as the name of a file, never begins a line: a scheduler would read it
      as an order.

References:
    Open Job Description, How Jobs Are Run: "openjd_progress", "openjd_status", "openjd_fail".
    Deadline 10: the stock plugins' handlers of standard output look for ``Progress: NN%``.
    Tractor: ``TR_PROGRESS NN%``; not tried on a Tractor.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "FACEPLATE_PROGRESS"


class Dialect(NamedTuple):
    """Lines with a place for what is said; an empty one is not said.

    Attributes:
        progress: A percentage, 0 to 100.
        status: What is done now.
        failure: Why nothing more comes.
    """

    progress: str
    status: str = ""
    failure: str = ""


PLAIN = "plain"
DIALECTS = {
    PLAIN: Dialect("{}%"),
    "openjd": Dialect("openjd_progress: {}", "openjd_status: {}", "openjd_fail: {}"),
    "deadline": Dialect("Progress: {}%"),
    "tractor": Dialect("TR_PROGRESS {}%"),
}


def chosen(flag: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the dialect in force: the flag's, else `$FACEPLATE_PROGRESS`, else ``plain``.

    Raises:
        SettingsError: The variable names none.
    """
    name = flag or environment.get(VARIABLE) or PLAIN
    if name not in DIALECTS:
        raise SettingsError(f"{VARIABLE} = {name!r}: say {', '.join(DIALECTS)}")
    return name


def one_line(text: str) -> str:
    """Return a text without what would end a line."""
    return " ".join(text.splitlines())
