import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.windowing import Window, ramp, windows
from plugin_host.errors import SettingsError

FRAMES = st.lists(st.integers(-50, 200), min_size=1, max_size=60, unique=True).map(sorted)
SHAPES = st.integers(1, 20).flatmap(
    lambda length: st.tuples(st.just(length), st.integers(0, length // 2))
)


@given(FRAMES, SHAPES)
def test_when_a_grid_is_laid_then_every_frame_is_in_a_window(frames, shape):
    grid = windows(frames, *shape)
    assert sorted({frame for window in grid for frame in window.frames}) == frames
    assert [window.index for window in grid] == list(range(len(grid)))


@given(FRAMES, SHAPES)
def test_when_windows_are_neighbours_then_they_share_exactly_the_overlap(frames, shape):
    length, overlap = shape
    grid = windows(frames, length, overlap)
    for left, right in itertools.pairwise(grid):
        assert left.frames[len(left.frames) - overlap :] == right.frames[:overlap]
        assert len(set(left.frames) & set(right.frames)) == overlap
        assert len(left.frames) == length


@given(FRAMES, SHAPES)
def test_when_the_grid_ends_then_the_last_window_brings_something_new(frames, shape):
    length, overlap = shape
    last = windows(frames, length, overlap)[-1]
    assert last.frames[-1] == frames[-1]
    assert len(last.frames) <= length
    assert last.index == 0 or len(last.frames) > overlap


@given(st.integers(1, 80), SHAPES, st.integers(0, 40))
def test_when_a_shot_grows_then_its_whole_windows_stay(count, shape, more):
    length, overlap = shape
    short = windows(range(count), length, overlap)
    longer = windows(range(count + more), length, overlap)
    assert longer[: len(short) - 1] == short[:-1]
    assert longer[len(short) - 1].frames[: len(short[-1].frames)] == short[-1].frames


@given(FRAMES, SHAPES)
def test_when_windows_are_blended_in_order_then_weights_add_up_to_one(frames, shape):
    length, overlap = shape
    weights = {}
    for window in windows(frames, length, overlap):
        for position, frame in enumerate(window.frames):
            blended = window.index > 0 and position < overlap
            share = ramp(position, overlap) if blended else 1.0
            earlier = weights.get(frame, [])
            weights[frame] = [weight * (1 - share) for weight in earlier] + [share]
    assert all(sum(shares) == pytest.approx(1) for shares in weights.values())
    assert all(min(shares) > 0 for shares in weights.values())


@given(st.integers(1, 64))
def test_when_one_window_fades_into_the_next_then_the_two_are_mirror_images(overlap):
    rising = [ramp(position, overlap) for position in range(overlap)]
    assert rising == sorted(set(rising))
    assert [1 - weight for weight in reversed(rising)] == pytest.approx(rising)
    assert 0 < rising[0] <= rising[-1] < 1


def test_when_a_shot_is_cut_then_the_windows_are_these():
    assert windows(range(1001, 1011), 4, 1) == (
        Window(0, (1001, 1002, 1003, 1004)),
        Window(1, (1004, 1005, 1006, 1007)),
        Window(2, (1007, 1008, 1009, 1010)),
    )
    assert windows([1, 2, 4], 2, 0) == (Window(0, (1, 2)), Window(1, (4,)))
    assert windows([7], 16, 8) == (Window(0, (7,)),)


def test_when_there_is_no_frame_then_there_is_no_window():
    assert windows([], 4, 1) == ()


@pytest.mark.parametrize(("length", "overlap"), [(0, 0), (4, 3), (4, 4), (4, 5), (4, -1), (-1, -2)])
def test_when_a_window_cannot_move_on_then_it_is_refused(length, overlap):
    with pytest.raises(SettingsError, match="cannot overlap"):
        windows([1, 2, 3], length, overlap)
