from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from engine import admission, compute, restorers
from engine.admission import Room, refusal, room_on, total_words
from engine.devices import Memory
from engine.restorers import TABLE, build_restorer, load_restorer
from plugin_host.errors import SettingsError
from tests.engine.probes import LINKS

GIB = 1 << 30
LARGE = replace(LINKS["chained"].info, name="large", vram=16 * GIB)
FRUGAL = replace(LARGE, name="frugal", vram_least=8 * GIB)


def gib(free, total=24):
    return lambda _: Memory(free * GIB, total * GIB)


def no_memory(device):
    raise AssertionError(f"{device} was looked at")


@pytest.mark.parametrize("info", [LARGE, FRUGAL])
def test_when_all_of_it_fits_then_nothing_is_said(info):
    assert room_on("cuda:0", info, gib(16)) == Room(enough=True)


@pytest.mark.parametrize("name", TABLE)
def test_when_it_computes_on_the_cpu_then_there_is_room(name):
    assert room_on("cpu", build_restorer(name).info, no_memory).enough


def test_when_it_needs_no_accelerator_then_no_device_is_looked_at():
    assert room_on("cuda:0", LINKS["chained"].info, no_memory).enough


def test_when_only_its_smallest_step_fits_then_it_may_begin_and_that_is_said():
    room = room_on("cuda:0", FRUGAL, gib(8), called="cuda:3")
    assert room.enough
    assert room.note == (
        "frugal needs 16.0 GiB of device memory, 8.0 at its smallest step, and cuda:3 has 8.0 "
        "of 24.0 GiB free: where it runs out, smaller steps follow"
    )


@pytest.mark.parametrize(("info", "free"), [(LARGE, 15), (FRUGAL, 7)])
def test_when_it_does_not_fit_then_it_may_not_begin_and_the_figures_are_said(info, free):
    room = room_on("cuda:0", info, gib(free))
    assert (room.enough, room.note) == (False, "")
    said = refusal(info, [room.has, total_words("cuda:1", 4 * GIB)])
    assert f"cuda:0 has {free}.0 of 24.0 GiB free; cuda:1 has 4.0 GiB." in said.message
    assert "--device cpu" in said.message


def test_when_a_process_restores_by_itself_then_it_is_refused_before_weights_are_loaded(
    monkeypatch,
):
    class Probe:
        info = FRUGAL

        def to(self, device):
            raise AssertionError(device)

    monkeypatch.setattr(restorers, "build_restorer", lambda _: Probe())
    monkeypatch.setattr(compute, "found", lambda _: "cuda:0")
    monkeypatch.setattr(admission, "room_on", partial(room_on, memory=gib(4)))
    with pytest.raises(SettingsError, match=r"cuda:0 has 4\.0 of 24\.0 GiB free"):
        load_restorer("frugal", "auto")
