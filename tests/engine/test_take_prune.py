from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.stored_take import StoredTake
from engine.take_prune import leftovers
from tests.engine.plates import Run, delivered, request, write_frame, write_plate
from tests.engine.probes import LINKS, Spy

FRAMES = range(1001, 1017)
SHOT = "1001-1016"


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    return write_plate(tmp_path_factory.mktemp("plates"), FRAMES)


def prune(out):
    """Remove what is left over; return how many of each kind."""
    found = leftovers(StoredTake.at(out))
    for leftover in found:
        assert leftover.size == leftover.path.stat().st_size
        leftover.path.unlink()
    assert leftovers(StoredTake.at(out)) == ()
    return Counter(leftover.kind for leftover in found)


@pytest.mark.parametrize("kind", sorted(LINKS))
def test_when_all_is_delivered_then_nothing_is_kept_and_lost_frames_come_back(
    plate, tmp_path, kind
):
    Run(request(plate, tmp_path, SHOT), LINKS[kind])
    before = delivered(tmp_path)
    assert prune(tmp_path)["references"] == {"chained": 4, "anchored": 1}.get(kind, 0)
    assert delivered(tmp_path) == before
    (tmp_path / "shot_restored.1009.exr").unlink()
    Run(request(plate, tmp_path, SHOT), LINKS[kind])
    assert delivered(tmp_path) == before


def test_when_frames_are_left_then_what_their_windows_begin_with_stays(plate, tmp_path):
    """Windows of 4 that share 1: the last three are left, what they begin with is the third's."""
    spy = Spy(LINKS["chained"])
    Run(request(plate, tmp_path, SHOT, "1001-1010"), spy)
    assert prune(tmp_path) == {"references": 2}
    Run(request(plate, tmp_path, SHOT), spy)
    assert len(set(spy.windows)) == len(spy.windows), "no window is restored twice"


def test_when_bad_frames_are_all_that_is_left_then_nothing_is_needed(tmp_path):
    plate = write_plate(tmp_path / "plates", FRAMES)
    write_frame(plate, 1016, b"no picture")
    Run(request(plate, tmp_path / "out", SHOT), LINKS["chained"])
    assert prune(tmp_path / "out")["references"] > 0


def test_when_the_manifest_does_not_say_how_windows_link_then_all_references_stay(plate, tmp_path):
    Run(request(plate, tmp_path, SHOT, "1001-1010"), LINKS["chained"])
    path = tmp_path / "shot.take" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "window": None}))
    assert leftovers(StoredTake.at(tmp_path)) == ()


def test_when_an_earlier_release_kept_whole_windows_then_a_run_passes_them_by_and_they_may_go(
    plate, tmp_path
):
    Run(request(plate, tmp_path, SHOT, "1001-1010"), LINKS["chained"])
    old = tmp_path / "shot.take" / "windows" / "0" / "3.safetensors"
    old.parent.mkdir(parents=True, exist_ok=True)
    old.write_bytes(b"of a window")
    run = Run(request(plate, tmp_path, SHOT), LINKS["chained"])
    assert run.finished.delivered == len(FRAMES)
    assert old.exists()
    assert prune(tmp_path)["windows"] == 1


def test_when_a_seam_is_measured_then_its_picture_may_go(plate, tmp_path):
    Run(request(plate, tmp_path, SHOT, "1009-1016", warm_up=2), LINKS["chained"])
    assert prune(tmp_path)["seams"] == 0
    seams = tmp_path / "shot.take" / "seams"
    kept = {path: path.read_bytes() for path in seams.rglob("*.safetensors")}
    Run(request(plate, tmp_path, SHOT, warm_up=2), LINKS["chained"])
    for path, data in kept.items():  # as who was killed between two files leaves it
        path.write_bytes(data)
    assert prune(tmp_path)["seams"] == len(kept) == 1


@settings(max_examples=3, deadline=None)
@given(
    st.sampled_from(sorted(LINKS)),
    st.lists(st.sets(st.sampled_from(FRAMES), min_size=1), min_size=1, max_size=4),
)
def test_when_it_is_pruned_between_requests_then_no_window_is_restored_twice(
    plate, tmp_path_factory, kind, asked
):
    out, bare = tmp_path_factory.mktemp("pruned"), tmp_path_factory.mktemp("bare")
    spies = {out: Spy(LINKS[kind]), bare: Spy(LINKS[kind])}
    for frames in [*asked, FRAMES]:
        for folder, spy in spies.items():
            Run(request(plate, folder, SHOT, frames), spy)
        prune(out)
    assert spies[out].windows == spies[bare].windows
    assert delivered(out) == delivered(bare)
