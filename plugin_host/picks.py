"""Which faces of a shot are meant, and whose: the grammar of `faces` and `references`.

faces     = *picked | *left           either what is restored, or what is not; nothing for all
picked    = number ["=" name]
left      = "-" number
reference = [name "="] exemplar       of that person; without a name, of everybody
exemplar  = "frame:" frame | path     an absolute path
"""

from __future__ import annotations

import re
from typing import NamedTuple, Sequence

from plugin_host.errors import SettingsError
from plugin_host.plate import is_absolute

SHAPE = "-?[1-9][0-9]{0,5}(=[^=,]{1,40})?"
HERO = "frame:"
_FACE = re.compile(SHAPE + r"\Z")


class Picks(NamedTuple):
    """What a request says of faces, whatever faces the shot has.

    Attributes:
        only: Number of each face that is restored, to the name of its person or an empty text;
            empty where none is picked.
        without: Numbers of those that are left as they are, all others being restored.
    """

    only: dict[int, str]
    without: frozenset[int]


def parse_picks(faces: Sequence[str]) -> Picks:
    """Read `Settings.faces`.

    Raises:
        SettingsError: One that is no face, that stands twice, that is left out and named, or faces
            that are picked beside faces that are left out.
    """
    only: dict[int, str] = {}
    without: set[int] = set()
    for face in faces:
        if _FACE.match(face) is None:
            raise SettingsError(f"{face!r} is no face; write 2, 2=Anna, or -2 for all but that one")
        text, _, name = face.partition("=")
        number = abs(int(text))
        if number in only or number in without:
            both = (number in only) == (face[0] == "-")
            what = "is both picked and left out" if both else "stands twice"
            raise SettingsError(f"face {number} {what}; say it once")
        if face[0] != "-":
            only[number] = name
        elif name:
            raise SettingsError(
                f"{face!r} names a face that is left out; write {face[1:]} or {text}"
            )
        else:
            without.add(number)
    if only and without:
        raise SettingsError(
            f"face {min(only)} is picked and face {min(without)} left out; faces that are picked "
            "are the only ones restored, so name either those or the others"
        )
    return Picks(only, frozenset(without))


def split_reference(reference: str) -> tuple[str, str]:
    """Return whose exemplar it is, an empty text for everybody's, and ``frame:N`` or a path."""
    name, equals, exemplar = reference.partition("=")
    if not equals or reference.startswith(HERO) or is_absolute(reference):
        return "", reference
    return name, exemplar


def picture_paths(references: Sequence[str]) -> list[str]:
    """Return the paths of those references that are no frames of the shot."""
    exemplars = [split_reference(reference)[1] for reference in references]
    return [exemplar for exemplar in exemplars if not exemplar.startswith(HERO)]


def check_picks(faces: Sequence[str], references: Sequence[str], *, whole_frame: bool) -> None:
    """Refuse what contradicts itself, whatever faces the shot has.

    Raises:
        SettingsError: See `parse_picks`; or faces of whole frames, or a reference of a person whom
            no face is named after.
    """
    people = set(parse_picks(faces).only.values()) - {""}
    if faces and whole_frame:
        raise SettingsError("whole frames are restored, so no face can be picked; leave one out")
    for reference in references:
        name = split_reference(reference)[0]
        if name and name not in people:
            raise SettingsError(
                f"reference {reference!r}: no face is called {name!r}; call one so in faces, like "
                f"1={name}" + (f", or say {' or '.join(sorted(people))}" if people else "")
            )
