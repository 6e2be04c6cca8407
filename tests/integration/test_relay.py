"""Engines that others reach through CURVE, and relays for clients that speak none."""

import contextlib
import random
import re
import signal
import socket
import stat
import subprocess
import threading

import pytest

from engine.curve import Clients, key_pair, public_key
from engine.listener import ASK
from plugin_host.client import EngineClient
from plugin_host.errors import EngineUnreachable, FaceplateError, SettingsError
from plugin_host.launcher import find
from plugin_host.protocol import decode
from plugin_host.replies import Finished, Progress
from plugin_host.zmtp import Dealer


def free_port():
    """Return a port that is free, and that the system gives to nobody else meanwhile."""
    while True:
        port = random.randrange(20000, 32000)  # below those that the system chooses among
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@pytest.fixture
def remote(engine_of, tmp_path):
    """An engine that listens to other machines, its endpoint, its key, and its clients' folder."""
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    folder = tmp_path / "there"
    folder.mkdir(mode=0o700)
    engine = engine_of("--listen", endpoint, folder=folder)
    return (
        engine,
        endpoint,
        folder / "connection.json.curve.pub",
        folder / "connection.json.clients",
    )


@pytest.fixture
def relay_of(remote, tmp_path, tools):
    """Starts a relay to the remote engine; gives the process and its connection file."""
    _, endpoint, key, clients = remote
    relays = []
    path = tmp_path / "here" / "connection.json"

    def start(*more, known=True, server_key=key, to=None):
        command = [*tools.COMMAND, "relay", "--connection", path]
        shown = tools.run("relay", "--connection", path)
        assert shown.returncode == 0, shown.stderr
        if known:
            (clients / "me.pub").write_text(shown.stdout, "ascii")
        relays.append(
            subprocess.Popen(
                [*command, "--to", to or endpoint, "--server-key", server_key, *more],
                env=tools.environment(),
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return relays[-1], path

    yield start
    for one in relays:
        one.kill()
        one.communicate()


def up(tools, path):
    return tools.wait_until(lambda: tools.listening(path), "the relay listens")


def client(connection, tools, **how):
    return EngineClient(connection, "remote", deadline_s=tools.DEADLINE_S, **how)


def test_when_a_client_asks_through_a_relay_then_it_is_as_if_the_engine_were_here(
    remote, relay_of, plate, tmp_path, tools
):
    relay, path = relay_of()
    connection = up(tools, path)
    assert connection.key == remote[0].connection.key
    assert connection.address != remote[0].connection.address
    with client(connection, tools) as one, client(connection, tools) as two:
        assert one.hello().engine == remote[0].connection.engine
        job = one.submit(tools.request(plate, tmp_path / "out", "1001-1006")).job
        assert two.submit(tools.request(plate, tmp_path / "out", "1001-1006")).job == job
        for each in (one, two):
            *_, finished = each.events(job)
            assert isinstance(finished, Finished)
        fetched = two.fetch(job, 1003)
    assert fetched == (tmp_path / "out" / "p_restored.1003.exr").read_bytes()
    relay.send_signal(signal.SIGTERM)
    assert relay.wait(tools.DEADLINE_S) == 0
    assert not path.exists()


def test_when_the_remote_engine_dies_then_the_relay_finds_the_next_and_the_job_goes_on(
    remote, relay_of, long_plate, tmp_path, tools
):
    engine = remote[0]
    _, path = relay_of()
    first = up(tools, path)

    def again():
        return tools.wait_until(
            lambda: (c := tools.listening(path)) and c.engine != first.engine and c, "another"
        )

    with client(first, tools, again=again) as one:
        events = one.events(
            one.submit(tools.request(long_plate, tmp_path / "out", "1001-1016")).job
        )
        next(events)
        engine.kill()
        engine.start()
        *_, finished = events
    assert isinstance(finished, Finished)
    assert finished.delivered == 16
    assert find(str(path)).engine == engine.connection.engine


class Cable:
    """A TCP connection between machines, which can be cut."""

    def __init__(self, port):
        self._port = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._ends = []
        self.endpoint = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._server.accept()
                there = socket.create_connection(("127.0.0.1", self._port))
                self._ends += [here, there]
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)

    def cut(self):
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()


def test_when_the_network_breaks_then_clients_ask_again_at_the_same_place_and_miss_nothing(
    remote, relay_of, long_plate, tmp_path, tools
):
    cable = Cable(int(remote[1].rpartition(":")[2]))
    _, path = relay_of(to=cable.endpoint)
    before = up(tools, path)
    with contextlib.closing(cable), client(before, tools) as one:
        events = one.events(
            one.submit(tools.request(long_plate, tmp_path / "out", "1001-1032")).job
        )
        heard = []
        for event in events:
            if isinstance(event, Progress) and len(heard) in {2, 8}:
                cable.cut()
            heard += [event.frame] if isinstance(event, Progress) else []
        assert one._dealer.connections > 1, "it was cut, and noticed"
        assert up(tools, path) == before
    assert sorted(heard) == list(range(1001, 1033))


def test_when_the_key_is_asked_for_on_the_loopback_then_it_is_not_told(remote):
    connection = remote[0].connection
    with Dealer(connection.address) as dealer:
        dealer.send(ASK, 5.0)
        parts = dealer.receive(5.0)
    assert decode(parts, connection.key).message.code == "protocol.version"
    assert not any(connection.key.hex().encode() in part for part in parts)


def test_when_the_relays_key_is_unknown_then_it_says_which_key_to_make_known(relay_of):
    relay, path = relay_of("--deadline", "2", known=False)
    _, said = relay.communicate(timeout=60)
    assert relay.returncode == 3
    key = path.with_name("connection.json.curve.pub").read_text("ascii").strip()
    assert key in said
    assert "folder of clients" in said
    assert "Traceback" not in said
    assert not path.exists()


def test_when_the_engines_key_is_another_then_the_relay_tells_it_nothing(relay_of, tmp_path):
    key_pair(tmp_path / "stranger")
    relay, path = relay_of("--deadline", "2", server_key=tmp_path / "stranger.pub")
    _, said = relay.communicate(timeout=60)
    assert relay.returncode == 3
    assert "no engine answers" in said
    assert not path.exists()


def test_when_somebody_speaks_without_curve_then_they_hear_nothing_and_others_are_served(remote):
    engine, endpoint, *_ = remote
    with Dealer(endpoint) as dealer, pytest.raises(FaceplateError):
        dealer.send(ASK, 1.0)
    with engine.client() as here:
        assert here.status().engine == engine.connection.engine


def test_when_an_engine_listens_to_all_then_only_curve_is_served_there(engine_of, tools):
    engine = engine_of("--listen", "tcp://0.0.0.0:*")
    port = re.search(r"machines at tcp://0\.0\.0\.0:([0-9]+), key \S{40}", engine.words()).group(1)
    with Dealer(f"tcp://127.0.0.1:{port}") as dealer, pytest.raises(FaceplateError):
        dealer.receive(1.0)
    assert engine.connection.address.startswith("tcp://127.0.0.1:")


@pytest.mark.parametrize("listen", ["tcp://0.0.0.0", "ipc:///tmp/x", "0.0.0.0:5000", "tcp://a b:1"])
def test_when_the_endpoint_is_no_endpoint_then_it_is_refused(tmp_path, tools, listen):
    done = tools.run("serve", "--connection", tmp_path / "c.json", "--listen", listen)
    assert done.returncode == 2
    assert "--listen" in done.stderr
    assert not (tmp_path / "c.json").exists()


def test_when_the_servers_secret_key_is_open_to_others_then_the_engine_refuses(remote, tools):
    engine, endpoint, key, _ = remote
    secret = key.with_suffix("")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    engine.end()
    secret.chmod(0o644)
    done = tools.run("serve", "--connection", engine.path, "--listen", endpoint)
    assert done.returncode == 2
    assert f"chmod 600 {secret}" in done.stderr


def test_when_a_relay_is_killed_then_find_says_that_it_is_gone(relay_of, tools):
    relay, path = relay_of()
    up(tools, path)
    relay.kill()
    relay.wait()
    with pytest.raises(EngineUnreachable, match="gone"):
        find(str(path))


def test_when_a_key_pair_is_asked_for_again_then_it_is_the_same(tmp_path):
    first = key_pair(tmp_path / "mine")
    assert key_pair(tmp_path / "mine") == first
    assert (
        public_key(str(tmp_path / "mine.pub")) == public_key(first.public.decode()) == first.public
    )


@pytest.mark.parametrize("text", ["", "short", "x" * 41, "\u00e9" * 20, '"' * 40])
def test_when_a_key_is_none_then_it_is_refused(text):
    with pytest.raises(SettingsError, match="no CURVE key"):
        public_key(text)


def test_when_a_key_is_put_into_the_folder_or_taken_away_then_that_holds_at_once(tmp_path):
    folder = tmp_path / "clients"
    folder.mkdir(mode=0o700)
    key = key_pair(tmp_path / "mine").public
    clients = Clients(folder)
    assert not clients.callback("*", key)
    (folder / "broken.pub").write_bytes(b"?")
    (folder / "me.pub").write_bytes(key)
    assert clients.callback("*", key)
    (folder / "me.pub").chmod(0o666)
    assert not clients.callback("*", key), "others can change it"
    (folder / "me.pub").unlink()
    assert not clients.callback("*", key)
