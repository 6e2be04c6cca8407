"""Field codecs: how a value of a message becomes JSON and how hostile JSON becomes a value.

Rules of this file:
    - `to_json` trusts its value, `from_json` trusts nothing.
    - There are no floats. A rate is two whole numbers, a strength is per cent.
    - A refused value raises MessageMalformed (UnknownField for a field too many) and says where.
    - What is quoted of hostile JSON is cut short, so that a refusal is never large.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Callable, Dict, Generic, List, Optional, Tuple, TypeVar, cast

from plugin_host.errors import FaceplateError, MessageMalformed, UnknownField
from plugin_host.frame_range import FrameRange

GREATEST = 2**53 - 1  # the whole numbers that every JSON reader keeps exactly (RFC 8259, 6)
MOST_NAME = 200  # characters in a name
T = TypeVar("T")


class Codec(Generic[T]):
    """Turns one kind of value into JSON and back."""

    def to_json(self, value: T) -> Any:
        """Return what `json` can write."""
        return value

    def from_json(self, data: Any, where: str) -> T:
        """Return the value, or raise MessageMalformed naming `where`."""
        raise NotImplementedError


class Text(Codec[str]):
    """A string of at most `most` characters, without NUL; of `shape` where one is given."""

    def __init__(self, most: int = 4096, *, shape: str = "") -> None:
        self.most = most
        self.shape = re.compile(shape + r"\Z") if shape else None

    def from_json(self, data: Any, where: str) -> str:
        """Accept a string."""
        if not isinstance(data, str) or "\0" in data:
            raise MessageMalformed(f"{where} must be a string")
        if len(data) > self.most:
            raise MessageMalformed(f"{where} is longer than {self.most} characters")
        if self.shape is not None and not self.shape.match(data):
            raise MessageMalformed(f"{where} must look like {self.shape.pattern[:-2]}")
        return data


class Whole(Codec[int]):
    """A whole number between two limits, both included."""

    def __init__(self, least: int = 0, most: int = GREATEST) -> None:
        self.least = least
        self.most = most

    def from_json(self, data: Any, where: str) -> int:
        """Accept an integer that is no boolean."""
        if not isinstance(data, int) or isinstance(data, bool):
            raise MessageMalformed(f"{where} must be a whole number")
        if not self.least <= data <= self.most:
            raise MessageMalformed(f"{where} must lie between {self.least} and {self.most}")
        return data


class Flag(Codec[bool]):
    """True or false."""

    def from_json(self, data: Any, where: str) -> bool:
        """Accept a boolean."""
        if not isinstance(data, bool):
            raise MessageMalformed(f"{where} must be true or false")
        return data


class Choice(Codec[str]):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def from_json(self, data: Any, where: str) -> str:
        """Accept one of the words."""
        if data not in self.words:
            raise MessageMalformed(f"{where} must be one of {', '.join(self.words)}")
        return str(data)


class Maybe(Codec[Optional[T]]):
    """A value or null."""

    def __init__(self, inner: Codec[T]) -> None:
        self.inner = inner

    def to_json(self, value: T | None) -> Any:
        """Write null for None."""
        return None if value is None else self.inner.to_json(value)

    def from_json(self, data: Any, where: str) -> T | None:
        """Accept null too."""
        return None if data is None else self.inner.from_json(data, where)


class Several(Codec[Tuple[T, ...]]):
    """A list of at most `most` values."""

    def __init__(self, inner: Codec[T], most: int = 1024) -> None:
        self.inner = inner
        self.most = most

    def to_json(self, value: tuple[T, ...]) -> Any:
        """Write a list."""
        return [self.inner.to_json(item) for item in value]

    def from_json(self, data: Any, where: str) -> tuple[T, ...]:
        """Accept a list."""
        if not isinstance(data, list):
            raise MessageMalformed(f"{where} must be a list")
        items = cast("List[Any]", data)
        if len(items) > self.most:
            raise MessageMalformed(f"{where} holds more than {self.most} items")
        return tuple(self.inner.from_json(item, f"{where}[{i}]") for i, item in enumerate(items))


class Named(Codec[Dict[str, T]]):
    """An object of any names with values of one kind."""

    def __init__(self, inner: Codec[T], most: int = 256) -> None:
        self.inner = inner
        self.most = most

    def to_json(self, value: dict[str, T]) -> Any:
        """Write an object."""
        return {name: self.inner.to_json(item) for name, item in value.items()}

    def from_json(self, data: Any, where: str) -> dict[str, T]:
        """Accept an object."""
        if not isinstance(data, dict):
            raise MessageMalformed(f"{where} must be an object")
        items = cast("Dict[str, Any]", data)
        if len(items) > self.most:
            raise MessageMalformed(f"{where} holds more than {self.most} names")
        for name in items:
            Text(MOST_NAME).from_json(name, f"a name in {where}")
        return {name: self.inner.from_json(item, f"{where}.{name}") for name, item in items.items()}


class Frames(Codec[FrameRange]):
    """A frame range, written as text."""

    def to_json(self, value: FrameRange) -> Any:
        """Write it as a person would."""
        return str(value)

    def from_json(self, data: Any, where: str) -> FrameRange:
        """Accept ``1001-1100x2`` and the like."""
        text = Text(65536).from_json(data, where)
        try:
            return FrameRange.parse(text)
        except FaceplateError as error:
            raise type(error)(f"{where}: {error.message}") from None


class Record(Codec[T]):
    """A dataclass whose fields were declared with `wire`.

    `strict` refuses fields that the record does not have; else they are ignored, at this level.
    """

    def __init__(self, cls: type[T], *, strict: bool = True) -> None:
        self.cls = cls
        self.strict = strict

    def to_json(self, value: T) -> Any:
        """Write every field."""
        return {name: codec.to_json(getattr(value, name)) for name, codec, _ in self.fields()}

    def from_json(self, data: Any, where: str) -> T:
        """Accept an object."""
        if not isinstance(data, dict):
            raise MessageMalformed(f"{where} must be an object")
        given = dict(cast("Dict[str, Any]", data))
        values: dict[str, Any] = {}
        for name, codec, needed in self.fields():
            if name in given:
                values[name] = codec.from_json(given.pop(name), f"{where}.{name}")
            elif needed:
                raise MessageMalformed(f"{where}.{name} is missing")
        if given and self.strict:
            raise UnknownField(f"{where} has no field {min(given)[:40]!r}")
        return self.cls(**values)

    def fields(self) -> list[tuple[str, Codec[Any], bool]]:
        """Return name, codec, and whether it must be given, field by field."""
        missing = dataclasses.MISSING
        return [
            (f.name, f.metadata["codec"], f.default is missing and f.default_factory is missing)
            for f in dataclasses.fields(self.cls)  # type: ignore[arg-type]
        ]


class Told(Record[T]):
    """A record that ignores the fields that it does not have."""

    def __init__(self, cls: type[T]) -> None:
        super().__init__(cls, strict=False)


def to_json(record: object) -> Any:
    """Write any record whose fields were declared with `wire`."""
    return Record[Any](type(record)).to_json(record)


class Nested(Codec[T]):
    """A value with its own pair of functions, such as a plate."""

    def __init__(self, write: Callable[[T], Any], read: Callable[[Any, str], T]) -> None:
        self.write = write
        self.read = read

    def to_json(self, value: T) -> Any:
        """Call the writer."""
        return self.write(value)

    def from_json(self, data: Any, where: str) -> T:
        """Call the reader."""
        return self.read(data, where)


def wire(codec: Codec[Any], default: Any = dataclasses.MISSING) -> Any:
    """Declare a dataclass field that travels; without a default it must be given."""
    if isinstance(default, dict):
        empty = cast("Dict[str, Any]", default)
        return dataclasses.field(default_factory=lambda: dict(empty), metadata={"codec": codec})
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata={"codec": codec})
    return dataclasses.field(default=default, metadata={"codec": codec})
