"""The generated passages of PROTOCOL.md: tables of fields, codes, limits, and the worked example.

A passage stands between ``<!-- begin NAME -->`` and ``<!-- end -->``.
"""

import json
import re
from pathlib import Path

from plugin_host import frame_range, protocol, requests, schema
from plugin_host.errors import every_error
from plugin_host.frame_replies import PixelsText
from plugin_host.replies import (
    REPLIES,
    FrameErrorText,
    JobText,
    ParameterText,
    RestorerText,
    WorkerText,
)
from plugin_host.requests import REQUESTS, Into, Settings, Shot, _PlateText
from tests.vectors.protocol_messages import KEY, canonical, header_of, message

PATH = Path(__file__).parents[2] / "plugin_host" / "PROTOCOL.md"
_PASSAGE = re.compile(r"(<!-- begin (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
RECORDS = {
    "plate": _PlateText,
    **{
        cls.__name__: cls
        for cls in (
            Shot,
            Settings,
            Into,
            ParameterText,
            RestorerText,
            FrameErrorText,
            PixelsText,
            JobText,
            WorkerText,
        )
    },
}
KINDS = {**REQUESTS, **REPLIES}


def passages():
    """Return name to text of every generated passage."""
    tables = {name: field_table(cls) for name, cls in {**KINDS, **RECORDS}.items()}
    return {**tables, "codes": codes(), "limits": limits(), "example": example()}


def current(text=None):
    """Return the document with every passage as the code says it today."""
    known = passages()
    text = PATH.read_text(encoding="utf-8") if text is None else text
    return _PASSAGE.sub(lambda m: f"{m[1]}\n{known[m[2]]}\n\n{m[3]}", text)


def field_table(cls):
    """Return the table of the fields of one record."""
    rows = [
        f"| `{name}` | {described(codec)} | {'' if needed else _default(cls, name, codec)} |"
        for name, codec, needed in schema.Record(cls).fields()
    ]
    if not rows:
        return "No fields: the body is `{}`."
    return "\n".join(["| field | value | default |", "|---|---|---|", *rows])


def _default(cls, name, codec):
    field = cls.__dataclass_fields__[name]
    value = field.default_factory() if callable(field.default_factory) else field.default
    return f"`{json.dumps(codec.to_json(value))}`"


def described(codec):
    """Return what a codec accepts, in words."""
    return WORDS[type(codec).__name__](codec)


def _text(codec):
    if codec.shape:
        return f"text of the form `{codec.shape.pattern[:-2]}`"
    return f"text, at most {codec.most} characters"


def _record(codec):
    return f"object [{codec.cls.__name__}](#{codec.cls.__name__.lower()})"


WORDS = {
    "Text": _text,
    "Whole": lambda codec: f"whole number, {_number(codec.least)} to {_number(codec.most)}",
    "Flag": lambda _: "`true` or `false`",
    "Choice": lambda codec: "one of " + ", ".join(f'`"{word}"`' for word in codec.words),
    "Maybe": lambda codec: f"{described(codec.inner)}; or `null`",
    "Several": lambda codec: f"list of at most {codec.most}: {described(codec.inner)}",
    "Named": lambda codec: f"object of at most {codec.most} names: {described(codec.inner)}",
    "Frames": lambda _: "frame range as text",
    "Nested": lambda _: "object [plate](#plate)",
    "Record": _record,
    "Told": _record,
}


def _number(value):
    return "2^53 - 1" if value == schema.GREATEST else str(value)


def codes():
    """Return the table of every error code."""
    tree = sorted(every_error().items())
    rows = [f"| `{code}` | {cls.__doc__.splitlines()[0]} |" for code, cls in tree]
    return "\n".join(["| code | meaning |", "|---|---|", *rows])


def limits():
    """Return the table of limits."""
    rows = (
        ("parts in a message", f"4 to {4 + protocol.MOST_BUFFERS}"),
        ("kind", f"{protocol.MOST_KIND_BYTES} bytes"),
        ("header", f"{protocol.MOST_HEADER_BYTES} bytes"),
        ("one buffer", f"{protocol.MOST_PART_BYTES} bytes"),
        ("a ring", f"{requests.MOST_RING_BYTES} bytes in at most {requests.MOST_SLOTS} slots"),
        ("whole numbers", "-(2^53 - 1) to 2^53 - 1"),
        ("a name inside an object", f"{schema.MOST_NAME} characters"),
        ("frames in a range", str(frame_range.MOST_FRAMES)),
        ("a frame number", f"-{frame_range.GREATEST_FRAME} to {frame_range.GREATEST_FRAME}"),
    )
    return "\n".join(["| what | limit |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


def example():
    """Return a Hello from plain values to signature."""
    parts = message("Hello")
    assert parts[2] == canonical(header_of("Hello"))
    signed = b"".join(len(piece).to_bytes(8, "big") + piece for piece in parts[:3])
    lines = [
        f"key        {KEY.hex()}",
        f"VERSION    {parts[0].hex()}",
        f"kind       {parts[1].hex()}",
        f"header     {parts[2].decode()}",
        f"signed     {signed.hex()}",
        f"signature  {parts[3].hex()}",
    ]
    return "\n".join(["```text", *lines, "```"])
