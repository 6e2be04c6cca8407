from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine import jobs
from engine.jobs import (
    Asked,
    Interrupt,
    Joined,
    Left,
    Send,
    SpawnWorker,
    Start,
    WorkerEnded,
    WorkerReady,
    WorkerSaid,
)
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.replies import (
    Accepted,
    Analysed,
    Cancelled,
    Description,
    Failed,
    Finished,
    Progress,
)
from plugin_host.requests import Cancel, Credit, Describe, Settings, Shot, Submit

NOBODY = Description(())
MANY = 10**6


def submit(number=1, frames="1-5", **fields):
    plate = Plate.parse(f"/plates/{number}.%04d.exr", "raw")
    whole = FrameRange.parse("1-5")
    fields = {"output": "/out"} | fields
    return Submit(Shot(plate, whole), FrameRange.parse(frames), Settings("passthrough"), **fields)


def finished(job, count=5):
    return Finished(job, "/out/1.take", count, 0, {})


class Desk:
    """All jobs, and what was sent to whom."""

    def __init__(self, *, ready=True, credit=MANY):
        self.jobs = jobs.Jobs()
        self.sent = defaultdict(list)
        self.started = []
        self.other = []
        self.asked = 0
        self.do(Joined("ann", credit))
        self.do(Joined("bob", credit))
        if ready:
            self.do(WorkerReady(NOBODY))

    def do(self, event):
        out = self.jobs.handle(event)
        for instruction in out:
            match instruction:
                case Send(session, request, message):
                    self.sent[session].append((request, message))
                case Start(job, _):
                    self.started.append(job)
                case _:
                    self.other.append(instruction)
        return out

    def ask(self, message, session="ann"):
        self.asked += 1
        request = f"{self.asked:032x}"
        self.do(Asked(session, request, message))
        return [said for heard, said in self.sent[session] if heard == request]

    def submit(self, message, session="ann"):
        (first, *rest) = self.ask(message, session)
        assert isinstance(first, Accepted), first
        return first, rest

    def say(self, job, *frames, status="restored"):
        for frame in frames:
            path = f"/out/{frame}.exr"
            self.do(WorkerSaid(Progress(job, 0, 0, frame, status, path)))

    def heard(self, session="ann"):
        return [message for _, message in self.sent[session]]

    def frames(self, session="ann"):
        return [said.frame for said in self.heard(session) if isinstance(said, Progress)]


def test_when_a_job_runs_through_then_its_events_come_in_order():
    desk = Desk()
    accepted, _ = desk.submit(submit())
    assert accepted == Accepted(accepted.job, 5, "/out/1.take", attached=False)
    assert desk.started == [accepted.job]
    desk.say(accepted.job, 1, 2)
    desk.do(WorkerSaid(finished(accepted.job)))
    assert [(p.done, p.total, p.frame) for p in desk.heard()[1:3]] == [(1, 5, 1), (2, 5, 2)]
    assert desk.heard()[-1] == finished(accepted.job)
    assert {request for request, _ in desk.sent["ann"]} == {f"{1:032x}"}
    assert desk.jobs.idle
    assert desk.jobs.known[accepted.job].state == "finished"


def test_when_jobs_wait_then_they_start_one_by_one_in_the_order_they_came():
    desk = Desk()
    names = [desk.submit(submit(number))[0].job for number in (1, 2, 3)]
    assert desk.started == names[:1]
    for name in names:
        desk.do(WorkerSaid(finished(name)))
    assert desk.started == names


def test_when_the_worker_is_not_ready_then_a_job_waits_for_it():
    desk = Desk(ready=False)
    accepted, _ = desk.submit(submit())
    assert desk.started == []
    desk.do(WorkerReady(NOBODY))
    assert desk.started == [accepted.job]


def test_when_the_same_request_comes_again_then_it_is_the_same_job_and_all_is_told_again():
    desk = Desk()
    accepted, _ = desk.submit(submit())
    desk.say(accepted.job, 1, 2)
    again, replayed = desk.submit(submit(), "bob")
    assert again == Accepted(accepted.job, 5, "/out/1.take", attached=True)
    assert [progress.frame for progress in replayed] == [1, 2]
    desk.say(accepted.job, 3)
    assert desk.frames("ann") == desk.frames("bob") == [1, 2, 3]
    assert desk.started == [accepted.job]


def test_when_a_session_attaches_to_its_own_job_then_only_the_newer_request_hears_more():
    desk = Desk()
    accepted, _ = desk.submit(submit())
    desk.say(accepted.job, 1)
    desk.submit(submit())
    desk.say(accepted.job, 2)
    by_request = defaultdict(list)
    for request, message in desk.sent["ann"]:
        if isinstance(message, Progress):
            by_request[request].append(message.frame)
    assert sorted(by_request.values()) == [[1], [1, 2]]


@pytest.mark.parametrize("last", [finished, lambda job: Failed("restorer", "no", job)])
def test_when_an_ended_job_is_submitted_again_then_it_starts_anew(last):
    desk = Desk()
    accepted, _ = desk.submit(submit())
    desk.say(accepted.job, 1)
    desk.do(WorkerSaid(last(accepted.job)))
    again, replayed = desk.submit(submit())
    assert (again.job, again.attached, replayed) == (accepted.job, False, [])
    assert desk.started == [accepted.job] * 2
    assert desk.jobs.known[again.job].done == set()


def test_when_requests_differ_then_their_jobs_do():
    desk = Desk()
    requests = [submit(), submit(2), submit(frames="1-4"), submit(on_error="stop")]
    assert len({desk.submit(request)[0].job for request in requests}) == 4


def test_when_a_request_contradicts_itself_then_it_is_refused_and_nothing_waits():
    desk = Desk()
    (refused,) = desk.ask(submit(output="out"))
    assert (refused.code, refused.job) == ("request.output", None)
    assert desk.jobs.idle
    assert desk.jobs.known == {}


def test_when_too_many_jobs_wait_then_one_more_is_refused(monkeypatch):
    monkeypatch.setattr(jobs, "MOST_JOBS", 2)
    desk = Desk(ready=False)
    for number in (1, 2):
        desk.submit(submit(number))
    (refused,) = desk.ask(submit(3))
    assert refused.code == "engine.busy"
    assert desk.submit(submit(2))[0].attached


# cancelling


def test_when_a_job_is_submitted_while_it_is_being_cancelled_then_it_starts_again_after_that():
    desk = Desk()
    name = desk.submit(submit())[0].job
    desk.say(name, 1)
    desk.ask(Cancel(name))
    again, _ = desk.submit(submit(), "bob")
    assert not again.attached
    desk.do(WorkerSaid(Cancelled(name, 1)))
    assert desk.started == [name, name]
    desk.say(name, 1, 2, 3, 4, 5)
    desk.do(WorkerSaid(finished(name)))
    assert desk.frames("bob") == [1, 2, 3, 4, 5]
    assert desk.heard("bob")[-1] == finished(name)


def test_when_the_worker_cannot_start_then_who_asked_for_a_description_is_told():
    desk = Desk(ready=False)
    assert desk.ask(Describe()) == []
    for _ in range(jobs.MOST_FALSE_STARTS):
        desk.do(WorkerEnded("exit code 1"))
    assert [type(said) for said in desk.heard()] == [Failed]


def test_when_a_waiting_job_is_cancelled_then_it_ends_at_once():
    desk = Desk()
    first, _ = desk.submit(submit(1))
    second, _ = desk.submit(submit(2), "bob")
    assert desk.ask(Cancel(second.job)) == [Cancelled(second.job, 0)]
    assert desk.heard("bob")[-1] == Cancelled(second.job, 0)
    desk.do(WorkerSaid(finished(first.job)))
    assert desk.started == [first.job]


def test_when_the_running_job_is_cancelled_then_the_worker_is_told_and_has_the_last_word():
    desk = Desk()
    accepted, _ = desk.submit(submit(), "bob")
    desk.say(accepted.job, 1, 2)
    assert desk.ask(Cancel(accepted.job)) == [Cancelled(accepted.job, 2)]
    assert desk.other == [Interrupt(accepted.job)]
    assert desk.jobs.known[accepted.job].state == "running"
    desk.say(accepted.job, 3)
    desk.do(WorkerSaid(Cancelled(accepted.job, 3)))
    assert desk.heard("bob")[-1] == Cancelled(accepted.job, 3)
    assert desk.jobs.known[accepted.job].state == "cancelled"
    assert desk.frames("bob") == [1, 2, 3]


def test_when_an_unknown_job_is_cancelled_then_that_is_said():
    desk = Desk()
    (reply,) = desk.ask(Cancel("f" * 16))
    assert (reply.code, reply.job) == ("request.job", "f" * 16)
    assert "faceplate status" in reply.message


def test_when_an_ended_job_is_cancelled_then_it_stays_as_it_ended():
    desk = Desk()
    accepted, _ = desk.submit(submit())
    desk.do(WorkerSaid(finished(accepted.job)))
    desk.ask(Cancel(accepted.job))
    assert desk.jobs.known[accepted.job].state == "finished"
    assert desk.other == []


# credits


def test_when_credits_run_out_then_the_rest_waits_and_nothing_is_lost():
    desk = Desk(credit=2)
    accepted, _ = desk.submit(submit())
    desk.say(accepted.job, 1, 2, 3, 4)
    assert desk.frames() == [1, 2]
    desk.ask(Credit(1))
    assert desk.frames() == [1, 2, 3]
    desk.do(WorkerSaid(finished(accepted.job)))
    assert not isinstance(desk.heard()[-1], Finished)
    desk.ask(Credit(5))
    assert desk.frames() == [1, 2, 3, 4]
    assert desk.heard()[-1] == finished(accepted.job)


def test_when_one_client_has_no_room_then_the_other_still_hears():
    desk = Desk(credit=1)
    accepted, _ = desk.submit(submit())
    desk.submit(submit(), "bob")
    desk.ask(Credit(10), "bob")
    desk.say(accepted.job, 1, 2, 3)
    assert desk.frames("ann") == [1]
    assert desk.frames("bob") == [1, 2, 3]


def test_when_a_session_leaves_then_its_job_goes_on_and_another_may_attach():
    desk = Desk()
    accepted, _ = desk.submit(submit())
    desk.do(Left("ann"))
    desk.say(accepted.job, 1)
    assert desk.frames("ann") == []
    _, replayed = desk.submit(submit(), "bob")
    assert [progress.frame for progress in replayed] == [1]


# the worker


def test_when_the_shot_is_looked_through_then_only_those_hear_who_have_room_now():
    desk = Desk(credit=2)
    accepted, _ = desk.submit(submit())
    told = [Analysed(accepted.job, done, 5) for done in range(1, 6)]
    for message in told:
        desk.do(WorkerSaid(message))
    assert desk.heard()[1:] == told[:2]
    desk.ask(Credit(5))
    assert desk.heard()[1:] == told[:2]
    _, replayed = desk.submit(submit(), "bob")
    assert replayed == []
    desk.say(accepted.job, 1)
    assert desk.frames("bob") == [1]


def test_when_the_worker_dies_then_its_job_goes_on_first_and_no_frame_is_told_twice():
    desk = Desk()
    first, _ = desk.submit(submit(1))
    desk.submit(submit(2))
    desk.say(first.job, 1, 2)
    assert desk.do(WorkerEnded("killed by SIGKILL")) == [SpawnWorker()]
    assert desk.jobs.known[first.job].state == "queued"
    desk.do(WorkerReady(NOBODY))
    assert desk.started == [first.job] * 2
    desk.say(first.job, 1, 2, status="kept")
    desk.say(first.job, 3)
    assert desk.frames() == [1, 2, 3]
    assert [p.done for p in desk.heard() if isinstance(p, Progress)] == [1, 2, 3]


def die(desk):
    desk.do(WorkerEnded("killed by SIGSEGV"))
    desk.do(WorkerReady(NOBODY))


def test_when_the_worker_dies_three_times_at_one_place_then_the_job_fails_and_the_next_runs():
    desk = Desk()
    first, _ = desk.submit(submit(1))
    second, _ = desk.submit(submit(2), "bob")
    desk.say(first.job, 1)
    for _ in range(3):
        die(desk)
    last = desk.heard()[-1]
    assert (last.code, last.job) == ("restorer.worker_died", first.job)
    assert "killed by SIGSEGV" in last.message
    assert "1 frames are done and kept" in last.message
    assert desk.started == [first.job] * 3 + [second.job]


def test_when_a_frame_is_done_between_deaths_then_the_count_begins_anew():
    desk = Desk()
    accepted, _ = desk.submit(submit())
    for frame in range(1, 6):
        desk.say(accepted.job, frame)
        die(desk)
        die(desk)
    assert desk.jobs.known[accepted.job].state == "running"


def test_when_the_only_progress_is_old_then_the_count_goes_on():
    desk = Desk()
    accepted, _ = desk.submit(submit())
    desk.say(accepted.job, 1)
    for _ in range(3):
        die(desk)
        desk.say(accepted.job, 1, status="kept")
    assert desk.jobs.known[accepted.job].state == "failed"


def test_when_the_worker_dies_while_its_job_is_cancelled_then_the_job_is_cancelled():
    desk = Desk()
    accepted, _ = desk.submit(submit())
    desk.say(accepted.job, 1)
    desk.ask(Cancel(accepted.job))
    die(desk)
    assert desk.heard()[-1] == Cancelled(accepted.job, 1)
    assert desk.jobs.known[accepted.job].state == "cancelled"
    assert desk.started == [accepted.job]


def test_when_the_worker_does_not_start_then_waiting_jobs_fail_and_the_next_one_tries_again():
    desk = Desk(ready=False)
    accepted, _ = desk.submit(submit())
    for _ in range(2):
        assert desk.do(WorkerEnded("exit code 1")) == [SpawnWorker()]
    desk.do(WorkerEnded("exit code 1"))
    assert desk.jobs.worker == "broken"
    assert desk.heard()[-1].code == "restorer.worker_died"
    assert desk.jobs.known[accepted.job].state == "failed"
    desk.other.clear()
    desk.submit(submit(2))
    assert desk.other == [SpawnWorker()]
    desk.do(WorkerReady(NOBODY))
    assert len(desk.started) == 1


def test_when_a_start_succeeds_then_false_starts_are_forgotten():
    desk = Desk(ready=False)
    for _ in range(10):
        desk.do(WorkerEnded("exit code 1"))
        desk.do(WorkerEnded("exit code 1"))
        desk.do(WorkerReady(NOBODY))
        desk.do(WorkerEnded("killed by SIGKILL"))
    assert desk.jobs.worker == "starting"


def test_when_a_worker_speaks_of_another_job_then_it_is_not_believed():
    desk = Desk()
    accepted, _ = desk.submit(submit())
    desk.say("f" * 16, 1)
    desk.do(WorkerSaid(finished("f" * 16)))
    assert desk.jobs.known[accepted.job].state == "running"
    assert desk.frames() == []


def test_when_restorers_are_asked_for_before_they_are_known_then_the_answer_comes_later():
    desk = Desk(ready=False)
    assert desk.ask(Describe()) == []
    desk.do(WorkerReady(NOBODY))
    assert desk.heard() == [NOBODY]
    assert desk.ask(Describe(), "bob") == [NOBODY]


def test_when_many_jobs_have_ended_then_only_the_latest_are_remembered(monkeypatch):
    monkeypatch.setattr(jobs, "MOST_ENDED", 3)
    desk = Desk()
    names = []
    for number in range(10):
        accepted, _ = desk.submit(submit(number))
        desk.do(WorkerSaid(finished(accepted.job)))
        names.append(accepted.job)
    running, _ = desk.submit(submit(99))
    assert list(desk.jobs.known) == [*names[-3:], running.job]


def test_when_a_job_is_described_then_the_reply_says_how_it_stands():
    desk = Desk()
    accepted, _ = desk.submit(submit(frames="1-3"))
    desk.say(accepted.job, 1)
    told = desk.jobs.known[accepted.job].describe()
    assert (told.state, told.done, told.total, told.frames) == ("running", 1, 3, "1-3")
    assert (told.plate, told.output) == ("/plates/1.%04d.exr", "/out")


class Life(RuleBasedStateMachine):
    """Anything may happen in any order; no job and no event may get lost on the way."""

    def __init__(self):
        super().__init__()
        self.desk = Desk(ready=False, credit=3)
        self.present = {"ann", "bob"}
        self.credit = Counter(ann=3, bob=3)

    @property
    def running(self):
        job = self.desk.jobs._running
        return job.id if job else None

    @rule(number=st.integers(1, 4), session=st.sampled_from(["ann", "bob"]))
    def submit(self, number, session):
        if session in self.present:
            self.desk.submit(submit(number), session)

    @rule(number=st.integers(1, 5), session=st.sampled_from(["ann", "bob"]))
    def cancel(self, number, session):
        self.desk.ask(Cancel(jobs.job_id(submit(number))), session)

    @rule(amount=st.integers(1, 4), session=st.sampled_from(["ann", "bob"]))
    def top_up(self, amount, session):
        if session in self.present:
            self.credit[session] += amount
            self.desk.ask(Credit(amount), session)

    @rule(session=st.sampled_from(["ann", "bob"]))
    def leave_and_return(self, session):
        self.desk.do(Left(session))
        self.desk.do(Joined(session, 2))
        self.credit[session] = 2
        self.desk.sent[session].clear()

    @precondition(lambda self: self.desk.jobs.worker == "starting")
    @rule()
    def ready(self):
        self.desk.do(WorkerReady(NOBODY))

    @precondition(lambda self: self.desk.jobs.worker != "broken")
    @rule()
    def die(self):
        self.desk.do(WorkerEnded("killed by SIGKILL"))

    @precondition(lambda self: self.running)
    @rule(frame=st.integers(1, 5))
    def progress(self, frame):
        self.desk.say(self.running, frame)

    @precondition(lambda self: self.running)
    @rule(done=st.integers(1, 5))
    def look_through(self, done):
        self.desk.do(WorkerSaid(Analysed(self.running, done, 5)))

    @precondition(lambda self: self.running)
    @rule(end=st.sampled_from([finished, lambda job: Failed("restorer", "no", job)]))
    def end(self, end):
        self.desk.do(WorkerSaid(end(self.running)))

    @precondition(lambda self: self.running and self.desk.jobs._running.cancelling)
    @rule()
    def obey(self):
        self.desk.do(WorkerSaid(Cancelled(self.running, 0)))

    @invariant()
    def at_most_one_runs_and_none_waits_for_an_idle_worker(self):
        states = Counter(job.state for job in self.desk.jobs.known.values())
        running = self.desk.jobs._running
        # A job that is being cancelled may have been submitted again, and waits then.
        replaced = running is not None and running.cancelling and not states["running"]
        assert states["running"] + replaced == (self.desk.jobs.worker == "busy")
        assert states["queued"] == len(self.desk.jobs._queue)
        if self.desk.jobs.worker in {"idle", "broken"}:
            assert states["queued"] == 0

    @invariant()
    def every_watcher_heard_a_beginning_of_its_jobs_events(self):
        for job in self.desk.jobs.known.values():
            frames = [e.frame for e in job.events if isinstance(e, Progress)]
            assert len(set(frames)) == len(frames)
            ends = [e for e in job.events if isinstance(e, Finished | Failed | Cancelled)]
            assert len(ends) == (job.state not in {"queued", "running"})
            assert not ends or job.events[-1] is ends[0]
            for watcher in job.watchers:
                heard = [
                    said
                    for request, said in self.desk.sent[watcher.session]
                    if request == watcher.request and not isinstance(said, (Accepted, Analysed))
                ]
                assert heard == job.events[: watcher.heard]

    @invariant()
    def nobody_with_room_is_kept_waiting_and_nobody_without_is_flooded(self):
        for job in self.desk.jobs.known.values():
            for watcher in job.watchers:
                room = self.desk.jobs._credits[watcher.session]
                assert room >= 0
                assert watcher.heard == len(job.events) or room == 0

    def teardown(self):
        """Whatever has happened, a worker that lives brings every job to its end."""
        if self.desk.jobs.worker == "starting":
            self.desk.do(WorkerReady(NOBODY))
        for _ in range(10):
            if self.running:
                self.desk.do(WorkerSaid(finished(self.running)))
        assert self.desk.jobs.idle


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
