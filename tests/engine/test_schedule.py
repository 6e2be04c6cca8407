from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.plan import Step
from engine.schedule import Turn, schedule
from engine.windowing import windows

FRAMES = tuple(range(1, 31))


@st.composite
def runs(draw):
    length = draw(st.integers(1, 8))
    grid = windows(FRAMES, length, draw(st.integers(0, length // 2)))
    pending = draw(st.sets(st.sampled_from(FRAMES)))
    steps = []
    for track in range(1, draw(st.integers(1, 3)) + 1):
        for window in grid:
            inside = draw(st.sets(st.sampled_from(window.frames)))
            before = draw(st.integers(0, 3))
            warm_up = [f for f in range(window.frames[0] - before, window.frames[0]) if f > 0]
            if inside:
                steps.append(Step(track, window.index, tuple(sorted(inside)), tuple(warm_up)))
    return steps, pending, grid


@given(runs())
def test_when_a_run_is_laid_out_then_everything_happens_once_and_in_time(run):
    steps, pending, grid = run
    plan = schedule(steps, pending, grid)
    assert [turn.window for turn in plan.turns] == sorted({turn.window for turn in plan.turns})
    assert sorted(frame for turn in plan.turns for frame in turn.due) == sorted(pending)
    assert [s for turn in plan.turns for s in turn.steps] == sorted(steps, key=lambda s: s.window)
    assert len(set(plan.order)) == len(plan.order)
    for turn in plan.turns:
        needed = {*turn.due, *(f for s in turn.steps for f in (*s.warm_up, *s.frames))}
        assert set(turn.reads) == needed
        assert all(plan.last[frame] >= turn.window for frame in needed)
        for frame in turn.due:  # no later window holds it
            assert all(frame not in window.frames for window in grid[turn.window + 1 :])
    for step in steps:
        assert all(step.track in plan.tracks[frame] for frame in (*step.warm_up, *step.frames))


def test_when_windows_overlap_then_a_frame_is_read_once_and_let_go_after_its_last():
    grid = windows((1, 2, 3, 4, 5), 3, 1)
    steps = [Step(2, 0, (1, 2, 3)), Step(1, 0, (3,)), Step(2, 1, (3, 4, 5))]
    plan = schedule(steps, {1, 3, 5}, grid)
    assert plan.turns == (
        Turn(0, (1, 2, 3), (steps[0], steps[1]), (1,)),
        Turn(1, (3, 4, 5), (steps[2],), (3, 5)),
    )
    assert plan.order == (1, 2, 3, 4, 5)
    assert plan.last == {1: 0, 2: 0, 3: 1, 4: 1, 5: 1}
    assert plan.tracks == {1: (2,), 2: (2,), 3: (2, 1), 4: (2,), 5: (2,)}


def test_when_nothing_is_to_be_done_then_there_is_no_turn():
    assert schedule([], set(), windows(FRAMES, 4, 0)).turns == ()
