"""Which GPU a slot has."""

import pytest

from engine.devices import Seen
from engine.farm import runner
from engine.farm.runner import slot_environments
from plugin_host.errors import SettingsError


@pytest.fixture
def gpus(monkeypatch):
    def there_are(count):
        monkeypatch.setattr(runner, "seen_devices", lambda: (Seen("some", 1 << 34),) * count)

    return there_are


def visible(slots, *, needs_gpu=False, **environment):
    made = slot_environments(slots, needs_gpu=needs_gpu, environment=environment)
    return [one.get("CUDA_VISIBLE_DEVICES") for one in made]


def test_when_there_are_gpus_then_each_slot_has_its_own(gpus):
    gpus(2)
    assert visible(None, needs_gpu=True) == ["0", "1"]
    assert visible(2, CUDA_VISIBLE_DEVICES="3,5") == ["3", "5"], "what is set is respected"
    assert visible(3) == ["0", "1", "0"], "where none is needed, they take turns"


def test_when_there_is_no_gpu_then_slots_are_of_the_processor(gpus):
    gpus(0)
    assert visible(None) == [None]
    assert visible(2, CUDA_VISIBLE_DEVICES="") == ["", ""]


def test_when_more_slots_than_gpus_are_asked_for_then_a_job_that_needs_one_is_refused(gpus):
    gpus(1)
    with pytest.raises(SettingsError, match="2 slots and 1 GPUs"):
        visible(2, needs_gpu=True)


def test_when_a_slot_runs_then_the_program_of_this_installation_is_found_first(gpus):
    gpus(0)
    (made,) = slot_environments(1, needs_gpu=False, environment={"PATH": "/usr/bin"})
    assert made["PATH"].endswith(":/usr/bin")
