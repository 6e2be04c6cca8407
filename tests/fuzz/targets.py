"""What reads bytes of others, as functions of bytes: whatever they raise is a finding.

Rules of this file:
    - A target lets through what its function documents, and nothing else.
    - Where a value comes back, it is written and read again: it must be the same value.
    - A target that needs files has a temporary folder of its own.
"""

from __future__ import annotations

import atexit
import dataclasses
import json
import random
import shutil
import struct
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from engine.analysis import ShotAnalysis
from engine.frame_io.exr_chunks import cut_out, put_together, take_apart
from engine.frame_io.exr_rows import read_rows
from engine.manifest import sealed
from engine.reference import TemporalReference, _metadata, sealed_tensors
from engine.seams import seams_of
from engine.take import Take
from plugin_host import protocol, zmtp_codec
from plugin_host.connection import read_connection
from plugin_host.errors import (
    EngineUnreachable,
    FaceplateError,
    FrameError,
    FrameRangeError,
    MessageMalformed,
    PlateError,
    ProtocolError,
    ReferenceMismatchError,
    RequestRefused,
    TakeConflict,
)
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.replies import REPLIES
from plugin_host.requests import REQUESTS, Submit
from tests.engine.plates import request
from tests.engine.probes import LINKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VECTORS = Path(__file__).parents[1] / "vectors" / "protocol"
KEY = bytes(range(32))
SEPARATOR = b"\0\0\0\0"
"""Between the parts of an input; no honest header holds it."""
TAKE_FILES = (
    "analysis.json",
    "manifest.json",
    "receipts/1001.json",
    "references/1/0.safetensors",
    "windows/1/0.1001.safetensors",
    "seams/1/1001.json",
    "notes/0.json",
)


class Target(NamedTuple):
    """One function under fire.

    Attributes:
        run: Takes any bytes; what it raises is a finding.
        seeds: Yields inputs to begin with.
        words: What such inputs are made of.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]
    words: tuple[str, ...] = ()


def signed(data: bytes) -> None:
    """A message behind a right signature: kind, header or body, and buffers are the input's.

    A header that is one of JSON is made canonical, and gets the lengths that are right, so that
    what is behind these two checks is reached.
    """
    kind, *rest = data.split(SEPARATOR)[:20]
    header, buffers = (rest or [b""])[0], rest[1:]
    try:
        fields = json.loads(header)
        fields["buffers"] = [len(buffer) for buffer in buffers]
        header = protocol.canonical(fields)
    except (ValueError, TypeError, RecursionError, MessageMalformed):
        pass  # as it is
    signature = protocol._sign(KEY, kind, header)
    _decode([protocol.VERSION, kind, header, signature, *buffers])


def raw(data: bytes) -> None:
    """A message whose every part is the input's."""
    _decode(data.split(SEPARATOR)[:40])


def _decode(parts: list[bytes]) -> None:
    try:
        envelope = protocol.decode(parts, KEY)
    except (ProtocolError, RequestRefused) as error:
        refusal = error
    else:
        refusal = None
    if refusal is not None:
        assert len(str(refusal)) < 1000, "a refusal is short, whatever it quotes"
        assert protocol.failed(refusal).code == refusal.code
        protocol.request_of(parts, KEY)
        return
    assert protocol.decode(protocol.encode(envelope, KEY), KEY) == envelope
    if isinstance(envelope.message, Submit):
        protocol.job_id(envelope.message)
        with suppress(RequestRefused):
            protocol.check_submit(envelope.message)


def signed_seeds() -> Iterator[bytes]:
    for parts in _vectors():
        if len(parts) >= 3:
            yield SEPARATOR.join([parts[1], parts[2], *parts[4:]])


def raw_seeds() -> Iterator[bytes]:
    return map(SEPARATOR.join, _vectors())


def _vectors() -> Iterator[list[bytes]]:
    for name in ("valid", "invalid", "hostile"):
        for case in json.loads((VECTORS / f"{name}.json").read_text("utf-8"))["tests"]:
            if all(isinstance(part, str) and len(part) < 20000 for part in case["parts"]):
                yield [bytes.fromhex(part) for part in case["parts"]]


def zmtp(data: bytes) -> None:
    """A peer's bytes, cut by chance and whole: the messages, or the refusal, are the same."""
    stream, cuts = data[1:], random.Random(data[:1])
    pieces, at = [], 0
    while at < len(stream):
        size = cuts.choice((1, 1, 2, 7, 64, 4096))
        pieces.append(stream[at : at + size])
        at += size
    assert _heard(pieces) == _heard([stream])


def _heard(pieces: list[bytes]) -> tuple[list[list[bytes]], str]:
    decoder, messages = zmtp_codec.Decoder(), []
    try:
        for piece in [*pieces, b"", b""]:  # what precedes a fault comes first
            messages += decoder.feed(piece)
    except ProtocolError as error:
        return messages, error.code
    return messages, ""


def zmtp_seeds() -> Iterator[bytes]:
    for parts in ([b""], [b"a", b"", b"c" * 300], [b"x" * 70000, b"y"]):
        yield b"\1" + zmtp_codec.HANDSHAKE + b"".join(zmtp_codec.encode(parts))
    yield b"\2" + zmtp_codec.GREETING + b"\x04\x0c\x05ERROR\x05sorry" + b"\x05\x00"
    yield b"\3" + zmtp_codec.HANDSHAKE + struct.pack(">BQ", 2, 2**62)


def ranges(data: bytes) -> None:
    """Text of a frame range."""
    try:
        found = FrameRange.parse(data.decode("utf-8", "replace"))
    except FrameRangeError:
        return
    if len(found) < 10000:  # of a million, more than one of these takes too long
        assert FrameRange.parse(str(found)) == found


def range_seeds() -> Iterator[bytes]:
    yield from (b"1001-1100x2, 7", b"-5--1,0", b"1,2,3-9x3", b"1-99999", b"5-1", b"1-3x0")


def plates(data: bytes) -> None:
    """Text of a plate."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        plate = Plate.parse(text)
    except PlateError:
        return
    assert isinstance(plate.folder + plate.stem + plate.pattern, str)
    assert plate.stem
    with suppress(PlateError):
        plate.path(1001)


def plate_seeds() -> Iterator[bytes]:
    yield from (b"/a/b.%04d.exr", b"/a/b.####.exr", b"/a/b.@@@.dpx", b"/a/b.[1001-1100].exr")
    yield from (b"/a/b-1001.exr", b"C:\\a\\b.%d.exr", b"\\\\host\\a\\b.mov", b"/a/../b.mxf", b".")


def chunks(data: bytes) -> None:
    """An EXR file, taken apart and put together."""
    try:
        layout = take_apart(data)
    except FrameError:
        return
    again = put_together(data, layout, {})
    assert len(again) <= len(data) + 4
    assert [len(s.chunks) for s in take_apart(again).sections] == [
        len(s.chunks) for s in layout.sections
    ]
    for number, section in enumerate(layout.sections):
        if section.window is not None:
            cut_out(data, layout, number, range(min(2, len(section.chunks))))


def rows(data: bytes) -> None:
    """Some rows of an EXR file, through the library."""
    with suppress(FrameError):
        read_rows(data, range(5, 30))


def exr_seeds() -> Iterator[bytes]:
    from tests.fuzz.samples import exr_files  # noqa: PLC0415 - it loads what writes them

    yield from (data for data in exr_files().values() if len(data) < 30000)


def references(data: bytes) -> None:
    """A temporal reference, as it is and with a seal that is right."""
    for file in (data, resealed(data)):
        try:
            reference = TemporalReference.from_bytes(file)
        except ReferenceMismatchError:
            continue
        assert TemporalReference.from_bytes(reference.to_bytes()) == reference


def resealed(data: bytes) -> bytes:
    """Return a file of tensors or of JSON with a seal that is right, where it is one."""
    try:
        if data.startswith(b"{"):
            found = json.loads(data)
            found.pop("seal", None)
            return sealed(found)
        told = {name: text for name, text in _metadata(data).items() if name != "seal"}
        return sealed_tensors(load(data), **told)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, SafetensorError):
        return data


def reference_seeds() -> Iterator[bytes]:
    tensors = {"seen": np.arange(5, dtype=np.uint8), "mean": np.ones((2, 3), np.float16)}
    begun = TemporalReference("probe", "ab" * 32, 1, 7)
    yield begun.to_bytes()
    yield begun.followed_by(1004, tensors).to_bytes()


def takes(data: bytes) -> None:
    """One file of a take, the others being whole; the first byte says which, and if sealed."""
    take, folder = _take()
    which = data[0] if data else 0
    path = folder / TAKE_FILES[(which & 0x7F) % len(TAKE_FILES)]
    before = path.read_bytes()
    path.write_bytes(resealed(data[1:]) if which & 0x80 else data[1:])
    try:
        with suppress(TakeConflict):
            take._manifest.open()
        # What cannot be read back counts as not there: these say so.
        with suppress(AttributeError, LookupError, OverflowError, TypeError, ValueError):
            ShotAnalysis.from_json(take.analysis() or {})
        take.receipt(1001)
        take.reference(1, 0)
        take.windows.get(1, 0, 1001)
        seams_of(folder)
        take.add_notes([])
    finally:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(before)


def take_seeds() -> Iterator[bytes]:
    _, folder = _take()
    for index, name in enumerate(TAKE_FILES):
        for byte in (index, 0x80 + index):
            yield bytes([byte]) + (folder / name).read_bytes()


@cache
def _take() -> tuple[Take, Path]:
    """Return a take that holds one of every kind of file."""
    submit = request(Plate.parse("/plates/shot.%04d.exr", "raw"), _folder("take"), "1001-1010")
    info = LINKS["chained"].info
    take = Take(submit, info, {})
    faces = {"frames": [1001], "cuts": [1002], "tracks": []}
    faces["tracks"] = [{"number": 1, "frames": [1001], "centres": [[4.5, 4]], "sizes": [3.25]}]
    take.store_analysis(
        {
            "frames": [1001],
            "bad": {"1002": ["frame.missing", "gone"]},
            "sources": {"1001": "ab" * 32},
            "display": [0, 0, 9, 9],
            "bounds": [0, 0, 9, 9],
            "not_finite": {"1001": [[0, 0]]},
            "colour": ["raw", None, "requested"],
            "faces": faces,
        }
    )
    take.deliver(1001, b"exr", status="restored", source="b" * 64, note="")
    take.store_reference(1, 0, info.begin(1, 7).followed_by(1004, {"seen": np.zeros(3)}))
    take.windows.keep((1, 0, 1001), {"delta": np.ones((3, 2, 2), np.float32)})
    take.store_seam(1, 1001, 0.5)
    take.add_notes(["a note"])
    next((take.folder / "notes").iterdir()).rename(take.folder / "notes" / "0.json")
    return take, take.folder


def connections(data: bytes) -> None:
    """A connection file."""
    path = _folder("connection") / "connection.json"
    path.write_bytes(data)
    path.chmod(0o600)
    with suppress(EngineUnreachable):
        assert len(read_connection(str(path)).key) == protocol.KEY_BYTES


def connection_seeds() -> Iterator[bytes]:
    told = {"address": "tcp://127.0.0.1:5", "engine": "0" * 32, "key": "ab" * 32, "pid": 7}
    yield json.dumps({**told, "version": protocol.VERSION.decode()}).encode()
    yield json.dumps({**told, "version": "FACEPL99"}).encode()


@cache
def _folder(name: str) -> Path:
    """Return a private folder that is removed when the process ends."""
    folder = tempfile.mkdtemp(prefix=f"fuzz-{name}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _words() -> tuple[str, ...]:
    """Return the kinds of messages, and their fields as JSON has them."""
    kinds = {**REQUESTS, **REPLIES}
    names = {field.name for kind in kinds.values() for field in dataclasses.fields(kind)}
    return (*sorted(kinds), *(f'"{name}":' for name in sorted(names)), "null", "true", "[]", "{}")


TARGETS = {
    "protocol_signed": Target(signed, signed_seeds, _words()),
    "protocol_raw": Target(raw, raw_seeds),
    "zmtp": Target(zmtp, zmtp_seeds),
    "frame_range": Target(ranges, range_seeds),
    "plate": Target(plates, plate_seeds),
    "exr_chunks": Target(chunks, exr_seeds),
    "exr_rows": Target(rows, exr_seeds),
    "reference": Target(references, reference_seeds),
    "take": Target(takes, take_seeds),
    "connection": Target(connections, connection_seeds),
}


def replay(name: str, data: bytes) -> None:
    """Run one input; say of what it raises that it is a finding."""
    try:
        TARGETS[name].run(data)
    except FaceplateError as error:
        raise AssertionError(f"{error.code} is not what this reader documents") from error
