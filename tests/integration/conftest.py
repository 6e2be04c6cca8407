"""Plates of a few tiny frames, and engines of one's own: real processes, real sockets, real files.

Rules of these tests:
    - An engine has its own connection file in a temporary folder, and is stopped whatever happens.
    - A wait has a generous deadline and ends as soon as it can; only the status test measures time.
"""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from skimage import data, transform

from engine.__main__ import main
from engine.frame_io.exr import encode_image
from engine.image import Box, Image, Part
from plugin_host.client import EngineClient
from plugin_host.connection import read_connection
from plugin_host.errors import EngineUnreachable
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.replies import Analysed
from plugin_host.requests import Settings, Shot, Submit

ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = [sys.executable, "-m", "engine"]
DEADLINE_S = 60.0


def environment(**more):
    """Return the environment of an engine that no setting of this machine reaches."""
    own = {n: v for n, v in os.environ.items() if not n.startswith(("FACEPLATE_", "OCIO"))}
    config = {"XDG_CONFIG_HOME": "/nonexistent", "HOME": "/nonexistent"}
    return {**own, **config, "OMP_WAIT_POLICY": "passive", "PYTHONPATH": str(ROOT), **more}


def wait_until(condition, what, deadline_s=DEADLINE_S):
    """Return what `condition` returns once that is true."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"not within {deadline_s:.0f} s: {what}")


def alive(pid):
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def children(pid):
    """Return the process ids of a process's living children."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return []
    return [int(child) for child in listed.split() if alive(int(child))]


def write_frame(path, frame, *, size=(64, 48), attributes=None, pixels=None):
    """Write one scene-linear EXR frame of half R, G, B, noise unless pixels are given."""
    width, height = size
    if pixels is None:
        pixels = np.random.default_rng(frame).uniform(0, 1, (height, width, 3))
    height, width = pixels.shape[:2]
    named = {"colorInteropID": "lin_rec709_scene"} if attributes is None else attributes
    channels = {
        name: np.ascontiguousarray(pixels[..., i], np.float16) for i, name in enumerate("RGB")
    }
    window = Box(0, 0, width - 1, height - 1)
    path.write_bytes(encode_image(Image((Part(channels, window, named),), window)))


def write_plate(folder, frames, **how):
    """Write a plate; return its pattern."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        write_frame(folder / f"p.{frame:04d}.exr", frame, **how)
    return str(folder / "p.%04d.exr")


def write_face_plate(folder, frames):
    """Write a plate with a real face that moves by a pixel a frame."""
    portrait = transform.resize(data.astronaut(), (256, 256), anti_aliasing=True)
    folder.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        linear = np.roll(portrait, frame - frames[0], axis=1) ** 2.2
        write_frame(folder / f"p.{frame:04d}.exr", frame, pixels=linear)
    return str(folder / "p.%04d.exr")


def request(pattern, output, frames, *, shot=None, on_error="skip", urgent=False, **settings):
    """Return a request for whole frames."""
    chosen = {"restorer": "temporal-denoise", "whole_frame": True, **settings}
    whole = Shot(Plate.parse(pattern), FrameRange.parse(shot or frames))
    asked = FrameRange.parse(frames)
    return Submit(whole, asked, Settings(**chosen), str(output), on_error, urgent)


def delivered(output):
    """Return the sha256 of each delivered frame's file, by name."""
    files = sorted(Path(output).glob("*_restored.*.exr"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def run(*arguments, deadline_s=DEADLINE_S, env=None, cwd=None):
    """Run the command line; return the finished process, its output as text."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=env or environment(),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=deadline_s,
        check=False,
    )


def listening(connection):
    """Return the content of a connection file, or None."""
    try:
        return read_connection(str(connection))
    except EngineUnreachable:
        return None


def start_python(script, *arguments):
    """Start a Python that runs a script; its output is to be read."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment())


class Client(EngineClient):
    """A client whose tests care for frames only."""

    def frames(self, job):
        """Yield the job's events less `Analysed`, which are told once and to who listens then."""
        return (event for event in self.events(job) if not isinstance(event, Analysed))


class Engine:
    """An engine process with a connection file of its own."""

    def __init__(self, folder, *arguments, env=None):
        self.path = folder / "connection.json"
        self.log = folder / "engine.log"
        self.arguments = arguments
        self.env = env or environment()
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self.said_before = log.tell()
            self.process = subprocess.Popen(
                [*COMMAND, "serve", "--connection", str(self.path), *self.arguments],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.pid = self.process.pid
        wait_until(self._up, f"the engine listens: {self.words()}")

    def _up(self):
        assert self.process.poll() is None, self.words()
        found = listening(self.path)
        # Said once the engine has read its file again, which a test may be about to spoil.
        told = b"serving at" in self.log.read_bytes()[self.said_before :]
        return told and found and found.pid == self.pid

    def words(self):
        return self.log.read_text("utf-8", "replace")

    @property
    def connection(self):
        return read_connection(str(self.path))

    def client(self, name="test", **how):
        return Client(self.connection, name, **{"deadline_s": DEADLINE_S, **how})

    def worker(self):
        """Return the worker's process id."""
        return wait_until(lambda: children(self.pid), "the engine has a worker")[0]

    def wait_ready(self):
        with self.client() as client:
            wait_until(lambda: client.status().ready, "the worker has loaded")
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        if self.process.poll() is None:
            self.kill()


@pytest.fixture
def engine_of(tmp_path):
    """Starts engines for one test; the first argument is the folder of the connection file."""
    engines = []

    def start(*arguments, folder=None, env=None):
        engines.append(Engine(folder or tmp_path, *arguments, env=env))
        return engines[-1]

    yield start
    for engine in engines:
        engine.end()


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """An engine for tests that leave it as it was."""
    shared = Engine(tmp_path_factory.mktemp("engine"))
    yield shared
    shared.end()


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs one command here, and leaves this process's own signal handlers as they were."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    for name in [n for n in os.environ if n.startswith(("FACEPLATE_", "OCIO"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FACEPLATE_CONFIG", os.devnull)

    def run(*arguments):
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:  # argparse does not return
            code = ended.code
        return SimpleNamespace(returncode=code, **capsys.readouterr()._asdict())

    return run


@pytest.fixture(scope="session")
def plate(tmp_path_factory):
    """24 frames of 64 x 48: three windows."""
    return write_plate(tmp_path_factory.mktemp("plate"), range(1001, 1025))


@pytest.fixture(scope="session")
def long_plate(tmp_path_factory):
    """64 frames of 240 x 176: long enough to be met while it is restored."""
    return write_plate(tmp_path_factory.mktemp("long"), range(1001, 1065), size=(240, 176))


@pytest.fixture(scope="session")
def tools():
    """What tests of this folder share."""
    return SimpleNamespace(
        COMMAND=COMMAND,
        DEADLINE_S=DEADLINE_S,
        Engine=Engine,
        ROOT=ROOT,
        alive=alive,
        children=children,
        delivered=delivered,
        environment=environment,
        listening=listening,
        request=request,
        run=run,
        start_python=start_python,
        wait_until=wait_until,
        write_face_plate=write_face_plate,
        write_frame=write_frame,
        write_plate=write_plate,
    )
