"""The worker from within, less its process: what it says of its device, and of what it declines."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import replace

import pytest

from engine import restorers, worker
from engine.devices import Memory, Seen
from engine.worker import Voice, Worker, look
from plugin_host.errors import SettingsError
from plugin_host.schema import to_json
from tests.engine.plates import request, write_plate
from tests.engine.probes import LINKS

GIB = 1 << 30
TWO = (Seen("L40S", 45 * GIB), Seen("T4", 15 * GIB))


@pytest.fixture
def seen(monkeypatch):
    def pretend(*devices):
        monkeypatch.setattr(worker, "seen_devices", lambda: devices)

    return pretend


@pytest.mark.parametrize(
    ("device", "devices", "told"),
    [
        ("auto", (), ("cpu", "CPU", 0, ())),
        ("auto", TWO, ("cuda:0", "L40S", 45 * GIB, ("cuda:1",))),
        ("auto", TWO[:1], ("cuda:0", "L40S", 45 * GIB, ())),
        ("cuda:1", TWO[1:], ("cuda:1", "T4", 15 * GIB, ())),
        ("cpu", TWO, ("cpu", "CPU", 0, ())),
    ],
)
def test_when_a_worker_looks_at_its_device_then_it_says_what_there_is(seen, device, devices, told):
    seen(*devices)
    ready = look(device)
    assert (ready.device, ready.kind, ready.memory, ready.others) == told


def test_when_its_device_is_not_there_then_a_worker_does_not_start(seen):
    seen()
    with pytest.raises(SettingsError, match=r"cuda:2 is not there.*CUDA_VISIBLE_DEVICES"):
        look("cuda:2")


@pytest.fixture
def carry_out(tmp_path, monkeypatch):
    """Lets a worker with so much device memory carry out one order; returns what it says."""
    info = replace(LINKS["chained"].info, name="frugal", vram=16 * GIB, vram_least=8 * GIB)
    probe = replace(LINKS["chained"], info=info)
    monkeypatch.setattr(restorers, "build_restorer", lambda _: probe)
    plate = write_plate(tmp_path / "plates", range(1001, 1003))
    submit = request(plate, tmp_path / "out", "1001-1002")

    def carry_out(free):
        out = io.BytesIO()
        made = Worker(Voice(out), 2, "cuda:1", memory=lambda _: Memory(free * GIB, 24 * GIB))
        made._device, made._called = "cuda:0", "cuda:1"
        made._carry_out({"restore": to_json(submit), "job": "0" * 16})
        return [json.loads(line) for line in out.getvalue().splitlines()]

    return carry_out


def test_when_the_device_has_no_room_then_the_job_is_declined_with_the_figures(carry_out):
    (said,) = carry_out(7)
    assert said["said"] == "Declined"
    assert said["body"] == {"job": "0" * 16, "has": "cuda:1 has 7.0 of 24.0 GiB free"}


def test_when_only_the_smallest_step_fits_then_the_job_ends_with_a_note(carry_out):
    finished = carry_out(9)[-1]
    assert finished["said"] == "Finished"
    assert "cuda:1 has 9.0 of 24.0 GiB free" in finished["body"]["notes"][0]


def test_when_all_of_it_fits_then_there_is_no_note(carry_out):
    assert carry_out(16)[-1]["body"]["notes"] == []


@pytest.fixture
def idle(monkeypatch):
    """A worker, and what is set once it loads beforehand what jobs need."""
    loaded = threading.Event()
    monkeypatch.setattr(worker, "load_beforehand", loaded.set)
    return Worker(Voice(io.BytesIO()), 2, "cpu"), loaded


def test_when_no_order_comes_then_what_jobs_need_is_loaded_and_the_next_is_taken(idle, monkeypatch):
    monkeypatch.setattr(worker, "_IDLE_S", 0.0)
    made, loaded = idle
    order = {"restore": {}, "job": "1"}
    threading.Thread(target=lambda: loaded.wait(60) and made._jobs.put(order)).start()
    assert made._next() == order


def test_when_an_order_waits_then_nothing_is_loaded_first(idle):
    made, loaded = idle
    made._jobs.put({"job": "1"})
    assert made._next() == {"job": "1"}
    assert not loaded.is_set()
