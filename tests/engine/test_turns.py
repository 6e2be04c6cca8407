from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.job import Job
from engine.turns import Turns


def job(session, name="", *, urgent=False):
    return Job(name, b"{}", 1, urgent, session)


def drained(turns):
    return [turns.take() for _ in range(len(turns))]


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=40)


@given(STEPS)
def test_when_jobs_wait_then_they_are_taken_in_the_order_that_is_told(steps):
    turns = Turns()
    for session, urgent, taken in steps:
        turns.add(job(session, urgent=urgent))
        if taken:
            turns.take()
    told = list(turns)
    assert len(told) == len(turns)
    assert told == drained(turns)
    assert not turns
    assert list(turns) == []


@given(STEPS)
def test_when_jobs_wait_then_each_client_has_one_in_a_round_and_keeps_its_order(steps):
    turns, own = Turns(), defaultdict(list)
    for session, urgent, _ in steps:
        own[session, urgent].append(job(session, urgent=urgent))
        turns.add(own[session, urgent][-1])
    taken = drained(turns)
    assert [one.urgent for one in taken] == sorted((one.urgent for one in taken), reverse=True)
    for (session, urgent), jobs in own.items():
        assert [one for one in taken if (one.session, one.urgent) == (session, urgent)] == jobs
        lane = [one.session for one in taken if one.urgent == urgent]
        places = [place for place, owner in enumerate(lane) if owner == session]
        others = len({owner for owner, kind in own if kind == urgent}) - 1
        assert all(after - before <= others + 1 for before, after in pairwise(places))


def test_when_a_job_goes_back_then_it_is_next_and_its_client_has_had_no_other_turn():
    turns = Turns()
    jobs = [job(session, session + str(n)) for session in "ab" for n in range(2)]
    for one in jobs:
        turns.add(one)
    first = turns.take()
    turns.add(first, first=True)
    assert [one.id for one in drained(turns)] == ["a0", "b0", "a1", "b1"]


def test_when_a_waiting_job_is_removed_then_the_others_keep_their_places():
    turns = Turns()
    jobs = [job(session, session + str(n)) for session in "ab" for n in range(2)]
    for one in jobs:
        turns.add(one)
    turns.remove(jobs[0])
    turns.remove(jobs[1])
    assert (turns.waiting("a"), turns.waiting("b"), len(turns)) == (0, 2, 2)
    assert [one.id for one in drained(turns)] == ["b0", "b1"]


def test_when_a_job_is_passed_on_then_it_counts_for_the_other_only():
    turns = Turns()
    jobs = [job("a", "a" + str(n)) for n in range(3)]
    for one in jobs:
        turns.add(one)
    turns.pass_on(jobs[2], "b")
    turns.pass_on(jobs[1], "b")
    assert (turns.waiting("a"), turns.waiting("b")) == (2, 1)
    assert [one.id for one in drained(turns)] == ["a0", "a2", "a1"]


@given(STEPS, st.sets(st.sampled_from("abc")))
def test_when_only_some_suit_then_the_first_of_them_in_the_order_that_is_told_is_taken(steps, who):
    turns = Turns()
    for session, urgent, taken in steps:
        turns.add(job(session, urgent=urgent))
        if taken:
            turns.take()
    while turns:
        told = list(turns)
        suitable = [one for one in told if one.session in who]
        taken = turns.take(lambda one: one.session in who)
        assert taken is (suitable[0] if suitable else None)
        if taken is None:
            assert list(turns) == told, "the others keep their places"
            return
        assert len(turns) == len(told) - 1
