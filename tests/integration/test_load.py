"""Many clients and many jobs at once: whose turn it is, and that nobody loses anything."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from plugin_host import client as client_module
from plugin_host.protocol import job_id
from plugin_host.replies import Fetched, Finished, Progress
from plugin_host.requests import Fetch

CLIENTS = 64
GREAT = 40  # jobs of one of them; the others have one each


@contextmanager
def stopped(pid):
    """A process that does nothing for a while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def ended(client):
    """Return the names of the jobs that have ended, in that order."""
    jobs = client.status(most=1000).jobs
    return [job.job for job in reversed(jobs) if job.state == "finished"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory, tools):
    """Two frames of 32 x 24."""
    return tools.write_plate(tmp_path_factory.mktemp("tiny"), (1, 2), size=(32, 24))


def passthrough(tools, pattern, output, **how):
    return tools.request(pattern, output, "1-2", restorer="passthrough", **how)


def test_when_64_clients_have_jobs_then_they_take_turns_and_hear_all(
    engine_of, tiny, tmp_path, tools, monkeypatch
):
    monkeypatch.setattr(client_module, "CREDITS", 16)  # far fewer than there are events
    engine = engine_of().wait_ready()
    requests = [
        [
            passthrough(tools, tiny, tmp_path / f"{number}.{index}")
            for index in range(1 if number else GREAT)
        ]
        for number in range(CLIENTS)
    ]
    urgent = passthrough(tools, tiny, tmp_path / "urgent", urgent=True)
    clients = [engine.client(f"client {number}") for number in range(CLIENTS)]
    heard = {}

    def listen(number):
        for submit in reversed(requests[number]):
            heard[job_id(submit)] = list(clients[number].frames(job_id(submit)))

    with engine.client("asker") as asker, ThreadPoolExecutor(CLIENTS) as pool:
        with stopped(engine.worker()):
            for client, own in zip(clients, requests, strict=True):
                for submit in own:
                    client.submit(submit)
            asker.submit(urgent)
            assert asker.status(most=5).counts == {"running": 1, "queued": GREAT + CLIENTS - 1}
        list(pool.map(listen, range(CLIENTS)))
        list(asker.frames(job_id(urgent)))
        order = ended(asker)
    for client in clients:
        client.close()
    for own in requests:
        for submit in own:
            *progress, finished = heard[job_id(submit)]
            assert [(event.done, event.total) for event in progress] == [(1, 2), (2, 2)]
            assert sorted(event.frame for event in progress) == [1, 2]
            assert finished.delivered == 2
    assert len(order) == len(set(order)) == GREAT + CLIENTS
    assert order.index(job_id(urgent)) <= 1, "what ran when it came may have ended first"
    great = {job_id(submit) for submit in requests[0]}
    last_of_others = max(order.index(job_id(own[0])) for own in requests[1:])
    assert len(great.intersection(order[:last_of_others])) <= 2
    of_great = [job for job in order if job in great]
    assert of_great == [job_id(submit) for submit in requests[0]], "it keeps its own order"


def test_when_an_urgent_job_comes_then_a_running_one_steps_aside_and_loses_nothing(
    engine, long_plate, tiny, tmp_path, tools
):
    patient = tools.request(long_plate, tmp_path / "patient", "1001-1032")
    urgent = passthrough(tools, tiny, tmp_path / "urgent", urgent=True)
    with engine.client() as one, engine.client() as other:
        events = one.frames(one.submit(patient).job)
        heard = [next(events)]
        *_, finished = other.frames(other.submit(urgent).job)
        assert isinstance(finished, Finished)
        heard += events
        order = ended(one)
    assert order.index(job_id(urgent)) < order.index(job_id(patient))
    *progress, finished = heard
    assert [event.done for event in progress] == list(range(1, 33))
    assert sorted(event.frame for event in progress) == list(range(1001, 1033))
    assert {event.status for event in progress} == {"restored"}
    assert finished.delivered == len(tools.delivered(tmp_path / "patient")) == 32


def test_when_frames_are_asked_for_and_not_read_then_they_come_in_order_and_status_between(
    engine, long_plate, tmp_path, tools
):
    submit = tools.request(long_plate, tmp_path / "out", "1001-1004", restorer="passthrough")
    with engine.client() as client, engine.client() as other:
        job = client.submit(submit).job
        frames = [event.frame for event in client.frames(job) if isinstance(event, Progress)] * 8
        for frame in frames:
            client._send(Fetch(job, frame), tools.DEADLINE_S)
        assert other.status(most=0).jobs == ()
        over = client._dealer.connections
        replies = [client._receive(float("inf"), over) for _ in frames]
    assert all(isinstance(reply.message, Fetched) for reply in replies)
    assert [reply.message.frame for reply in replies] == frames
    files = {frame: next((tmp_path / "out").glob(f"*{frame}.exr")) for frame in frames}
    assert all(bytes(r.buffers[0]) == files[r.message.frame].read_bytes() for r in replies)


def test_when_jobs_wait_then_the_status_command_says_what_is_next(
    engine, tiny, tmp_path, tools, command
):
    def submit(name, *flags):
        words = ("--output", tmp_path / name, "--restorer", "passthrough", "--whole-frame")
        done = command("submit", tiny, *words, "--detach", "--connection", engine.path, *flags)
        assert done.returncode == 0, done.err
        return done.out.strip()

    engine.wait_ready()
    with stopped(engine.worker()):
        names = [submit("a"), submit("b"), submit("c", "--urgent")]
        shown = command("status", "--connection", engine.path).out.splitlines()
    assert "1 running" in shown[0]
    assert "2 queued" in shown[0]
    order = [names[0], names[2], names[1]]
    assert [line.split()[0] for line in shown[1:4]] == order
    assert [line.split()[1] for line in shown[1:4]] == ["running", "queued!", "queued"]
    with engine.client() as client:
        tools.wait_until(lambda: not client.status().counts.keys() & {"queued", "running"}, "done")
