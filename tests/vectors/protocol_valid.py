"""Messages that must be understood."""

from tests.vectors.protocol_messages import (
    BODIES,
    EXR,
    FETCHED,
    GREATEST,
    INTO,
    LOOKED,
    MEBIBYTE,
    PIXELS,
    PLATE_PATH,
    PROGRESS,
    RESTORER,
    changed,
    message,
    submit,
    valid,
)


def cases():
    """Return the cases of this file."""
    return [*_every_kind(), *_texts_and_numbers(), *_faces(), *_plates_and_buffers(), *_lenient()]


def _every_kind():
    for kind in BODIES:
        buffers = (EXR,) if kind in {"Fetched", "Looked", "Deposit"} else ()
        yield valid(f"kind-{kind}", f"{kind} with every field", message(kind, buffers=buffers))


def _texts_and_numbers():
    odd = '"\\\x1f\n\t\x7f/\u2028é\U0001f3ac'
    names = {"\uff5e": 1, "\U0001f3ac": 2, "é": 3, "Z": 4, "a": 5}
    hello = {"client": odd, "credits": 1}
    zeros = {"session": "", "request": "0" * 32}
    yield valid("text-escapes", 'only ", \\ and U+0000-001F are escaped', message("Hello", hello))
    yield valid(
        "keys-by-code-point",
        "keys are sorted by code point: U+FF5E before U+1F3AC, unlike UTF-16",
        submit("settings", "parameters", to=names),
    )
    yield valid(
        "text-200",
        "200 characters, 800 bytes",
        message("Hello", {"client": "🎬" * 200, "credits": 4096}),
    )
    yield valid("counter-greatest", "2**53 - 1", message("Status", counter=GREATEST))
    yield valid("counter-leaps", "a counter need not be the next", message("Status", counter=9))
    yield valid(
        "failed-unauthenticated",
        "empty session, counter 1, request of zeros",
        message("Failed", **zeros),
    )
    yield valid("frames-negative", "negative frames", submit("frames", to="-10--5,-3-3x2"))
    yield valid("frames-farthest", "nine digits", submit("frames", to="-999999999,999999999"))
    yield valid(
        "frames-long-step",
        "a step of ten digits",
        submit("frames", to="-999999999-999999999x999999999"),
    )


def _faces():
    for ident, comment, name, value in (
        ("all", "none is named", "faces", []),
        ("left", "all but these", "faces", ["-2", "-999999"]),
        ("one-person", "two tracks of one person", "faces", ["1=Zo\u00eb", "4=Zo\u00eb"]),
        ("longest-name", "40 characters", "faces", ["1=" + "\U0001f3ac" * 40]),
        ("exemplars", "of one person", "references", ["Anna=frame:-7", "Anna=S:\\hero.exr"]),
        ("path-with-equals", "a path, of everybody", "references", ["/a=b/frame:1.exr"]),
    ):
        yield valid(f"faces-{ident}", comment, submit("settings", name, to=value))


def _plates_and_buffers():
    yield valid("plate-single", "one picture", submit(*PLATE_PATH, to="/shots/still-1001.exr"))
    yield valid(
        "plate-no-number",
        "one picture without a number",
        submit(*PLATE_PATH, to="/shots/still.exr"),
    )
    yield valid(
        "plate-drive",
        "a Windows path, whatever the reader's system",
        submit(*PLATE_PATH, to="S:\\shots\\a.%04d.exr"),
    )
    yield valid("plate-unc", "a UNC path", submit(*PLATE_PATH, to="\\\\server\\shots\\a.%04d.exr"))
    yield valid("plate-no-colourspace", "null", submit("shot", "plate", "colourspace", to=None))
    yield valid("buffer-empty", "a buffer of no bytes", message("Fetched", buffers=(b"",)))
    yield valid(
        "buffers-16",
        "as many buffers as there may be",
        message("Fetched", buffers=tuple(bytes([n]) * n for n in range(16))),
    )
    yield valid("buffer-large", "a mebibyte", message("Fetched", buffers=(b"\x5a" * MEBIBYTE,)))
    parts = message("Fetched", buffers=(EXR,))
    yield valid(
        "buffer-other-bytes",
        "the signature covers lengths; the bytes are the connection's to guard",
        [*parts[:4], bytes(len(EXR))],
        "SignatureCoverage",
    )
    into = changed(BODIES["Fetch"], "into", to=INTO)
    yield valid("fetch-pixels", "into a slot", message("Fetch", into))
    placed = {**FETCHED, "sha256": None, "pixels": PIXELS}
    yield valid("fetched-pixels", "in a slot", message("Fetched", placed))
    look = {**BODIES["Look"], "along": True, "into": {**INTO, "slot": None}}
    yield valid("look-along", "pixels along with the message", message("Look", look))
    along = {**LOOKED, "pixels": {**PIXELS, "slot": None}}
    yield valid("looked-along", "in the buffer", message("Looked", along, (bytes(PIXELS["size"]),)))
    for status in ("no face", "source"):
        looked = {**LOOKED, "pixels": PIXELS, "status": status}
        name = status.replace(" ", "-")
        yield valid(f"looked-{name}", f"status {status}", message("Looked", looked))
    for status in ("no face", "source", "kept"):
        name = status.replace(" ", "-")
        yield valid(
            f"progress-{name}",
            f"status {status}",
            message("Progress", {**PROGRESS, "status": status}),
        )
    failed = {
        **PROGRESS,
        "status": "failed",
        "path": None,
        "code": "frame.corrupt",
        "message": "torn",
    }
    yield valid("progress-failed", "a frame that failed", message("Progress", failed))


def _lenient():
    """Understood, but written otherwise when encoded again."""
    newer = {**BODIES["Description"], "news": [1], "restorers": [{**RESTORER, "news": {"a": None}}]}
    minimal = {
        "frames": "1001",
        "output": "/out",
        "settings": {"restorer": "passthrough"},
        "shot": {"frames": "1001", "plate": {"path": "/a.%04d.exr"}},
    }
    for ident, comment, parts in (
        ("reply-unknown-field", "a reply may say more", message("Stopped", {"why": "lease"})),
        ("reply-unknown-nested", "so may a record inside it", message("Description", newer)),
        ("fetch-into", "as it is by default", message("Fetch", {**BODIES["Fetch"], "into": {}})),
        ("defaults", "fields with a default may be left out", message("Submit", minimal)),
        ("frames-listed", "another spelling of a range", submit("frames", to="1003 1001,,1002")),
        ("frames-repeated", "frames count once", submit("frames", to="1001-1005,1003-1007")),
        ("frames-minus-zero", "-0 is 0", submit("frames", to="-0")),
        ("plate-hashes", "hashes", submit(*PLATE_PATH, to="/shots/a.####.exr")),
        ("plate-resolve", "Resolve's spelling", submit(*PLATE_PATH, to="/a.[1001-1100].exr")),
        ("plate-dots", "a path is normalised", submit(*PLATE_PATH, to="/shots/../x//a.%04d.exr")),
    ):
        yield valid(ident, comment, parts, "Lenient")
