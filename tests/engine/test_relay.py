"""The carrier of a relay, with its client and its engine in one process."""

from __future__ import annotations

import json

import pytest
import zmq

from engine import listener, relay
from engine.listener import ASK, listen
from engine.relay import Carrier, Link
from plugin_host.errors import EngineUnreachable


@pytest.fixture
def context():
    with zmq.Context() as one:
        yield one


@pytest.fixture
def there(context):
    """The engine's socket."""
    with context.socket(zmq.ROUTER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind("tcp://127.0.0.1:*")
        yield socket


@pytest.fixture
def link(context, there):
    links = []

    def connect(**options):
        socket = context.socket(zmq.DEALER)
        for name, value in options.items():
            socket.setsockopt(getattr(zmq, name), value)
        socket.connect(there.getsockopt_string(zmq.LAST_ENDPOINT))
        links.append(Link(socket))
        return links[-1]

    yield connect
    for one in links:
        if not one.socket.closed:
            one.close()


@pytest.fixture
def narrow(monkeypatch):
    """Lets a client here have one message waiting only."""
    monkeypatch.setattr(listener, "_MOST_WAITING", 1)


@pytest.fixture
def front(context):
    with listen(context, "tcp://127.0.0.1:*") as socket:
        socket.setsockopt(zmq.LINGER, 0)
        yield socket


@pytest.fixture
def carrier(front, link):
    one = Carrier(front, link)
    yield one
    one.close()


@pytest.fixture
def clients(context, front):
    made = []

    def connect(**options):
        socket = context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        for name, value in options.items():
            socket.setsockopt(getattr(zmq, name), value)
        socket.connect(front.getsockopt_string(zmq.LAST_ENDPOINT))
        made.append(socket)
        return socket

    yield connect
    for socket in made:
        socket.close()


def carry_until(carrier, also, condition):
    for _ in range(200):
        assert carrier.carry(also)
        if condition():
            return
    raise AssertionError("it was not carried")


def test_when_two_clients_ask_then_each_has_its_own_connection_and_its_own_answers(
    carrier, clients, link, there
):
    also, one, two = link(), clients(), clients()
    routes = {}
    for socket, word in ((one, b"one"), (two, b"two")):
        socket.send_multipart([word, b"", b"end"])
        carry_until(carrier, also, lambda: there.poll(0))
        routes[word], *parts = there.recv_multipart()
        assert parts == [word, b"", b"end"]
    assert len(carrier) == len(set(routes.values())) == 2
    for word in (b"two", b"one"):
        there.send_multipart([routes[word], b"to", word])
    carry_until(carrier, also, lambda: one.poll(0) and two.poll(0))
    assert one.recv_multipart() == [b"to", b"one"]
    assert two.recv_multipart() == [b"to", b"two"]


def test_when_a_client_asks_for_the_key_then_that_is_not_carried(carrier, clients, link, there):
    also, one = link(), clients()
    one.send_multipart(ASK)
    one.send(b"next")
    carry_until(carrier, also, lambda: there.poll(0))
    assert there.recv_multipart()[1:] == [b"next"]


def test_when_there_is_one_client_too_many_then_the_least_recently_heard_is_let_go(
    carrier, clients, link, there, monkeypatch
):
    monkeypatch.setattr(relay, "_MOST_CLIENTS", 2)
    also = link()
    for word in (b"a", b"b", b"c"):
        clients().send(word)
        carry_until(carrier, also, lambda: there.poll(0))
        there.recv_multipart()
    assert len(carrier) == 2


def test_when_a_client_does_not_read_then_its_answers_wait_and_others_have_theirs(
    narrow, carrier, clients, link, there
):
    also, lazy = link(), clients(RCVHWM=1, RCVBUF=4096)
    lazy.send(b"lazy")
    carry_until(carrier, also, lambda: there.poll(0))
    route, _ = there.recv_multipart()
    for number in range(32):
        there.send_multipart([route, bytes([number]) * 1_000_000])
    carry_until(carrier, also, lambda: carrier._held)
    other = clients()
    other.send(b"other")
    carry_until(carrier, also, lambda: there.poll(0))
    there.send_multipart([there.recv_multipart()[0], b"answer"])
    carry_until(carrier, also, lambda: other.poll(0))
    for number in range(32):
        carry_until(carrier, also, lambda: lazy.poll(0))
        assert lazy.recv()[:1] == bytes([number])
    assert not carrier._held


def test_when_a_client_is_gone_then_its_connection_is_given_up(carrier, clients, link, there):
    also, one = link(), clients()
    one.send(b"hello")
    carry_until(carrier, also, lambda: there.poll(0))
    route, _ = there.recv_multipart()
    one.close()

    def given_up():
        there.send_multipart([route, b"anyone?"])
        return not len(carrier)

    carry_until(carrier, also, given_up)


def test_when_a_connection_to_the_engine_breaks_then_that_is_told(carrier, link, there):
    also = link()
    also.socket.send(b"up")
    there.recv_multipart()
    there.unbind(there.getsockopt_string(zmq.LAST_ENDPOINT))
    there.close()
    assert not all(carrier.carry(also) for _ in range(200))


GOOD = {"version": "FACEPL01", "engine": "e", "key": "00" * 32}


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b""],
        [b"", b"{"],
        [b"", b"[]"],
        [b"", b"\xff"],
        [b"", json.dumps({**GOOD, "version": "FACEPL99"}).encode()],
        [b"", json.dumps({**GOOD, "key": "00"}).encode()],
        [b"", json.dumps({**GOOD, "key": 7}).encode()],
        [b"", json.dumps({"version": "FACEPL01"}).encode()],
    ],
)
def test_when_what_answers_is_no_engine_then_that_is_said(parts):
    with pytest.raises(EngineUnreachable, match=r"no engine|FACEPL"):
        relay._told(parts)


def test_when_an_engine_answers_then_its_key_is_taken():
    assert relay._told([b"", json.dumps(GOOD).encode()]) == ("e", bytes(32))
