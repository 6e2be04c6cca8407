import fcntl
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.rings import Ring as Made
from plugin_host import ring as module
from plugin_host.errors import EngineBusy, EngineUnreachable, SettingsError
from plugin_host.requests import Attach
from plugin_host.ring import Ring

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sealed memory is Linux's")


@pytest.fixture
def made():
    ring = Made(Attach(4096, 2))
    yield ring
    assert ring.close()


@pytest.fixture
def ring(made):
    ring = Ring(made.attached(), "s")
    yield ring
    ring.close()


def test_when_slots_are_taken_and_released_then_each_is_one_owners(ring):
    first, second = ring.take(), ring.take()
    assert {first.index, second.index} == {0, 1}
    with pytest.raises(EngineBusy, match="release"):
        ring.take()
    first.release()
    first.release()
    with ring.take() as third:
        assert third.index == first.index
    with pytest.raises(ValueError, match="released"):
        first.memory[0]


def test_when_something_looks_at_a_slot_then_it_cannot_be_released(ring):
    slot = ring.take()
    array = np.frombuffer(slot.memory, np.float16)
    with pytest.raises(BufferError):
        slot.release()
    assert ring.take().index != slot.index
    del array
    slot.release()


def test_when_the_ring_is_closed_then_the_engine_sees_it_and_slots_stay(made, ring):
    slot = ring.take()
    assert not made.is_left()
    ring.close()
    ring.close()
    assert made.is_left()
    slot.memory[:1] = b"x"


def refused(attached, match):
    before = list(Path("/proc/self/fd").iterdir())
    with pytest.raises(SettingsError, match=match) as error:
        Ring(attached, "s")
    assert error.value.path == attached.path
    assert len(list(Path("/proc/self/fd").iterdir())) == len(before)


def test_when_the_path_leads_elsewhere_then_it_is_refused(made, tmp_path):
    told = made.attached()
    refused(replace(told, path=str(tmp_path / "nothing")), "No such file")
    refused(replace(told, path="/dev/zero"), "no file of this user")
    refused(replace(told, slots=3), "8192 bytes, not 12288")
    refused(replace(told, proof="00" * 16), "begin")
    (tmp_path / "file").write_bytes(bytes.fromhex(told.proof) + bytes(8192))
    refused(replace(told, path=str(tmp_path / "file")), "not sealed")


def test_when_the_memory_is_not_sealed_then_it_is_refused(made):
    other = os.memfd_create("other", os.MFD_ALLOW_SEALING)
    os.ftruncate(other, 8192)
    path = f"/proc/self/fd/{other}"
    refused(replace(made.attached(), path=path), "not sealed")
    fcntl.fcntl(other, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
    refused(replace(made.attached(), path=path), "not sealed")
    os.close(other)


def test_when_the_ring_stays_locked_then_the_wait_ends(made, monkeypatch):
    monkeypatch.setattr(module, "_LOCK_S", 0.0)
    holder = os.open(made.attached().path, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(EngineUnreachable, match="locked"):
        Ring(made.attached(), "s")
    os.close(holder)


def test_when_the_system_shares_no_memory_then_it_says_what_to_do(made, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SettingsError, match="EXR bytes"):
        Ring(made.attached(), "s")
