from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np
import pytest
import torch

from engine.frugal import Frugal, Step, restore_within_memory
from engine.restorer import Clip, Restored
from engine.restorers import TABLE, OnDevice, build_restorer
from plugin_host.errors import RestorerFailed
from tests.engine.plates import Run, delivered, manifest, request, write_plate
from tests.engine.probes import LINKS

INFO = LINKS["chained"].info
FULL = torch.OutOfMemoryError("CUDA out of memory. Tried 9 GiB\nlong story")
STEPS = ["decodes 4 frames at a time", "restores one crop at a time"]


@dataclass
class Hungry:
    """Runs out of memory in clips of some frames until it has stepped down as often."""

    needs: int = 2
    taken: int = 0
    error: Exception = FULL
    info = INFO

    def restore(self, clip, reference):
        if clip.frames[0] > 1002 and self.taken < self.needs:
            raise self.error
        return LINKS["chained"].restore(clip, reference)

    def step_down(self):
        if self.taken == len(STEPS):
            return None
        return Step(STEPS[self.taken], replace(self, taken=self.taken + 1))


CLIP = Clip(np.zeros((2, 3, 8, 8), np.float32), np.ones((2, 8, 8), np.float32), (1003, 1004), 1)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("full"), MemoryError()])
def test_when_memory_runs_out_then_smaller_steps_are_taken_and_told(error):
    told = []
    hungry = Hungry(error=error)
    restored, after = restore_within_memory(hungry, CLIP, INFO.begin(1, 0), told.append)
    assert isinstance(restored, Restored)
    assert (after.taken, hungry.taken) == (2, 0)
    assert told == [f"out of memory at frame 1003: from there on, chained {step}" for step in STEPS]


def test_when_memory_runs_out_at_the_smallest_step_then_the_error_says_what_would_help():
    with pytest.raises(RestorerFailed, match=r"smallest step.*2 crops of 8x8.*--device cpu"):
        restore_within_memory(Hungry(needs=3), CLIP, INFO.begin(1, 0), print)


def test_when_a_restorer_knows_no_smaller_step_then_it_fails():
    class Greedy:
        info = INFO

        def restore(self, *_):
            raise torch.OutOfMemoryError("full")

    with pytest.raises(RestorerFailed, match="full"):
        restore_within_memory(Greedy(), CLIP, INFO.begin(1, 0), print)


def test_when_another_error_is_raised_then_it_is_not_taken_for_want_of_memory():
    with pytest.raises(ZeroDivisionError):
        restore_within_memory(Hungry(error=ZeroDivisionError()), CLIP, INFO.begin(1, 0), print)


def test_when_torch_is_only_half_loaded_by_another_thread_then_an_error_stays_what_it_is(
    tmp_path, monkeypatch
):
    slow = "import time; time.sleep(0.2)\nclass OutOfMemoryError(RuntimeError): ..."
    (tmp_path / "torch.py").write_text(slow, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch")
    loading = threading.Thread(target=import_module, args=("torch",))
    loading.start()
    while "torch" not in sys.modules:
        pass
    with pytest.raises(RuntimeError, match="something else"):
        restore_within_memory(
            Hungry(error=RuntimeError("something else")), CLIP, INFO.begin(1, 0), print
        )
    loading.join()


def test_when_memory_runs_out_in_a_shot_then_it_ends_with_the_same_frames_and_a_note(tmp_path):
    plate = write_plate(tmp_path / "plates", range(1001, 1009))
    here, there = tmp_path / "here", tmp_path / "there"
    Run(request(plate, here, "1001-1008"), Hungry())
    Run(request(plate, there, "1001-1008"), LINKS["chained"])
    assert delivered(here) == delivered(there)
    notes = [note for note in manifest(here)["notes"] if note.startswith("out of memory")]
    assert len(notes) == 2


@pytest.mark.parametrize("name", TABLE)
def test_when_a_restorer_computes_on_a_device_then_it_can_do_with_less(name):
    restorer = build_restorer(name)
    if isinstance(restorer, OnDevice):
        assert isinstance(restorer, Frugal)
        restorer.to("cuda:0")
        step = restorer.step_down()
        assert step is not None
        assert step.restorer.info == restorer.info
