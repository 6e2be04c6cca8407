import pytest
from opentimelineio import schema
from opentimelineio.opentime import RationalTime

from engine.timeline.shots import shots_of
from tests.engine.timeline.cuts import clip, planned, timeline_of, write_media, write_otio

HOUR = 86400


@pytest.fixture
def root(tmp_path):
    write_media(tmp_path / "media" / "a", "s", range(1001, 1101), "01:00:00:00")
    return tmp_path / "media"


def plan(tmp_path, root, *children, **how):
    return planned(write_otio(tmp_path / "cut.otio", timeline_of(*children)), root, **how)


def test_when_clips_show_the_same_frames_then_they_are_one_shot(tmp_path, root):
    made = plan(tmp_path, root, clip("s", HOUR, 5), clip("s", HOUR + 9, 5), clip("s", HOUR, 5))
    assert [str(shot.frames) for shot in shots_of(made)] == ["1001-1005", "1010-1014"]


def test_when_clips_overlap_then_each_is_a_shot_of_its_own(tmp_path, root):
    made = plan(tmp_path, root, clip("s", HOUR, 10), clip("s", HOUR + 5, 10))
    assert [shot.folder for shot in shots_of(made)] == ["s_1001-1010", "s_1006-1015"]


def test_when_handles_reach_beyond_the_media_then_they_end_with_it(tmp_path, root):
    made = plan(tmp_path, root, clip("s", HOUR + 3, 5), clip("s", HOUR + 90, 5), handles=8)
    assert [str(shot.frames) for shot in shots_of(made)] == ["1001-1016", "1083-1100"]


def test_when_a_cut_is_changed_then_unchanged_clips_keep_their_folders(tmp_path, root):
    before = plan(tmp_path, root, clip("s", HOUR, 5), clip("s", HOUR + 50, 5))
    after = plan(tmp_path, root, clip("s", HOUR + 50, 5), clip("s", HOUR + 20, 5))
    assert before[1].shot == after[0].shot


def test_when_media_are_called_alike_then_their_folders_are_told_apart(tmp_path, root):
    write_media(root / "b", "s", range(1001, 1101), "02:00:00:00")
    made = plan(tmp_path, root, clip("s", HOUR, 5), clip("s", 2 * HOUR, 5), clip("s", HOUR, 6))
    one, two, three = (shot.folder for shot in shots_of(made))
    assert one.startswith("s_1001-1005_")
    assert two.startswith("s_1001-1005_")
    assert one != two
    assert three == "s_1001-1006"


def test_when_a_name_is_odd_then_its_folder_can_be_typed(tmp_path, root):
    write_media(root / "c", "Größe 5 (a)", range(5), "05:00:00:00")
    (one,) = plan(tmp_path, root, clip("Größe 5 (a)", 5 * HOUR, 2))
    assert one.shot.folder == "Gr_e_5_a_0-1"


def test_when_transitions_leave_nothing_of_a_clip_then_that_clip_alone_is_refused(tmp_path, root):
    offsets = RationalTime(2, 24), RationalTime(-9, 24)
    wrong = schema.Transition("x", "SMPTE_Dissolve", *offsets)
    made = plan(tmp_path, root, clip("s", HOUR + 50, 5), wrong, clip("s", HOUR + 50, 5))
    assert made[0].problem == "a length of -4 frames"
    assert str(made[1].shot.frames) == "1049-1055"
