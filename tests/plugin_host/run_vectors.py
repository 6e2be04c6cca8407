"""Run the protocol's vectors on this interpreter, standard library only.

    python tests/plugin_host/run_vectors.py      prints how many passed, exits 1 where one did not

Rules of this file:
    - Python 3.7: it shows that the ground floor works inside old hosts.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from plugin_host import errors, protocol  # noqa: E402  (a script knows its root only now)
from plugin_host.schema import to_json  # noqa: E402

FOLDER = ROOT / "tests" / "vectors" / "protocol"
NAMES = ("valid", "invalid", "hostile")


def load(name):
    """Return the cases of one file."""
    data = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert data["schema"] == "protocol-vectors.1"
    assert data["version"] == protocol.VERSION.decode()
    return data["tests"]


def part(shown):
    """Return the bytes of a part as the files hold it."""
    if isinstance(shown, str):
        return bytes.fromhex(shown)
    byte, count = shown["repeat"]
    return bytes(count) if byte == "00" else bytes.fromhex(byte) * count


def receive(parts, key, state):
    """Decode as a receiver that has accepted `state` (session to counter), where it has any."""
    envelope = protocol.decode(parts, key)
    if state is not None:
        if envelope.session not in state:
            raise errors.SessionUnknown("not granted by this engine")
        counter = protocol.Counter()
        counter.check(state[envelope.session])
        counter.check(envelope.counter)
    return envelope


def complaint(case):
    """Return why the case fails, or an empty text."""
    key = bytes.fromhex(case["key"])
    parts = [part(shown) for shown in case["parts"]]
    try:
        envelope = receive(parts, key, case.get("state"))
    except errors.FaceplateError as error:
        if len(str(error)) > 500:
            return f"the refusal is {len(str(error))} characters long"
        return "" if error.code == case["error"] else f"refused as {error.code}: {error}"
    if case["result"] != "valid":
        return "accepted"
    return _not_as_told(case, envelope, parts, key)


def _not_as_told(case, envelope, parts, key):
    told = case["message"]
    buffers = tuple(part(shown) for shown in told["buffers"])
    got = (type(envelope.message).__name__, envelope.request, envelope.session, envelope.counter)
    if got != (told["kind"], told["request"], told["session"], told["counter"]):
        return f"understood as {got}"
    if envelope.buffers != buffers:
        return "other buffers"
    if "Lenient" in case["flags"]:
        again = protocol.decode(protocol.encode(envelope, key), key)
        return "" if again == envelope else "changes when it is sent on"
    if to_json(envelope.message) != told["body"]:
        return f"understood as {to_json(envelope.message)}"
    return "" if protocol.encode(envelope, key) == parts else "encoded otherwise"


def main():
    """Run every case; return the number that passed and what went wrong."""
    passed, wrong = 0, []
    for name in NAMES:
        for case in load(name):
            found = complaint(case)
            passed += not found
            if found:
                wrong.append(f"{name} {case['id']}: {found}")
    return passed, wrong


if __name__ == "__main__":
    COUNT, WRONG = main()
    sys.stdout.write("\n".join([*WRONG, f"{COUNT}\n"]))
    sys.exit(bool(WRONG))
