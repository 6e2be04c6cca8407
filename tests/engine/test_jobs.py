from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine import jobs, past, posts, turns
from engine.job_events import (
    Dismiss,
    Interrupt,
    Joined,
    Left,
    SpawnWorker,
    WorkerEnded,
    WorkerReady,
    WorkerSaid,
)
from plugin_host.replies import (
    Accepted,
    Analysed,
    Cancelled,
    Failed,
    Finished,
    Progress,
)
from plugin_host.requests import Cancel, Credit, Describe
from tests.engine.desk import MANY, READY, Desk, finished, submit


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
    desk.do(WorkerReady(READY))
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
    assert desk.jobs.known[again.job].done == {}


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
    monkeypatch.setattr(turns, "MOST_JOBS", 2)
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
    for _ in range(posts.MOST_FALSE_STARTS):
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
    desk.do(WorkerReady(READY))
    assert desk.started == [first.job] * 2
    desk.say(first.job, 1, 2, status="kept")
    desk.say(first.job, 3)
    assert desk.frames() == [1, 2, 3]
    assert [p.done for p in desk.heard() if isinstance(p, Progress)] == [1, 2, 3]


def die(desk):
    desk.do(WorkerEnded("killed by SIGSEGV"))
    desk.do(WorkerReady(READY))


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
    assert desk.jobs.posts.state == "broken"
    assert desk.heard()[-1].code == "restorer.worker_died"
    assert desk.jobs.known[accepted.job].state == "failed"
    desk.other.clear()
    desk.submit(submit(2))
    assert desk.other == [SpawnWorker()]
    desk.do(WorkerReady(READY))
    assert len(desk.started) == 1


def test_when_a_start_succeeds_then_false_starts_are_forgotten():
    desk = Desk(ready=False)
    for _ in range(10):
        for _ in range(2):
            desk.do(WorkerEnded("exit code 1"))
            assert desk.jobs.posts.state == "starting"
        desk.do(WorkerReady(READY))
        desk.do(WorkerEnded("killed by SIGKILL"))


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
    desk.do(WorkerReady(READY))
    assert desk.heard() == [READY.description]
    assert desk.ask(Describe(), "bob") == [READY.description]


def test_when_many_jobs_have_ended_then_only_the_latest_are_remembered(monkeypatch):
    monkeypatch.setattr(past, "MOST_ENDED", 3)
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


# turns


def run_all(desk):
    """Let the worker finish one job after the other; return the order in which they ran."""
    while desk.running:
        desk.do(WorkerSaid(finished(desk.running.id)))
    return desk.started


def test_when_one_client_has_many_jobs_then_the_one_job_of_another_is_next():
    desk = Desk()
    of_ann = [desk.submit(submit(number))[0].job for number in range(100)]
    of_bob = desk.submit(submit(100), "bob")[0].job
    assert run_all(desk) == [of_ann[0], of_bob, *of_ann[1:]]


def test_when_clients_have_many_jobs_then_they_take_turns_and_keep_their_own_order():
    desk = Desk(ready=False)
    names = {
        session: [desk.submit(submit(10 * at + i), session)[0].job for i in range(3)]
        for at, session in enumerate(["ann", "bob", "eve"])
    }
    desk.do(WorkerReady(READY))
    turns = [names[session][i] for i in range(3) for session in ("ann", "bob", "eve")]
    assert run_all(desk) == turns


def test_when_a_client_left_then_its_jobs_keep_its_turn():
    desk = Desk(ready=False)
    of_ann = [desk.submit(submit(number))[0].job for number in range(2)]
    of_bob = [desk.submit(submit(10 + number), "bob")[0].job for number in range(2)]
    desk.do(Left("ann"))
    desk.do(WorkerReady(READY))
    assert run_all(desk) == [of_ann[0], of_bob[0], of_ann[1], of_bob[1]]


def test_when_another_with_fewer_waiting_wants_a_job_too_then_it_runs_in_his_turn():
    desk = Desk()
    of_ann = [desk.submit(submit(number))[0].job for number in range(5)]
    assert desk.submit(submit(3), "bob")[0].attached
    assert run_all(desk) == [of_ann[i] for i in (0, 3, 1, 2, 4)]
    assert desk.heard()[-1].job == of_ann[4]


def test_when_another_with_as_many_waiting_wants_a_job_too_then_it_keeps_its_place():
    desk = Desk()
    of_ann = [desk.submit(submit(number))[0].job for number in range(2)]
    of_bob = [desk.submit(submit(10 + number), "bob")[0].job for number in range(3)]
    assert desk.submit(submit(1), "bob")[0].attached
    assert run_all(desk) == [of_ann[0], of_bob[0], of_ann[1], *of_bob[1:]]


def test_when_the_queue_is_full_then_who_has_nothing_waiting_or_is_urgent_has_room(monkeypatch):
    monkeypatch.setattr(turns, "MOST_JOBS", 2)
    monkeypatch.setattr(turns, "MOST_RESERVED", 2)
    desk = Desk(ready=False)
    for number in (1, 2):
        desk.submit(submit(number))
    (refused,) = desk.ask(submit(3))
    assert refused.code == "engine.busy"
    desk.submit(submit(4), "bob")
    (refused,) = desk.ask(submit(5), "bob")
    assert refused.code == "engine.busy"
    desk.submit(submit(3, urgent=True))
    (refused,) = desk.ask(submit(6, urgent=True))
    assert refused.code == "engine.busy"


# urgent


def yielding():
    """Return a desk whose patient job is told to step aside, and the patient and urgent names."""
    desk = Desk()
    patient = desk.submit(submit(1))[0].job
    desk.submit(submit(2))
    desk.say(patient, 1, 2)
    urgent = desk.submit(submit(3, urgent=True), "bob")[0].job
    assert desk.other == [Interrupt(patient)]
    return desk, patient, urgent


def test_when_an_urgent_job_comes_then_the_running_one_steps_aside_and_goes_on_after_it():
    desk, patient, urgent = yielding()
    assert desk.jobs.known[patient].state == "running"
    desk.say(patient, 3)
    desk.do(WorkerSaid(Cancelled(patient, 3)))
    assert desk.started == [patient, urgent]
    assert desk.jobs.known[patient].state == "queued"
    desk.do(WorkerSaid(finished(urgent)))
    assert desk.started == [patient, urgent, patient]
    desk.say(patient, 1, 2, 3, status="kept")
    desk.say(patient, 4, 5)
    desk.do(WorkerSaid(finished(patient)))
    assert desk.frames() == [1, 2, 3, 4, 5]
    assert [p.done for p in desk.heard() if isinstance(p, Progress)] == [1, 2, 3, 4, 5]
    assert not any(isinstance(said, Cancelled) for said in desk.heard())
    assert desk.heard()[-1] == finished(patient)
    assert len(desk.started) == 4, "then the other one runs"


def test_when_urgent_jobs_come_then_they_take_turns_and_none_steps_aside():
    desk = Desk()
    names = [
        desk.submit(submit(number, urgent=True), session)[0].job
        for number, session in enumerate(["ann", "ann", "ann", "bob"])
    ]
    assert desk.other == []
    assert run_all(desk) == [names[i] for i in (0, 3, 1, 2)]


def test_when_a_job_is_already_stepping_aside_then_it_is_told_once():
    desk, patient, _ = yielding()
    desk.submit(submit(4, urgent=True), "bob")
    desk.say(patient, 3)
    assert desk.other == [Interrupt(patient)]


def test_when_a_job_ends_just_as_it_is_to_step_aside_then_it_has_ended():
    desk, patient, urgent = yielding()
    desk.do(WorkerSaid(finished(patient)))
    assert desk.jobs.known[patient].state == "finished"
    assert desk.started == [patient, urgent]
    desk.do(WorkerSaid(Cancelled(patient, 2)))
    assert desk.jobs.known[patient].state == "finished"
    assert desk.jobs.known[urgent].state == "running"


def test_when_a_job_is_cancelled_while_it_steps_aside_then_it_is_cancelled():
    desk, patient, urgent = yielding()
    assert desk.ask(Cancel(patient), "bob") == [Cancelled(patient, 2)]
    desk.do(WorkerSaid(Cancelled(patient, 2)))
    assert desk.jobs.known[patient].state == "cancelled"
    assert desk.heard()[-1] == Cancelled(patient, 2)
    assert desk.started == [patient, urgent]


def test_when_a_job_that_stepped_aside_is_cancelled_then_it_ends_at_once():
    desk, patient, urgent = yielding()
    desk.do(WorkerSaid(Cancelled(patient, 2)))
    desk.ask(Cancel(patient), "bob")
    assert desk.heard()[-1] == Cancelled(patient, 2)
    desk.do(WorkerSaid(finished(urgent)))
    assert patient not in desk.started[2:]


def test_when_the_worker_dies_while_a_job_steps_aside_then_the_urgent_one_is_next():
    desk, patient, urgent = yielding()
    die(desk)
    assert desk.started == [patient, urgent]
    desk.do(WorkerSaid(finished(urgent)))
    assert desk.started == [patient, urgent, patient]
    assert not desk.jobs.known[patient].yielding


def test_when_the_urgent_job_is_cancelled_first_then_the_other_goes_on():
    desk, patient, urgent = yielding()
    desk.ask(Cancel(urgent), "bob")
    desk.do(WorkerSaid(Cancelled(patient, 2)))
    assert desk.started == [patient, patient]


def test_when_a_job_is_being_cancelled_then_an_urgent_one_waits_for_that():
    desk = Desk()
    patient = desk.submit(submit(1))[0].job
    desk.ask(Cancel(patient))
    desk.submit(submit(2, urgent=True))
    assert desk.other == [Interrupt(patient)]


def test_when_a_job_that_stepped_aside_is_wanted_by_another_then_he_hears_all_of_it():
    desk, patient, _ = yielding()
    desk.do(WorkerSaid(Cancelled(patient, 2)))
    again, replayed = desk.submit(submit(1), "bob")
    assert again.attached
    assert [progress.frame for progress in replayed] == [1, 2]
    assert desk.jobs.known[patient].session == "ann", "it goes on where it was"


# what is remembered, and told


def test_when_many_events_are_remembered_then_the_oldest_jobs_are_forgotten(monkeypatch):
    monkeypatch.setattr(past, "MOST_EVENTS", 12)
    desk = Desk()
    names = []
    for number in range(4):
        names.append(desk.submit(submit(number))[0].job)
        desk.say(names[-1], 1, 2, 3, 4, 5)
        desk.do(WorkerSaid(finished(names[-1])))
    assert list(desk.jobs.known) == names[-2:]


def test_when_one_job_alone_has_too_many_events_then_it_is_remembered(monkeypatch):
    monkeypatch.setattr(past, "MOST_EVENTS", 3)
    desk = Desk()
    name = desk.submit(submit())[0].job
    desk.say(name, 1, 2, 3, 4, 5)
    desk.do(WorkerSaid(finished(name)))
    assert list(desk.jobs.known) == [name]


def test_when_a_session_has_not_heard_what_is_forgotten_then_it_must_ask_again(monkeypatch):
    monkeypatch.setattr(past, "MOST_ENDED", 2)
    desk = Desk()
    desk.do(Joined("deaf", 1))
    desk.submit(submit(0), "deaf")
    desk.submit(submit(9), "deaf")
    for number in (1, 2):
        desk.submit(submit(number))
    while desk.running:
        desk.say(desk.running.id, 1)
        desk.do(WorkerSaid(finished(desk.running.id)))
    assert desk.other == [Dismiss("deaf")]
    assert all(not job.watchers for job in desk.jobs.known.values())
    desk.do(Joined("new", MANY))
    assert not desk.submit(submit(0), "new")[0].attached
    desk.do(WorkerSaid(finished(desk.running.id)))
    assert isinstance(desk.heard("new")[-1], Finished)


def test_when_it_is_asked_how_jobs_stand_then_those_that_matter_are_told_first():
    desk = Desk()
    ended = [desk.submit(submit(number))[0].job for number in range(3)]
    run_all(desk)
    desk.ask(Cancel(desk.submit(submit(9, frames="1-2"))[0].job))
    desk.do(WorkerSaid(Cancelled(jobs.job_id(submit(9, frames="1-2")), 0)))
    running = desk.submit(submit(3))[0].job
    waiting = [desk.submit(submit(4 + number))[0].job for number in range(3)]
    of_bob = desk.submit(submit(7), "bob")[0].job
    order = [running, of_bob, *waiting, jobs.job_id(submit(9, frames="1-2")), *reversed(ended)]
    told = desk.jobs.foremost(100)
    assert [job.job for job in told] == order
    assert desk.jobs.counts() == {"running": 1, "queued": 4, "cancelled": 1, "finished": 3}
    assert Counter(job.state for job in told) == desk.jobs.counts()
    for most in range(8):
        assert desk.jobs.foremost(most) == told[:most]
    assert run_all(desk)[-5:] == order[:5], "they ran in the order that was told"


def test_when_an_ended_job_runs_again_then_it_is_counted_once():
    desk = Desk()
    desk.submit(submit())
    run_all(desk)
    name = desk.submit(submit())[0].job
    assert desk.jobs.counts() == {"running": 1}
    assert [job.job for job in desk.jobs.foremost(5)] == [name]


class Life(RuleBasedStateMachine):
    """Anything may happen in any order; no job and no event may get lost on the way."""

    def __init__(self):
        super().__init__()
        self.desk = Desk(ready=False, credit=3)
        self.present = {"ann", "bob"}
        self.credit = Counter(ann=3, bob=3)

    @property
    def running(self):
        job = self.desk.running
        return job.id if job else None

    @rule(number=st.integers(1, 4), session=st.sampled_from(["ann", "bob"]), urgent=st.booleans())
    def submit(self, number, session, urgent):
        if session in self.present:
            self.desk.submit(submit(number, urgent=urgent), session)

    @rule(number=st.integers(1, 5), session=st.sampled_from(["ann", "bob"]), urgent=st.booleans())
    def cancel(self, number, session, urgent):
        self.desk.ask(Cancel(jobs.job_id(submit(number, urgent=urgent))), session)

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
        self.desk.hears = {w: j for w, j in self.desk.hears.items() if w[0] != session}

    @precondition(lambda self: self.desk.jobs.posts.state == "starting")
    @rule()
    def ready(self):
        self.desk.do(WorkerReady(READY))

    @precondition(lambda self: self.desk.jobs.posts.state != "broken")
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

    @precondition(lambda self: self.running and Interrupt(self.running) in self.desk.other)
    @rule()
    def obey(self):
        job = self.desk.running
        aside = job.yielding and not job.cancelling
        self.desk.do(WorkerSaid(Cancelled(job.id, 0)))
        assert job.open == aside

    @invariant()
    def at_most_one_runs_and_none_waits_for_an_idle_worker(self):
        states = Counter(job.state for job in self.desk.jobs.known.values())
        running = self.desk.running
        # A job that is being cancelled may have been submitted again, and waits then.
        replaced = running is not None and running.cancelling and not states["running"]
        assert states["running"] + replaced == (self.desk.jobs.posts.state == "busy")
        assert states["queued"] == len(self.desk.jobs._turns)
        if self.desk.jobs.posts.state in {"idle", "broken"}:
            assert states["queued"] == 0

    @invariant()
    def every_watcher_heard_a_beginning_of_its_jobs_events(self):
        for job in self.desk.jobs.known.values():
            frames = [e.frame for e in job.events if isinstance(e, Progress)]
            assert len(set(frames)) == len(frames)
            ends = [e for e in job.events if isinstance(e, Finished | Failed | Cancelled)]
            assert len(ends) == (not job.open)
            assert not ends or job.events[-1] is ends[0]
        for (session, request), job in self.desk.hears.items():
            heard = self.heard(session, request)
            assert heard == job.events[: len(heard)]

    def heard(self, session, request):
        return [
            said
            for of_request, said in self.desk.sent[session]
            if of_request == request and not isinstance(said, (Accepted, Analysed))
        ]

    @invariant()
    def none_who_is_patient_runs_undisturbed_while_an_urgent_one_waits(self):
        running = self.desk.running
        if running and self.desk.jobs._turns.urgent:
            assert running.urgent or running.cancelling or running.yielding
        assert not running or not (running.urgent and running.yielding)

    @invariant()
    def nobody_with_room_is_kept_waiting_and_nobody_without_is_flooded(self):
        seats = self.desk.jobs._audience.seats
        assert all(seat.room >= 0 for seat in seats.values())
        for (session, request), job in self.desk.hears.items():
            complete = len(self.heard(session, request)) == len(job.events)
            assert complete or seats[session].room == 0
            assert complete == (job not in seats[session].behind)
            assert (complete and not job.open) == (job not in seats[session].watching)
            assert (session in job.watchers) == (job in seats[session].watching)

    def teardown(self):
        """Whatever has happened, a worker that lives brings every job to its end."""
        if self.desk.jobs.posts.state == "starting":
            self.desk.do(WorkerReady(READY))
        for _ in range(10):
            if self.running:
                self.desk.do(WorkerSaid(finished(self.running)))
        assert self.desk.jobs.idle


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
