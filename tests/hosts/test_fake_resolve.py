"""What the fake Resolve shows of a project: true values, and the lies that hold at all times."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hosts.resolve import Kit, clock
from tests.hosts.resolve.marks import CLIP_COLOURS, MARKER_COLOURS


def opened(kit):
    project = kit.resolve.GetProjectManager().GetCurrentProject()
    return project, project.GetMediaPool(), project.GetCurrentTimeline()


@given(st.integers(0, 2589407), st.sampled_from(["24", "23.976", "25", "29.97 DF", "59.94 DF"]))
def test_when_a_frame_becomes_timecode_then_it_comes_back(frame, rate):
    assert clock.to_frames(clock.to_timecode(frame, rate), rate) == frame


def test_when_drop_frame_passes_a_minute_then_two_numbers_are_left_out():
    assert clock.to_timecode(1799, "29.97 DF") == "00:00:59;29"
    assert clock.to_timecode(1800, "29.97 DF") == "00:01:00;02"
    assert clock.to_timecode(17982, "29.97 DF") == "00:10:00;00"
    assert clock.to_frames("01:00:00:00", "23.976") == 86400
    assert clock.rate_of("23.976") == Fraction(24000, 1001)


def test_when_an_attribute_is_looked_for_then_only_dir_tells_the_truth(resolve_kit):
    kit = resolve_kit(version="20.3.2")
    kit.scene()
    _, _, timeline = opened(kit)
    assert hasattr(timeline, "GetSelectedClips")
    assert timeline.GetSelectedClips() is None
    assert "GetSelectedClips" not in dir(timeline)
    assert "GetTrackCount" in dir(timeline)
    kit.lies.unknown = "none"
    assert hasattr(timeline, "Nonsense")
    with pytest.raises(TypeError):
        timeline.Nonsense()


@pytest.mark.parametrize(
    ("version", "selects", "marks"),
    [
        ("18.6.6", False, False),
        ("19.1.3", False, False),
        ("20.0", False, True),
        ("21.0.3", False, True),
        ("21.0.4", True, True),
        ("21.1", True, True),
    ],
)
def test_when_a_version_is_older_then_it_lacks_what_came_later(
    resolve_kit, version, selects, marks
):
    kit = resolve_kit(version=version)
    kit.scene().clip(selected=True)
    _, _, timeline = opened(kit)
    assert (timeline.GetSelectedClips() is not None) == selects
    assert (timeline.GetMarkInOut() is not None) == marks
    assert ("GetSelectedClips" in dir(timeline)) == selects
    assert kit.resolve.GetVersion()[:2] == list(kit.version[:2])


def test_when_a_thing_is_asked_for_twice_then_only_the_ids_are_the_same(resolve_kit):
    kit = resolve_kit()
    kit.scene().clip()
    _, _, timeline = opened(kit)
    (one,), (other,) = (timeline.GetItemListInTrack("video", 1) for _ in range(2))
    assert one != other
    assert one.GetUniqueId() == other.GetUniqueId()


def test_when_an_item_is_not_there_then_every_getter_says_so(resolve_kit):
    phantom = resolve_kit().phantom()
    assert phantom
    assert phantom.GetUniqueId() == ""
    getters = [name for name in dir(phantom) if name.startswith("Get") and name != "GetUniqueId"]
    assert len(getters) > 10
    assert {getattr(phantom, name)() for name in getters} == {None}


def test_when_a_sequence_is_asked_about_then_its_properties_are_text(resolve_kit):
    kit = resolve_kit()
    media = kit.scene(rate="23.976").sequence("plate", 1001, 1010)
    clip = kit.wrap(media)
    found = clip.GetClipProperty()
    assert found["File Path"].endswith("/plate.[1001-1010].exr")
    assert {name: found[name] for name in ("FPS", "Start", "End", "Frames", "Resolution")} == {
        "FPS": "23.976",
        "Start": "1001",
        "End": "1010",
        "Frames": "10",
        "Resolution": "32x18",
    }
    assert found["Start TC"] == clock.to_timecode(1001, "23.976")
    assert clip.GetClipProperty("Nonsense") == ""
    assert not clip.SetClipProperty("File Path", "/elsewhere")
    assert clip.SetClipProperty("IDT", "ACEScg")
    assert clip.GetClipProperty("IDT") == "ACEScg"


@pytest.mark.parametrize(
    ("lies", "shown"),
    [({}, "29.97 DF"), ({"drop_frame_in_rate": False}, "29.97"), ({"rate_as_number": True}, 29.97)],
)
def test_when_frames_are_dropped_then_the_settings_say_so(resolve_kit, lies, shown):
    kit = resolve_kit(**lies)
    kit.scene(rate="29.97 DF")
    project, _, timeline = opened(kit)
    for each in (project, timeline):
        assert each.GetSetting("timelineFrameRate") == shown
        assert each.GetSetting("timelineDropFrameTimecode") == "1"
    assert timeline.GetStartFrame() == 107892
    assert timeline.GetStartTimecode() == "01:00:00;00"


def test_when_an_item_is_not_retimed_then_its_frames_agree(resolve_kit):
    kit = resolve_kit()
    item = kit.wrap(kit.scene().clip(offset=2, frames=5, at=86410))
    assert (item.GetStart(), item.GetEnd(), item.GetDuration()) == (86410, 86415, 5)
    assert (item.GetLeftOffset(), item.GetRightOffset()) == (2, 3)
    assert (item.GetSourceStartFrame(), item.GetSourceEndFrame()) == (2, 7)


def test_when_an_item_is_retimed_then_the_two_domains_differ(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    plate = scene.sequence("plate", 1001, 1040)
    fast = kit.wrap(scene.clip(plate, offset=8, frames=10, speed=2))
    assert (fast.GetSourceStartFrame(), fast.GetSourceEndFrame()) == (8, 28)
    assert fast.GetLeftOffset() == 4
    back = scene.clip(plate, offset=29, frames=10, speed=-1)
    shown = kit.wrap(back)
    assert shown.GetSourceStartFrame() > shown.GetSourceEndFrame()
    assert [back.source_frame(back.start + n) for n in (0, 9)] == [29, 20]
    ramp = kit.wrap(scene.clip(plate, frames=10, speed=3, ramp=True))
    assert (ramp.GetSourceStartFrame(), ramp.GetSourceEndFrame()) == (0, 0)
    off = kit.wrap(scene.clip(plate, offset=3, frames=4, source_error=1))
    assert shown.GetLeftOffset() == 10
    assert shown.GetRightOffset() == 20
    kit.lies.offsets_in_media = True
    assert (fast.GetLeftOffset(), fast.GetRightOffset()) == (8, 12)
    assert (off.GetLeftOffset(), off.GetSourceStartFrame()) == (3, 4)


def test_when_the_speed_is_ramped_then_the_ends_have_their_own(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    plate = scene.sequence("plate", 1001, 1040)
    item = scene.clip(plate, offset=4, frames=10, ramp=(1, 3))
    assert [item.source_frame(item.start + n) for n in (0, 1, 5, 9)] == [4, 5, 11, 21]
    shown = kit.wrap(item)
    assert (shown.GetSourceStartFrame(), shown.GetSourceEndFrame()) == (4, 24)
    assert (shown.GetLeftOffset(), shown.GetRightOffset(True)) == (4, pytest.approx(16 / 3))


def test_when_media_has_another_rate_then_the_item_plays_at_its_own(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene(rate="24")
    item = scene.clip(scene.sequence("plate", 1, 50, rate="25"))
    assert item.duration == 48
    assert item.source_frame(item.end - 1) == 48
    assert kit.wrap(item).GetSourceEndFrame() == 50


def test_when_items_are_no_clips_then_they_have_no_media_and_take_no_colour(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    clip = kit.wrap(scene.clip())
    title = kit.wrap(scene.title(track=2))
    compound = kit.wrap(scene.compound(track=3))
    cross = kit.wrap(scene.transition(at=86405))
    assert [each.GetMediaPoolItem() for each in (title, compound, cross)] == [None] * 3
    assert cross.GetProperty() == {}
    assert title.GetProperty("ZoomX") == 1.0
    assert not title.SetClipColor("Orange")
    assert clip.SetClipColor("Orange")
    assert len(CLIP_COLOURS) == len(MARKER_COLOURS) == 16
    assert not clip.SetClipColor("Cyan")


def test_when_a_marker_carries_data_then_it_is_found_by_it(resolve_kit):
    kit = resolve_kit()
    item = kit.wrap(kit.scene().clip())
    assert item.AddMarker(3, "Green", "Faceplate", "restored", 1, "job-7")
    assert not item.AddMarker(3, "Green", "again", "", 1)
    assert not item.AddMarker(4, "Orange", "a clip colour", "", 1)
    assert item.GetMarkers()[3.0]["customData"] == "job-7"
    assert item.GetMarkerByCustomData("job-7")["note"] == "restored"
    assert item.DeleteMarkerByCustomData("job-7")
    assert item.GetMarkers() == {}


def test_when_the_timeline_was_edited_then_the_playhead_finds_nothing_for_a_while(resolve_kit):
    kit = resolve_kit(blind_after_edit=2)
    scene = kit.scene()
    item = scene.clip(under_playhead=True)
    _, pool, timeline = opened(kit)
    assert timeline.GetCurrentVideoItem().GetUniqueId() == item.id
    pool.AppendToTimeline([kit.wrap(item.media)])
    assert [timeline.GetCurrentVideoItem() is None for _ in range(3)] == [True, True, False]


def test_when_free_meets_a_studio_call_then_all_calls_fail_until_a_click(resolve_kit):
    kit = resolve_kit(edition="free", version="19.1.3")
    item = kit.wrap(kit.scene().clip())
    assert not item.SmartReframe()
    assert kit.modal
    assert item.GetName() is None
    assert item.SetClipColor("Orange") is False
    kit.click_modal()
    assert item.GetName()
    assert kit.fusion.UIManager() is None
    assert len(kit.modals) == 2


def test_when_the_edition_has_windows_then_the_manager_is_there(resolve_kit):
    assert resolve_kit().fusion.UIManager() is not None
    assert resolve_kit(edition="free", version="19.0").fusion.UIManager() is not None


def test_when_a_tool_is_asked_then_dir_hides_what_works_and_a_first_write_is_lost(resolve_kit):
    kit = resolve_kit()
    kit.page = "fusion"
    composition = kit.fusion.GetCurrentComp()
    tool = composition.AddTool("Loader")
    assert "SetInput" not in dir(tool)
    composition.Lock()
    tool.SetInput("Clip", "a.exr")
    tool.SetInput("Gain", 2)
    composition.Unlock()
    assert tool.GetInput("Clip") == "a.exr"
    assert kit.composition.tools[0].renders == {"Gain": 2}


def test_when_a_session_is_wedged_then_the_database_is_none(resolve_kit):
    kit = resolve_kit()
    assert kit.resolve.GetProjectManager().GetCurrentDatabase()
    kit.wedged = True
    assert kit.resolve.GetProjectManager().GetCurrentDatabase() is None
    assert kit.resolve.GetProjectManager().GetCurrentProject() is None


def test_when_a_lie_is_misspelt_then_it_is_refused(tmp_path):
    with pytest.raises(TypeError, match="no lie"):
        Kit(tmp_path, blind_after_edits=2)
