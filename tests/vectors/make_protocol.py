"""Write the protocol's test vectors, and the generated passages of PROTOCOL.md.

    python -m tests.vectors.make_protocol

Rules of this file:
    - Deterministic: running it twice changes nothing.
    - A case that is no longer refused, or refused with another code, is a break of the protocol.
"""

import json
from pathlib import Path

from tests.vectors import protocol_document, protocol_hostile, protocol_invalid, protocol_valid
from tests.vectors.protocol_messages import VERSION

HERE = Path(__file__).parent / "protocol"
SCHEMA = "protocol-vectors.1"
FILES = {"valid": protocol_valid, "invalid": protocol_invalid, "hostile": protocol_hostile}


def files():
    """Return path to text of every file that this module is responsible for."""
    texts = {
        HERE / f"{name}.json": _printed(name, module.cases()) for name, module in FILES.items()
    }
    return {**texts, protocol_document.PATH: protocol_document.current()}


def _printed(name, cases):
    data = {
        "schema": SCHEMA,
        "version": VERSION.decode(),
        "comment": f"{name} messages; README.md beside this file explains the fields",
        "tests": cases,
    }
    return json.dumps(data, indent=1) + "\n"


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8", newline="\n")
