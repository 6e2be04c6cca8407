"""Frames as pixels through memory that a real engine shares, and bytes that come back."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from engine.frame_io.exr import read_image
from plugin_host.errors import (
    EngineBusy,
    EngineUnreachable,
    FrameMissing,
    PathRefused,
    SettingsError,
    UnknownJob,
)
from tests.pythons import old_python

linux = pytest.mark.skipif(sys.platform != "linux", reason="sealed memory is Linux's")


@pytest.fixture(scope="module")
def delivered(engine, plate, tools, tmp_path_factory):
    """A job of two delivered frames, and the images that lie on disk."""
    output = tmp_path_factory.mktemp("out")
    with engine.client() as client:
        job = client.submit(tools.request(plate, output, "1001-1002", restorer="passthrough")).job
        *events, _ = client.frames(job)
    return job, {event.frame: read_image(event.path) for event in events}


def rings_of(pid):
    """Return how many rings a process holds."""
    found = 0
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found += "faceplate-ring" in str(path.readlink())
    return found


@linux
def test_when_pixels_are_fetched_then_they_are_those_of_the_file(engine, delivered):
    job, images = delivered
    with engine.client() as client:
        held = [client.fetch_pixels(job, frame) for frame in images]
        for pixels, image in zip(held, images.values(), strict=True):
            part = image.beauty
            shape = (4, part.data_window.height, part.data_window.width)
            planes = np.frombuffer(pixels.memory, np.float16).reshape(shape)
            for index, name in enumerate("RGB"):
                np.testing.assert_array_equal(planes[index], part.channels[name])
                assert pixels.plane(name).tobytes() == part.channels[name].tobytes()
            assert (planes[3] == 1).all()
            del planes
            pixels.release()
        interleaved = client.fetch_pixels(
            job, 1001, channels="RGB", samples="float", interleaved=True
        )
        with interleaved as pixels:
            shape = (part.data_window.height, part.data_window.width, 3)
            pixels_of = np.frombuffer(pixels.memory, np.float32).reshape(shape)
            wanted = np.stack([images[1001].beauty.channels[name] for name in "RGB"], axis=-1)
            np.testing.assert_array_equal(pixels_of, wanted)
            del pixels_of
            with pytest.raises(ValueError, match="interleaved"):
                pixels.plane("R")


@linux
def test_when_every_slot_is_held_then_one_must_be_released_first(engine, delivered):
    job, _ = delivered
    with engine.client() as client:
        held = [client.fetch_pixels(job, 1001) for _ in range(3)]
        with pytest.raises(EngineBusy, match="release"):
            client.fetch_pixels(job, 1002)
        assert client.status(), "a refusal of our own asks nothing of the engine"
        for pixels in held:
            pixels.release()
        client.fetch_pixels(job, 1002).release()


@linux
def test_when_a_frame_is_refused_then_its_slot_is_free_again(engine, delivered):
    job, _ = delivered
    with engine.client() as client:
        client.fetch_pixels(job, 1001).release()
        for _ in range(5):
            with pytest.raises(FrameMissing):
                client.fetch_pixels(job, 1003)
            with pytest.raises(SettingsError, match="no channel Z"):
                client.fetch_pixels(job, 1001, channels=["Z"])
            with pytest.raises(UnknownJob):
                client.fetch_pixels("0" * 16, 1001)


@linux
def test_when_larger_pixels_are_fetched_then_the_ring_grows_and_held_ones_stay(engine, delivered):
    job, images = delivered
    with engine.client() as client, client.fetch_pixels(job, 1001, channels="R") as small:
        size = client._ring.slot_bytes
        with client.borrow(size + 1) as larger:
            larger.memory[:4] = b"here"
            with client.echo_slot(larger, size + 1) as back:
                assert bytes(back.memory[:4]) == b"here"
        assert small.memory.tobytes() == images[1001].beauty.channels["R"].tobytes()
        with pytest.raises(SettingsError, match="former ring"):
            client.echo_slot(small._slot, 1)


@linux
def test_when_the_session_is_forgotten_then_a_new_one_gets_a_ring_of_its_own(engine, delivered):
    job, _ = delivered
    with engine.client() as client:
        client.fetch_pixels(job, 1001).release()
        former = client._ring
        client.hello()
        client.fetch_pixels(job, 1001).release()
        assert client._ring is not former
        client._session = "f" * 32  # as if the engine had forgotten it
        client.fetch_pixels(job, 1001).release()


@linux
def test_when_clients_end_or_lose_interest_then_the_engine_holds_no_ring(engine, tools):
    tools.wait_until(lambda: rings_of(engine.pid) == 0, "rings of other tests are gone")
    with engine.client() as client:
        client.borrow(1)
        client.borrow(8192)  # another ring, in place of the first
        client.status()
        assert rings_of(engine.pid) == 2  # the file, and what is mapped of it
        script = (
            "import sys, time\n"
            "from plugin_host.client import EngineClient\n"
            "from plugin_host.connection import read_connection\n"
            "client = EngineClient(read_connection(sys.argv[1]))\n"
            "client.borrow(1)\n"
            "print('here', flush=True)\n"
            "time.sleep(60)\n"
        )
        other = tools.start_python(script, str(engine.path))
        assert other.stdout.readline() == b"here\n"
        assert rings_of(engine.pid) == 4
        time.sleep(1.2)  # the engine looks once a second whether they live
        other.send_signal(signal.SIGKILL)
        other.communicate()
    tools.wait_until(lambda: rings_of(engine.pid) == 0, "both rings are let go")


@linux
def test_when_the_engine_is_killed_then_pixels_stay_and_the_next_engine_has_none(
    engine_of, plate, tools, tmp_path
):
    engine = engine_of()
    request = tools.request(plate, tmp_path / "out", "1001", restorer="passthrough")
    with engine.client() as client:
        job = client.submit(request).job
        list(client.frames(job))
        pixels = client.fetch_pixels(job, 1001)
        before = pixels.memory.tobytes()
        engine.kill()
        client._deadline_s = client._dealer._connect_deadline_s = 1.0  # nobody is there in time
        with pytest.raises(EngineUnreachable):
            client.fetch_pixels(job, 1001)
        assert pixels.memory.tobytes() == before
        assert client._ring is None
        pixels.release()


def test_when_buffers_are_echoed_then_they_come_back_unchanged(engine):
    sent = [b"", b"x", os.urandom(100_000), bytes(range(256)) * 8192, bytearray(3_000_000)]
    with engine.client() as client:
        assert list(client.echo(*sent)) == sent
        assert client.echo() == ()
        first, second = client.echo(sent[3])[0], client.echo(sent[4])[0]
        assert bytes(first) == sent[3], "what is looked at is not written over"
        assert bytes(second) == sent[4]


@linux
@pytest.mark.parametrize("version", ["3.7", "3.9", "3.13"])
def test_when_the_host_has_another_python_then_memory_is_shared_with_it_too(engine, version):
    script = [old_python(version), "-I", "-W", "error", Path(__file__).with_name("old_client.py")]
    ran = subprocess.run(
        [*script, engine.path], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.stdout, ran.stderr) == ("ok\n", "")


@linux
def test_when_frames_are_looked_up_then_they_are_those_of_the_take_in_any_engine(
    engine_of, engine, delivered, tmp_path
):
    job, images = delivered
    with engine.client() as client:
        output = next(told.output for told in client.status().jobs if told.job == job)
    take = str(next(Path(output).glob("*.take")))
    with engine_of("--roots", output).client() as client:  # one that never heard of the job
        for along in (False, True, False):
            for frame, image in images.items():
                looked, pixels = client.look_pixels(take, frame, samples="float", along=along)
                with pixels:
                    assert (pixels.layout.slot is None) == along
                    for name in "RGB":
                        wanted = image.beauty.channels[name].astype(np.float32)
                        assert pixels.plane(name).tobytes() == wanted.tobytes()
                assert (looked.frame, looked.take) == (frame, take)
        looked, data = client.look(take, 1001)
        assert read_image(data).beauty.channels.keys() == images[1001].beauty.channels.keys()
        assert looked.status in {"restored", "no face"}
        with pytest.raises(FrameMissing):
            client.look(take, 1003)
        with pytest.raises(PathRefused, match="outside"):
            client.look(str(tmp_path / "p.take"), 1001)
