"""Messages that no honest peer sends; refusing them must be cheap."""

from tests.vectors.protocol_messages import (
    BODIES,
    MALFORMED,
    MEBIBYTE,
    PLATE_PATH,
    SUBMIT,
    VERSION,
    canonical,
    changed,
    header_of,
    invalid,
    message,
    signed,
    submit,
    text_of,
)


def cases():
    """Return the cases of this file."""
    return [*_truncated(), *_strangers(), *_oversized(), *_costly()]


def _truncated():
    parts = message("Status")
    yield invalid("no-parts", "an empty message", "protocol.version", [])
    yield invalid("empty-part", "one empty part", "protocol.version", [b""])
    for count in (1, 2, 3):
        yield invalid(f"parts-{count}", f"{count} of 4 parts", "protocol.truncated", parts[:count])
    for size in (0, 31, 33, 64):
        cut = [*parts[:3], (parts[3] * 2)[:size]]
        yield invalid(f"signature-{size}", f"{size} bytes", "protocol.truncated", cut)


def _strangers():
    rest = message("Status")[1:]
    pickled = b"\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94."
    for ident, first in (
        ("older", b"FACEPL00"),
        ("newer", b"FACEPL02"),
        ("lower", b"facepl01"),
        ("longer", b"FACEPL01\0"),
        ("shorter", b"FACEPL0"),
        ("http", b"GET / HTTP/1.1\r\n\r\n"),
        ("zmtp", b"\xff\0\0\0\0\0\0\0\x01\x7f\x03"),
        ("pickle", pickled),
        ("jupyter", b"<IDS|MSG>"),
        ("large", b"\0" * (2 * MEBIBYTE)),
    ):
        yield invalid(f"stranger-{ident}", "another protocol", "protocol.version", [first, *rest])


def _oversized():
    oversized = "protocol.oversized"
    header = canonical(header_of("Status"))
    full = [VERSION, b"Status", header, bytes(32)]
    zeros = bytes(512 * MEBIBYTE + 1)
    yield invalid(
        "kind-65", "before any hashing", oversized, [VERSION, b"K" * 65, *full[2:]], "Limit"
    )
    yield invalid(
        "header-large",
        "16 MiB and a byte",
        oversized,
        [*full[:2], zeros[: 16 * MEBIBYTE + 1], full[3]],
        "Limit",
    )
    yield invalid("buffer-too-large", "512 MiB and a byte", oversized, [*full, zeros], "Limit")
    yield invalid(
        "kind-large", "as the kind", oversized, [VERSION, zeros[: 8 * MEBIBYTE], *full[2:]], "Limit"
    )
    yield invalid(
        "signature-large",
        "as the signature",
        "protocol.truncated",
        [*full[:3], zeros[: 8 * MEBIBYTE]],
        "Limit",
    )
    yield invalid(
        "buffers-17", "one too many", oversized, message("Fetched", buffers=(b"",) * 17), "Limit"
    )
    yield invalid("buffers-1000", "many too many", oversized, [*full, *[b""] * 1000], "Limit")


def _costly():
    """Signed, so the receiver does look inside; it must stay cheap and say little."""
    hello = canonical(header_of("Hello")).decode()
    for depth in (150, 900, 3000, 6000):
        nested = hello.replace("64", "[" * depth + "]" * depth)
        yield invalid(f"deep-list-{depth}", "nested lists", MALFORMED, text_of("Hello", nested))
    objects = hello.replace("64", '{"a":' * 3000 + "1" + "}" * 3000)
    yield invalid("deep-object", "nested objects", MALFORMED, text_of("Hello", objects))
    yield invalid("deep-open", "never closed", MALFORMED, text_of("Hello", "[" * 200000))
    digits = hello.replace("64", "9" * 5000)
    yield invalid("digits-5000", "a long number", MALFORMED, text_of("Hello", digits))
    yield invalid(
        "digits-float", "a long float", MALFORMED, text_of("Hello", digits.replace("}", ".5}", 1))
    )
    name = changed(SUBMIT, "settings", "parameters", to={"n" * 5000: "x"})
    yield invalid("name-long", "a long name", MALFORMED, message("Submit", name))
    field = {**BODIES["Status"], "f" * 5000: 1}
    yield invalid(
        "field-long", "a long unknown field", "protocol.unknown_field", message("Status", field)
    )
    overlapping = ",".join(["1-999999"] * 2000)
    yield invalid(
        "frames-overlapping",
        "a short text, two thousand million frames",
        "request.frame_range",
        submit("frames", to=overlapping),
    )
    apart = ",".join(f"{n}000000-{n}999998" for n in range(1, 900))
    yield invalid(
        "frames-apart",
        "nine hundred million frames",
        "request.frame_range",
        submit("frames", to=apart),
    )
    yield invalid("frames-65537", "a long text", MALFORMED, submit("frames", to="1," * 32769))
    yield invalid("all-ff", "signed noise", MALFORMED, signed("Status", b"\xff" * 4096))
    nul_path = submit(*PLATE_PATH, to="/shots/a\0.%04d.exr")
    yield invalid("path-nul", "a NUL in a path", MALFORMED, nul_path)
    proto = submit("settings", "__proto__", to={})
    yield invalid(
        "proto", "a name that some languages take for more", "protocol.unknown_field", proto
    )
