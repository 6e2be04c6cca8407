import json
import os
from types import SimpleNamespace

import pytest

from engine.worker_process import WorkerProcess
from plugin_host.replies import Progress
from plugin_host.schema import to_json

GOOD = {"said": "Progress", "body": to_json(Progress("0" * 16, 1, 2, 1001, "restored"))}


@pytest.fixture
def worker():
    """A worker that is nothing but its output."""
    reading, writing = os.pipe()
    made = object.__new__(WorkerProcess)
    killed = []
    made.process = SimpleNamespace(kill=lambda: killed.append(True))
    made.output, made._rest = reading, b""
    yield made, lambda data: os.write(writing, data), killed
    os.close(reading)
    os.close(writing)


def test_when_a_line_comes_in_pieces_then_it_is_heard_once(worker):
    made, write, killed = worker
    line = json.dumps(GOOD).encode() + b"\n"
    write(line[:20])
    assert made.hear() == ([], False)
    write(line[20:])
    (message,), ended = made.hear()
    assert (message.frame, ended) == (1001, False)
    assert not killed


@pytest.mark.parametrize(
    "nonsense",
    [
        b"a library printed this",
        b"[]",
        b'{"said": "Progress"}',
        b'{"said": "Stop", "body": {}}',
        b'{"said": "Progress", "body": {"frame": "x"}}',
        b"\xff",
        b"[" * 3000,
    ],
)
def test_when_a_worker_talks_nonsense_then_it_is_ended_and_what_it_said_before_counts(
    worker, nonsense
):
    made, write, killed = worker
    write(json.dumps(GOOD).encode() + b"\n" + nonsense + b"\n")
    messages, ended = made.hear()
    assert [message.frame for message in messages] == [1001]
    assert (killed, ended) == ([True], False)
