"""A host over paths. What it restores, the compliance suite of hosts says."""

from pathlib import Path

import pytest

from plugin_host.errors import FrameMissing, FrameRangeError, PlateError
from plugin_host.frame_range import FrameRange
from plugin_host.host import Result
from plugin_host.hosts.headless import Headless, select
from plugin_host.replies import Finished
from plugin_host.requests import Settings, Submit
from tests.plugin_host.scripted import write_frames


def test_when_a_path_is_selected_then_the_frames_that_are_there_are(tmp_path):
    selection = write_frames(tmp_path / "plate", (1001, 1003))
    assert selection.frames == selection.shot.frames == FrameRange.parse("1001,1003")
    assert (selection.name, selection.rate) == ("p", (24000, 1001))
    assert selection.origin == selection.shot.plate.pattern


def test_when_more_is_said_of_a_selection_then_it_is_so():
    selection = select("/a/m.mov", "5-6", shot="1-9", handles=3, colourspace="ACEScg", name="sh010")
    assert selection.frames == FrameRange.parse("5-6")
    assert selection.shot.frames == FrameRange.parse("1-9")
    assert (selection.shot.handles, selection.name) == (3, "sh010")
    assert selection.shot.plate.colourspace == "ACEScg"


def test_when_a_plate_is_not_there_or_a_range_is_none_then_it_is_said(tmp_path):
    with pytest.raises(PlateError, match="no frame"):
        select(str(tmp_path / "p.%04d.exr"))
    with pytest.raises(PlateError, match="frames of a movie"):
        select(str(tmp_path / "m.mov"))
    with pytest.raises(FrameRangeError):
        select("/a/p.%04d.exr", "5-1")


def test_when_nothing_is_selected_then_it_is_said():
    with pytest.raises(PlateError, match="nothing is selected"):
        Headless().selected_plates()
    selection = select("/a/p.%04d.exr", "1")
    assert Headless([selection]).selected_plates() == (selection,)


def test_when_a_result_is_placed_then_it_is_looked_for_once_more(tmp_path):
    selection, host = write_frames(tmp_path), Headless()
    shot = selection.shot
    submit = Submit(shot, shot.frames, Settings("lite"), str(tmp_path))
    finished = Finished("0123456789abcdef", "/take", 5, 0, {})
    result = Result(selection, submit, shot.plate, shot.frames, "/take", finished)
    assert host.place_result(result) == shot.plate.pattern
    assert host.placed == [result]
    Path(shot.plate.path(1004)).unlink()
    with pytest.raises(FrameMissing, match="frame 1004"):
        host.place_result(result)
    assert host.placed == [result]


def test_when_progress_is_shown_then_it_is_told_and_asked():
    said = []
    host = Headless(say=lambda *told: said.append(told), cancelled=lambda: len(said) > 1)
    with host.show_progress("Restoring p") as progress:
        assert not progress.cancelled()
        progress.say(1, 5, "frame 1")
        assert progress.cancelled()
    assert said == [(0, 0, "Restoring p"), (1, 5, "frame 1")]
