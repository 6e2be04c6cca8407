"""The wire: a message becomes signed parts, hostile parts become a message or a named error.

    [VERSION, kind, header, signature, buffer...]

Rules of this file:
    - Pure: no socket, no clock, no file. PROTOCOL.md is the specification, this is its reference.
    - Nothing is parsed before VERSION and the signature have been checked. The signature covers
      buffers by their lengths; their bytes are the connection's to guard (docs/decisions/0010).
    - `VERSION` changes with every change that an older peer would misread.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import Any, Dict, NamedTuple, NoReturn, Sequence, cast

from plugin_host.errors import (
    FaceplateError,
    MessageMalformed,
    MessageOversized,
    MessageReplayed,
    MessageTruncated,
    OutputError,
    ProtocolError,
    SettingsError,
    SignatureMismatch,
    UnknownKind,
    VersionMismatch,
    from_code,
)
from plugin_host.picks import check_picks, picture_paths
from plugin_host.plate import is_absolute
from plugin_host.replies import MESSAGE, REPLIES, Failed
from plugin_host.requests import PATH, REQUESTS, Submit
from plugin_host.schema import GREATEST, Record, Several, Text, Whole, to_json

VERSION = b"FACEPL01"
KEY_BYTES = 32
SIGNATURE_BYTES = 32  # HMAC-SHA256
MOST_HEADER_BYTES = 16 * 1024 * 1024
MOST_PART_BYTES = 512 * 1024 * 1024
MOST_BUFFERS = 16
MOST_KIND_BYTES = 64
NO_REQUEST = "0" * 32  # what a Failed repeats where the request id is not known
_REQUEST = Text(64, shape="[0-9a-f]{32}")
_SESSION = Text(64, shape="([0-9a-f]{32})?")
_COUNTER = Whole(1)
_SIZES = Several(Whole(0, MOST_PART_BYTES), MOST_BUFFERS)


class Envelope(NamedTuple):
    """A message with what the wire says about it.

    Attributes:
        message: One of the classes of `requests` and `replies`.
        request: Id of the request; a reply repeats it.
        session: The session that it belongs to; empty in Hello.
        counter: Rises by at least one with every message of one direction of a session.
        buffers: Raw bytes that ride along.
    """

    message: Any
    request: str
    session: str
    counter: int
    buffers: tuple[bytes, ...] = ()


def new_id() -> str:
    """Return 128 random bits as 32 hexadecimal digits, for requests and sessions."""
    return secrets.token_hex(16)


def canonical(data: Any) -> bytes:
    """Write JSON in the one form that is signed: UTF-8, sorted keys, no spaces, no floats.

    Raises:
        MessageMalformed: It is nested too deep, or a text is not UTF-8, as a file name may be.
    """
    form: dict[str, Any] = {"ensure_ascii": False, "sort_keys": True, "separators": (",", ":")}
    try:
        return json.dumps(data, allow_nan=False, **form).encode("utf-8")
    except UnicodeEncodeError as error:
        near = error.object[max(0, error.start - 40) : error.end]
        raise MessageMalformed(f"not UTF-8, so it cannot be sent: {near!r}") from None
    except RecursionError:
        raise MessageMalformed("nested too deep to be sent") from None


def encode(envelope: Envelope, key: bytes) -> list[bytes]:
    """Turn a message into parts ready to send.

    Raises:
        MessageMalformed: A text of it is not UTF-8.
    """
    kind = type(envelope.message).__name__.encode()
    header = canonical(
        {
            "body": to_json(envelope.message),
            "buffers": [_size(buffer) for buffer in envelope.buffers],
            "counter": envelope.counter,
            "request": envelope.request,
            "session": envelope.session,
        }
    )
    return [VERSION, kind, header, _sign(key, kind, header), *envelope.buffers]


def decode(parts: Sequence[bytes], key: bytes) -> Envelope:
    """Turn received parts, bytes or anything that holds bytes, into a message.

    Raises:
        VersionMismatch, MessageTruncated, MessageOversized, SignatureMismatch, UnknownKind,
        UnknownField, MessageMalformed: see errors.py; RequestRefused for what cannot be meant.
    """
    kind, header, buffers = _verified(parts, key)
    name = kind.decode("ascii", "replace")
    cls = REQUESTS.get(name) or REPLIES.get(name)
    if cls is None:
        raise UnknownKind(f"no message is called {name[:40]!r}")
    fields = _read_header(header)
    if fields["buffers"] != tuple(_size(buffer) for buffer in buffers):
        raise MessageMalformed("header.buffers does not give the lengths of the buffers")
    message = Record(cls, strict=name in REQUESTS).from_json(fields["body"], name)
    return Envelope(message, fields["request"], fields["session"], fields["counter"], buffers)


def request_of(parts: Sequence[bytes], key: bytes) -> str:
    """Return the request id of a message that `decode` refused; `NO_REQUEST` where none is safe."""
    try:
        return str(_read_header(_verified(parts, key)[1])["request"])
    except ProtocolError:
        return NO_REQUEST


def _verified(parts: Sequence[bytes], key: bytes) -> tuple[bytes, bytes, tuple[bytes, ...]]:
    _check_parts(parts)
    kind, header, signature = (bytes(part) for part in parts[1:4])
    if not hmac.compare_digest(signature, _sign(key, kind, header)):
        raise SignatureMismatch("the message was signed with another key, or changed on its way")
    return kind, header, tuple(parts[4:])


def _size(part: bytes) -> int:
    return memoryview(part).nbytes


def _check_parts(parts: Sequence[bytes]) -> None:
    theirs = bytes(memoryview(parts[0])[: 2 * len(VERSION)]) if parts else b""
    if theirs != VERSION:
        raise VersionMismatch(f"the peer speaks {theirs!r}, this side {VERSION!r}")
    if len(parts) < 4 or _size(parts[3]) != SIGNATURE_BYTES:
        raise MessageTruncated("a message has version, kind, header and a signature of 32 bytes")
    if len(parts) > 4 + MOST_BUFFERS:
        raise MessageOversized(f"more than {MOST_BUFFERS} buffers")
    limits = [
        MOST_KIND_BYTES,
        MOST_HEADER_BYTES,
        SIGNATURE_BYTES,
        *[MOST_PART_BYTES] * MOST_BUFFERS,
    ]
    for index, (part, most) in enumerate(zip(parts[1:], limits), 1):
        if _size(part) > most:
            raise MessageOversized(f"part {index} is above {most} bytes")


def _sign(key: bytes, kind: bytes, header: bytes) -> bytes:
    """HMAC over version, kind and header, each after its length."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for piece in (VERSION, kind, header):
        mac.update(len(piece).to_bytes(8, "big"))
        mac.update(piece)
    return mac.digest()


def _read_header(header: bytes) -> dict[str, Any]:
    data = read_json(header, "header")
    fields = cast("Dict[str, Any]", data if isinstance(data, dict) else {})
    if sorted(fields) != ["body", "buffers", "counter", "request", "session"]:
        raise MessageMalformed("the header holds body, buffers, counter, request and session")
    if canonical(fields) != header:
        raise MessageMalformed("the header is not in canonical form")
    return {
        "body": fields["body"],
        "buffers": _SIZES.from_json(fields["buffers"], "header.buffers"),
        "counter": _COUNTER.from_json(fields["counter"], "header.counter"),
        "request": _REQUEST.from_json(fields["request"], "header.request"),
        "session": _SESSION.from_json(fields["session"], "header.session"),
    }


def read_json(data: bytes, where: str) -> Any:
    """Read JSON without floats, NaN, repeated keys, or numbers that others would round.

    Raises:
        MessageMalformed: It is anything else.
    """
    try:
        return json.loads(
            data.decode("utf-8"),
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_exact,
            object_pairs_hook=_no_repeats,
        )
    except RecursionError:
        raise MessageMalformed(f"the {where} is nested too deep") from None
    except ValueError as error:
        raise MessageMalformed(f"the {where} is not JSON of whole numbers: {error}") from None


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is no whole number")


def _exact(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > GREATEST:
        raise ValueError(f"{text[:20]} is above 2**53 - 1")
    return int(text)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key stands twice")
    return fields


class Counter:
    """One direction of a session: counts what is sent, refuses what was received before."""

    def __init__(self) -> None:
        self._sent = 0
        self._received = 0

    def next(self) -> int:
        """Return the counter of the next message."""
        self._sent += 1
        return self._sent

    def check(self, counter: int) -> None:
        """Take note of a received counter.

        Raises:
            MessageReplayed: It is not above the last one.
        """
        if counter <= self._received:
            raise MessageReplayed(f"counter {counter} is not above {self._received}, the last")
        self._received = counter


def job_id(submit: Submit) -> str:
    """Return the name of the job that a request makes; equal requests make the same."""
    return hashlib.sha256(canonical(to_json(submit))).hexdigest()[:16]


def check_submit(submit: Submit) -> None:
    """Refuse a request that contradicts itself.

    Raises:
        SettingsError: Frames outside the shot, no task, a task or layer named twice, faces that
            contradict each other, or a mask, picture or detector without an absolute path.
        OutputError: The output is no absolute path.
    """
    if not is_absolute(submit.output):
        raise OutputError("the output must be absolute: the engine has another working folder")
    settings, shot = submit.settings, submit.shot.frames
    check_picks(settings.faces, settings.references, whole_frame=settings.whole_frame)
    for path in [settings.mask, settings.detector, *picture_paths(settings.references)]:
        if path is not None and not is_absolute(path):
            raise SettingsError("masks, pictures and detectors need an absolute path", path=path)
    outside = [frame for frame in submit.frames if frame not in shot]
    if outside:
        raise SettingsError(f"frame {outside[0]} is outside the shot {shot}; widen it")
    if not settings.tasks:
        raise SettingsError("no task: name at least one of bfr, colour, inpaint")
    for name in ("tasks", "layers"):
        words = getattr(settings, name)
        if len(set(words)) != len(words):
            raise SettingsError(f"{name} names one twice: {','.join(words)}")


def failed(error: FaceplateError, job: str | None = None) -> Failed:
    """Return the reply that carries an error, made sendable whatever its texts quote."""
    path = None if error.path is None else sendable(error.path, PATH.most)
    return Failed(error.code, sendable(error.message, MESSAGE.most), job, error.frame, path)


def sendable(text: str, most: int) -> str:
    """Escape NUL and lone surrogates; cut to `most` characters."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")[:most]


def raised(reply: Failed) -> FaceplateError:
    """Return the error that a reply carries."""
    return from_code(reply.code, reply.message, frame=reply.frame, path=reply.path)
