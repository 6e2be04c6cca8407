import fcntl
import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import rings as module
from engine.rings import Ring, Rings, echo, slot_of
from plugin_host.errors import EngineBusy, SettingsError
from plugin_host.requests import MOST_RING_BYTES, MOST_SLOT_BYTES, Attach, Echo
from plugin_host.ring import Ring as Client

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sealed memory is Linux's")
ATTACH = Attach(1000, 2)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def rings():
    held = Rings()
    yield held
    held.sweep(lambda _: None)
    assert not held._of
    assert not held._closing


@pytest.fixture
def ring():
    made = Ring(ATTACH)
    yield made
    assert made.close()


def everybody(_session):
    return True


def test_when_a_client_attaches_then_both_see_what_the_other_writes(rings):
    client = Client(rings.attach("s", ATTACH), "s")
    slot = client.take()
    slot.memory[:5] = b"there"
    with rings.get("s").slot(slot.index) as memory:
        assert memory[:5] == b"there"
        memory[-4:] = b"back"
    assert slot.memory[-4:] == b"back"
    slot.release()
    client.close()


def test_when_a_client_would_resize_the_ring_then_the_system_refuses(ring):
    other = os.open(ring.attached().path, os.O_RDWR)
    for size in (0, ring.size - mmap.PAGESIZE, ring.size + mmap.PAGESIZE):
        with pytest.raises(PermissionError):
            os.ftruncate(other, size)
    with pytest.raises(PermissionError):
        fcntl.fcntl(other, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
    os.close(other)
    assert Path(ring.attached().path).stat().st_mode & 0o777 == 0o600


def test_when_slots_are_counted_then_they_are_whole_pages_that_are_there(ring):
    assert ring.slot_bytes == mmap.PAGESIZE
    assert Path(ring.attached().path).stat().st_blocks * 512 >= ring.size == 2 * mmap.PAGESIZE
    with pytest.raises(SettingsError, match="no slot 2"):
        ring.slot(2)


def test_when_two_sessions_attach_then_neither_sees_the_others_slots(rings):
    first, second = (Client(rings.attach(name, ATTACH), name) for name in "ab")
    first.take().memory[:6] = b"secret"
    assert bytes(second.take().memory[16:]) == bytes(second.slot_bytes - 16)
    assert rings.get("c") is None
    with pytest.raises(SettingsError, match="no ring"):
        slot_of(rings.get("c"), 0)
    first.close()
    second.close()


def test_when_a_session_attaches_again_then_the_former_ring_is_let_go(rings):
    former = rings.attach("s", ATTACH)
    client = Client(former, "s")
    slot = client.take()
    slot.memory[:5] = b"still"
    assert rings.attach("s", Attach(5000, 3)).path != former.path or rings.get("s").slots == 3
    assert slot.memory[:5] == b"still", "what is mapped stays"
    client.close()


def test_when_a_slot_is_being_written_then_its_ring_is_let_go_afterwards(rings):
    rings.attach("s", ATTACH)
    memory = rings.get("s").slot(0)
    rings.sweep(lambda _: None)
    assert rings.get("s") is None
    memory[:1] = b"x"
    memory.release()
    rings.sweep(everybody)
    assert not rings._closing


def test_when_a_client_is_killed_then_its_ring_is_let_go(rings):
    told = rings.attach("s", ATTACH)
    script = (
        "import sys, time\n"
        "from plugin_host.replies import Attached\n"
        "from plugin_host.ring import Ring\n"
        "path, size, slots, proof = sys.argv[1:]\n"
        "ring = Ring(Attached(path, int(size), int(slots), proof), 's')\n"
        "print('here', flush=True)\n"
        "time.sleep(60)\n"
    )
    words = [told.path, str(told.slot_bytes), str(told.slots), told.proof]
    with subprocess.Popen(
        [sys.executable, "-c", script, *words], stdout=subprocess.PIPE, cwd=ROOT
    ) as client:
        assert client.stdout.readline() == b"here\n"
        rings.sweep(everybody)
        assert rings.get("s") is not None
        client.kill()
    rings.sweep(everybody)
    assert rings.get("s") is None


def test_when_nobody_comes_for_a_ring_then_it_is_let_go(rings, monkeypatch):
    rings.attach("s", ATTACH)
    rings.sweep(everybody)
    assert rings.get("s") is not None
    monkeypatch.setattr(module, "ATTACH_S", -1.0)
    rings.sweep(everybody)
    assert rings.get("s") is None


def test_when_too_much_is_asked_for_then_it_is_refused_before_it_is_taken(rings, monkeypatch):
    with pytest.raises(SettingsError, match=str(MOST_RING_BYTES)):
        rings.attach("s", Attach(MOST_SLOT_BYTES, 3))
    monkeypatch.setattr(module, "MOST_BYTES", 3 * mmap.PAGESIZE)
    rings.attach("s", ATTACH)
    with pytest.raises(EngineBusy, match="rings hold"):
        rings.attach("t", Attach(mmap.PAGESIZE, 2))


def test_when_the_system_has_no_memory_then_the_engine_is_busy(rings, monkeypatch):
    def none_left(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", none_left)
    before = list(Path("/proc/self/fd").iterdir())
    with pytest.raises(EngineBusy, match="No space"):
        rings.attach("s", ATTACH)
    assert len(list(Path("/proc/self/fd").iterdir())) == len(before)


def test_when_the_client_is_elsewhere_then_there_is_no_ring(rings, monkeypatch):
    with pytest.raises(SettingsError, match="another machine"):
        rings.attach("s", ATTACH, is_local=False)
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SettingsError, match="no Linux"):
        rings.attach("s", ATTACH)


def test_when_a_slot_is_echoed_then_so_many_bytes_are_copied(ring):
    ring.slot(0)[:6] = b"abcdef"
    _, buffers = echo(Echo(0, 1, 4), (b"x",), ring)
    assert (bytes(ring.slot(1)[:6]), buffers) == (b"abcd\0\0", (b"x",))
    for request in (Echo(0, 2, 1), Echo(0, 1, mmap.PAGESIZE + 1)):
        with pytest.raises(SettingsError):
            echo(request, (), ring)
    with pytest.raises(SettingsError, match="no ring"):
        echo(Echo(0, 1, 4), (), None)
