from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine import devices
from engine.compute import found, pin
from engine.devices import Memory, Seen, devices_of, environment_of, memory_of, seen_devices
from plugin_host.errors import SettingsError

NAMES = {0: SimpleNamespace(name="NVIDIA L40S", total_memory=45 << 30)}
NAMES[1] = SimpleNamespace(name="Tesla T4", total_memory=15 << 30)


@pytest.fixture
def driver(monkeypatch):
    """Pretends that torch sees so many CUDA devices."""

    def pretend(count, *, there=True):
        monkeypatch.setattr(devices, "_has_driver", lambda: there)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "get_device_properties", NAMES.__getitem__)

    return pretend


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("auto", ("auto",)),
        ("cpu", ("cpu",)),
        ("cpu,cpu", ("cpu", "cpu")),
        ("cuda:3", ("cuda:3",)),
        ("cuda:0, cuda:10", ("cuda:0", "cuda:10")),
    ],
)
def test_when_devices_are_named_then_each_is_one_for_a_worker(text, names):
    assert devices_of(text) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "say auto, cpu or cuda:N"),
        ("gpu", "say auto, cpu or cuda:N"),
        ("cuda", "say auto, cpu or cuda:N"),
        ("cuda:01", "say auto, cpu or cuda:N"),
        ("auto,auto", "say auto, cpu or cuda:N"),
        ("cuda:0,", "say auto, cpu or cuda:N"),
        ("cuda:0,cuda:1,cuda:0", "each CUDA device once"),
        ("cuda:0,cpu", "give other bits"),
    ],
)
def test_when_devices_are_named_in_another_way_then_it_is_refused(text, message):
    with pytest.raises(SettingsError, match=message):
        devices_of(text)


@pytest.mark.parametrize(
    ("device", "before", "after"),
    [
        ("cuda:1", None, "1"),
        ("cuda:0", "2,3", "2"),
        ("cuda:1", "2, 3", "3"),
        ("cuda:1", "GPU-8932f937,GPU-d1b3c4", "GPU-d1b3c4"),
        ("cuda:2", "2,3", ""),
        ("cpu", "2,3", "2,3"),
        ("auto", "2,3", "2,3"),
        ("cpu", None, None),
    ],
)
def test_when_a_worker_has_a_device_then_it_sees_that_one_alone(device, before, after):
    environment = {"A": "b"} if before is None else {"A": "b", devices.VISIBLE: before}
    seen = environment_of(device, environment)
    assert seen.get(devices.VISIBLE) == after
    assert seen["A"] == "b"


@given(st.lists(st.integers(0, 15), min_size=1, max_size=16, unique=True))
def test_when_several_are_visible_then_the_workers_share_them(numbers):
    left = {devices.VISIBLE: ",".join(map(str, numbers))}
    seen = [environment_of(f"cuda:{n}", left)[devices.VISIBLE] for n in range(len(numbers))]
    assert list(map(int, seen)) == numbers


def test_when_torch_sees_devices_then_their_kinds_and_sizes_are_told(driver):
    driver(2)
    assert seen_devices() == (Seen("NVIDIA L40S", 45 << 30), Seen("Tesla T4", 15 << 30))


def test_when_torch_was_built_without_cuda_then_a_driver_is_of_no_use(driver):
    driver(0)
    assert seen_devices() == ()


def test_when_there_is_no_driver_then_torch_is_not_asked(driver):
    driver(2, there=False)
    assert seen_devices() == ()


def test_when_memory_is_asked_for_then_what_this_process_can_use_again_counts_as_free(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (3, 24))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 5)
    assert memory_of("cuda:0") == Memory(8, 24)


def test_when_a_process_restores_by_itself_then_it_has_the_first_device(driver, monkeypatch):
    driver(2)
    current = []
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    threads = torch.get_num_threads()
    assert pin(threads, "cuda:0,cuda:1") == "cuda:0"
    assert pin(threads, "auto") == "cuda:0"
    assert pin(threads, "cpu,cpu") == "cpu"
    assert current == []
    assert pin(threads, "cuda:1") == "cuda:1"
    assert current == ["cuda:1"], "libraries that name no device go there too"


def test_when_the_device_is_not_there_then_it_is_said_what_is(driver, monkeypatch):
    driver(1)
    monkeypatch.setenv(devices.VISIBLE, "3")
    with pytest.raises(SettingsError, match=r"'cuda:1' here; 1 CUDA devices are \(CUDA_VIS.*=3\)"):
        found("cuda:1")
