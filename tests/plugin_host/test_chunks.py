"""Frames divided where windows begin; the grid is the engine's."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.windowing import windows
from plugin_host.chunks import Grid, chunks, owned
from plugin_host.frame_range import FrameRange


@st.composite
def divided(draw):
    """Return the frames asked for, the grid, and its windows."""
    frames = FrameRange(draw(st.sets(st.integers(-30, 90), min_size=1, max_size=60)))
    overlap = draw(st.integers(0, 4))
    length = draw(st.integers(max(2 * overlap, 1), 12))
    asked = FrameRange(draw(st.sets(st.sampled_from(list(frames)), min_size=1)))
    laid = windows(tuple(frames), length, overlap)
    return asked, Grid(frames, length - overlap, overlap), laid


def begins(laid):
    return {window.frames[0] for window in laid}


@given(divided())
def test_when_frames_are_laid_out_then_a_cell_begins_with_each_window(case):
    _, grid, laid = case
    cells = grid.cells()
    firsts = {min(f for f in cells if cells[f] == cell) for cell in cells.values()}
    assert firsts == begins(laid)


@given(divided(), st.integers(1, 20))
def test_when_frames_are_cut_then_pieces_hold_each_once_and_divide_no_cell(case, chunk):
    asked, grid, _ = case
    pieces = chunks(asked, grid, chunk)
    assert [frame for piece in pieces for frame in piece] == list(asked)
    cells = [{grid.cells()[frame] for frame in piece} for piece in pieces]
    assert all(not one & other for one, other in pairwise(cells))
    assert len(pieces) <= -(-len(asked) // min(chunk, len(asked))) + len(begins(case[2]))


@given(divided(), st.integers(1, 9), st.randoms())
def test_when_a_scheduler_cuts_as_it_likes_then_tasks_still_hold_whole_cells(case, size, random):
    asked, grid, _ = case
    shuffled = list(asked)
    random.shuffle(shuffled)
    parts = [FrameRange(shuffled[i : i + size]) for i in range(0, len(shuffled), size)]
    tasks = [owned(part, asked, grid) for part in parts]
    assert sorted(frame for task in tasks for frame in task) == list(asked)
    cells = [{grid.cells()[frame] for frame in task} for task in tasks]
    assert sum(map(len, cells)) == len(set().union(*cells))


def test_when_a_chunk_is_no_whole_number_of_windows_then_it_is_more():
    shot = FrameRange.parse("1001-1040")
    pieces = chunks(shot, Grid(shot, 13, 3), 12)
    assert list(map(str, pieces)) == ["1001-1013", "1014-1026", "1027-1040"]


def test_when_a_scheduler_counts_beyond_the_end_then_only_asked_frames_are_taken():
    asked = FrameRange.parse("1001-1010,1015-1018")
    grid = Grid(FrameRange.parse("1001-1020"), 4, 0)
    assert owned(FrameRange.parse("1011-1030"), asked, grid) == (1015, 1016, 1017, 1018)
    assert owned(FrameRange.parse("1002-1004"), asked, grid) == ()
