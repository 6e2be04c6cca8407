r"""The same folder, as the host's machine calls it and as the engine's does.

    rules = rule *(";" rule)          in a file: a rule a line, and lines that begin with #
    rule  = HOST "=" ENGINE           two absolute folders, such as S:\shows=/mnt/shows

Rules of this file:
    - The longest folder that fits is taken; what lies in no folder of the map stays as it is.
    - Each side is read by the rules of the system that it is written for: on Windows case does not
      matter and either slash separates; elsewhere both do. Whole folders fit, never parts of names.
    - Of several rules for one folder of the engine, the first says what the host calls it.
"""

from __future__ import annotations

import ntpath
import os
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Sequence

from plugin_host.errors import FaceplateError, PathRefused, SettingsError
from plugin_host.picks import HERO, split_reference
from plugin_host.plate import Plate, is_absolute
from plugin_host.replies import Accepted, Finished, Progress

if TYPE_CHECKING:
    from plugin_host.requests import Shot, Submit

VARIABLE = "FACEPLATE_PATH_MAP"


def is_windows(path: str) -> bool:
    r"""Whether a path is one of Windows: ``S:\a``, ``\\nas\a``, or ``S:/a`` and ``//nas/a``."""
    share = path.startswith("//") and not path.startswith("///")
    return share or (is_absolute(path) and not posixpath.isabs(path))


def join(folder: str, *names: str) -> str:
    """Join by the rules of the system that the folder is written for."""
    return str((ntpath if is_windows(folder) else posixpath).join(folder, *names))


def base_name(path: str) -> str:
    """Return the last name of a path, by the rules of the system that it is written for."""
    return str((ntpath if is_windows(path) else posixpath).basename(path))


def normal(path: str) -> str:
    """Return an absolute path without dots and doubled separators."""
    return str(_Place.of(path))


class _Place(NamedTuple):
    """An absolute path taken apart."""

    windows: bool
    root: str  # with the separator that ends it
    names: tuple[str, ...]

    @classmethod
    def of(cls, path: str) -> _Place:
        windows = is_windows(path)
        if not windows:
            whole = posixpath.normpath(path)
            return cls(windows, "/", tuple(filter(None, whole.split("/"))))
        whole = ntpath.normpath(path)
        root = "\\\\" if whole.startswith("\\\\") else whole[:2] + "\\"
        return cls(windows, root, tuple(filter(None, whole[len(root) :].split("\\"))))

    def __str__(self) -> str:
        return self.root + ("\\" if self.windows else "/").join(self.names)

    @property
    def key(self) -> tuple[str, ...]:
        whole = (self.root, *self.names)
        return tuple(name.lower() for name in whole) if self.windows else whole


class Rule(NamedTuple):
    """A folder of the host's machine and the same one of the engine's, absolute and normal."""

    host: str
    engine: str


class PathMap(NamedTuple):
    """All rules; without any, both machines call everything the same."""

    rules: tuple[Rule, ...] = ()

    @classmethod
    def parse(cls, text: str) -> PathMap:
        """Read rules, as `$FACEPLATE_PATH_MAP` or a file has them.

        Raises:
            SettingsError: One is no rule.
        """
        lines = (line.strip() for line in text.splitlines())
        told = ";".join(line for line in lines if line and not line.startswith("#"))
        return cls(tuple(map(_rule, filter(None, (rule.strip() for rule in told.split(";"))))))

    @classmethod
    def told(cls, text: str, where: str) -> PathMap:
        """Read rules, or the file of rules that a text names; of an empty one, no rules.

        Args:
            text: Rules as `parse` takes them, or a path.
            where: What says so, for the error.

        Raises:
            SettingsError: The file cannot be read, or one is no rule.
        """
        text = text.strip()
        if not text or "=" in text:
            return cls.parse(text)
        try:
            with open(text, encoding="utf-8") as file:
                return cls.parse(file.read())
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise SettingsError(f"{where} names a file of rules: {why}", path=text) from None

    @classmethod
    def from_environment(cls) -> PathMap:
        """Read `$FACEPLATE_PATH_MAP`: rules, or the path of a file of them; without it, no rules.

        Raises:
            SettingsError: The file cannot be read, or one is no rule.
        """
        return cls.told(os.environ.get(VARIABLE, ""), VARIABLE)

    def __str__(self) -> str:
        return ";".join(f"{rule.host}={rule.engine}" for rule in self.rules)

    def to_engine(self, path: str) -> str:
        """Return what the engine's machine calls an absolute path of the host's.

        Raises:
            PathRefused: A name in it would be two on the other system.
        """
        return _mapped(path, self.rules)

    def to_host(self, path: str) -> str:
        """Return what the host's machine calls an absolute path of the engine's.

        Raises:
            PathRefused: A name in it would be two on the other system.
        """
        return self.turned.to_engine(path)

    @property
    def turned(self) -> PathMap:
        """The same map with the sides exchanged."""
        return PathMap(tuple(Rule(rule.engine, rule.host) for rule in self.rules))

    def plate_to_engine(self, plate: Plate) -> Plate:
        """Return the same plate as the engine finds it."""
        folder = self.to_engine(plate.folder)
        if folder == plate.folder:
            return plate
        return plate._replace(prefix=join(folder, base_name(plate.prefix)))

    def plate_to_host(self, plate: Plate) -> Plate:
        """Return the same plate as the host finds it."""
        return self.turned.plate_to_engine(plate)

    def shot_to_engine(self, shot: Shot) -> Shot:
        """Return the same shot as the engine finds it."""
        return replace(shot, plate=self.plate_to_engine(shot.plate))

    def submit_to_engine(self, submit: Submit) -> Submit:
        """Return the same request with every path as the engine's machine calls it."""
        settings = submit.settings
        mapped = replace(
            settings,
            detector=settings.detector and self.to_engine(settings.detector),
            mask=settings.mask and _text(self.plate_to_engine(Plate.parse(settings.mask))),
            references=tuple(map(self._reference, settings.references)),
        )
        shot, output = self.shot_to_engine(submit.shot), self.to_engine(submit.output)
        return replace(submit, shot=shot, settings=mapped, output=output)

    def event_to_host(self, event: Any) -> Any:
        """Return a reply with its paths as the host calls them; others come back as they are."""
        if isinstance(event, Progress) and event.path:
            return replace(event, path=self._told(event.path))
        if isinstance(event, Accepted):
            return replace(event, take=self._told(event.take))
        if isinstance(event, Finished):
            errors = tuple(replace(e, path=e.path and self._told(e.path)) for e in event.errors)
            return replace(event, take=self._told(event.take), errors=errors)
        return event

    def error_to_host(self, error: FaceplateError) -> FaceplateError:
        """Let an error of the engine's name its file as the host calls it; return it."""
        if error.path:
            error.path = self._told(error.path)
        return error

    def _told(self, path: str) -> str:
        """Return the host's name where there is one; what is only told is not refused."""
        try:
            return self.to_host(path)
        except PathRefused:
            return path

    def _reference(self, reference: str) -> str:
        name, exemplar = split_reference(reference)
        if exemplar.startswith(HERO):
            return reference
        path = self.to_engine(exemplar)
        return f"{name}={path}" if name else path


def _text(plate: Plate) -> str:
    return plate.pattern if plate.single is None else plate.path(plate.single)


def _rule(text: str) -> Rule:
    splits = [(text[:i].strip(), text[i + 1 :].strip()) for i, c in enumerate(text) if c == "="]
    whole = [both for both in splits if is_absolute(both[0]) and is_absolute(both[1])]
    if len(whole) != 1:
        why = "it can be split in two ways" if whole else "both sides are absolute folders"
        raise SettingsError(f"path map: {text!r} is no rule; {why}; write S:\\shows=/mnt/shows")
    return Rule(*(str(_Place.of(side)) for side in whole[0]))


def _mapped(path: str, rules: Sequence[Rule]) -> str:
    if not is_absolute(path):
        return path
    place = _Place.of(path)
    fitting = [rule for rule in rules if _within(place, _Place.of(rule.host))]
    if not fitting:
        return path
    rule = max(fitting, key=lambda rule: len(_Place.of(rule.host).names))
    target = _Place.of(rule.engine)
    rest = place.names[len(_Place.of(rule.host).names) :]
    if target.windows and any("\\" in name for name in rest):
        raise PathRefused("a name with a backslash in it would be two on Windows", path=path)
    return str(target._replace(names=target.names + rest))


def _within(place: _Place, folder: _Place) -> bool:
    return place.windows == folder.windows and place.key[: len(folder.key)] == folder.key
