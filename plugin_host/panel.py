"""A host's knobs, made from what the engine says that it can do; and what they are set to.

Rules of this file:
    - No host is in here: a `Field` says what a knob holds, an adapter makes one of its own kind.
    - What is left at its default is left out of the request, and lists have one order, so that
      panel, script and command line share takes.
    - A host may hold a whole number as a float or as text, a list as text; both are understood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Mapping, NamedTuple, cast

from plugin_host.errors import SettingsError
from plugin_host.picks import check_picks, parse_picks, picture_paths
from plugin_host.plate import is_absolute
from plugin_host.requests import LAYERS, MOST_HANDLES, ON_ERROR, TASKS, Settings

if TYPE_CHECKING:
    from plugin_host.replies import Description, RestorerText

KINDS = ("choice", "flags", "whole", "switch", "text", "path", "paths")
MOST_SEED = 2**31 - 1  # what every host's knob can hold
ALL = "all"
"""What the field of faces may say for every face there is; an empty one says so too."""


class Field(NamedTuple):
    """One knob.

    Attributes:
        name: Key of its value; a restorer's parameter is ``RESTORER.PARAMETER``.
        label: For people.
        kind: One of `KINDS`. ``choice`` is one of `choices`, ``flags`` any of them, ``paths`` texts
            of which each is a path or ``frame:N``.
        default: A text, a whole number, a truth, or a tuple of texts, as the kind has it.
        minimum: The lowest whole number, included; None for other kinds.
        maximum: The highest, likewise.
        choices: What there is to choose from.
        tooltip: One sentence for the artist.
        only_for: The restorers that it means something to; empty for all.
    """

    name: str
    label: str
    kind: str
    default: Any
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    tooltip: str = ""
    only_for: tuple[str, ...] = ()

    def is_for(self, restorer: str) -> bool:
        """Whether the knob means something to a restorer."""
        return not self.only_for or restorer in self.only_for


def fields(description: Description) -> tuple[Field, ...]:
    """Return every knob, in the order of a panel.

    Raises:
        SettingsError: The engine has no restorer.
    """
    restorers = description.restorers
    if not restorers:
        raise SettingsError("the engine has no restorer; `faceplate doctor` says what it lacks")
    titles = "; ".join(f"{r.name}: {r.title} ({r.licence})" for r in restorers)
    names = tuple(restorer.name for restorer in restorers)
    own = [field for restorer in restorers for field in _parameters(restorer)]
    first = Field("restorer", "Restorer", "choice", names[0], None, None, names, titles)
    return (first, *own, *_shared(restorers))


def defaults(description: Description) -> dict[str, Any]:
    """Return what each knob holds at first, by name."""
    return {field.name: field.default for field in fields(description)}


def checked(description: Description, values: Mapping[str, object]) -> dict[str, Any]:
    """Return every knob's value as its kind has it; a missing one is its default.

    Of another restorer's knobs nothing is said, since a node may remember them.

    Raises:
        SettingsError: A value cannot be; names the knob and says what would be right.
    """
    known = fields(description)
    names = {field.name for field in known}
    unknown = [name for name in values if name not in names and "." not in name]
    if unknown:
        raise SettingsError(
            f"there is no knob {unknown[0]!r}; there are {', '.join(sorted(names))}"
        )
    restorer = _value(known[0], values.get("restorer", known[0].default))
    return {
        field.name: _value(field, values.get(field.name, field.default))
        for field in known
        if field.is_for(restorer)
    }


def settings(description: Description, values: Mapping[str, object]) -> Settings:
    """Return the settings that the knobs say, checked as far as they can be without the plate.

    Raises:
        SettingsError: A value cannot be, or two contradict each other; names the knob and says
            what would be right.
    """
    given = checked(description, values)
    restorer = next(r for r in description.restorers if r.name == given["restorer"])
    picks = cast("tuple[str, ...]", given["faces"])
    made = Settings(
        restorer=restorer.name,
        tasks=given["tasks"],
        seed=given["seed"],
        layers=tuple(word for word in LAYERS if word in ("beauty", *given["layers"])),
        whole_frame=given["whole_frame"],
        faces=picks,
        detector=given["detector"] or None,
        mask=given.get("mask") or None,
        references=given.get("reference", ()),
        parameters={
            parameter.name: int(given[f"{restorer.name}.{parameter.name}"])
            for parameter in restorer.parameters
            if given[f"{restorer.name}.{parameter.name}"] != parameter.default
        },
        warm_up=given["warm_up"],
    )
    _check(restorer, made)
    return made


def to_values(description: Description, chosen: Settings) -> dict[str, Any]:
    """Return what the knobs hold for such settings; handles and what is not in them at default.

    Raises:
        SettingsError: The engine has no such restorer.
    """
    values = defaults(description)
    if chosen.restorer not in {restorer.name for restorer in description.restorers}:
        raise SettingsError(f"the engine has no restorer {chosen.restorer!r}")
    for name in ("restorer", "tasks", "seed", "layers", "whole_frame", "warm_up"):
        values[name] = getattr(chosen, name)
    values.update(faces=",".join(chosen.faces), reference=chosen.references)
    values.update(detector=chosen.detector or "", mask=chosen.mask or "")
    values.update({f"{chosen.restorer}.{name}": n for name, n in chosen.parameters.items()})
    return values


def _parameters(restorer: RestorerText) -> Iterable[Field]:
    for knob in restorer.parameters:
        switch = knob.unit == "switch"
        label = knob.name.replace("_", " ").capitalize()
        yield Field(
            f"{restorer.name}.{knob.name}",
            label if switch or knob.unit == knob.name else f"{label} ({knob.unit})",
            "switch" if switch else "whole",
            bool(knob.default) if switch else knob.default,
            None if switch else knob.minimum,
            None if switch else knob.maximum,
            tooltip=knob.description,
            only_for=(restorer.name,),
        )


def _shared(restorers: tuple[RestorerText, ...]) -> Iterable[Field]:
    """Yield the knobs of all restorers."""
    guided = tuple(r.name for r in restorers if "reference" in r.guides)
    masked = tuple(r.name for r in restorers if "mask" in r.guides)
    tasks = tuple(task for task in TASKS if any(task in r.tasks for r in restorers))
    most = MOST_HANDLES
    text = "What is restored: bfr faces, colour black and white, inpaint what the mask shows."
    yield Field("tasks", "Tasks", "flags", tasks[:1], None, None, tasks, text)
    text = "Channels beside the beauty; patch delivers only a rectangle around the faces."
    yield Field("layers", "Layers", "flags", LAYERS[:1], None, None, LAYERS, text)
    text = "Faces to restore, 1,3=Anna, or -2 for all but that one; empty for all."
    yield Field("faces", "Faces", "text", "", tooltip=text)
    if guided:
        text = "Exemplars: frame:1042 or pictures; Anna=frame:1042 for one person."
        yield Field("reference", "Reference", "paths", (), tooltip=text, only_for=guided)
    if masked:
        text = "Where to inpaint, white; a path pattern or one picture."
        yield Field("mask", "Mask", "path", "", tooltip=text, only_for=masked)
    text = "Restore everything, not only faces."
    yield Field("whole_frame", "Whole frame", "switch", default=False, tooltip=text)
    text = "Frames around the shot that are read and not delivered."
    yield Field("handles", "Handles (frames)", "whole", 0, 0, most, tooltip=text)
    text = "Skip a bad frame, deliver the plate's own in its place, or stop."
    yield Field("on_error", "On error", "choice", "skip", None, None, ON_ERROR, text)
    text = "Start of all random numbers; the same seed gives the same pixels."
    yield Field("seed", "Seed", "whole", 0, 0, MOST_SEED, tooltip=text)
    text = "A YuNet ONNX file that finds the faces; empty for what ships."
    yield Field("detector", "Detector", "path", "", tooltip=text)
    text = "Begin so many frames early instead of at the shot's start: approximate; 0 for exact."
    yield Field("warm_up", "Warm-up (frames)", "whole", 0, 0, most, tooltip=text)


def _value(field: Field, value: object) -> Any:
    """Return a value as the field's kind has it."""
    if field.kind == "whole":
        return _whole(field, value)
    if field.kind == "switch":
        if not isinstance(value, (bool, int, float)) or value not in (0, 1):
            raise _refused(field, value, "it is on or off")
        return bool(value)
    if field.kind in ("flags", "paths"):
        return _several(field, value)
    text = "" if value is None else str(value).strip()
    if field.kind == "choice" and text not in field.choices:
        raise _refused(field, value, f"it is one of {', '.join(field.choices)}")
    if field.kind == "path" and text and not is_absolute(text):
        raise _refused(field, value, "the engine has another working folder: give the whole path")
    return _faces(field, text) if field.name == "faces" else text


def _whole(field: Field, value: object) -> int:
    assert field.minimum is not None
    assert field.maximum is not None
    right = f"it is a whole number from {field.minimum} to {field.maximum}"
    try:
        number = int(cast("Any", value))
        same = isinstance(value, str) or number == value
    except (OverflowError, TypeError, ValueError):
        raise _refused(field, value, right) from None
    if not same or not field.minimum <= number <= field.maximum:
        raise _refused(field, value, right)
    return number


def _several(field: Field, value: object) -> tuple[str, ...]:
    paths = field.kind == "paths"
    if isinstance(value, str):  # a path may hold a comma, and a name of a task no line feed
        value = value.splitlines() if paths else value.split(",")
    if isinstance(value, Mapping):  # a knob for each flag
        flags = cast("Mapping[str, object]", value)
        value = [word for word, on in flags.items() if on]
    items = cast("Iterable[object]", () if value is None else value)
    words = tuple(filter(None, (str(item).strip() for item in items)))
    if paths:
        return words
    unknown = [word for word in words if word not in field.choices]
    if unknown:
        raise _refused(field, unknown[0], f"there are {', '.join(field.choices)}")
    return tuple(word for word in field.choices if word in words)


def _faces(field: Field, text: str) -> tuple[str, ...]:
    faces = () if text == ALL else tuple(filter(None, (f.strip() for f in text.split(","))))
    try:
        parse_picks(faces)
    except SettingsError as error:
        raise SettingsError(f"{field.label}: {error.message}") from None
    return tuple(sorted(faces, key=lambda face: abs(int(face.partition("=")[0]))))


def _refused(field: Field, value: object, right: str) -> SettingsError:
    return SettingsError(f"{field.label}: {str(value)[:80]!r} cannot be; {right}")


def _check(restorer: RestorerText, made: Settings) -> None:
    """Refuse settings that the engine would refuse of any plate."""
    cannot = [task for task in made.tasks if task not in restorer.tasks]
    if cannot or not made.tasks:
        what = f"{restorer.name} cannot do {cannot[0]}" if cannot else "none is chosen"
        raise SettingsError(f"Tasks: {what}; choose of {', '.join(restorer.tasks)}")
    if made.whole_frame and not restorer.content_agnostic:
        raise SettingsError(f"Whole frame: {restorer.name} restores faces only; switch it off")
    if ("inpaint" in made.tasks) != (made.mask is not None):
        raise SettingsError("Mask: it and the task inpaint go together; give both or neither")
    for path in picture_paths(made.references):
        if not is_absolute(path):
            raise SettingsError(f"Reference: {path!r} is no frame:N and no whole path of a picture")
    check_picks(made.faces, made.references, whole_frame=made.whole_frame)
