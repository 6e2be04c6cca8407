"""Messages that must be refused, each with one code."""

import json

from tests.vectors.protocol_messages import (
    BODIES,
    EXR,
    FETCHED,
    INTO,
    JOB,
    MALFORMED,
    OTHER_KEY,
    PIXELS,
    PLATE_PATH,
    REQUEST,
    SESSION,
    SUBMIT,
    VERSION,
    canonical,
    changed,
    header_of,
    invalid,
    message,
    sign,
    signed,
    submit,
    text_of,
    without,
)

REQUESTS = (
    "Hello",
    "Describe",
    "Submit",
    "Cancel",
    "Fetch",
    "Look",
    "Deposit",
    "Discard",
    "Attach",
    "Echo",
    "Status",
    "Credit",
    "Stop",
)


def cases():
    """Return the cases of this file."""
    return [
        *_signature(),
        *_canonical_form(),
        *_envelope(),
        *_kinds(),
        *_fields(),
        *_values(),
        *_refused(),
        *_sessions(),
    ]


def _flipped(parts, index, place=0):
    part = bytearray(parts[index])
    part[place] ^= 1
    return [*parts[:index], bytes(part), *parts[index + 1 :]]


def _signature():
    parts = message("Fetched", buffers=(EXR, EXR[:-1]))
    wrong = "protocol.signature"
    flag = "SignatureCoverage"
    yield invalid(
        "flip-version", "VERSION is compared first", "protocol.version", _flipped(parts, 0), flag
    )
    for index, name in enumerate(("kind", "header", "signature"), 1):
        yield invalid(
            f"flip-{name}", f"one bit of part {index}", wrong, _flipped(parts, index), flag
        )
        yield invalid(f"flip-{name}-end", "its last byte", wrong, _flipped(parts, index, -1), flag)
    swapped = [*parts[:4], parts[5], parts[4]]
    joined = [*parts[:4], parts[4] + parts[5]]
    for ident, comment, changed_parts in (
        ("buffers-swapped", "their lengths are signed, in order", swapped),
        ("buffer-added", "their number is signed", [*parts, b""]),
        ("buffer-missing", "their number is signed", parts[:-1]),
        ("buffer-cut", "their lengths are signed", [*parts[:-1], parts[-1][:-1]]),
        ("buffers-joined", "their borders are signed", joined),
    ):
        yield invalid(ident, comment, MALFORMED, changed_parts, flag)
    header = canonical(header_of("Status"))
    moved = [VERSION, b"StatusX", header[1:], sign(b"Status", b"X" + header[1:])]
    yield invalid(
        "border-moved", "the border between kind and header is signed", wrong, moved, flag
    )
    yield invalid(
        "other-kind",
        "a Describe signed as Status",
        wrong,
        [VERSION, b"Describe", *message("Status")[2:]],
        flag,
    )
    yield invalid(
        "other-key", "signed with another key", wrong, signed("Status", header, key=OTHER_KEY)
    )
    yield invalid("key-empty", "signed without a key", wrong, signed("Status", header, key=b""))
    zeros = [VERSION, b"Status", header, bytes(32)]
    yield invalid("signature-zeros", "no signature", wrong, zeros)
    other = sign(b"Status", header, version=b"FACEPL00")
    yield invalid(
        "other-version-signed",
        "VERSION is signed",
        wrong,
        [VERSION, b"Status", header, other],
        flag,
    )
    order = [VERSION, b"Nonsense", b"{", bytes(32)]
    yield invalid(
        "signature-first", "nothing is parsed before the signature was checked", wrong, order
    )


def _canonical_form():
    text = canonical(header_of("Hello", {"client": "né", "credits": 64})).decode()
    turned = json.dumps(dict(sorted(json.loads(text).items(), reverse=True)), separators=(",", ":"))
    nul = text.replace("né", "\\u0000")
    raw, one, credit = text.encode(), '"counter":1', '"credits":64'
    for ident, comment, header in (
        ("space", "no spaces", text.replace(":", ": ")),
        ("newline-after", "nothing follows", text + "\n"),
        ("space-before", "nothing precedes", " " + text),
        ("unsorted", "keys ascend", turned),
        ("escaped-letter", "what need not be escaped is not", text.replace("é", "\\u00e9")),
        ("escaped-slash", "nor the slash", text.replace("né", "\\/")),
        ("escape-upper", "escapes are lower case", text.replace("né", "\\u001F")),
        ("escape-long", "the short escape where there is one", text.replace("né", "\\u000a")),
        ("raw-control", "controls are escaped", text.replace("né", "\x1f")),
        ("bom", "no byte order mark", "\ufeff" + text),
        ("nul", "no NUL in a text", nul),
        ("surrogate-escaped", "no lone surrogate", text.replace("né", "\\ud800")),
        ("surrogate-raw", "not even as bytes", raw.replace(b"n", b"\xed\xa0\x80")),
        ("not-utf8", "UTF-8", raw.replace("é".encode(), b"\xe9")),
        ("utf8-overlong", "the shortest form", raw.replace(b"n", b"\xc0\xaf")),
        ("utf16", "not UTF-16", text.encode("utf-16-le")),
        ("key-twice", "a key stands once", text.replace(one, f"{one},{one}")),
        ("key-twice-nested", "at every depth", text.replace(credit, f"{credit},{credit}")),
        ("float", "no floats", text.replace("64", "64.0")),
        ("exponent", "no exponents", text.replace("64", "64e0")),
        ("minus-zero", "0 has no sign", text.replace("64", "-0")),
        ("leading-zero", "JSON has none", text.replace("64", "064")),
        ("nan", "no NaN", text.replace("64", "NaN")),
        ("infinity", "no Infinity", text.replace("64", "Infinity")),
        ("minus-infinity", "nor below", text.replace("64", "-Infinity")),
        ("2-to-53", "the first number that others round", text.replace(one, f'"counter":{2**53}')),
        ("minus-2-to-53", "nor below", text.replace("64", str(-(2**53)))),
        ("comma", "no comma at the end", text[:-1] + ",}"),
        ("comment", "no comments", text + "//"),
        ("two-values", "one value", text + "{}"),
        ("single-quotes", "JSON", text.replace('"', "'")),
        ("cut", "the end is missing", text[:-1]),
        ("empty", "an empty header", ""),
    ):  # fmt: skip
        yield invalid(f"form-{ident}", comment, MALFORMED, text_of("Hello", header), "Canonical")


def _envelope():
    fields = header_of("Status")
    for name in fields:
        header = canonical(without(fields, name))
        yield invalid(
            f"header-no-{name}", "all five are needed", MALFORMED, text_of("Status", header)
        )
    for kind in ("Status", "Stopped"):
        header = canonical({**header_of(kind), "extra": 1})
        yield invalid(
            f"header-extra-{kind}", "and no sixth, in replies too", MALFORMED, text_of(kind, header)
        )
    for ident, value in (("list", []), ("text", "x"), ("null", None), ("number", 5)):
        yield invalid(
            f"header-{ident}", "an object", MALFORMED, text_of("Status", canonical(value))
        )
        if ident != "list":
            yield invalid(f"buffers-{ident}", "a list", MALFORMED, _with("buffers", value))
        yield invalid(f"body-{ident}", "an object", MALFORMED, _with("body", value))
    for ident, name, value in (
        ("counter-0", "counter", 0),
        ("counter-negative", "counter", -1),
        ("counter-true", "counter", True),
        ("counter-text", "counter", "1"),
        ("counter-null", "counter", None),
        ("request-short", "request", REQUEST[:-1]),
        ("request-long", "request", REQUEST + "0"),
        ("request-upper", "request", REQUEST.upper()),
        ("request-empty", "request", ""),
        ("request-number", "request", 1),
        ("request-newline", "request", REQUEST + "\n"),
        ("session-short", "session", SESSION[:-1]),
        ("session-other-digits", "session", "\u0661" * 32),
        ("session-null", "session", None),
        ("buffers-too-long", "buffers", [1]),
        ("buffers-true", "buffers", [True]),
        ("buffers-negative", "buffers", [-1]),
    ):
        yield invalid(ident, f"header.{name}", MALFORMED, _with(name, value))
    header = canonical(header_of("Fetched", buffers=(b"",)))
    yield invalid(
        "buffers-wrong-length", "lengths must agree", MALFORMED, signed("Fetched", header, (b"x",))
    )
    header = canonical({**header_of("Fetched"), "buffers": [True]})
    yield invalid(
        "buffers-true-for-1", "true is not 1", MALFORMED, signed("Fetched", header, (b"x",))
    )


def _with(name, value):
    return text_of("Status", canonical({**header_of("Status"), name: value}))


def _kinds():
    header = canonical(header_of("Status"))
    for ident, kind in (
        ("unknown", b"Restore"),
        ("lower", b"status"),
        ("space", b"Status "),
        ("nul", b"Status\0"),
        ("empty", b""),
        ("not-ascii", "Státus".encode()),
        ("not-utf8", b"\xff\xfe"),
        ("dunder", b"__class__"),
        ("longest", b"K" * 64),
    ):
        yield invalid(
            f"kind-{ident}", "no such kind", "protocol.unknown_kind", signed(kind, header)
        )


def _fields():
    unknown = "protocol.unknown_field"
    for kind in REQUESTS:
        body = {**BODIES[kind], "zeal": 1}
        yield invalid(
            f"unknown-in-{kind}", "requests say nothing more", unknown, message(kind, body)
        )
    into = message("Fetch", changed(BODIES["Fetch"], "into", to={**INTO, "zeal": 1}))
    yield invalid("unknown-in-into", "at every depth", unknown, into)
    into = message("Look", changed(BODIES["Look"], "into", to={**INTO, "zeal": 1}))
    yield invalid("unknown-in-look-into", "at every depth", unknown, into)
    for path in (("shot",), ("shot", "plate"), ("settings",)):
        parts = submit(*path, "zeal", to=None)
        yield invalid(f"unknown-in-{'.'.join(path)}", "at every depth", unknown, parts)
    lacking = [
        (kind, name)
        for kind, names in (
            ("Hello", ("client",)),
            ("Submit", ("shot", "frames", "settings", "output")),
            ("Fetch", ("job", "frame")),
            ("Look", ("take", "frame")),
            ("Looked", ("take", "frame", "status", "sha256")),
            ("Deposit", ("shelf", "name", "sha256")),
            ("Attach", ("slot_bytes",)),
            ("Attached", ("path", "proof")),
            ("Welcome", ("engine", "session", "ready")),
            ("Progress", ("status", "done")),
            ("Failed", ("code",)),
        )
        for name in names
    ]
    for kind, name in lacking:
        parts = message(kind, without(BODIES[kind], name))
        yield invalid(f"missing-{kind}.{name}", "has no default", MALFORMED, parts)
    for path in (("shot", "plate"), ("shot", "frames"), ("settings", "restorer")):
        body = changed(SUBMIT, path[0], to=without(SUBMIT[path[0]], path[1]))
        parts = message("Submit", body)
        yield invalid(f"missing-{'.'.join(path)}", "has no default", MALFORMED, parts)


def _values():
    long_name = {"n" * 201: 1}
    many = {f"p{n}": 0 for n in range(257)}
    for ident, kind, path, value in (
        ("credits-0", "Hello", ("credits",), 0),
        ("credits-4097", "Hello", ("credits",), 4097),
        ("credits-true", "Hello", ("credits",), True),
        ("client-201", "Hello", ("client",), "n" * 201),
        ("client-null", "Hello", ("client",), None),
        ("job-upper", "Cancel", ("job",), JOB.upper()),
        ("job-short", "Cancel", ("job",), JOB[:-1]),
        ("job-path", "Cancel", ("job",), "../../etc/passwd"),
        ("frame-text", "Fetch", ("frame",), "1003"),
        ("frame-ten-digits", "Fetch", ("frame",), 1000000000),
        ("on-error", "Submit", ("on_error",), "retry"),
        ("on-error-list", "Submit", ("on_error",), ["skip"]),
        ("output-5000", "Submit", ("output",), "/" + "o" * 5000),
        ("task", "Submit", ("settings", "tasks"), ["upscale"]),
        ("tasks-four", "Submit", ("settings", "tasks"), ["bfr"] * 4),
        ("tasks-text", "Submit", ("settings", "tasks"), "bfr"),
        ("tasks-object", "Submit", ("settings", "tasks"), {"bfr": 1}),
        ("seed-negative", "Submit", ("settings", "seed"), -1),
        ("seed-text", "Submit", ("settings", "seed"), "7"),
        ("whole-frame-0", "Submit", ("settings", "whole_frame"), 0),
        ("face-0", "Submit", ("settings", "faces"), ["0"]),
        ("face-all", "Submit", ("settings", "faces"), ["all"]),
        ("face-nameless", "Submit", ("settings", "faces"), ["1="]),
        ("face-two-names", "Submit", ("settings", "faces"), ["1=Anna=Eva"]),
        ("face-number", "Submit", ("settings", "faces"), [1]),
        ("face-leading-zero", "Submit", ("settings", "faces"), ["01"]),
        ("face-seven-digits", "Submit", ("settings", "faces"), ["1000000"]),
        ("face-two", "Submit", ("settings", "faces"), ["1,2"]),
        ("face-name-41", "Submit", ("settings", "faces"), ["1=" + "n" * 41]),
        ("reference-object", "Submit", ("settings", "references"), [{"Anna": "frame:1"}]),
        ("detector-list", "Submit", ("settings", "detector"), []),
        ("urgent-1", "Submit", ("urgent",), 1),
        ("redo-true", "Submit", ("redo",), True),
        ("until-frames", "Submit", ("until",), "frames"),
        ("parameter-true", "Submit", ("settings", "parameters"), {"strength": True}),
        ("parameter-large", "Submit", ("settings", "parameters"), {"strength": 10**9 + 1}),
        ("parameter-name-201", "Submit", ("settings", "parameters"), long_name),
        ("parameter-name-nul", "Submit", ("settings", "parameters"), {"a\0": 1}),
        ("parameters-257", "Submit", ("settings", "parameters"), many),
        ("parameters-list", "Submit", ("settings", "parameters"), []),
        ("references-65", "Submit", ("settings", "references"), ["frame:1"] * 65),
        ("handles-10001", "Submit", ("shot", "handles"), 10001),
        ("frames-number", "Submit", ("frames",), 1001),
        ("frames-list", "Submit", ("frames",), [1001]),
        ("plate-text", "Submit", ("shot", "plate"), "/a.%04d.exr"),
        ("amount-0", "Credit", ("amount",), 0),
        ("slot-16", "Fetch", ("into",), {**INTO, "slot": 16}),
        ("samples", "Fetch", ("into",), {**INTO, "samples": "double"}),
        ("channels-65", "Fetch", ("into",), {**INTO, "channels": ["R"] * 65}),
        ("look-take-5000", "Look", ("take",), "/" + "t" * 5000),
        ("look-take-nul", "Look", ("take",), "/t\0"),
        ("look-frame-text", "Look", ("frame",), "1003"),
        ("look-along-1", "Look", ("along",), 1),
        ("look-into-list", "Look", ("into",), [2]),
        ("looked-status", "Looked", ("status",), "kept"),
        ("looked-sha256-null", "Looked", ("sha256",), None),
        ("looked-sha256-upper", "Looked", ("sha256",), FETCHED["sha256"].upper()),
        ("slot-bytes-0", "Attach", ("slot_bytes",), 0),
        ("slot-bytes-too-many", "Attach", ("slot_bytes",), 512 * 1024 * 1024 + 1),
        ("slots-17", "Attach", ("slots",), 17),
        ("source-negative", "Echo", ("source",), -1),
        ("shelf-path", "Deposit", ("shelf",), "../" + "0" * 29),
        ("shelf-upper", "Discard", ("shelf",), "A" * 32),
        ("name-path", "Deposit", ("name",), "a/b.exr"),
        ("name-windows-path", "Deposit", ("name",), "a\\b.exr"),
        ("name-drive", "Deposit", ("name",), "C:a.exr"),
        ("name-hidden", "Deposit", ("name",), ".profile"),
        ("name-parent", "Deposit", ("name",), ".."),
        ("name-empty", "Deposit", ("name",), ""),
        ("name-201", "Deposit", ("name",), "n" * 201),
        ("digest-upper", "Deposit", ("sha256",), "A" * 64),
        ("there-1", "Deposited", ("there",), 1),
        ("proof-short", "Attached", ("proof",), "00"),
        ("window-2-to-31", "Fetched", ("pixels",), {**PIXELS, "data_window": [0, 0, 0, 2**31]}),
        ("sha256-short", "Fetched", ("sha256",), FETCHED["sha256"][:-1]),
        ("status", "Progress", ("status",), "done"),
        ("ready-1", "Welcome", ("ready",), 1),
    ):
        parts = message(kind, changed(BODIES[kind], *path, to=value))
        yield invalid(f"value-{ident}", f"{kind}.{'.'.join(path)}", MALFORMED, parts)


def _refused():
    """Well spelt, but it cannot be meant."""
    for ident, text in (
        ("reversed", "1100-1001"),
        ("empty", ""),
        ("commas", ", ,"),
        ("step-0", "1-10x0"),
        ("step-negative", "1-10x-2"),
        ("colon-step", "1-10:2"),
        ("step-alone", "10x2"),
        ("ten-digits", "1-1000000000"),
        ("other-digits", "\u0661-\u0669"),
        ("full-width", "\uff11\uff10"),
        ("plus", "+1-10"),
        ("spaced", "1 - 10"),
        ("underscore", "1_000"),
        ("float", "1.0"),
        ("newline", "1001\n1002"),
        ("word", "all"),
        ("too-many", "0-1000000"),
        ("too-many-repeated", "1-600000,1-600000"),
    ):
        parts = submit("frames", to=text)
        yield invalid(f"frames-{ident}", f"frames {text!a}", "request.frame_range", parts)
    for ident, text in (
        ("relative", "shots/a.%04d.exr"),
        ("dot", "./a.%04d.exr"),
        ("drive-relative", "C:a.%04d.exr"),
        ("root-relative", "\\shots\\a.%04d.exr"),
        ("home", "~/a.%04d.exr"),
        ("url", "file:///a.%04d.exr"),
        ("empty", ""),
        ("folder", "/"),
        ("two-tokens", "/a.%04d.####.exr"),
    ):
        parts = submit(*PLATE_PATH, to=text)
        yield invalid(f"plate-{ident}", f"plate {text!a}", "request.plate", parts)


def _sessions():
    """Refused by a receiver that remembers `state`: session to the last counter it accepted."""
    state = {SESSION: 7}
    foreign, bare = message("Status", session="5a" * 16), message("Submit", session="")
    for ident, comment, error, parts in (
        ("replayed", "the very counter again", "protocol.replayed", message("Status", counter=7)),
        ("earlier", "an earlier counter", "protocol.replayed", message("Stop", counter=1)),
        ("other-life", "granted by another life of the engine", "protocol.session", foreign),
        ("no-session", "only Hello comes without", "protocol.session", bare),
    ):
        yield invalid(f"session-{ident}", comment, error, parts, "Session", state=state)
