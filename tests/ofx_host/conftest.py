"""The plugin's bundle, a host that loads it, and engines to show frames of.

`FACEPLATE_OFX` names a bundle to test, as of a sanitizer's build; else one is built with CMake.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.integration.conftest import Engine, environment, request, write_plate
from tests.ofx_host.fake_engine import FakeEngine
from tests.ofx_host.host import Host, Image

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "ofx"
BINARY = "Contents/Linux-x86-64/Faceplate.ofx"
TAKE = "/takes/p.take"
PLATE_FRAMES = range(1001, 1009)


def built():
    """Return the bundle, built if it has to be; None without CMake."""
    if "FACEPLATE_OFX" in os.environ:
        return Path(os.environ["FACEPLATE_OFX"])
    if not shutil.which("cmake") or not shutil.which("c++"):
        return None
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        source = ["-S", str(ROOT / "ofx_bridge"), "-B", str(BUILD), "-DBUILD_TESTING=OFF"]
        for command in (["cmake", *source], ["cmake", "--build", str(BUILD)]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return BUILD / "Faceplate.ofx.bundle"


@pytest.fixture(scope="session")
def bundle():
    """The bundle's folder."""
    found = built()
    if found is None:
        pytest.skip("building the plugin needs cmake and a C++17 compiler")
    return found


@pytest.fixture(scope="session")
def binary(bundle):
    """The plugin's binary."""
    return bundle / BINARY


@pytest.fixture
def host():
    """A host; what the plugin did wrong fails the test."""
    made = Host()
    yield made
    assert made.wrongs == []


@pytest.fixture
def plugin(host, binary):
    """The plugin, loaded."""
    made = host.open(binary)
    assert made.load() == 0
    yield made
    if hasattr(made, "library"):
        made.unload()


@pytest.fixture
def fake(tmp_path):
    """An engine that shows what a test gives it."""
    made = FakeEngine(tmp_path)
    yield made
    made.end()


@pytest.fixture
def shown(plugin, fake):
    """Returns an effect that shows a take of the fake engine; parameters by name."""

    def make(**params):
        return plugin.create(**{"take": TAKE, "engine": str(fake.path), **params})

    return make


def plain():
    """Return the environment of an engine, which no sanitizer of the plugin's reaches."""
    return environment(LD_PRELOAD="")


def is_sanitized(binary):
    """Whether a binary is a sanitizer's build, which needs its runtime."""
    data = binary.read_bytes()
    return b"__asan_init" in data or b"__tsan_init" in data


def threads():
    """Return how many threads this process has."""
    return len(list(Path("/proc/self/task").iterdir()))


def descriptors():
    """Return how many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def noise(seed, height=9, width=13, channels=4):
    """Return float pixels, some of them negative, beyond 1, NaN, infinite and of either zero."""
    pixels = np.random.default_rng(seed).normal(0.5, 2, (height, width, channels)).astype("f4")
    flat = pixels.reshape(-1)
    flat[:6] = [np.nan, np.inf, -np.inf, -0.0, 65536.0, 1e-40]
    return pixels


def same_bits(one, other):
    """Whether two arrays are the same, bit for bit."""
    return (
        one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    )


def blank_like(image, **more):
    """Return an image of canaries of another's size and type."""
    how = {"depth": image.depth, "components": image.components, "origin": image.bounds[:2], **more}
    return Image.blank(image.width, image.height, **how)


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    """A real engine, which keeps files of clients."""
    folder = tmp_path_factory.mktemp("engine")
    made = Engine(folder, "--spool", str(folder / "spool"), env=plain())
    yield made
    made.end()


@pytest.fixture(scope="session")
def restored(engine, tmp_path_factory):
    """A take of the real engine: its folder, and its frames' paths by number."""
    folder = tmp_path_factory.mktemp("shot")
    pattern = write_plate(folder / "plate", PLATE_FRAMES)
    asked = request(pattern, folder / "out", "1001-1008", layers=("beauty", "matte"))
    with engine.client() as client:
        job = client.submit(asked)
        events = list(client.frames(job.job))
    paths = {event.frame: event.path for event in events if hasattr(event, "frame")}
    return job, paths
