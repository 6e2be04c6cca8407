"""Tasks in real sessions: of programs that every system has, so that no engine is needed."""

import json
import threading

import pytest

from engine.farm import runner
from engine.farm.bundle import read_bundle
from engine.farm.runner import run_bundle
from engine.farm.slot import CANCELLED, Outcome, Slot


def step(name, script, *after):
    run = {"command": "sh", "args": ["-c", script]}
    needs = {"dependencies": [{"dependsOn": one} for one in after]} if after else {}
    return {"name": name, **needs, "script": {"actions": {"onRun": run}}}


@pytest.fixture
def bundle(tmp_path):
    """Return a job of the steps that are given; each step is a script of the shell."""

    def make(*steps):
        left = {"command": "touch", "args": [str(tmp_path / "left")]}
        engine = {"name": "Engine", "script": {"actions": {"onEnter": _TRUE, "onExit": left}}}
        template = {
            "specificationVersion": "jobtemplate-2023-09",
            "name": "j",
            "jobEnvironments": [engine],
            "steps": list(steps),
        }
        (tmp_path / "template.json").write_text(json.dumps(template))
        (tmp_path / "parameter_values.json").write_text('{"parameterValues": []}')
        return read_bundle(tmp_path)

    return make


_TRUE = {"command": "true"}


@pytest.fixture
def run(bundle, tmp_path):
    """Run one script in a slot; return how it ended and what it told of its progress."""

    def carry_out(script, *, cancelled=None):
        made, told = bundle(step("S", script)), []
        slot = Slot("slot1", made, {}, tmp_path)

        def heard(percent):
            told.append(percent)
            if percent == cancelled:
                slot.cancel()

        try:
            return slot.run(made.steps[0].tasks[0], heard), told
        finally:
            slot.dispose()

    return carry_out


def test_when_a_task_ends_well_then_its_progress_was_heard(run, tmp_path):
    outcome, told = run("echo openjd_progress: 30; echo openjd_progress: 100")
    assert (outcome, told[:1], told[-1:]) == (Outcome(0), [30], [100])
    assert "openjd_progress: 30" in (tmp_path / "slot1.log").read_text()
    assert (tmp_path / "left").exists()


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ("echo openjd_status: at work; echo openjd_fail: no disk; exit 3", Outcome(3, "no disk")),
        ("echo openjd_status: at work; kill -9 $$", Outcome(-9, "ended by signal 9")),
        ("exit 7", Outcome(7, "it gave no reason")),
    ],
)
def test_when_a_task_fails_then_its_code_and_why_are_told_and_the_session_is_left(
    run, tmp_path, script, outcome
):
    assert run(script)[0] == outcome
    assert (tmp_path / "left").exists()


def test_when_a_running_task_is_cancelled_then_it_is_stopped_and_the_session_left(run, tmp_path):
    outcome, told = run("echo openjd_progress: 1; exec sleep 600", cancelled=1)
    assert (outcome, set(told)) == (CANCELLED, {1})
    assert (tmp_path / "left").exists()


def run_job(bundle, tmp_path, *, retries=0):
    return run_bundle(bundle, tmp_path / "logs", slots=2, retries=retries, dialect="openjd")


def test_when_a_task_fails_then_the_others_go_on_and_the_code_is_its(bundle, tmp_path, capsys):
    made = bundle(step("A", "exit 4"), step("B", f"touch {tmp_path}/b"), step("C", "true", "A"))
    assert run_job(made, tmp_path) == 4
    assert (tmp_path / "b").exists()
    said = capsys.readouterr().out
    assert "A: failed: it gave no reason (exit code 4; " in said
    assert "openjd_fail: failed: A; not run: C\n" in said


def test_when_a_task_fails_once_then_it_is_run_again_in_a_fresh_session(bundle, tmp_path, capsys):
    first = "echo openjd_progress: 60; exit 9"
    made = bundle(step("A", f"[ -e {tmp_path}/left ] || {{ {first}; }}; echo openjd_progress: 30"))
    assert run_job(made, tmp_path, retries=1) == 0
    said = capsys.readouterr().out
    assert "failed, and is run again: it gave no reason (exit code 9" in said
    told = [line for line in said.splitlines() if line.startswith("openjd_progress")]
    assert told == ["openjd_progress: 60", "openjd_progress: 100"], "it never goes back"


def test_when_the_run_is_cancelled_then_what_runs_is_stopped_and_nothing_more_begins(
    bundle, tmp_path, capsys, monkeypatch
):
    made = bundle(step("A", "echo openjd_progress: 1; exec sleep 600"), step("B", "true", "A"))
    runs = []

    class Run(runner._Run):
        def _heard(self, task, percent):
            super()._heard(task, percent)
            runs.append(threading.Thread(target=self._on_signal, args=(2, None)))
            runs[-1].start()

    monkeypatch.setattr(runner, "_Run", Run)
    assert run_job(made, tmp_path) == 4
    assert runs
    said = capsys.readouterr().out
    assert "A: cancelled\n" in said
    assert "B" not in said
    assert said.endswith("cancelled\n")
