"""A live engine among strangers, liars and noise: each gets its own refusal, others are served."""

import os
import socket
import stat
import subprocess

import pytest
import zmq

from plugin_host import protocol
from plugin_host.connection import read_connection
from plugin_host.errors import EngineUnreachable, PathRefused, SignatureMismatch, from_code
from plugin_host.protocol import Envelope, canonical, decode, encode, new_id
from plugin_host.replies import Accepted, Failed, Finished, Reported, Welcome
from plugin_host.requests import Cancel, Describe, Fetch, Hello, Status, Stop
from plugin_host.zmtp import Dealer

ZEROS = "0" * 32


class Raw:
    """Sends whatever parts it is told to, through libzmq."""

    def __init__(self, connection, deadline_s):
        self.key = connection.key
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVTIMEO, int(deadline_s * 1000))
        self.socket.setsockopt(zmq.SNDTIMEO, int(deadline_s * 1000))
        self.socket.connect(connection.address)
        self.session = ""
        self.counter = 0
        self.request = ""

    def parts(self, message, **other):
        """Return the parts of an honest message, with what `other` replaces in its envelope."""
        self.counter += 1
        self.request = new_id()
        envelope = Envelope(message, self.request, self.session, self.counter)
        return encode(envelope._replace(**other), self.key)

    def forged(self, kind, header):
        """Return parts with a right signature over anything."""
        data = header if isinstance(header, bytes) else canonical(header)
        return [protocol.VERSION, kind, data, protocol._sign(self.key, kind, data)]

    def header(self, body, **other):
        self.counter += 1
        self.request = new_id()
        fields = {
            "body": body,
            "buffers": [],
            "counter": self.counter,
            "request": self.request,
            "session": self.session,
        }
        return {**fields, **other}

    def send(self, parts):
        self.socket.send_multipart(parts)

    def hear(self):
        return decode(self.socket.recv_multipart(), self.key)

    def ask(self, parts):
        self.send(parts)
        return self.hear()

    def hello(self):
        reply = self.ask(self.parts(Hello("raw"), session=""))
        self.session = reply.message.session
        return reply

    def close(self):
        self.socket.close()
        self.context.term()


@pytest.fixture
def raw(engine, tools):
    speaker = Raw(engine.connection, tools.DEADLINE_S)
    yield speaker
    speaker.close()


@pytest.fixture(autouse=True)
def other(engine):
    """Another client, which must be served before and after whatever a test does."""
    with engine.client("other") as client:
        session = client.hello().session
        yield client
        assert client.status().engine == engine.connection.engine
        assert client._session == session, "its session was not touched"


def refusal(reply):
    assert isinstance(reply.message, Failed), reply
    assert reply.session == ""
    return reply.message.code


def spoil(raw, name):
    """Return the parts of one bad message, and whether its request id can be read from it."""
    good = raw.parts(Status())
    version, kind, header, signature = good
    long = b"[" + b"0," * (8 * 1024 * 1024) + b"0]"
    body = raw.header
    return {
        "no parts": lambda: ([b""], False),
        "version": lambda: ([b"FACEPL99", *good[1:]], False),
        "a stranger's words": lambda: ([b"hello", b"world"], False),
        "truncated": lambda: (good[:3], False),
        "short signature": lambda: ([version, kind, header, signature[:31]], False),
        "too many parts": lambda: ([*good, *[b""] * 17], False),
        "far too many parts": lambda: ([*good, *[b""] * 1000], False),
        "header too long": lambda: (raw.forged(b"Status", long), False),
        "kind too long": lambda: (raw.forged(b"S" * 65, header), False),
        "other key": lambda: (Raw.parts(_with_key(raw, b"k" * 32), Status()), False),
        "changed header": lambda: ([version, kind, header[:-1] + b"!", signature], False),
        "unknown kind": lambda: (raw.forged(b"Fly", body({})), True),
        "unknown field": lambda: (raw.forged(b"Status", body({"fast": 1})), True),
        "no json": lambda: (raw.forged(b"Status", b"\xff\xfe"), False),
        "a float": lambda: (raw.forged(b"Credit", b'{"body":{"amount":1.5}}'), False),
        "not canonical": lambda: (raw.forged(b"Status", header + b" "), False),
        "missing field": lambda: (raw.forged(b"Fetch", body({"job": "0" * 16})), True),
        "wrong type": lambda: (raw.forged(b"Credit", body({"amount": "many"})), True),
        "deep": lambda: (raw.forged(b"Status", b"[" * 100000), False),
        "other session": lambda: (raw.parts(Status(), session="1" * 32), True),
        "no session": lambda: (raw.parts(Status(), session=""), True),
    }[name]()


def _with_key(raw, key):
    liar = object.__new__(Raw)
    liar.__dict__.update(raw.__dict__, key=key)
    return liar


CODES = {
    "no parts": "protocol.version",
    "version": "protocol.version",
    "a stranger's words": "protocol.version",
    "truncated": "protocol.truncated",
    "short signature": "protocol.truncated",
    "too many parts": "protocol.oversized",
    "far too many parts": "protocol.oversized",
    "header too long": "protocol.oversized",
    "kind too long": "protocol.oversized",
    "other key": "protocol.signature",
    "changed header": "protocol.signature",
    "unknown kind": "protocol.unknown_kind",
    "unknown field": "protocol.unknown_field",
    "no json": "protocol.malformed",
    "a float": "protocol.malformed",
    "not canonical": "protocol.malformed",
    "missing field": "protocol.malformed",
    "wrong type": "protocol.malformed",
    "deep": "protocol.malformed",
    "other session": "protocol.session",
    "no session": "protocol.session",
}


@pytest.mark.parametrize("name", CODES)
def test_when_a_bad_message_comes_then_it_gets_its_own_code(raw, other, name):
    raw.hello()
    parts, readable = spoil(raw, name)
    reply = raw.ask(parts)
    assert refusal(reply) == CODES[name]
    assert reply.message.message
    assert reply.request == (raw.request if readable else ZEROS)
    assert other.status()
    raw.counter += 1
    assert isinstance(raw.ask(raw.parts(Status())).message, Reported), "its session lives on"


def test_when_a_message_is_played_again_then_it_is_refused(raw):
    raw.hello()
    parts = raw.parts(Status())
    assert isinstance(raw.ask(parts).message, Reported)
    reply = raw.ask(parts)
    assert refusal(reply) == "protocol.replayed"
    older = raw.ask(raw.parts(Status(), counter=1))
    assert refusal(older) == "protocol.replayed"


def test_when_a_message_is_played_by_another_connection_then_its_replies_stay_where_they_were(
    raw, engine, tools
):
    raw.hello()
    parts = raw.parts(Status())
    raw.ask(parts)
    thief = Raw(engine.connection, tools.DEADLINE_S)
    try:
        assert refusal(thief.ask(parts)) == "protocol.replayed"
        assert isinstance(raw.ask(raw.parts(Status())).message, Reported)
    finally:
        thief.close()


def test_when_a_hello_is_played_again_then_it_opens_a_session_that_gives_nothing(raw, engine):
    hello = raw.parts(Hello("captured"), session="")
    first = raw.ask(hello)
    again = raw.ask(hello)
    assert isinstance(again.message, Welcome)
    assert again.message.session != first.message.session
    raw.session = first.message.session
    assert isinstance(raw.ask(raw.parts(Status())).message, Reported)


@pytest.mark.parametrize("reply", [Failed("protocol", "no"), Reported("e", True, "w", 1, ())])
def test_when_a_reply_is_sent_to_the_engine_then_it_is_not_answered(raw, reply):
    raw.hello()
    raw.send(raw.parts(reply))
    answer = raw.ask(raw.parts(Status()))
    assert isinstance(answer.message, Reported), "the reply was not answered, the request is"
    assert answer.request == raw.request


def test_when_a_request_brings_buffers_then_they_are_ignored(raw):
    raw.hello()
    assert isinstance(raw.ask(raw.parts(Status(), buffers=(b"some", b""))).message, Reported)


def test_when_a_job_is_unknown_then_the_refusal_repeats_the_request(raw):
    raw.hello()
    for message in (Cancel("f" * 16), Fetch("f" * 16, 1)):
        reply = raw.ask(raw.parts(message))
        assert reply.message.code == "request.job"
        assert reply.request == raw.request
        assert reply.session == raw.session


def test_when_a_hundred_bad_messages_come_at_once_then_others_are_served_in_between(raw, other):
    raw.hello()
    bad = [spoil(raw, name)[0] for name in CODES if name != "header too long"]
    sent = [bad[i % len(bad)] for i in range(100)]
    for index, parts in enumerate(sent):
        raw.send(parts)
        if index % 10 == 0:
            other.status()
    codes = [refusal(raw.hear()) for _ in sent]
    assert set(codes) == set(CODES.values())


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
        b"\xff" * 4096,
        bytes(4096),
        b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL" + bytes(48) + b"\x02" + b"\xff" * 8,
        b"",
    ],
)
def test_when_noise_comes_to_the_port_then_the_engine_serves_on(engine, other, noise):
    host, _, port = engine.connection.address.removeprefix("tcp://").rpartition(":")
    with socket.create_connection((host, int(port)), 10) as stranger:
        stranger.sendall(noise)
        assert other.status()
    assert other.status()


def test_when_connections_stay_half_open_then_the_engine_serves_on(engine, other):
    host, _, port = engine.connection.address.removeprefix("tcp://").rpartition(":")
    strangers = [socket.create_connection((host, int(port)), 10) for _ in range(30)]
    try:
        assert other.status()
    finally:
        for stranger in strangers:
            stranger.close()


def test_when_the_key_is_another_then_the_client_says_that_the_signature_is_wrong(engine):
    with (
        type(engine).client(_Lying(engine)) as client,
        pytest.raises(SignatureMismatch, match="connection file"),
    ):
        client.hello()


class _Lying:
    def __init__(self, engine):
        self.connection = engine.connection._replace(key=b"k" * 32)


def test_when_the_dealer_of_the_standard_library_says_nonsense_then_it_is_refused(engine, tools):
    connection = engine.connection
    with Dealer(connection.address) as dealer:
        for parts, code in (([b"x"], "version"), ([protocol.VERSION, b"Status"], "truncated")):
            dealer.send(parts, tools.DEADLINE_S)
            reply = decode(dealer.receive(tools.DEADLINE_S), connection.key)
            assert refusal(reply) == f"protocol.{code}"
            assert from_code(reply.message.code, "").code == f"protocol.{code}"


def test_when_describe_is_asked_by_many_then_each_is_answered_with_its_request(raw):
    raw.hello()
    sent = []
    for _ in range(5):
        raw.send(raw.parts(Describe()))
        sent.append(raw.request)
    assert [raw.hear().request for _ in sent] == sent


# roots


@pytest.fixture(scope="module")
def confined(tmp_path_factory, tools):
    """An engine with two roots, and folders inside and outside of them."""
    here = tmp_path_factory.mktemp("confined")
    for name in ("in", "out", "results"):
        (here / name).mkdir()
    roots = os.pathsep.join([str(here / "in"), str(here / "results")])
    (here / "engine").mkdir()
    engine = _start(here / "engine", "--roots", roots, tools=tools)
    yield here, engine
    engine.terminate()
    engine.wait(tools.DEADLINE_S)


def _start(folder, *arguments, tools):
    path = folder / "connection.json"
    command = [*tools.COMMAND, "serve", "--connection", str(path), *arguments]
    process = subprocess.Popen(command, env=tools.environment(), stderr=subprocess.DEVNULL)
    tools.wait_until(lambda: tools.listening(path), "the engine listens")
    return process


def confined_client(here):
    from plugin_host.client import EngineClient  # noqa: PLC0415 - beside its only use

    return EngineClient(read_connection(str(here / "engine" / "connection.json")))


def test_when_everything_lies_inside_the_roots_then_it_is_restored(confined, tools):
    here, _ = confined
    pattern = tools.write_plate(here / "in" / "plate", range(1, 3))
    submit = tools.request(pattern, here / "results" / "fine", "1-2", restorer="passthrough")
    with confined_client(here) as client:
        assert isinstance(list(client.events(client.submit(submit).job))[-1], Finished)


@pytest.mark.parametrize(
    "case", ["plate", "output", "dots", "link", "frame link", "mask", "picture", "take", "sibling"]
)
def test_when_a_path_leads_outside_the_roots_then_it_is_refused(confined, tools, case):
    here, _ = confined
    inside = tools.write_plate(here / "in" / case.replace(" ", "_"), range(1, 3))
    outside = tools.write_plate(here / "out" / "plate", range(1, 3))
    folder = here / "in" / case.replace(" ", "_")
    output, more = here / "results" / case.replace(" ", "_"), {}
    if case == "plate":
        inside = outside
    elif case == "output":
        output = here / "out" / "results"
    elif case == "dots":
        output = f"{here}/results/../out/results"
    elif case == "link":
        (here / "results" / "way_out").symlink_to(here / "out")
        output = here / "results" / "way_out" / "deep"
    elif case == "frame link":
        (folder / "p.0002.exr").unlink()
        (folder / "p.0002.exr").symlink_to(here / "out" / "plate" / "p.0002.exr")
    elif case == "mask":
        more = {"mask": str(here / "out" / "m.png"), "tasks": ("inpaint",)}
    elif case == "picture":
        more = {"references": (str(here / "out" / "face.png"),)}
    elif case == "take":
        output.mkdir()
        (output / "p.take").symlink_to(here / "out")
    else:
        output = f"{here}/results_of_others"
    submit = tools.request(inside, output, "1-2", restorer="passthrough", **more)
    before = sorted(path for path in (here / "out").rglob("*"))
    with confined_client(here) as client:
        with pytest.raises(PathRefused, match="may touch") as refused:
            client.submit(submit)
        assert refused.value.path
        assert client.status()
    assert sorted(path for path in (here / "out").rglob("*")) == before


def test_when_a_path_is_of_another_system_then_it_is_refused(engine, plate, tools):
    with engine.client() as client, pytest.raises(PathRefused, match="system"):
        client.submit(tools.request(plate, "C:/shots/out", "1001"))


# the address and the connection file


@pytest.mark.parametrize(
    "address",
    [
        "tcp://0.0.0.0:*",
        "tcp://*:5555",
        "tcp://192.168.1.20:5555",
        "tcp://127.0.0.1.example.com:5555",
        "tcp://[::]:5555",
        "ipc://relative",
        "inproc://here",
    ],
)
def test_when_the_address_is_not_loopback_then_the_engine_refuses_and_names_curve(
    tmp_path, tools, address
):
    done = tools.run("serve", "--connection", tmp_path / "c.json", "--address", address)
    assert done.returncode == 2
    assert "CURVE" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "c.json").exists()


def test_when_the_port_is_taken_then_the_engine_says_so(tmp_path, tools):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        done = tools.run("serve", "--connection", tmp_path / "c.json", "--address", address)
    assert done.returncode == 2
    assert "cannot listen" in done.stderr
    assert address in done.stderr


def test_when_the_engine_listens_then_only_its_user_can_read_the_key(engine, other):
    mode = engine.path.stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    engine.path.chmod(0o644)
    try:
        with pytest.raises(EngineUnreachable, match="chmod 600"):
            read_connection(str(engine.path))
    finally:
        engine.path.chmod(0o600)
    assert read_connection(str(engine.path)).key


def test_when_stop_comes_with_a_wrong_key_then_the_engine_serves_on(raw, engine, other):
    raw.hello()
    reply = raw.ask(Raw.parts(_with_key(raw, b"k" * 32), Stop()))
    assert refusal(reply) == "protocol.signature"
    assert engine.process.poll() is None


def test_when_the_same_request_comes_over_both_dealers_then_it_is_one_job(
    raw, other, plate, tmp_path, tools
):
    submit = tools.request(plate, tmp_path / "out", "1001-1004", restorer="passthrough")
    raw.hello()
    reply = raw.ask(raw.parts(submit))
    assert isinstance(reply.message, Accepted)
    assert other.submit(submit).job == reply.message.job
