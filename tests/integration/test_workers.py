"""An engine with two workers, on the CPU: two jobs at once, and what becomes of them."""

import contextlib
import os
import signal

import pytest

from engine.restorers import load_restorer
from engine.standing import lines_of
from plugin_host.protocol import job_id
from plugin_host.replies import Finished, Progress
from tests.engine.plates import Run


@pytest.fixture(scope="module")
def pair(tmp_path_factory, tools):
    """An engine whose two workers have loaded."""
    engine = tools.Engine(tmp_path_factory.mktemp("pair"), "--device", "cpu,cpu")
    with engine.client() as client:
        idle(client, tools)
    yield engine
    engine.end()


@pytest.fixture(scope="module")
def undisturbed(plate, tmp_path_factory, tools):
    """What the plate becomes in one job of one process."""
    output = tmp_path_factory.mktemp("undisturbed")
    Run(tools.request(plate, output, "1001-1024"), load_restorer("temporal-denoise"))
    return tools.delivered(output)


@contextlib.contextmanager
def stopped(pids):
    """Stop processes for the block."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def idle(client, tools):
    tools.wait_until(lambda: client.status().worker == "idle", "both workers have loaded")


def busy(client):
    """Return the jobs of the workers that are busy."""
    return [worker.job for worker in client.status().workers if worker.state == "busy"]


def test_when_two_jobs_of_one_take_run_at_once_and_a_worker_is_killed_then_nothing_is_lost(
    undisturbed, pair, plate, tmp_path, tools
):
    halves = [
        tools.request(plate, tmp_path / "out", frames, shot="1001-1024")
        for frames in ("1001-1012", "1013-1024")
    ]
    workers = tools.children(pair.pid)
    with pair.client() as one, pair.client() as other:
        with stopped(workers):
            jobs = [
                client.submit(half).job for client, half in zip((one, other), halves, strict=True)
            ]
            assert busy(one) == jobs
            shown = list(lines_of(one.status()))
        events = other.frames(jobs[1])
        heard = [next(events)]
        os.kill(workers[1], signal.SIGKILL)
        heard += events
        first = list(one.frames(jobs[0]))
        tools.wait_until(lambda: not tools.alive(workers[1]), "it dies")
        tools.wait_until(lambda: len(tools.children(pair.pid)) == 2, "it has a successor")
    assert "2 workers (busy)" in shown[0]
    assert [line.split()[:2] for line in shown[1:3]] == [["cpu", "busy"]] * 2
    for told, begin in ((first, 1001), (heard, 1013)):
        assert isinstance(told[-1], Finished)
        assert sorted(p.frame for p in told[:-1]) == list(range(begin, begin + 12))
        assert [p.done for p in told if isinstance(p, Progress)] == list(range(1, 13))
    assert tools.alive(workers[0]), "the other worker went on"
    assert tools.delivered(tmp_path / "out") == undisturbed


def test_when_an_urgent_job_comes_then_one_job_steps_aside_and_all_end(
    undisturbed, pair, plate, tmp_path, tools
):
    patient = [tools.request(plate, tmp_path / name, "1001-1024") for name in "ab"]
    urgent = tools.request(plate, tmp_path / "urgent", "1001", urgent=True)
    with pair.client() as client:
        idle(client, tools)
        with stopped(tools.children(pair.pid)):
            jobs = [client.submit(submit).job for submit in patient]
            client.submit(urgent)
            assert busy(client) == jobs
        ends = [list(client.frames(job))[-1] for job in (job_id(urgent), *jobs)]
        order = [job.job for job in client.status().jobs]
    assert [end.delivered for end in ends] == [1, 24, 24]
    assert order.index(job_id(urgent)) > order.index(jobs[1]), "it ended before who stepped aside"
    assert tools.delivered(tmp_path / "a") == tools.delivered(tmp_path / "b") == undisturbed


def test_when_the_engine_is_stopped_then_no_worker_is_left(pair, tools):
    workers = tools.children(pair.pid)
    with pair.client() as client:
        idle(client, tools)
        client.stop()
    assert pair.process.wait(tools.DEADLINE_S) == 0
    tools.wait_until(lambda: not any(map(tools.alive, workers)), "they end")
