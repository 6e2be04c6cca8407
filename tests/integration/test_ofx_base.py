"""The C++ client that the OFX plugin is built on, against real engines and real liars."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from engine.frame_io.exr import read_image
from plugin_host.schema import to_json
from plugin_host.zmtp_codec import HANDSHAKE
from tests.vectors.protocol_messages import canonical

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("cmake", "c++")
ENOUGH_MS = 60000
if sys.platform != "linux":
    pytest.skip("built on Linux only", allow_module_level=True)
import fcntl  # noqa: E402 - not on Windows


@pytest.fixture(scope="session")
def probe():
    """Return the path of the program that drives the client, built where it is not current."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: install what `make ofx` names")
    build = ROOT / "build" / "ofx"
    build.mkdir(parents=True, exist_ok=True)
    with (build / "lock").open("w") as lock:  # several processes of tests may want it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (
            ["cmake", "-S", ROOT / "ofx_bridge", "-B", build, "-DBUILD_TESTING=OFF"],
            ["cmake", "--build", build, "--target", "faceplate_probe"],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return build / "faceplate_probe"


class Refused(Exception):
    """What the client threw: its code, how often the host was asked, and how long it took."""

    def __init__(self, code, told):
        super().__init__(f"{code}: {told['said']}")
        self.code = code
        self.asked = told["asked"]
        self.milliseconds = told["milliseconds"]


class Client:
    """A process with the C++ client in it."""

    def __init__(self, program, connection):
        self.process = subprocess.Popen(
            [program, connection], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def begin(self, word, milliseconds=ENOUGH_MS, **body):
        line = b"%d %s %s\n" % (milliseconds, word.encode(), canonical(body))
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def end(self):
        line = self.process.stdout.readline().decode()
        assert line, f"the client died: {self.process.wait()}"
        code, _, rest = line.partition(" ")
        told = json.loads(rest)
        if code != "ok":
            raise Refused(code, told)
        return told["said"]

    def __call__(self, word, milliseconds=ENOUGH_MS, **body):
        self.begin(word, milliseconds, **body)
        return self.end()

    def events(self, job):
        """Return all events of a job."""
        heard = []
        while not heard or "Finished" not in heard[-1]:
            event = self("event", job=job)
            assert event, "nothing happened for a long time"
            heard.append(event)
        return heard

    def close(self):
        self.process.stdin.close()
        if self.process.wait(10) != 0:
            raise AssertionError(f"the client ended with {self.process.returncode}")


@pytest.fixture
def client_of(probe):
    clients = []

    def start(connection):
        clients.append(Client(str(probe), str(connection)))
        return clients[-1]

    yield start
    for client in clients:
        client.process.kill()
        client.process.wait()
        client.process.stdin.close()
        client.process.stdout.close()


@pytest.fixture(scope="module")
def delivered(engine, plate, tools, tmp_path_factory):
    """A request, its job and take, and the frames that it delivered, by their number."""
    output = tmp_path_factory.mktemp("out")
    request = tools.request(plate, output, "1001-1002", restorer="passthrough")
    with engine.client() as client:
        accepted = client.submit(request)
        *events, _ = client.frames(accepted.job)
    return request, accepted, {event.frame: Path(event.path) for event in events}


def wanted(path):
    """Return a frame's pixels as interleaved RGBA floats."""
    channels = read_image(path).beauty.channels
    planes = [channels[name].astype(np.float32) for name in "RGB"]
    return np.stack([*planes, np.ones_like(planes[0])], axis=-1)


INTO = {"channels": list("RGBA"), "interleaved": True, "samples": "float", "slot": None}


def test_when_the_client_says_hello_then_it_learns_who_the_engine_is(engine, client_of):
    client = client_of(engine.path)
    welcome = client("hello")
    assert welcome["engine"] == engine.connection.engine
    names = [restorer["name"] for restorer in client("describe")["restorers"]]
    assert set(names) == set(welcome["restorers"])
    assert client("status")["engine"] == welcome["engine"]
    client.close()


def test_when_a_job_is_submitted_then_it_is_the_same_job_and_each_frame_is_told_once(
    engine, client_of, delivered
):
    request, accepted, paths = delivered
    client = client_of(engine.path)
    again = client("submit", **to_json(request))
    assert (again["job"], again["take"]) == (accepted.job, accepted.take)
    *frames, finished = [e for e in client.events(accepted.job) if "Analysed" not in e]
    assert [f["Progress"]["frame"] for f in frames] == sorted(paths)
    assert finished["Finished"]["delivered"] == 2
    with pytest.raises(Refused) as refused:
        client("event", job=accepted.job)
    assert refused.value.code == "request.job"
    assert client("cancel", job=accepted.job)["delivered"] == 2


def test_when_pixels_are_fetched_then_they_are_bit_for_bit_those_of_the_file(
    engine, client_of, delivered, tmp_path
):
    _, accepted, paths = delivered
    client = client_of(engine.path)
    to = tmp_path / "pixels"
    for _ in range(3):  # more pictures than the ring has slots
        for frame, path in paths.items():
            fetch = {"frame": frame, "into": INTO, "job": accepted.job}
            layout = client("fetch", fetch=fetch, to=str(to))
            assert layout["slot"] is not None
            assert to.read_bytes() == wanted(path).tobytes()
    client("fetch", fetch={"frame": 1001, "into": None, "job": accepted.job}, to=str(to))
    assert to.read_bytes() == paths[1001].read_bytes()


def test_when_frames_are_looked_up_then_no_job_is_needed(client_of, delivered, engine_of, tmp_path):
    _, accepted, paths = delivered
    other = engine_of()  # one that never heard of the job
    client = client_of(other.path)
    to = tmp_path / "pixels"
    slots = []
    for word in ("look-unshared", "look", "look", "look-unshared"):
        for frame, path in paths.items():
            look = {"frame": frame, "into": INTO, "take": accepted.take}
            looked = client(word, look=look, to=str(to))
            assert to.read_bytes() == wanted(path).tobytes()
            assert looked["status"] in {"restored", "no face"}
            slots.append(looked["pixels"]["slot"] is not None)
    assert slots == [False] * 2 + [True] * 4 + [False] * 2
    client("look", look={"frame": 1002, "take": accepted.take}, to=str(to))
    assert to.read_bytes() == paths[1002].read_bytes()
    for change, code in (
        ({"frame": 1003}, "frame.missing"),
        ({"take": "/nowhere/p.take"}, "frame.missing"),
        ({"take": "relative"}, "request.path"),
        ({"into": {**INTO, "channels": ["Z"]}}, "request.settings"),
    ):
        with pytest.raises(Refused) as refused:
            client("look", look={"frame": 1001, "take": accepted.take, **change}, to=str(to))
        assert refused.value.code == code
    assert client("look", look={"frame": 1001, "into": INTO, "take": accepted.take}, to=str(to))


def test_when_the_engine_is_killed_then_the_client_finds_the_next_by_itself(
    engine_of, client_of, delivered, tmp_path
):
    _, accepted, paths = delivered
    engine = engine_of()
    client = client_of(engine.path)
    to, look = tmp_path / "pixels", {"frame": 1001, "into": INTO, "take": accepted.take}
    for _ in range(3):
        assert client("look", look=look, to=str(to))
    engine.kill()
    with pytest.raises(Refused) as refused:
        client("look", look=look, to=str(to))
    assert refused.value.code == "engine"
    engine.start()
    for _ in range(3):
        to.unlink()
        assert client("look", look=look, to=str(to))
        assert to.read_bytes() == wanted(paths[1001]).tobytes()
    assert client("status")["engine"] == engine.connection.engine


def test_when_a_running_engine_is_replaced_then_a_job_goes_on(
    engine_of, client_of, long_plate, tools, tmp_path
):
    engine = engine_of()
    client = client_of(engine.path)
    request = tools.request(long_plate, tmp_path / "out", "1001-1024", restorer="passthrough")
    job = client("submit", **to_json(request))["job"]
    event = {}
    while "Progress" not in event:
        event = client("event", job=job)
    engine.kill()
    engine.start()
    frames = [event["Progress"]["frame"]]
    while event is None or "Finished" not in event:
        event = client("event", job=job)
        if event and "Progress" in event:
            frames.append(event["Progress"]["frame"])
    assert sorted(frames) == list(range(1001, 1025))


def test_when_the_engine_is_stopped_then_deadline_and_host_end_the_wait(
    engine_of, client_of, delivered, tmp_path
):
    _, accepted, paths = delivered
    engine = engine_of()
    client = client_of(engine.path)
    to, look = tmp_path / "pixels", {"frame": 1001, "into": INTO, "take": accepted.take}
    for _ in range(2):
        assert client("look", look=look, to=str(to))
    engine.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(Refused) as refused:
            client("look", 300, look=look, to=str(to))
        assert refused.value.code == "engine.deadline"
        assert refused.value.asked >= 300 / 50 - 1
        with pytest.raises(Refused) as refused:
            client("look", look=look, to=str(to), abort=3)
        assert (refused.value.code, refused.value.asked) == ("aborted", 3)
    finally:
        engine.process.send_signal(signal.SIGCONT)
    to.unlink()
    assert client("look", look=look, to=str(to))
    assert to.read_bytes() == wanted(paths[1001]).tobytes()


def test_when_the_engine_listens_on_ipc_then_the_client_reaches_it(
    engine_of, client_of, delivered, tmp_path
):
    _, accepted, paths = delivered
    engine = engine_of("--address", f"ipc:///tmp/faceplate-ofx-{os.getpid()}")
    client = client_of(engine.path)
    to, look = tmp_path / "pixels", {"frame": 1001, "into": INTO, "take": accepted.take}
    for word in ("look", "look-unshared"):
        assert client(word, look=look, to=str(to))
        assert to.read_bytes() == wanted(paths[1001]).tobytes()
    engine.kill()
    engine.start()  # at the same address, with another key
    assert client("look", look=look, to=str(to))
    assert client("status")["engine"] == engine.connection.engine


def test_when_a_file_is_left_then_it_lies_on_its_shelf(engine_of, client_of, tmp_path):
    spool, shelf = tmp_path / "spool", "5e" * 16
    engine = engine_of("--spool", spool)
    client = client_of(engine.path)
    path = Path(client("deposit", shelf=shelf, name="a.exr", data="whole"))
    assert path.read_text("utf-8") == "whole"
    assert client("deposit", shelf=shelf, name="a.exr", data="whole") == str(path)
    client("discard", shelf=shelf)
    assert not path.exists()


def _frame(flags, size):
    return bytes([flags | 2]) + struct.pack(">Q", size)


LIES = {
    "garbage": (b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100, "protocol.version"),
    "zeros": (bytes(4096), "protocol.version"),
    "silence": (b"", "engine.deadline"),
    "half a greeting": (HANDSHAKE[:40], "engine.deadline"),
    "oversized": (HANDSHAKE + _frame(0, 1 << 40), "protocol.oversized"),
    "announced": (HANDSHAKE + _frame(0, 400 << 20) + b"x" * 1000, "engine.deadline"),
    "truncated": (HANDSHAKE + b"\x01\x08FACEPL01\x00\x03ABC", "protocol.truncated"),
    "another version": (HANDSHAKE + b"\x01\x08FACEPL99\x00\x00", "protocol.version"),
    "no parts": (HANDSHAKE + b"\x00\x00", "protocol.version"),
    "flags": (HANDSHAKE + b"\xff\x00", "protocol.malformed"),
    "hanging up": (None, "engine"),
}


@pytest.mark.parametrize("lie", LIES)
def test_when_a_liar_answers_then_the_call_fails_and_the_client_lives(lie, client_of, tmp_path):
    said, code = LIES[lie]
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()
        thread = threading.Thread(target=_lie, args=(server, said, over))
        thread.start()
        connection = tmp_path / "connection.json"
        told = {
            "version": "FACEPL01",
            "address": f"tcp://127.0.0.1:{server.getsockname()[1]}",
            "key": "00" * 32,
            "engine": "e",
            "pid": 1,
        }
        connection.write_text(json.dumps(told), "utf-8")
        connection.chmod(0o600)
        try:
            client = client_of(connection)
            for _ in range(2):
                with pytest.raises(Refused) as refused:
                    client("status", 400)
                assert refused.value.code == code
            client.close()
        finally:
            over.set()
            thread.join()


def _lie(server, said, over):
    server.settimeout(0.02)
    held = []
    while not over.is_set():
        try:
            peer, _ = server.accept()
        except TimeoutError:
            continue
        if said is None:
            peer.close()
            continue
        held.append(peer)
        peer.sendall(said)
    for peer in held:
        peer.close()


def test_when_there_is_no_engine_then_the_client_says_so_at_once(probe, tmp_path):
    done = subprocess.run(
        [probe, tmp_path / "none.json"], capture_output=True, text=True, check=False, input=""
    )
    assert done.returncode == 1
    assert done.stdout.startswith("engine no engine runs here")
