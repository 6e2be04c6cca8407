from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import zmq
from zmq.auth.thread import ThreadAuthenticator

from plugin_host import endpoint, zmtp
from plugin_host.endpoint import address_of
from plugin_host.errors import (
    DeadlineExceeded,
    EngineUnreachable,
    MessageMalformed,
    MessageOversized,
    ProtocolError,
    SettingsError,
    VersionMismatch,
)
from plugin_host.zmtp import Dealer
from plugin_host.zmtp_codec import GREETING, HANDSHAKE, Decoder, encode

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024
PATIENCE_S = 20.0  # far above what a loaded machine needs
ROUTER_READY = b"\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"
both_transports = pytest.mark.parametrize("kind", ["tcp", "ipc"])


class Router:
    """A real libzmq ROUTER that sends back what it gets."""

    def __init__(self, endpoint, configure=None):
        self.context = zmq.Context()
        router = self.context.socket(zmq.ROUTER)
        if configure:
            configure(router)
        router.bind(endpoint)
        self.endpoint = router.getsockopt_string(zmq.LAST_ENDPOINT)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.echo, args=(router,))
        self.thread.start()

    def echo(self, router):
        with router:
            while not self.stopping.is_set():
                if router.poll(20):
                    router.send_multipart(router.recv_multipart(copy=False), copy=False)

    def stop(self):
        self.stopping.set()
        self.thread.join()
        self.context.destroy(linger=0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Peer:
    """A bare socket whose `act(listener)` plays the engine in a thread."""

    def __init__(self, kind, folder, act):
        family = socket.AF_UNIX if kind == "ipc" else socket.AF_INET
        self.listener = socket.socket(family)
        self.listener.settimeout(PATIENCE_S)
        self.listener.bind(str(folder / "p") if kind == "ipc" else ("127.0.0.1", 0))
        self.listener.listen()
        name = self.listener.getsockname()
        self.endpoint = f"ipc://{name}" if kind == "ipc" else f"tcp://127.0.0.1:{name[1]}"
        self.failure = None
        self.thread = threading.Thread(target=self.run, args=(act,))
        self.thread.start()

    def run(self, act):
        try:
            act(self.listener)
        except BaseException as failure:  # noqa: BLE001  # told to the test at the end
            self.failure = failure

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.thread.join()
        self.listener.close()
        if self.failure is not None:
            raise self.failure


def accept(listener):
    connection, _ = listener.accept()
    connection.settimeout(PATIENCE_S)
    return connection


def greeted(listener):
    connection = accept(listener)
    connection.sendall(GREETING + ROUTER_READY)
    assert exactly(connection, len(HANDSHAKE)) == HANDSHAKE
    return connection


def exactly(connection, size):
    received = bytearray(size)
    view = memoryview(received)
    while view:
        count = connection.recv_into(view)
        assert count, "the client closed the connection early"
        view = view[count:]
    return bytes(received)


def until_closed(connection):
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(MIB):
            pass


def address(kind, folder):
    return f"ipc://{folder / 'r'}" if kind == "ipc" else "tcp://127.0.0.1:*"


def nobody(kind, folder):
    if kind == "ipc":
        return f"ipc://{folder / 'nobody'}"
    with socket.socket() as lent:
        lent.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{lent.getsockname()[1]}"


@pytest.fixture(params=["tcp", "ipc"])
def router(request, tmp_path):
    with Router(address(request.param, tmp_path)) as router:
        yield router


@pytest.mark.parametrize(
    "parts",
    [
        [b""],
        [b"", b""],
        [b"\x00" * 255],
        [b"\xff" * 256],
        [b"a", b"", bytes(255), bytes(256), bytes(4097), b"z"],
        [bytes([n]) * MIB for n in range(4)],
        [b"x"] * 63,  # the ROUTER adds the sender's identity as a part of its own
    ],
    ids=["empty", "two-empty", "255", "256", "edges", "4-MiB", "63-parts"],
)
def test_when_parts_are_sent_to_a_libzmq_router_then_they_come_back(router, parts):
    with Dealer(router.endpoint) as dealer:
        assert dealer.connections == 0
        dealer.send(parts, PATIENCE_S)
        assert dealer.receive(PATIENCE_S) == parts
        assert dealer.connections == 1


def test_when_a_part_of_64_mib_is_sent_then_it_comes_back(router):
    part = b"half" * (16 * MIB)
    with Dealer(router.endpoint) as dealer:
        dealer.send([b"head", part], PATIENCE_S)
        head, returned = dealer.receive(PATIENCE_S)
    assert head == b"head"
    assert returned == part  # outside an assert of lists, which would be slow to explain


def test_when_many_messages_are_sent_first_then_they_come_back_in_order(router):
    messages = [[b"n", str(n).encode()] for n in range(500)]
    with Dealer(router.endpoint) as dealer:
        for message in messages:
            dealer.send(message, PATIENCE_S)
        assert [dealer.receive(PATIENCE_S) for _ in messages] == messages


def test_when_the_loopback_is_ipv6_then_it_works_too():
    with contextlib.ExitStack() as stack:
        try:
            router = stack.enter_context(Router("tcp://[::1]:*", lambda r: r.set(zmq.IPV6, 1)))
        except zmq.ZMQError:
            pytest.skip("no IPv6 on this machine")
        dealer = stack.enter_context(Dealer(router.endpoint))
        dealer.send([b"six"], PATIENCE_S)
        assert dealer.receive(PATIENCE_S) == [b"six"]


def test_when_the_stream_of_a_libzmq_router_is_cut_anywhere_then_it_means_the_same(router):
    parts = [b"", b"short", bytes(300)]
    family, place = address_of(router.endpoint)
    stream = b""
    decoder = Decoder()
    messages = []
    with socket.socket(family) as client:
        client.settimeout(PATIENCE_S)
        client.connect(place)
        client.sendall(HANDSHAKE)
        while not messages:
            ready = decoder.ready
            octet = exactly(client, 1)
            messages = decoder.feed(octet)
            stream += octet
            if decoder.ready and not ready:
                client.sendall(b"".join(encode(parts)))
    assert messages == [parts]
    for cut in range(len(stream) + 1):
        decoder = Decoder()
        assert decoder.feed(stream[:cut]) + decoder.feed(stream[cut:]) == [parts]


@both_transports
def test_when_the_engine_restarts_then_the_next_message_goes_to_the_new_one(kind, tmp_path):
    with Router(address(kind, tmp_path)) as first:
        dealer = Dealer(first.endpoint)
        dealer.send([b"one"], PATIENCE_S)
        assert dealer.receive(PATIENCE_S) == [b"one"]
    with Router(first.endpoint), dealer:
        dealer.send([b"two"], PATIENCE_S)
        assert dealer.receive(PATIENCE_S) == [b"two"]
        assert dealer.connections == 2


@both_transports
def test_when_the_engine_comes_up_late_then_the_client_waits_for_it(kind, tmp_path):
    endpoint = nobody(kind, tmp_path)
    routers = []
    starter = threading.Timer(0.2, lambda: routers.append(Router(endpoint)))
    starter.start()
    with Dealer(endpoint, connect_deadline_s=PATIENCE_S) as dealer:
        dealer.send([b"late"], PATIENCE_S)
        assert dealer.receive(PATIENCE_S) == [b"late"]
    starter.join()
    routers[0].stop()


@both_transports
def test_when_sending_breaks_off_then_the_whole_message_is_sent_again(kind, tmp_path):
    parts = [b"kind", bytes(range(256)) * (64 * 1024)]
    wire = b"".join(encode(parts))
    received = []

    def act(listener):
        with greeted(listener) as connection:
            exactly(connection, 1000)
        with greeted(listener) as connection:
            received.append(exactly(connection, len(wire)))
            until_closed(connection)

    with Peer(kind, tmp_path, act) as peer, Dealer(peer.endpoint) as dealer:
        dealer.send(parts, PATIENCE_S)
        assert dealer.connections == 2
    assert received[0] == wire


@both_transports
def test_when_receiving_breaks_off_then_the_half_message_is_dropped(kind, tmp_path):
    def act(listener):
        with greeted(listener) as connection:
            connection.sendall(b"".join(encode([b"first"])))
            connection.sendall(b"".join(encode([b"half", bytes(1000)]))[:-1])
        with greeted(listener) as connection:
            connection.sendall(b"".join(encode([b"second"])))
            until_closed(connection)

    with Peer(kind, tmp_path, act) as peer, Dealer(peer.endpoint) as dealer:
        assert dealer.receive(PATIENCE_S) == [b"first"]
        assert dealer.receive(PATIENCE_S) == [b"second"]
        assert dealer.connections == 2


@both_transports
def test_when_a_connection_that_is_waited_over_is_lost_then_it_is_told_at_once(kind, tmp_path):
    def act(listener):
        with greeted(listener) as connection:
            exactly(connection, len(b"".join(encode([b"asked"]))))
        with greeted(listener) as connection:
            connection.sendall(b"".join(encode([b"later"])))
            until_closed(connection)

    with Peer(kind, tmp_path, act) as peer, Dealer(peer.endpoint) as dealer:
        assert not dealer.lost
        dealer.send([b"asked"], PATIENCE_S)
        with pytest.raises(EngineUnreachable, match="is gone") as caught:
            dealer.receive(PATIENCE_S, over=dealer.connections)
        assert caught.type is EngineUnreachable
        assert dealer.lost
        assert dealer.receive(PATIENCE_S) == [b"later"]
        assert not dealer.lost


def test_when_a_long_wait_loses_its_connection_then_there_is_time_for_another(tmp_path):
    def act(listener):
        with greeted(listener):
            time.sleep(0.7)
        with greeted(listener) as connection:
            connection.sendall(b"".join(encode([b"late"])))
            until_closed(connection)

    dealer = Dealer((peer := Peer("ipc", tmp_path, act)).endpoint, connect_deadline_s=0.6)
    with peer, dealer:
        assert dealer.receive(PATIENCE_S) == [b"late"]


@both_transports
def test_when_the_peer_closes_for_good_then_the_engine_is_unreachable(kind, tmp_path):
    def act(listener):
        with greeted(listener) as connection:
            connection.sendall(b"\x01\x05ha")
            listener.close()

    peer = Peer(kind, tmp_path, act)
    with peer, Dealer(peer.endpoint, connect_deadline_s=0.2) as dealer:
        with pytest.raises(EngineUnreachable, match="faceplate serve") as caught:
            dealer.receive(PATIENCE_S)
        assert caught.type is EngineUnreachable


@both_transports
def test_when_the_peer_does_not_read_then_sending_ends_at_the_deadline(kind, tmp_path):
    tested = threading.Event()
    parts = [bytes(64 * MIB)]

    def act(listener):
        with greeted(listener) as connection:
            connection.sendall(b"".join(encode([b"hello"])))
            tested.wait(PATIENCE_S)
            until_closed(connection)
        with greeted(listener) as connection:
            connection.sendall(exactly(connection, 6))

    with Peer(kind, tmp_path, act) as peer, Dealer(peer.endpoint) as dealer:
        assert dealer.receive(PATIENCE_S) == [b"hello"]
        with pytest.raises(DeadlineExceeded, match="sent, so the connection was dropped"):
            dealer.send(parts, 0.3)
        tested.set()
        dealer.send([b"next"], PATIENCE_S)
        assert dealer.receive(PATIENCE_S) == [b"next"]
        assert dealer.connections == 2


def test_when_nothing_of_a_message_was_sent_then_the_connection_stays(tmp_path):
    tested = threading.Event()
    sent = [[b"first"]]

    def act(listener):
        with greeted(listener) as connection:
            tested.wait(PATIENCE_S)
            decoder = Decoder()
            decoder.feed(HANDSHAKE)
            received = []
            while len(received) <= len(sent):
                received += decoder.feed(connection.recv(MIB))
            assert received == [*sent, [b"last"]]
            until_closed(connection)

    # A stream socket of AF_UNIX takes a small message as a whole or not at all.
    with Peer("ipc", tmp_path, act) as peer, Dealer(peer.endpoint) as dealer:
        dealer.send([b"first"], PATIENCE_S)
        with pytest.raises(DeadlineExceeded, match="nothing of the message was sent"):  # noqa: PT012  # some sends succeed first
            while len(sent) < 100_000:
                dealer.send([b"small"], 0.1)
                sent.append([b"small"])
        tested.set()
        dealer.send([b"last"], PATIENCE_S)
        assert dealer.connections == 1


@both_transports
def test_when_both_sides_send_large_messages_at_once_then_neither_is_stuck(kind, tmp_path):
    large = [bytes(range(256)) * (128 * 1024)]
    wire = b"".join(encode(large))

    def act(listener):
        with greeted(listener) as connection:
            connection.sendall(wire)  # reads nothing before all of this is taken
            assert exactly(connection, len(wire)) == wire
            until_closed(connection)

    with Peer(kind, tmp_path, act) as peer, Dealer(peer.endpoint) as dealer:
        dealer.send(large, PATIENCE_S)
        assert dealer.receive(PATIENCE_S) == large


@both_transports
@pytest.mark.parametrize("limit", [("MAX_WAITING", 2), ("MAX_WAITING_BYTES", 2 * MIB)])
def test_when_nobody_asks_for_messages_then_reading_pauses(kind, limit, tmp_path, monkeypatch):
    monkeypatch.setattr(zmtp, *limit)
    wire = b"".join(encode([bytes(MIB)]))

    def act(listener):
        with greeted(listener) as connection, contextlib.suppress(OSError):
            connection.sendall(wire * 32)

    with Peer(kind, tmp_path, act) as peer, Dealer(peer.endpoint) as dealer:
        while len(dealer._inbox) < 2:
            dealer._step(0.1)
        with pytest.raises(DeadlineExceeded):
            dealer.send([bytes(64 * MIB)], 0.2)
        assert len(dealer._inbox) == 2
        for _ in range(2):
            assert dealer.receive(PATIENCE_S) == [bytes(MIB)]
        assert dealer._inbox_bytes == 0


@both_transports
def test_when_no_engine_is_there_then_the_error_says_what_to_do(kind, tmp_path):
    endpoint = nobody(kind, tmp_path)
    reason = "No such file" if kind == "ipc" else "refused"
    with Dealer(endpoint) as dealer:
        for call in (lambda: dealer.send([b"x"], 0.1), lambda: dealer.receive(0.1)):
            with pytest.raises(EngineUnreachable, match=reason) as caught:
                call()
            assert caught.type is EngineUnreachable
            assert endpoint in str(caught.value)
            assert "faceplate serve" in str(caught.value)


@both_transports
def test_when_the_connection_deadline_is_shorter_then_it_ends_the_call(kind, tmp_path):
    dealer = Dealer(nobody(kind, tmp_path), connect_deadline_s=0.1)
    with dealer, pytest.raises(EngineUnreachable):
        dealer.send([b"x"], 1e9)  # would outlast the time limit of the tests


@both_transports
@pytest.mark.parametrize(("deadline_s", "connect_deadline_s"), [(0.1, 5.0), (1e9, 0.1)])
def test_when_the_peer_never_greets_then_the_deadline_holds(
    kind, deadline_s, connect_deadline_s, tmp_path
):
    with Peer(kind, tmp_path, socket.socket.fileno) as peer:  # listens, accepts nobody
        dealer = Dealer(peer.endpoint, connect_deadline_s=connect_deadline_s)
        with dealer, pytest.raises(DeadlineExceeded, match="did not greet"):
            dealer.send([b"x"], deadline_s)
        assert dealer.connections == 0


def test_when_the_engine_is_silent_then_receiving_ends_at_the_deadline(router):
    with Dealer(router.endpoint) as dealer:
        dealer.send([b"x"], PATIENCE_S)
        assert dealer.receive(PATIENCE_S) == [b"x"]
        with pytest.raises(DeadlineExceeded, match=r"sent no whole message within 0\.05 s"):
            dealer.receive(0.05)
        assert dealer.connections == 1


def test_when_receiving_is_polled_then_a_connection_comes_about_over_the_calls(router):
    with Dealer(router.endpoint) as dealer:
        while dealer.connections == 0:
            with pytest.raises(EngineUnreachable):
                dealer.receive(0)
        dealer.send([b"x"], PATIENCE_S)
        assert dealer.receive(PATIENCE_S) == [b"x"]


@both_transports
@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", VersionMismatch, "does not speak ZMTP"),
        (GREETING + b"\x04\x0a\x05ERROR\x03400", ProtocolError, "refused.*400"),
        (GREETING + ROUTER_READY + b"\xff", MessageMalformed, "0xff"),
        (GREETING + ROUTER_READY + b"\x02" + b"\x7f" * 8, MessageOversized, "part of"),
    ],
)
def test_when_the_peer_is_no_engine_then_the_error_says_so(kind, answer, error, words, tmp_path):
    def act(listener):
        with accept(listener) as connection:
            connection.sendall(answer)
            until_closed(connection)

    with Peer(kind, tmp_path, act) as peer, Dealer(peer.endpoint) as dealer:  # noqa: SIM117  # the peer outlives the error
        with pytest.raises(error, match=words):
            dealer.receive(PATIENCE_S)


@both_transports
def test_when_a_fault_follows_a_message_then_the_message_is_received_first(kind, tmp_path):
    def act(listener):
        with greeted(listener) as connection:
            connection.sendall(b"".join(encode([b"good"])) + b"\xff")
            until_closed(connection)

    with Peer(kind, tmp_path, act) as peer, Dealer(peer.endpoint) as dealer:
        assert dealer.receive(PATIENCE_S) == [b"good"]
        with pytest.raises(MessageMalformed):
            dealer.receive(PATIENCE_S)


@pytest.mark.skipif(not zmq.has("curve"), reason="this libzmq has no CURVE")
def test_when_the_engine_wants_curve_then_the_error_suspects_it():
    def configure(router):
        router.curve_server = True
        router.curve_publickey, router.curve_secretkey = zmq.curve_keypair()

    # libzmq hangs up before it tells its mechanism
    with (
        Router("tcp://127.0.0.1:*", configure) as router,
        Dealer(router.endpoint, connect_deadline_s=0.3) as dealer,
        pytest.raises(EngineUnreachable, match=r"before it greeted.*CURVE"),
    ):
        dealer.receive(PATIENCE_S)


def test_when_libzmq_denies_the_connection_then_its_reason_is_told():
    context = zmq.Context()
    guard = ThreadAuthenticator(context)
    guard.start()
    guard.deny("127.0.0.1")
    try:
        with context.socket(zmq.ROUTER) as router:
            router.zap_domain = b"global"
            router.bind("tcp://127.0.0.1:*")
            dealer = Dealer(router.getsockopt_string(zmq.LAST_ENDPOINT))
            with dealer, pytest.raises(ProtocolError, match="refused the connection: '400'"):
                dealer.receive(PATIENCE_S)
    finally:
        guard.stop()
        context.destroy(linger=0)


def test_when_a_libzmq_socket_of_another_type_answers_then_it_is_no_engine():
    with contextlib.ExitStack() as stack:
        publisher = stack.enter_context(zmq.Context()).socket(zmq.PUB)
        stack.enter_context(publisher)
        publisher.bind("tcp://127.0.0.1:*")
        endpoint = publisher.getsockopt_string(zmq.LAST_ENDPOINT)
        dealer = stack.enter_context(Dealer(endpoint, connect_deadline_s=0.3))
        with pytest.raises(EngineUnreachable, match="before it greeted"):
            dealer.receive(PATIENCE_S)


def test_when_the_port_is_lent_to_the_client_itself_then_it_does_not_meet_itself(monkeypatch):
    endpoint = nobody("tcp", None)
    port = int(endpoint.rpartition(":")[2])

    class Bound(socket.socket):
        def connect_ex(self, to):
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.bind(("127.0.0.1", port))
            return super().connect_ex(to)

    monkeypatch.setattr(zmtp.socket, "socket", Bound)
    with Dealer(endpoint) as dealer, pytest.raises(EngineUnreachable, match="refused"):
        dealer.receive(0.1)


def test_when_a_dealer_was_closed_then_it_connects_anew(router):
    dealer = Dealer(router.endpoint)
    for connections in (1, 2):
        dealer.send([b"x"], PATIENCE_S)
        assert dealer.receive(PATIENCE_S) == [b"x"]
        assert dealer.connections == connections
        dealer.close()
        dealer.close()


def test_when_a_message_is_too_large_then_the_connection_is_not_touched(router):
    with Dealer(router.endpoint) as dealer:
        with pytest.raises(MessageOversized):
            dealer.send([b""] * 65, PATIENCE_S)
        assert dealer.connections == 0


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "127.0.0.1:5000",
        "tcp://localhost:5000",
        "tcp://192.168.0.7:5000",
        "tcp://0.0.0.0:5000",
        "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:*",
        "tcp://127.0.0.1:5000\n",
        "tcp://127.0.0.999:5000",
        "tcp://::1:5000",
        "tcp://[::2]:5000",
        "udp://127.0.0.1:5000",
        "ipc://relative",
        "ipc://@abstract",
        "ipc:///nul\0",
    ],
)
def test_when_the_endpoint_is_not_understood_then_the_error_shows_the_form(endpoint):
    with pytest.raises(SettingsError, match="must look like"):
        Dealer(endpoint)


def test_when_the_path_of_ipc_is_too_long_then_the_error_says_how_long_it_may_be():
    limit = endpoint.MOST_IPC_PATH_BYTES
    Dealer("ipc://" + "/".ljust(limit, "x"))
    with pytest.raises(SettingsError, match=f"longer than the {limit} bytes"):
        Dealer("ipc://" + "/".ljust(limit - 1, "x") + "é")


def test_when_the_system_has_no_ipc_then_the_error_offers_tcp(monkeypatch):
    monkeypatch.delattr(zmtp.socket, "AF_UNIX")
    with pytest.raises(SettingsError, match=r"use tcp://127\.0\.0\.1"):
        Dealer("ipc:///tmp/engine")


def script(body, endpoint):
    """Return the arguments after an interpreter that run `body` with nothing but the library."""
    head = f"import sys; sys.path.insert(0, {str(ROOT)!r}); endpoint = {endpoint!r}\n"
    return ["-I", "-B", "-c", head + "from plugin_host.zmtp import Dealer\n" + body]


SURVIVE = """
import signal, time
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
dealer = Dealer(endpoint)
assert dealer.receive(20.0) == [b"bye"]
refused = False
while not refused:
    dealer._link.outgoing.append(memoryview(b"too late"))
    try:
        dealer._link.write()
    except BrokenPipeError:
        refused = True
    except ConnectionResetError:
        pass
    time.sleep(0.01)
print("alive")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE")
@both_transports
def test_when_sigpipe_is_deadly_then_a_lost_engine_does_not_kill_the_host(kind, tmp_path):
    def act(listener):
        with greeted(listener) as connection:
            connection.sendall(b"".join(encode([b"bye"])))

    with Peer(kind, tmp_path, act) as peer:
        command = [sys.executable, *script(SURVIVE, peer.endpoint)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "alive\n", "")


ECHO = """
parts = [b"", bytes(255), bytes(256), b"face" * (1 << 20)]
with Dealer(endpoint) as dealer:
    dealer.send(parts, 20.0)
    assert dealer.receive(20.0) == parts
print("%d.%d" % sys.version_info[:2])
"""


def interpreters():
    """Every Python from 3.7 on PATH or under pyenv, one for each minor version."""
    found = {}
    folders = []
    if pyenv := shutil.which("pyenv"):
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True).stdout
        folders = sorted(Path(root.strip(), "versions").glob("*/bin"))
    for minor in range(7, 30):
        places = [shutil.which(f"python3.{minor}", path=str(folder)) for folder in folders]
        places += [shutil.which(f"python3.{minor}")]
        for place in filter(None, places):
            probe = subprocess.run([place, "-c", ""], capture_output=True, check=False)
            if probe.returncode == 0:  # a shim of pyenv may lead nowhere
                found.setdefault(f"3.{minor}", place)
    return found


def test_when_a_hosts_own_python_runs_the_client_then_it_talks_to_libzmq(router):
    found = interpreters()
    if not found:
        pytest.skip("no other Python on this machine")
    for version, interpreter in found.items():
        command = [interpreter, *script(ECHO, router.endpoint)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (result.stdout, result.stderr) == (f"{version}\n", ""), interpreter
