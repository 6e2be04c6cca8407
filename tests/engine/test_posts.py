"""Several workers: who is given which job, who steps aside, and that no job gets lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.job_events import (
    Began,
    Declined,
    Interrupt,
    Ready,
    SpawnWorker,
    Start,
    WorkerEnded,
    WorkerReady,
    WorkerSaid,
)
from engine.jobs import job_id
from engine.posts import MOST_FALSE_STARTS
from engine.worker import describe
from plugin_host.replies import Cancelled, Description, Failed, Finished, Progress
from plugin_host.requests import Cancel, Describe
from tests.engine.desk import READY, Desk, finished, submit
from tests.engine.probes import LINKS

GIB = 1 << 30


def told(name, vram=0, least=0):
    return describe(replace(LINKS["chained"].info, name=name, vram=vram, vram_least=least))


KNOWN = Description(
    (told("small"), told("large", 16 * GIB), told("frugal", 16 * GIB, 8 * GIB), told("passthrough"))
)


def ready(device="cpu", kind="CPU", gib=0, others=()):
    return Ready(KNOWN, device, kind, gib * GIB, others)


def crew(*sizes):
    """Return a desk whose workers are ready, with devices of so many GiB."""
    desk = Desk(ready=False, devices=[f"cuda:{number}" for number in range(len(sizes))])
    for number, gib in enumerate(sizes):
        desk.do(WorkerReady(ready(f"cuda:{number}", f"kind of {gib}", gib), number))
    return desk


def two():
    return Desk(devices=("cpu", "cpu"))


def end(desk, worker):
    desk.do(WorkerSaid(finished(desk.jobs.posts[worker].job.id), worker))


def at(desk):
    """Return which job each worker has."""
    return [post.job and post.job.id for post in desk.jobs.posts.all]


# one worker a device


def test_when_the_engine_begins_then_each_device_has_a_worker():
    desk = Desk(ready=False, devices=("cuda:0", "cuda:2"))
    desk.do(Began())
    assert desk.other == [SpawnWorker(0, "cuda:0"), SpawnWorker(1, "cuda:2")]
    assert desk.jobs.posts.state == "starting"


def test_when_auto_finds_several_devices_then_the_others_have_workers_too():
    desk = Desk(ready=False, devices=("auto",))
    desk.do(WorkerReady(ready("cuda:0", "T4", 15, ("cuda:1", "cuda:2"))))
    assert desk.other == [SpawnWorker(1, "cuda:1"), SpawnWorker(2, "cuda:2")]
    desk.do(WorkerReady(ready("cuda:2", "T4", 15), 2))
    assert [post.state for post in desk.jobs.posts.all] == ["idle", "starting", "idle"]
    assert desk.do(WorkerEnded("killed by SIGKILL")) == [SpawnWorker(0, "cuda:0")]
    desk.do(WorkerReady(ready("cuda:0", "T4", 15)))
    assert len(desk.jobs.posts.all) == 3


def test_when_workers_are_idle_then_jobs_run_at_once_and_the_next_waits_its_turn():
    desk = two()
    names = [desk.submit(submit(number))[0].job for number in range(4)]
    of_bob = desk.submit(submit(9), "bob")[0].job
    assert at(desk) == names[:2]
    assert desk.jobs.posts.state == "busy"
    end(desk, 1)
    end(desk, 0)
    assert at(desk) == [names[2], of_bob]
    assert desk.jobs.counts() == {"running": 2, "queued": 1, "finished": 2}
    assert [job.job for job in desk.jobs.foremost(3)] == [names[2], of_bob, names[3]]


def test_when_the_same_request_comes_again_then_it_is_not_given_to_a_second_worker():
    desk = two()
    name = desk.submit(submit())[0].job
    assert desk.submit(submit(), "bob")[0].attached
    assert at(desk) == [name, None]


def test_when_a_cancelled_job_is_submitted_again_then_it_waits_for_its_end():
    desk = two()
    name = desk.submit(submit())[0].job
    desk.ask(Cancel(name))
    desk.submit(submit(), "bob")
    assert (at(desk), desk.started) == ([name, None], [name])
    desk.do(WorkerSaid(Cancelled(name, 0), 0))
    assert desk.started == [name, name]


def test_when_a_cancelled_job_is_submitted_again_then_who_was_idle_has_it_after_its_end():
    desk = crew(16, 12)
    names = [desk.submit(submit(number, restorer="small"))[0].job for number in range(2)]
    end(desk, 1)
    large = desk.submit(submit(2, restorer="large"))[0].job
    desk.ask(Cancel(names[1]))
    desk.submit(submit(1, restorer="small"), "bob")
    assert at(desk) == [names[1], None]
    desk.do(WorkerSaid(Cancelled(names[1], 0), 0))
    assert at(desk) == [large, names[1]]


def test_when_one_worker_speaks_of_the_job_of_another_then_it_is_not_believed():
    desk = two()
    first, second = (desk.submit(submit(number))[0].job for number in range(2))
    desk.do(WorkerSaid(finished(first), 1))
    desk.do(WorkerSaid(Progress(second, 0, 0, 1, "restored", "/out/1.exr"), 0))
    assert (at(desk), desk.frames()) == ([first, second], [])


def test_when_one_worker_dies_then_only_its_job_goes_on_anew_and_on_whoever_is_free():
    desk = two()
    names = [desk.submit(submit(number))[0].job for number in range(3)]
    assert desk.do(WorkerEnded("killed by SIGKILL", 1)) == [SpawnWorker(1, "cpu")]
    assert at(desk) == [names[0], None]
    end(desk, 0)
    assert at(desk) == [names[1], None], "it goes on before others"
    desk.do(WorkerReady(READY, 1))
    assert at(desk) == names[1:]


def test_when_a_job_is_cancelled_then_its_worker_is_told():
    desk = two()
    names = [desk.submit(submit(number))[0].job for number in range(2)]
    desk.ask(Cancel(names[1]))
    assert desk.other == [Interrupt(names[1], 1)]


# urgent


def test_when_an_urgent_job_comes_then_one_worker_is_interrupted_the_last_to_begin():
    desk = two()
    names = [desk.submit(submit(number))[0].job for number in range(3)]
    end(desk, 0)  # so that worker 0 has the job that began last
    urgent = desk.submit(submit(8, urgent=True), "bob")[0].job
    assert desk.other == [Interrupt(names[2], 0)]
    desk.do(WorkerSaid(Cancelled(names[2], 0), 0))
    assert at(desk) == [urgent, names[1]]
    end(desk, 1)
    assert at(desk) == [urgent, names[2]]


def test_when_two_urgent_jobs_come_then_two_workers_are_interrupted_and_no_more():
    desk = two()
    names = [desk.submit(submit(number))[0].job for number in range(2)]
    for number in range(7, 10):
        desk.submit(submit(number, urgent=True), "bob")
    assert desk.other == [Interrupt(names[1], 1), Interrupt(names[0], 0)]


def test_when_a_worker_is_idle_or_about_to_be_then_none_is_interrupted():
    desk = two()
    first = desk.submit(submit(1))[0].job
    urgent = desk.submit(submit(8, urgent=True), "bob")[0].job
    assert at(desk) == [first, urgent]
    desk.do(WorkerEnded("killed by SIGKILL", 1))
    assert desk.other == [SpawnWorker(1, "cpu")], "worker 1 will soon be there"


# memory


def test_when_a_job_fits_one_device_only_then_it_waits_for_that_and_others_pass_it():
    desk = crew(16, 12)
    first = desk.submit(submit(1, restorer="large"))[0].job
    second = desk.submit(submit(2, restorer="large"))[0].job
    assert at(desk) == [first, None]
    small = desk.submit(submit(3, restorer="small"))[0].job
    assert at(desk) == [first, small]
    end(desk, 1)
    assert at(desk) == [first, None]
    end(desk, 0)
    assert at(desk) == [second, None]


def test_when_a_job_fits_all_then_the_smallest_idle_device_has_it():
    desk = crew(24, 12)
    small = desk.submit(submit(1, restorer="small"))[0].job
    assert at(desk) == [None, small]


def test_when_a_job_fits_no_device_then_it_is_refused_with_the_figures():
    desk = crew(12, 8)
    _, (refused,) = desk.submit(submit(1, restorer="large"))
    assert refused.code == "request.settings"
    assert "large needs 16.0 GiB of device memory: " in refused.message
    assert "cuda:0 has 12.0 GiB; cuda:1 has 8.0 GiB" in refused.message
    assert desk.jobs.idle


def test_when_a_job_was_submitted_before_devices_are_known_then_it_is_refused_once_they_are():
    desk = Desk(ready=False, devices=("cuda:0", "cuda:1"))
    name = desk.submit(submit(1, restorer="large"))[0].job
    desk.do(WorkerReady(ready("cuda:0", "a", 12)))
    assert desk.jobs.known[name].state == "queued", "the other may be larger"
    desk.do(WorkerReady(ready("cuda:1", "a", 12), 1))
    assert desk.heard()[-1].code == "request.settings"


def test_when_only_the_smallest_step_fits_then_it_is_begun_where_it_does():
    desk = crew(12, 6)
    name = desk.submit(submit(1, restorer="frugal"))[0].job
    assert at(desk) == [name, None]


def test_when_all_of_it_fits_somewhere_then_no_smaller_step_is_taken_elsewhere():
    desk = crew(24, 12)
    names = [desk.submit(submit(number, restorer="frugal"))[0].job for number in range(2)]
    assert at(desk) == [names[0], None]


def test_when_a_device_has_no_room_now_then_another_is_asked_and_then_it_is_refused():
    desk = crew(24, 24)
    name = desk.submit(submit(1, restorer="large"))[0].job
    desk.do(WorkerSaid(Declined(name, "cuda:0 has 3.0 of 24.0 GiB free"), 0))
    assert at(desk) == [None, name]
    desk.do(WorkerSaid(Declined(name, "cuda:1 has 5.0 of 24.0 GiB free"), 1))
    assert at(desk) == [None, None]
    last = desk.heard()[-1]
    assert "cuda:0 has 3.0 of 24.0 GiB free; cuda:1 has 5.0 of 24.0 GiB free" in last.message
    desk.submit(submit(1, restorer="large"))
    assert at(desk) == [name, None], "asked again, it is looked at again"


def test_when_a_device_has_no_room_for_a_job_being_cancelled_then_it_is_cancelled():
    desk = crew(24, 24)
    name = desk.submit(submit(1, restorer="large"))[0].job
    desk.ask(Cancel(name))
    desk.do(WorkerSaid(Declined(name, "cuda:0 has 3.0 of 24.0 GiB free"), 0))
    assert desk.jobs.known[name].state == "cancelled"


def test_when_a_job_was_begun_then_it_goes_on_on_a_device_of_its_kind():
    desk = crew(24, 12)
    name = desk.submit(submit(1, restorer="small"))[0].job
    assert at(desk) == [None, name]
    desk.do(WorkerEnded("killed by SIGKILL", 1))
    assert at(desk) == [None, None]
    desk.do(WorkerReady(ready("cuda:1", "kind of 12", 12), 1))
    assert at(desk) == [None, name]


def test_when_no_device_of_its_kind_is_left_then_a_job_goes_on_on_another():
    desk = crew(24, 12)
    name = desk.submit(submit(1, restorer="small"))[0].job
    for _ in range(MOST_FALSE_STARTS + 1):
        desk.do(WorkerEnded("exit code 1", 1))
    assert at(desk) == [name, None]


# workers that do not start


def broken(desk, worker):
    for _ in range(MOST_FALSE_STARTS):
        desk.do(WorkerEnded("exit code 2", worker))


def test_when_one_worker_does_not_start_then_the_others_go_on():
    desk = Desk(ready=False, devices=("cuda:0", "cuda:1"))
    desk.do(WorkerReady(ready("cuda:0", "a", 24)))
    broken(desk, 1)
    names = [desk.submit(submit(number))[0].job for number in range(2)]
    assert at(desk) == [names[0], None]
    assert desk.jobs.posts.state == "busy, broken"
    assert [(w.state, w.job) for w in desk.jobs.posts.describe()] == [
        ("busy", names[0]),
        ("broken", None),
    ]
    end(desk, 0)
    assert at(desk) == [names[1], None]


def test_when_only_a_worker_that_does_not_start_could_take_a_job_then_it_is_tried_once_more():
    desk = crew(12, 24)
    desk.do(WorkerEnded("killed by SIGKILL", 1))
    broken(desk, 1)
    desk.other.clear()
    desk.submit(submit(1, restorer="large"))
    assert desk.other == [SpawnWorker(1, "cuda:1")]
    broken(desk, 1)
    last = desk.heard()[-1]
    assert last.code == "request.settings"
    assert "cuda:0 has 12.0 GiB; the worker on cuda:1 does not start (exit code 2)" in last.message


def test_when_a_worker_that_does_not_start_has_no_room_either_then_it_is_not_tried():
    desk = crew(12, 8)
    desk.do(WorkerEnded("killed by SIGKILL", 1))
    broken(desk, 1)
    desk.other.clear()
    _, (refused,) = desk.submit(submit(1, restorer="large"))
    assert (refused.code, desk.other) == ("request.settings", [])


def test_when_no_worker_starts_then_all_jobs_fail_and_the_curious_are_told():
    desk = Desk(ready=False, devices=("cuda:0", "cuda:1"))
    desk.submit(submit(1))
    desk.ask(Describe(), "bob")
    broken(desk, 0)
    assert not any(isinstance(said, Failed) for said in desk.heard() + desk.heard("bob"))
    broken(desk, 1)
    assert desk.heard()[-1].code == "restorer.worker_died"
    assert desk.heard("bob")[-1].code == "restorer.worker_died"


class Life(RuleBasedStateMachine):
    """Anything may happen in any order to several workers."""

    sizes = st.lists(st.sampled_from([0, 6, 12, 24]), min_size=2, max_size=4)
    restorers = st.sampled_from(["small", "small", "large", "frugal"])
    needs = MappingProxyType({"large": (16, 16), "frugal": (16, 8), "small": (0, 0)})

    @initialize(sizes=sizes)
    def open(self, sizes):
        self.sizes = sizes
        self.desk = Desk(ready=False, devices=[f"cuda:{number}" for number in range(len(sizes))])
        self.refused = set()

    def do(self, event):
        """Let something happen; look at what is started and who is interrupted."""
        before = list(self.desk.jobs._turns)
        self.check(self.desk.do(event), before)

    def ask(self, message, session):
        before = list(self.desk.jobs._turns)
        seen = len(self.desk.started), len(self.desk.other)
        self.desk.ask(message, session)
        started = zip(self.desk.started[seen[0] :], self.desk.places[seen[0] :], strict=True)
        self.check([Start(job, {}, at) for job, at in started] + self.desk.other[seen[1] :], before)

    def check(self, out, before):
        posts, waiting = self.desk.jobs.posts, list(self.desk.jobs._turns)
        for start in (one for one in out if isinstance(one, Start)):
            post = posts[start.worker]
            ids = [job.id for job in before]
            earlier = before[: ids.index(start.job)] if start.job in ids else []
            given = post.job
            passed = [
                job
                for job in earlier
                if job in waiting
                and posts.suits(post, job)
                and (job.urgent > given.urgent or job.session == given.session)
            ]  # between sessions the turns may shift, where what waited in vain has ended
            assert not passed, "out of turn"
            need, least = self.needs[given.restorer]
            assert not post.memory or post.memory >= least * GIB
            roomy = [p for p in posts.takers(post.job) if not p.memory or p.memory >= need * GIB]
            assert not roomy or post in roomy
        asides = [i for i in out if isinstance(i, Interrupt) and posts[i.worker].job.yielding]
        assert len(asides) <= sum(job.urgent for job in waiting), "one steps aside for each"

    def at(self, state):
        return [post for post in self.desk.jobs.posts.all if post.state == state]

    @rule(
        number=st.integers(1, 6),
        session=st.sampled_from(["ann", "bob"]),
        urgent=st.booleans(),
        restorer=restorers,
    )
    def submit(self, number, session, urgent, restorer):
        self.ask(submit(number, restorer=restorer, urgent=urgent), session)

    @rule(number=st.integers(1, 6), urgent=st.booleans(), restorer=restorers)
    def cancel(self, number, urgent, restorer):
        self.ask(Cancel(job_id(submit(number, restorer=restorer, urgent=urgent))), "ann")

    @precondition(lambda self: self.at("starting"))
    @rule(data=st.data())
    def ready(self, data):
        post = data.draw(st.sampled_from(self.at("starting")))
        self.arrive(post)

    def arrive(self, post):
        gib = self.sizes[post.number]
        self.do(WorkerReady(ready(post.device, f"kind of {gib}", gib), post.number))

    @rule(data=st.data())
    def die(self, data):
        living = [post for post in self.desk.jobs.posts.all if post.state != "broken"]
        if living:
            post = data.draw(st.sampled_from(living))
            self.do(WorkerEnded("killed by SIGKILL", post.number))

    @precondition(lambda self: self.at("busy"))
    @rule(data=st.data(), frame=st.integers(1, 5))
    def progress(self, data, frame):
        post = data.draw(st.sampled_from(self.at("busy")))
        self.do(
            WorkerSaid(Progress(post.job.id, 0, 0, frame, "restored", f"/{frame}"), post.number)
        )

    @precondition(lambda self: self.at("busy"))
    @rule(data=st.data(), how=st.sampled_from([finished, lambda job: Failed("restorer", "", job)]))
    def end(self, data, how):
        post = data.draw(st.sampled_from(self.at("busy")))
        self.do(WorkerSaid(how(post.job.id), post.number))

    @precondition(lambda self: self.at("busy"))
    @rule(data=st.data())
    def decline(self, data):
        post = data.draw(st.sampled_from(self.at("busy")))
        if post.job.restorer != "small" and post.memory:
            self.do(WorkerSaid(Declined(post.job.id, f"{post.device} has none"), post.number))

    @precondition(lambda self: any(post.leaving for post in self.at("busy")))
    @rule(data=st.data())
    def obey(self, data):
        leaving = [post for post in self.at("busy") if post.leaving]
        post = data.draw(st.sampled_from(leaving))
        job, aside = post.job, post.job.yielding and not post.job.cancelling
        self.do(WorkerSaid(Cancelled(job.id, 0), post.number))
        assert job.open == aside

    @invariant()
    def no_job_is_on_two_workers_and_every_open_one_is_somewhere(self):
        jobs = self.desk.jobs
        ids = Counter(job.id for job in jobs.posts.jobs())
        assert set(ids.values()) <= {1}
        waiting = list(jobs._turns)
        assert len({id(job) for job in waiting}) == len(waiting) == len(jobs._turns)
        running = list(jobs.posts.jobs())
        for job in jobs.known.values():
            assert job.open == (job in running or job in waiting)
            assert (job.state == "running") == (job in running)

    @invariant()
    def none_waits_for_an_idle_worker_or_in_vain(self):
        posts = self.desk.jobs.posts
        for job in self.desk.jobs._turns:
            assert posts.takers(job)
            assert not any(posts.suits(post, job) for post in self.at("idle"))

    @invariant()
    def a_worker_is_busy_exactly_if_it_has_a_job(self):
        assert all((p.state == "busy") == (p.job is not None) for p in self.desk.jobs.posts.all)

    @invariant()
    def no_patient_job_runs_on_where_an_urgent_one_has_no_place(self):
        posts = self.desk.jobs.posts
        if len({post.memory for post in posts.all}) > 1:
            return
        urgent = sum(job.urgent and not job.declined for job in self.desk.jobs._turns)
        soon = sum(post.leaving or post.state == "starting" for post in posts.all)
        assert urgent <= soon or not any(post.patient for post in posts.all)

    def teardown(self):
        """Whatever has happened, workers that live bring every job to its end, crashed or not."""
        jobs = self.desk.jobs
        crashed = [job for job in jobs.known.values() if job.open and job.deaths]
        while self.at("starting"):
            self.arrive(self.at("starting")[0])
        while self.at("busy"):
            post = self.at("busy")[0]
            self.do(WorkerSaid(finished(post.job.id), post.number))
        assert jobs.idle
        for job in crashed:
            assert isinstance(job.events[-1], Finished)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("count", [1, 3])
def test_when_it_is_asked_what_workers_do_then_the_states_are_told_once(count):
    desk = Desk(devices=("cpu",) * count)
    assert desk.jobs.posts.state == "idle"
    desk.submit(submit())
    assert desk.jobs.posts.state == ("busy" if count == 1 else "busy, idle")
