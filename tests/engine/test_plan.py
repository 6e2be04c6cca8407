from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.plan import Step, required, steps_of
from engine.windowing import windows
from tests.engine.probes import LINKS

KINDS = sorted(LINKS)


@st.composite
def plans(draw):
    """A track with gaps in a shot with gaps, and what was asked for, kept and stored."""
    link = draw(st.sampled_from(KINDS))
    length = draw(st.integers(1, 6))
    info = replace(
        LINKS[link].info,
        window=length,
        overlap=draw(st.integers(0, length // 2)),
        warm_up=draw(st.integers(1, 4)) if link == "warmed" else 0,
    )
    shot = sorted(draw(st.sets(st.integers(-5, 40), min_size=1)))
    frames = sorted(draw(st.sets(st.sampled_from(shot))))
    grid = windows(tuple(shot), info.window, info.overlap)
    steps = steps_of(1, frames, grid, info)
    indices = [window.index for window in grid]
    some = st.sets(st.sampled_from(indices))
    pending = draw(st.sets(st.sampled_from(shot)))
    return info, grid, frames, steps, pending, draw(some), draw(some)


def choose(steps, pending, kept, stored, **approximately):
    return required(
        steps,
        pending,
        has_pixels=kept.__contains__,
        has_reference=stored.__contains__,
        **approximately,
    )


@given(plans())
def test_when_steps_are_laid_then_they_follow_the_grid_and_hold_every_frame(plan):
    info, grid, frames, steps, *_ = plan
    assert {frame for step in steps for frame in step.frames} == set(frames)
    assert [step.window for step in steps] == sorted({step.window for step in steps})
    for step in steps:
        assert step.frames == tuple(f for f in grid[step.window].frames if f in frames)
        assert not step.approximate
    for frame in frames:
        assert 1 <= sum(frame in step.frames for step in steps) <= 2
    assert info.link == "warmed" or not any(step.warm_up for step in steps)


@given(plans())
def test_when_steps_are_laid_then_each_link_reads_what_it_declares(plan):
    info, _, frames, steps, *_ = plan
    for index, step in enumerate(steps):
        before = {
            "independent": None,
            "warmed": None,
            "anchored": steps[0] if index else None,
            "chained": steps[index - 1] if index else None,
        }[info.link]
        assert step.needs == (before.window if before else None)
        assert step.follows == (before.frames[-1] if before else None)
        earlier = [frame for frame in frames if frame < step.frames[0]]
        if info.link == "warmed":
            assert step.warm_up == tuple(earlier[-info.warm_up :])


@given(plans())
def test_when_frames_are_pending_then_what_is_chosen_suffices(plan):
    *_, steps, pending, kept, stored = plan
    chosen = choose(steps, pending, kept, stored)
    windows_chosen = {step.window for step in chosen}
    for step in steps:
        if pending.intersection(step.frames):
            assert step.window in windows_chosen | kept
    for step in chosen:
        assert step.needs is None or step.needs in windows_chosen | stored


@given(plans())
def test_when_frames_are_pending_then_nothing_is_chosen_without_need(plan):
    *_, steps, pending, kept, stored = plan
    chosen = choose(steps, pending, kept, stored)
    for step in chosen:
        asked = bool(pending.intersection(step.frames)) and step.window not in kept
        read = any(other.needs == step.window for other in chosen) and step.window not in stored
        assert asked or read


@given(plans())
def test_when_steps_are_chosen_then_they_are_the_tracks_own_in_ascending_order(plan):
    *_, steps, pending, kept, stored = plan
    chosen = choose(steps, pending, kept, stored)
    assert [step.window for step in chosen] == sorted({step.window for step in chosen})
    assert set(chosen) <= set(steps)


@given(plans(), st.integers(1, 5), st.data())
def test_when_an_approximate_start_is_allowed_then_only_what_is_asked_for_says_where(
    plan, warm_up, data
):
    *_, frames, steps, asked, kept, stored = plan
    how = {"asked": asked, "warm_up": warm_up}
    pending = data.draw(st.sets(st.sampled_from(sorted(asked))) if asked else st.just(set()))
    exact = {step.window: step for step in steps}
    reached = {step.window for step in steps if asked.intersection(step.frames)}
    fresh = choose(steps, asked, set(), set(), **how)
    for step in fresh:
        own = exact[step.window]
        assert step.approximate == (own.needs is not None and own.needs not in reached)
        if step.approximate:
            early = tuple(frame for frame in frames if frame < step.frames[0])[-warm_up:]
            own = replace(own, warm_up=early, needs=None, follows=None, approximate=True)
        assert step == own
    again = choose(steps, pending, kept, stored, **how)
    assert set(again) <= set(fresh), "as it would have been without what lies there"
    for step in steps:
        if pending.intersection(step.frames):
            assert step.window in {one.window for one in again}
    for step in again:
        made = {one.window for one in again} | stored - {s.window for s in fresh if s.approximate}
        assert step.needs is None or step.needs in made


@given(plans())
def test_when_everything_pending_is_kept_then_nothing_is_chosen(plan):
    *_, steps, pending, _, stored = plan
    assert choose(steps, pending, {step.window for step in steps}, stored) == ()
    assert choose(steps, set(), set(), stored) == ()


def test_when_the_chain_is_not_stored_then_all_of_it_is_chosen():
    info = replace(LINKS["chained"].info, window=2, overlap=0)
    grid = windows((1, 2, 3, 4, 5, 6), 2, 0)
    steps = steps_of(3, (1, 2, 5, 6), grid, info)
    assert steps == (
        Step(3, 0, (1, 2)),
        Step(3, 2, (5, 6), needs=0, follows=2),
    )
    assert choose(steps, {6}, set(), set()) == steps
    assert choose(steps, {6}, set(), {0}) == steps[1:]
    assert choose(steps, {6}, {0}, set()) == steps


def test_when_an_approximate_chunk_goes_on_then_what_its_beginning_left_may_be_a_neighbours():
    info = replace(LINKS["chained"].info, window=2, overlap=0)
    steps = steps_of(3, range(1, 9), windows(tuple(range(1, 9)), 2, 0), info)
    early = {"asked": set(range(3, 9)), "warm_up": 1}
    begun = replace(steps[1], warm_up=(2,), needs=None, follows=None, approximate=True)
    assert choose(steps, {5}, set(), {0, 1, 2}, **early) == (begun, steps[2])
    assert choose(steps, {7}, {3}, {0, 1, 2}, **early) == (steps[3],)


@pytest.mark.parametrize("link", KINDS)
def test_when_a_track_has_no_frames_then_it_has_no_steps(link):
    assert steps_of(1, (), windows((1, 2, 3), 2, 0), LINKS[link].info) == ()
