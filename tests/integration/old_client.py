"""A session of the host's client on whatever Python runs this, standard library only.

    python tests/integration/old_client.py CONNECTION      prints ok

Rules of this file:
    - Python 3.7: it shows that shared memory and re-used buffers work inside old hosts.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from plugin_host.client import EngineClient
from plugin_host.connection import read_connection
from plugin_host.errors import EngineBusy


def refused(call, error):
    """Whether a call raises an error."""
    try:
        call()
    except error:
        return True
    return False


def main(connection):
    """Send bytes there and back, in messages and in a ring."""
    large = bytes(range(256)) * 8192
    with EngineClient(read_connection(connection), "old") as client:
        buffers = set()
        for _ in range(4):
            (back,) = client.echo(large)
            assert back == large
            buffers.add(id(back.obj))
            del back
        assert len(buffers) == 1
        slot = client.borrow(len(large))
        slot.memory[: len(large)] = large
        answer = client.echo_slot(slot, len(large))
        view = answer.memory[: len(large)]
        assert view == large
        assert refused(answer.release, BufferError)
        del view
        answer.release()
        slot.release()
        assert refused(lambda: slot.memory[0], ValueError)
        held = [client.borrow(1) for _ in range(3)]
        assert refused(lambda: client.borrow(1), EngineBusy)
        del held


if __name__ == "__main__":
    main(sys.argv[1])
    sys.stdout.write("ok\n")
