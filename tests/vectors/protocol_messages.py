"""Messages put together from plain dictionaries and the words of PROTOCOL.md.

`plugin_host.protocol` is not used here, so that the two check each other.
"""

import hashlib
import hmac
import json
import struct

VERSION = b"FACEPL01"
KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
REQUEST = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
SESSION = "a5" * 16
JOB = "0123456789abcdef"
MEBIBYTE = 1024 * 1024
GREATEST = 2**53 - 1
MALFORMED = "protocol.malformed"
PLATE_PATH = ("shot", "plate", "path")

PLATE = {"colourspace": "lin_ap1_scene", "path": "/shots/sh010/sh010.%04d.exr"}
SHOT = {"frames": "1001-1100", "handles": 8, "plate": PLATE}
SETTINGS = {
    "detector": None,
    "faces": ["1=Anna", "3"],
    "layers": ["beauty", "matte"],
    "mask": None,
    "parameters": {"strength": 100},
    "references": ["frame:1042", "/hero/anna.exr"],
    "restorer": "passthrough",
    "seed": 7,
    "tasks": ["bfr", "colour"],
    "warm_up": 0,
    "whole_frame": False,
}
SUBMIT = {
    "frames": "1001-1010",
    "on_error": "skip",
    "output": "/shots/sh010/restored",
    "redo": "missing",
    "settings": SETTINGS,
    "shot": SHOT,
    "until": "end",
    "urgent": False,
}
RESTORER = {
    "content_agnostic": False,
    "guides": ["reference", "mask"],
    "licence": "Apache-2.0",
    "link": "chained",
    "name": "passthrough",
    "overlap": 2,
    "parameters": [
        {
            "default": 100,
            "description": "How much of the change is kept.",
            "maximum": 100,
            "minimum": 0,
            "name": "strength",
            "unit": "percent",
        }
    ],
    "source": "https://example.org/paper",
    "tasks": ["bfr"],
    "title": "Pass through",
    "vram": 17179869184,
    "vram_least": 8589934592,
    "window": 16,
}
PROGRESS = {
    "code": None,
    "done": 3,
    "frame": 1003,
    "job": JOB,
    "message": None,
    "path": "/shots/sh010/restored/sh010.1003.exr",
    "status": "restored",
    "total": 10,
}
FAILED = {
    "code": "request.plate",
    "frame": None,
    "job": None,
    "message": "no frame of the plate is there",
    "path": "/shots/sh010/sh010.%04d.exr",
}
EXR = bytes.fromhex("762f310102000000")  # the beginning of an EXR file
SHELF = "5e1f5e1f5e1f5e1f5e1f5e1f5e1f5e1f"
FETCHED = {
    "frame": 1003,
    "job": JOB,
    "pixels": None,
    "sha256": hashlib.sha256(EXR).hexdigest(),
}
TAKE = "/shots/sh010/restored/sh010.take"
LOOKED = {
    "frame": 1003,
    "pixels": None,
    "sha256": FETCHED["sha256"],
    "status": "restored",
    "take": TAKE,
}
INTO = {"channels": ["R", "G", "B", "A"], "interleaved": False, "samples": "half", "slot": 2}
PIXELS = {
    "channel_bytes": 2 * 64 * 48,
    "channels": ["R", "G", "B", "A"],
    "data_window": [-8, -8, 55, 39],
    "display_window": [0, 0, 47, 31],
    "pixel_bytes": 2,
    "row_bytes": 128,
    "samples": "half",
    "size": 4 * 2 * 64 * 48,
    "slot": 2,
}
BODIES = {
    "Hello": {"client": "nuke 16.0", "credits": 64},
    "Describe": {},
    "Submit": SUBMIT,
    "Cancel": {"job": JOB},
    "Fetch": {"frame": 1003, "into": None, "job": JOB},
    "Look": {"along": False, "frame": 1003, "into": None, "take": TAKE},
    "Deposit": {"name": "sh010.1001.exr", "sha256": FETCHED["sha256"], "shelf": SHELF},
    "Discard": {"shelf": SHELF},
    "Attach": {"slot_bytes": 66355200, "slots": 3},
    "Echo": {"size": 66355200, "source": 0, "target": 1},
    "Status": {"most": 100},
    "Credit": {"amount": 16},
    "Stop": {},
    "Welcome": {
        "engine": "c0ffee00c0ffee00c0ffee00c0ffee00",
        "most_bytes": 512 * MEBIBYTE,
        "most_frames": 1000000,
        "ready": True,
        "release": "0.1.0",
        "restorers": ["passthrough"],
        "session": SESSION,
    },
    "Description": {"restorers": [RESTORER]},
    "Analysed": {"done": 3, "job": JOB, "total": 10},
    "Accepted": {"attached": False, "job": JOB, "take": "/shots/sh010/take", "total": 10},
    "Progress": PROGRESS,
    "Finished": {
        "delivered": 9,
        "errors": [{"code": "frame.missing", "frame": 1004, "message": "not there", "path": None}],
        "faceless": 1,
        "job": JOB,
        "milliseconds": {"job": 5250, "restore": 4000},
        "notes": ["DWAA plate delivered as ZIP"],
        "take": "/shots/sh010/take",
    },
    "Failed": FAILED,
    "Cancelled": {"delivered": 3, "job": JOB},
    "Fetched": FETCHED,
    "Looked": LOOKED,
    "Deposited": {"path": "/spool/" + SHELF + "/sh010.1001.exr", "there": True},
    "Discarded": {"shelf": SHELF},
    "Attached": {
        "path": "/proc/4711/fd/19",
        "proof": "00112233445566778899aabbccddeeff",
        "slot_bytes": 66355200,
        "slots": 3,
    },
    "Echoed": {},
    "Reported": {
        "engine": "c0ffee00c0ffee00c0ffee00c0ffee00",
        "jobs": [
            {
                "done": 3,
                "frames": "1001-1010",
                "job": JOB,
                "output": "/shots/sh010/restored",
                "plate": "/shots/sh010/sh010.%04d.exr",
                "restorer": "passthrough",
                "state": "running",
                "total": 10,
                "urgent": True,
            }
        ],
        "counts": {"finished": 1000, "queued": 10, "running": 1},
        "ready": True,
        "sessions": 1,
        "worker": "busy, idle",
        "workers": [
            {
                "device": "cuda:0",
                "job": JOB,
                "kind": "NVIDIA L40S",
                "memory": 48305799168,
                "state": "busy",
            },
            {"device": "cuda:1", "job": None, "kind": "T4", "memory": 0, "state": "idle"},
        ],
    },
    "Stopped": {},
}


def canonical(data):
    """Write JSON in the canonical form of PROTOCOL.md."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def sign(kind, header, key=KEY, version=VERSION):
    """Sign as PROTOCOL.md says, in other words than the reference implementation."""
    signed = b"".join(struct.pack(">Q", len(piece)) + piece for piece in (version, kind, header))
    return hmac.new(key, signed, "sha256").digest()


def signed(kind, header, buffers=(), key=KEY):
    """Return the parts of a message whose header is given as bytes."""
    kind = kind if isinstance(kind, bytes) else kind.encode()
    return [VERSION, kind, header, sign(kind, header, key), *buffers]


def header_of(kind, body=None, buffers=(), **changed):
    """Return the header of a message as a dictionary."""
    hello = kind == "Hello"
    fields = {
        "body": BODIES[kind] if body is None else body,
        "buffers": [len(buffer) for buffer in buffers],
        "counter": 1,
        "request": REQUEST,
        "session": "" if hello else SESSION,
    }
    return {**fields, **changed}


def message(kind, body=None, buffers=(), **changed):
    """Return the parts of a well-signed message."""
    return signed(kind, canonical(header_of(kind, body, buffers, **changed)), buffers)


def changed(data, *path, to):
    """Return a copy of nested dictionaries with one value replaced or added."""
    name, *rest = path
    return {**data, name: changed(data[name], *rest, to=to) if rest else to}


def submit(*path, to):
    """Return a Submit of which one value is another."""
    return message("Submit", changed(SUBMIT, *path, to=to))


def text_of(kind, text):
    """Return a well-signed message whose header is this text."""
    return signed(kind, text if isinstance(text, bytes) else text.encode())


def without(data, name):
    """Return a copy of a dictionary without one key."""
    return {key: value for key, value in data.items() if key != name}


def shown(part):
    """Write a part as the files hold it: hexadecimal, or a byte repeated."""
    if len(part) > 4096 and part == part[:1] * len(part):
        return {"repeat": [part[:1].hex(), len(part)]}
    return part.hex()


def valid(ident, comment, parts, *flags):
    """Return a case that must be understood."""
    header = json.loads(parts[2])
    told = {"kind": parts[1].decode(), **header, "buffers": [shown(part) for part in parts[4:]]}
    return _case(ident, comment, parts, flags, result="valid", error=None, message=told)


def invalid(ident, comment, error, parts, *flags, **more):
    """Return a case that must be refused with one code."""
    return _case(ident, comment, parts, flags, result="invalid", error=error, **more)


def _case(ident, comment, parts, flags, *, result, error, **more):
    return {
        "id": ident,
        "comment": comment,
        "flags": sorted(flags),
        "key": more.pop("key", KEY).hex(),
        "parts": [shown(part) for part in parts],
        "result": result,
        "error": error,
        **more,
    }
