"""The corridor from the standard-library client to EXR files: jobs, events, ranges, credits."""

import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from plugin_host.errors import (
    EngineUnreachable,
    FrameMissing,
    JobCancelled,
    SettingsError,
    UnknownJob,
)
from plugin_host.protocol import Envelope, decode, encode, job_id, new_id
from plugin_host.replies import Accepted, Analysed, Finished, Progress, Welcome
from plugin_host.requests import Credit, Hello
from plugin_host.zmtp import Dealer
from tests.pythons import old_python

OLD_HOST = r"""
import sys
sys.path.insert(0, sys.argv[1])
from plugin_host.client import EngineClient
from plugin_host.errors import JobCancelled
from plugin_host.frame_range import FrameRange
from plugin_host.launcher import find
from plugin_host.plate import Plate
from plugin_host.replies import Analysed
from plugin_host.requests import Settings, Shot, Submit

connection, pattern, output, other = sys.argv[2:]
frames = FrameRange.parse("1001-1024")
settings = Settings("temporal-denoise", whole_frame=True)
with EngineClient(find(connection), "an old host") as client:
    assert client.hello().restorers
    assert "passthrough" in [r.name for r in client.describe().restorers]
    submit = Submit(Shot(Plate.parse(pattern), frames), frames, settings, output)
    job = client.submit(submit).job
    *progress, finished = (e for e in client.events(job) if not isinstance(e, Analysed))
    assert [p.done for p in progress] == list(range(1, 25)), progress
    assert finished.delivered == 24, finished
    with open(progress[3].path, "rb") as file:
        assert client.fetch(job, progress[3].frame) == file.read()
    assert [j.state for j in client.status().jobs if j.job == job] == ["finished"]
    submit = Submit(submit.shot, frames, Settings("passthrough", whole_frame=True), other)
    job = client.submit(submit).job
    client.cancel(job)
    try:
        list(client.events(job))
        print("finished before it was cancelled")
    except JobCancelled:
        print("cancelled")
"""


def restore(client, submit):
    """Return all progress and the final word of a request."""
    *progress, finished = client.frames(client.submit(submit).job)
    assert isinstance(finished, Finished)
    return progress, finished


def states(client):
    return {job.job: job.state for job in client.status().jobs}


def test_when_a_shot_is_restored_in_two_ranges_then_its_files_equal_one_run(
    engine, plate, tmp_path, tools
):
    with engine.client() as client:
        restore(client, tools.request(plate, tmp_path / "one", "1001-1024"))
        for frames in ("1001-1011", "1012-1024"):
            submit = tools.request(plate, tmp_path / "two", frames, shot="1001-1024")
            _, finished = restore(client, submit)
            assert not finished.errors
    assert len(tools.delivered(tmp_path / "one")) == 24
    assert tools.delivered(tmp_path / "two") == tools.delivered(tmp_path / "one")


def test_when_later_frames_are_asked_first_then_the_files_are_the_same(
    engine, plate, tmp_path, tools
):
    with engine.client() as client:
        restore(client, tools.request(plate, tmp_path / "one", "1001-1024"))
        for frames in ("1020-1024", "1001-1019x2", "1002-1019"):
            restore(client, tools.request(plate, tmp_path / "many", frames, shot="1001-1024"))
    assert tools.delivered(tmp_path / "many") == tools.delivered(tmp_path / "one")


@pytest.mark.slow
def test_when_a_real_face_is_restored_then_every_frame_says_restored(engine, tmp_path, tools):
    pattern = tools.write_face_plate(tmp_path / "face", range(1, 9))
    with engine.client() as client:
        submit = tools.request(pattern, tmp_path / "out", "1-8", whole_frame=False)
        progress, finished = restore(client, submit)
    assert {p.status for p in progress} == {"restored"}
    assert finished.faceless == 0
    assert len(tools.delivered(tmp_path / "out")) == 8


def test_when_a_shot_is_new_then_its_analysis_is_told_before_its_frames(
    engine, plate, tmp_path, tools
):
    submit = tools.request(plate, tmp_path / "out", "1001-1012")
    with engine.client() as client:
        *events, _ = client.events(client.submit(submit).job)
        again = list(client.events(client.submit(submit).job))
    analysed = [event for event in events if isinstance(event, Analysed)]
    assert events[: len(analysed)] == analysed
    assert [event.done for event in analysed] == list(range(1, 13))
    assert not any(isinstance(event, Analysed) for event in again)


def test_when_there_is_no_face_then_frames_are_delivered_and_it_is_said(
    engine, plate, tmp_path, tools
):
    with engine.client() as client:
        submit = tools.request(plate, tmp_path / "out", "1001-1003", whole_frame=False)
        progress, finished = restore(client, submit)
    assert {p.status for p in progress} == {"no face"}
    assert finished.faceless == 3
    assert any("no face" in note for note in finished.notes)


def test_when_a_host_has_python_3_7_then_the_client_works_there(engine, plate, tmp_path, tools):
    python = old_python("3.7")
    script = tmp_path / "old_host.py"
    script.write_text(OLD_HOST, "utf-8")
    arguments = [tools.ROOT, engine.path, plate, tmp_path / "out", tmp_path / "other"]
    done = subprocess.run(
        [python, "-W", "error", script, *arguments],
        capture_output=True,
        text=True,
        timeout=tools.DEADLINE_S,
        check=False,
        env=tools.environment(),
    )
    assert done.returncode == 0, done.stderr
    assert "cancelled" in done.stdout
    assert len(tools.delivered(tmp_path / "out")) == 24


def test_when_the_same_request_is_sent_twice_then_it_is_one_job_and_both_hear_all(
    engine, long_plate, tmp_path, tools
):
    submit = tools.request(long_plate, tmp_path / "out", "1001-1024")
    with engine.client("one") as one, engine.client("two") as two:
        first = one.submit(submit)
        assert not first.attached
        events = one.frames(first.job)
        heard = [next(events) for _ in range(3)]
        second = two.submit(submit)
        assert second == Accepted(first.job, first.total, first.take, attached=True)
        of_two = list(two.frames(second.job))
        of_one = [*heard, *events]
    assert of_one == of_two
    assert [event.done for event in of_one[:-1]] == list(range(1, 25))


def test_when_a_client_goes_away_then_the_job_goes_on_and_another_attaches(
    engine, long_plate, tmp_path, tools
):
    submit = tools.request(long_plate, tmp_path / "out", "1001-1024")
    with engine.client() as gone:
        next(gone.frames(gone.submit(submit).job))
    with engine.client() as back:
        progress, _ = restore(back, submit)
    assert sorted(p.frame for p in progress) == list(range(1001, 1025))
    assert {p.status for p in progress} == {"restored"}


def test_when_a_running_job_is_cancelled_then_its_frames_are_kept_and_it_can_go_on(
    engine, long_plate, tmp_path, tools
):
    submit = tools.request(long_plate, tmp_path / "out", "1001-1048")
    with engine.client() as client:
        job = client.submit(submit).job
        events = client.frames(job)
        before = [next(events) for _ in range(2)]
        assert client.cancel(job).job == job
        with pytest.raises(JobCancelled):
            before.extend(events)
        assert states(client)[job] == "cancelled"
        files = tools.delivered(tmp_path / "out")
        assert len(files) == len(before) < 48
        progress, finished = restore(client, submit)
    kept = {p.frame for p in progress if p.status == "kept"}
    assert kept == {p.frame for p in before}
    assert finished.delivered == 48
    assert files.items() <= tools.delivered(tmp_path / "out").items()


def test_when_jobs_wait_then_they_run_in_order_and_a_waiting_one_can_be_cancelled(
    engine, plate, long_plate, tmp_path, tools
):
    with engine.client() as client:
        first, second, third = (
            client.submit(tools.request(pattern, tmp_path / name, frames)).job
            for name, pattern, frames in (
                ("a", long_plate, "1001-1032"),
                ("b", plate, "1001-1003"),
                ("c", plate, "1004-1006"),
            )
        )
        assert states(client)[second] == states(client)[third] == "queued"
        assert client.cancel(second).delivered == 0
        assert states(client)[second] == "cancelled"
        with pytest.raises(JobCancelled):
            list(client.frames(second))
        assert list(client.frames(third))[-1].delivered == 3
        assert states(client)[first] == "finished", "the queue keeps its order"
        assert list(client.frames(first))[-1].delivered == 32
    assert not tools.delivered(tmp_path / "b")


def test_when_a_job_that_has_ended_is_cancelled_then_it_is_told_so_again(
    engine, plate, tmp_path, tools
):
    submit = tools.request(plate, tmp_path / "out", "1001-1002")
    with engine.client() as client:
        restore(client, submit)
        assert client.cancel(job_id(submit)).delivered == 2
        with pytest.raises(UnknownJob, match="status"):
            client.cancel("0123456789abcdef")


def test_when_a_finished_request_is_sent_again_then_its_frames_are_kept(
    engine, plate, tmp_path, tools
):
    submit = tools.request(plate, tmp_path / "out", "1001-1004")
    with engine.client() as client:
        restore(client, submit)
        before = tools.delivered(tmp_path / "out")
        progress, finished = restore(client, submit)
    assert {p.status for p in progress} == {"kept"}
    assert finished.delivered == 4
    assert tools.delivered(tmp_path / "out") == before


def test_when_a_frame_is_fetched_then_it_is_the_files_bytes(engine, plate, tmp_path, tools):
    submit = tools.request(plate, tmp_path / "out", "1001-1002")
    with engine.client() as client:
        job = client.submit(submit).job
        *progress, _ = client.frames(job)
        for event in progress:
            assert client.fetch(job, event.frame) == Path(event.path).read_bytes()
        with pytest.raises(FrameMissing) as missing:
            client.fetch(job, 1003)
        assert missing.value.frame == 1003
        with pytest.raises(UnknownJob):
            client.fetch("0123456789abcdef", 1001)
        Path(progress[0].path).unlink()
        with pytest.raises(FrameMissing):
            client.fetch(job, progress[0].frame)


def test_when_events_of_an_unsubmitted_job_are_asked_then_it_says_so(engine):
    with engine.client() as client, pytest.raises(UnknownJob, match="submit"):
        next(client.frames("0123456789abcdef"))


def test_when_a_job_has_ended_then_its_events_are_not_waited_for_again(
    engine, plate, tmp_path, tools
):
    submit = tools.request(plate, tmp_path / "out", "1001")
    with engine.client() as client:
        restore(client, submit)
        with pytest.raises(UnknownJob):
            next(client.frames(job_id(submit)))


def test_when_two_jobs_are_submitted_then_their_events_do_not_mix(engine, plate, tmp_path, tools):
    with engine.client() as client:
        jobs = [
            client.submit(tools.request(plate, tmp_path / name, frames)).job
            for name, frames in (("a", "1001-1006"), ("b", "1007-1012"))
        ]
        for job, first in reversed(list(zip(jobs, (1001, 1007), strict=True))):
            *progress, finished = client.frames(job)
            assert finished.job == job
            assert sorted(p.frame for p in progress) == list(range(first, first + 6))


def test_when_the_session_is_opened_anew_then_its_jobs_are_heard_on(
    engine, long_plate, tmp_path, tools
):
    submit = tools.request(long_plate, tmp_path / "out", "1001-1016")
    with engine.client() as client:
        events = client.frames(client.submit(submit).job)
        heard = [next(events)]
        client.hello()
        heard += events
    assert sorted(e.frame for e in heard[:-1]) == list(range(1001, 1017))


def test_when_the_connection_breaks_then_the_client_hears_the_rest(
    engine, long_plate, tmp_path, tools
):
    submit = tools.request(long_plate, tmp_path / "out", "1001-1016")
    with engine.client() as client:
        events = client.frames(client.submit(submit).job)
        heard = [next(events)]
        client._dealer.close()
        heard += events
    assert sorted(e.frame for e in heard[:-1]) == list(range(1001, 1017))


def test_when_the_worker_restores_then_status_is_answered_at_once(
    engine, long_plate, tmp_path, tools
):
    with engine.client() as client:
        job = client.submit(tools.request(long_plate, tmp_path / "out", "1001-1064")).job
        next(client.frames(job))
        seconds = []
        for _ in range(20):
            begun = time.perf_counter()
            reported = client.status()
            seconds.append(time.perf_counter() - begun)
            assert reported.worker == "busy"
        client.cancel(job)
    assert statistics.median(seconds) < 0.05


def test_when_the_engine_has_just_started_then_describe_waits_and_requests_are_taken(
    engine_of, plate, tmp_path, tools
):
    engine = engine_of()
    with engine.client() as client:
        welcome = client.hello()
        assert not welcome.ready
        accepted = client.submit(tools.request(plate, tmp_path / "out", "1001-1002"))
        by_name = {restorer.name: restorer for restorer in client.describe().restorers}
        assert set(by_name) == set(welcome.restorers)
        assert [p.name for p in by_name["temporal-denoise"].parameters] == ["strength"]
        assert list(client.frames(accepted.job))[-1].delivered == 2
        assert client.status().ready


def test_when_the_engine_is_stopped_then_waiting_clients_are_told_and_nothing_is_left(
    engine_of, long_plate, tmp_path, tools
):
    engine = engine_of()
    submit = tools.request(long_plate, tmp_path / "out", "1001-1064")
    with engine.client() as watcher, engine.client() as stopper:
        events = watcher.frames(watcher.submit(submit).job)
        next(events)
        worker = engine.worker()
        stopper.stop()
        with pytest.raises(JobCancelled):
            list(events)
    assert engine.process.wait(tools.DEADLINE_S) == 0
    assert not engine.path.exists()
    assert not tools.alive(worker)


def test_when_a_request_cannot_be_carried_out_then_the_job_fails_with_its_reason(
    engine, plate, tmp_path, tools
):
    with engine.client() as client:
        for settings in ({"restorer": "nobody"}, {"parameters": {"strength": 101}}):
            submit = tools.request(plate, tmp_path / "out", "1001", **settings)
            job = client.submit(submit).job
            with pytest.raises(SettingsError, match=r"nobody|strength = 101"):
                list(client.frames(job))
            assert states(client)[job] == "failed"
        with pytest.raises(SettingsError, match="outside the shot"):
            client.submit(tools.request(plate, tmp_path / "out", "1001-1003", shot="1001-1002"))


def test_when_a_client_has_one_credit_then_it_still_hears_everything(
    engine, plate, tmp_path, tools
):
    connection = engine.connection
    submit = tools.request(plate, tmp_path / "out", "1001-1024")
    counter = iter(range(1, 1000))

    def say(dealer, message, session):
        envelope = Envelope(message, new_id(), session, next(counter))
        dealer.send(encode(envelope, connection.key), tools.DEADLINE_S)

    def hear(dealer, deadline_s=tools.DEADLINE_S):
        return decode(dealer.receive(deadline_s), connection.key).message

    with Dealer(connection.address) as dealer:
        say(dealer, Hello("one credit", 1), "")
        welcome = hear(dealer)
        assert isinstance(welcome, Welcome)
        say(dealer, submit, welcome.session)
        assert isinstance(hear(dealer), Accepted)
        events = [hear(dealer)]
        while isinstance(events[-1], Analysed):
            say(dealer, Credit(1), welcome.session)
            events[-1] = hear(dealer)
        with engine.client() as other:
            job = job_id(submit)
            tools.wait_until(lambda: states(other)[job] == "finished", "the job ends")
        with pytest.raises(EngineUnreachable):
            hear(dealer, 0.2)
        while not isinstance(events[-1], Finished):
            say(dealer, Credit(1), welcome.session)
            events.append(hear(dealer))
    assert all(isinstance(event, Progress) for event in events[:-1])
    assert [event.done for event in events[:-1]] == list(range(1, 25))


def test_when_many_clients_ask_at_once_then_each_is_answered(engine, tools):
    failures = []

    def ask():
        try:
            with engine.client() as client:
                for _ in range(10):
                    assert client.status().engine == engine.connection.engine
        except Exception as error:  # noqa: BLE001 - told on the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(tools.DEADLINE_S)
    assert not failures


@pytest.mark.skipif(sys.platform == "win32", reason="ipc is a Unix socket")
def test_when_the_engine_listens_on_ipc_then_it_serves_there(engine_of, plate, tmp_path, tools):
    address = f"ipc:///tmp/faceplate-{os.getpid()}"
    engine = engine_of("--address", address)
    with engine.client() as client:
        _, finished = restore(client, tools.request(plate, tmp_path / "out", "1001-1002"))
    assert finished.delivered == 2
    assert engine.connection.address == address
