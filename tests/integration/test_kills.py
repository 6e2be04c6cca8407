"""Kills at any moment: no torn frame, no frame told twice, no orphan, and the same bytes."""

import os
import signal
import subprocess
import sys

import pytest

from plugin_host import launcher
from plugin_host.errors import EngineUnreachable, JobCancelled, WorkerDied
from plugin_host.launcher import find, find_or_start
from plugin_host.protocol import canonical
from plugin_host.replies import Finished
from plugin_host.schema import to_json

LEAVER = r"""
import sys, time
from plugin_host.client import EngineClient
from plugin_host.launcher import find
from plugin_host.protocol import read_json
from plugin_host.requests import Submit
from plugin_host.schema import Record
with open(sys.argv[2], "rb") as file:
    submit = Record(Submit).from_json(read_json(file.read(), "job"), "job")
with EngineClient(find(sys.argv[1]), "leaver") as client:
    for event in client.events(client.submit(submit).job):
        if hasattr(event, "frame"):
            print(event, flush=True)
            time.sleep(600)
"""


@pytest.fixture(scope="module")
def undisturbed(long_plate, tmp_path_factory, tools):
    """What the long plate's first 24 frames become when nobody kills anything."""
    output = tmp_path_factory.mktemp("undisturbed")
    how = ("--frames", "1001-1024", "--whole-frame", "--restorer", "temporal-denoise")
    done = tools.run("restore", long_plate, "--output", output, *how)
    assert done.returncode == 0, done.stderr
    return tools.delivered(output)


def is_gone(path):
    try:
        find(path)
    except EngineUnreachable:
        return True
    return False


def restarts(engine):
    """Return what finds the engine, and starts it on the same connection file where it is gone."""

    def again():
        try:
            return find(str(engine.path))
        except EngineUnreachable:
            engine.start()
            return find(str(engine.path))

    return again


@pytest.mark.slow
def test_when_the_worker_is_killed_again_and_again_then_the_job_ends_with_the_same_bytes(
    engine_of, long_plate, undisturbed, tmp_path, tools
):
    engine = engine_of().wait_ready()
    submit = tools.request(long_plate, tmp_path / "out", "1001-1024")
    heard, workers = [], set()
    with engine.client() as client:
        for event in client.frames(client.submit(submit).job):
            heard.append(event)
            if len(heard) in {1, 10, 18}:
                workers.add(engine.worker())
                os.kill(engine.worker(), signal.SIGKILL)
    assert isinstance(heard[-1], Finished)
    assert len(workers) == 3
    assert sorted(p.frame for p in heard[:-1]) == list(range(1001, 1025))
    assert [p.done for p in heard[:-1]] == list(range(1, 25))
    assert tools.delivered(tmp_path / "out") == undisturbed


@pytest.mark.slow
def test_when_the_worker_dies_three_times_at_one_place_then_the_job_fails_and_others_run(
    engine_of, plate, tmp_path, tools
):
    engine = engine_of().wait_ready()
    with engine.client() as client:
        # A pipe in place of the first frame: whoever opens it waits, so the worker is met there.
        os.mkfifo(tmp_path / "p.0001.exr")
        stuck = client.submit(tools.request(str(tmp_path / "p.%04d.exr"), tmp_path / "a", "1"))
        for _ in range(3):
            tools.wait_until(lambda: client.status().worker == "busy", "the job begins")
            os.kill(engine.worker(), signal.SIGKILL)
            tools.wait_until(lambda: client.status().worker != "busy", "the death is noticed")
        with pytest.raises(WorkerDied, match="3 times"):
            list(client.frames(stuck.job))
        job = client.submit(tools.request(plate, tmp_path / "b", "1001-1002")).job
        assert list(client.frames(job))[-1].delivered == 2


@pytest.mark.slow
def test_when_the_server_is_killed_then_no_worker_is_left_and_the_client_finishes_anew(
    engine_of, long_plate, undisturbed, tmp_path, tools
):
    engine = engine_of().wait_ready()
    submit = tools.request(long_plate, tmp_path / "out", "1001-1024")
    first, worker = engine.connection, engine.worker()
    heard = []
    with engine.client(again=restarts(engine)) as client:
        for event in client.frames(client.submit(submit).job):
            heard.append(event)
            if len(heard) == 5:
                engine.kill()
                tools.wait_until(lambda: not tools.alive(worker), "the worker ends")
        assert client.engine != first.engine
    assert isinstance(heard[-1], Finished)
    assert heard[-1].delivered == 24
    frames = [p.frame for p in heard[:-1]]
    assert sorted(frames) == list(range(1001, 1025)), "each frame is told once"
    assert tools.delivered(tmp_path / "out") == undisturbed


def test_when_the_server_is_killed_and_nobody_restarts_it_then_the_client_says_so(
    engine_of, long_plate, tmp_path, tools
):
    engine = engine_of()
    with engine.client() as client:
        job = client.submit(tools.request(long_plate, tmp_path / "out", "1001-1064")).job
        engine.kill()
        client._deadline_s = client._dealer._connect_deadline_s = 1.0  # nobody is there in time
        with pytest.raises(EngineUnreachable, match="no connection"):
            list(client.frames(job))
    with pytest.raises(EngineUnreachable, match="gone"):
        find(str(engine.path))


@pytest.mark.slow
def test_when_a_host_is_killed_with_its_engine_then_the_launcher_starts_another(
    engine_of, tmp_path, tools, monkeypatch
):
    """The engine is this process's own child: dead and not waited for, it keeps its number."""
    monkeypatch.setenv("FACEPLATE_ENGINE", " ".join(tools.COMMAND))
    monkeypatch.chdir(tools.ROOT)
    path = str(tmp_path / "own.json")
    first = find_or_start(path)
    os.kill(first.pid, signal.SIGKILL)
    tools.wait_until(lambda: is_gone(path), "the engine dies")
    second = find_or_start(path)
    try:
        assert second.engine != first.engine
    finally:
        os.kill(second.pid, signal.SIGTERM)
        for process in launcher._started:
            process.wait(tools.DEADLINE_S)
            process.stdin.close()
        launcher._started.clear()


def test_when_a_client_is_killed_then_its_job_goes_on(engine, long_plate, tmp_path, tools):
    output = tmp_path / "out"
    job = tmp_path / "job.json"
    submit = tools.request(long_plate, output, "1001-1016")
    job.write_bytes(canonical(to_json(submit)))
    with subprocess.Popen(
        [sys.executable, "-c", LEAVER, engine.path, job],
        env=tools.environment(),
        stdout=subprocess.PIPE,
    ) as leaver:
        assert leaver.stdout.readline().startswith(b"Progress")
        leaver.kill()
    tools.wait_until(lambda: len(tools.delivered(output)) == 16, "the job goes on")


def test_when_the_lease_lapses_without_a_client_then_the_engine_ends(engine_of, tools):
    engine = engine_of("--lease", "1")
    worker = engine.worker()
    assert engine.process.wait(tools.DEADLINE_S) == 0
    assert not engine.path.exists()
    assert not tools.alive(worker)


def test_when_a_job_outlasts_the_lease_then_the_engine_ends_only_after_it(
    engine_of, long_plate, tmp_path, tools
):
    engine = engine_of("--lease", "1").wait_ready()
    with engine.client() as client:
        job = client.submit(tools.request(long_plate, tmp_path / "out", "1001-1024")).job
        assert list(client.frames(job))[-1].delivered == 24
        assert client.fetch(job, 1001), "the lease begins anew when the job ends"
    assert engine.process.wait(tools.DEADLINE_S) == 0


def test_when_a_second_engine_is_started_on_the_same_file_then_it_is_refused(engine, tools):
    second = tools.run("serve", "--connection", engine.path)
    assert second.returncode == 3
    assert "runs already" in second.stderr
    assert "Traceback" not in second.stderr
    with engine.client() as client:
        assert client.status().engine == engine.connection.engine


def test_when_the_engine_gets_sigterm_then_jobs_are_cancelled_and_it_ends_well(
    engine_of, long_plate, tmp_path, tools
):
    engine = engine_of()
    with engine.client() as client:
        events = client.frames(
            client.submit(tools.request(long_plate, tmp_path / "out", "1001-1064")).job
        )
        next(events)
        engine.process.terminate()
        with pytest.raises(JobCancelled):
            list(events)
    assert engine.process.wait(tools.DEADLINE_S) == 0
    assert not engine.path.exists()
