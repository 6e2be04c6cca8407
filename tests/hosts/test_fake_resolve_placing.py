"""How the fake Resolve imports, places, deletes and saves: never quite what it returns."""

import shutil

import pytest

from tests.hosts.resolve import Frozen, Hang


def opened(kit):
    project = kit.resolve.GetProjectManager().GetCurrentProject()
    return project.GetMediaPool(), project.GetCurrentTimeline()


def placed(kit, **info):
    pool, _ = opened(kit)
    return pool.AppendToTimeline([{"mediaType": 1, **info}])


def names(timeline, number=1):
    return [item.GetName() for item in timeline.GetItemListInTrack("video", number)]


@pytest.mark.parametrize(("exclusive", "length"), [(True, 4), (False, 5)])
def test_when_clips_are_appended_then_the_end_is_exclusive(resolve_kit, exclusive, length):
    kit = resolve_kit(end_exclusive=exclusive)
    media = kit.wrap(kit.scene().sequence())
    (item,) = placed(kit, mediaPoolItem=media, startFrame=2, endFrame=6, recordFrame=86410)
    assert (item.GetStart(), item.GetDuration(), item.GetLeftOffset()) == (86410, length, 2)


def test_when_rates_differ_then_the_item_is_floored_short(resolve_kit):
    kit = resolve_kit()
    media = kit.wrap(kit.scene(rate="23.976").sequence("plate", 1, 48, rate="24"))
    (item,) = placed(kit, mediaPoolItem=media, startFrame=0, endFrame=48)
    assert item.GetDuration() == 47


@pytest.mark.parametrize(("form", "length"), [("phantom", 1), ("none", 1), ("absent", 0)])
def test_when_items_would_overlap_then_they_are_dropped_silently(resolve_kit, form, length):
    kit = resolve_kit(overlap=form)
    there = kit.scene().clip(frames=5)
    _, timeline = opened(kit)
    media = kit.wrap(there.media)
    found = placed(kit, mediaPoolItem=media, startFrame=0, endFrame=3, recordFrame=86404)
    assert len(found) == length
    assert not [item for item in found if item is not None and item.GetUniqueId()]
    assert len(timeline.GetItemListInTrack("video", 1)) == 1
    (one,) = placed(kit, mediaPoolItem=media, startFrame=0, endFrame=1, recordFrame=86405)
    assert one.GetDuration() == 1


def test_when_a_track_is_locked_then_nothing_comes_back(resolve_kit):
    kit = resolve_kit()
    media = kit.wrap(kit.scene().sequence())
    _, timeline = opened(kit)
    assert timeline.SetTrackLock("video", 1, True)
    assert placed(kit, mediaPoolItem=media) == []
    assert names(timeline) == []


def test_when_a_dict_is_not_in_a_list_then_the_host_freezes(resolve_kit):
    kit = resolve_kit()
    kit.scene().sequence()
    pool, _ = opened(kit)
    with pytest.raises(Frozen):
        pool.AppendToTimeline({"mediaPoolItem": None})
    assert isinstance(kit.failure, Frozen)
    kit.failure = None


def test_when_phantoms_are_returned_then_the_track_is_empty(resolve_kit):
    kit = resolve_kit(append_phantoms=1)
    media = kit.wrap(kit.scene().sequence())
    _, timeline = opened(kit)
    (phantom,) = placed(kit, mediaPoolItem=media)
    assert (phantom.GetUniqueId(), phantom.GetStart(), names(timeline)) == ("", None, [])
    (real,) = placed(kit, mediaPoolItem=media)
    assert real.GetStart() == 86400


def test_when_an_append_had_an_error_then_saving_loses_its_items(resolve_kit):
    kit = resolve_kit()
    media = kit.wrap(kit.scene().sequence())
    pool, timeline = opened(kit)
    found = pool.AppendToTimeline([{"mediaPoolItem": media}, {"mediaPoolItem": None}])
    assert (found[0].GetDuration(), found[1], len(names(timeline))) == (10, None, 1)
    assert kit.resolve.GetProjectManager().SaveProject()
    assert (found[0].GetDuration(), found[0].GetUniqueId(), names(timeline)) == (None, "", [])


def test_when_items_are_to_vanish_then_they_do_at_save(resolve_kit):
    kit = resolve_kit(append_vanish=1)
    media = kit.wrap(kit.scene().sequence())
    _, timeline = opened(kit)
    placed(kit, mediaPoolItem=media)
    placed(kit, mediaPoolItem=media)
    assert len(names(timeline)) == 2
    kit.resolve.GetProjectManager().SaveProject()
    assert len(names(timeline)) == 1


def test_when_the_project_is_untitled_then_saving_fails_or_hangs(resolve_kit):
    kit = resolve_kit()
    kit.scene(project="Untitled Project")
    assert kit.resolve.GetProjectManager().SaveProject() is False
    kit.headless = True
    with pytest.raises(Hang):
        kit.resolve.GetProjectManager().SaveProject()
    kit.failure = None


def test_when_the_page_is_another_then_nothing_is_deleted(resolve_kit):
    kit = resolve_kit()
    item = kit.scene().clip()
    pool, timeline = opened(kit)
    media, (shown,) = kit.wrap(item.media), timeline.GetItemListInTrack("video", 1)
    assert kit.resolve.OpenPage("deliver")
    assert not pool.DeleteClips([media])
    assert not timeline.DeleteClips([shown])
    assert kit.resolve.OpenPage("edit")
    assert timeline.DeleteClips([shown], False)
    assert names(timeline) == []
    other = kit.project.root.media[0]
    assert pool.DeleteClips([media])
    assert media.GetName() is None
    assert kit.project.root.media == [other]


def test_when_media_is_imported_then_it_goes_to_the_current_bin(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    pattern = scene.sequence("plate", 1001, 1005).path
    scene.project.root.media.clear()
    pool, _ = opened(kit)
    folder = pool.AddSubFolder(pool.GetRootFolder(), "Faceplate")
    assert pool.SetCurrentFolder(folder)
    wanted = {"FilePath": pattern, "StartIndex": 1001, "EndIndex": 1005}
    (media,) = pool.ImportMedia([wanted])
    assert (media.GetClipProperty("Frames"), media.GetClipProperty("Resolution")) == ("5", "32x18")
    assert [each.GetName() for each in folder.GetClipList()] == [media.GetName()]
    (again,) = pool.ImportMedia([wanted])
    assert again.GetUniqueId() == media.GetUniqueId()
    assert pool.ImportMedia([{**wanted, "EndIndex": 1006}]) == []
    kit.lies.folder_ignored = 1
    assert pool.SetCurrentFolder(pool.GetRootFolder())
    assert pool.GetCurrentFolder().GetName() == "Faceplate"


def test_when_files_are_gone_then_nothing_is_imported(resolve_kit):
    kit = resolve_kit()
    media = kit.scene().sequence()
    shutil.rmtree(str(media.file_of(0).parent))
    pool, _ = opened(kit)
    wanted = {"FilePath": media.path, "StartIndex": 1001, "EndIndex": 1010}
    assert pool.ImportMedia([wanted]) == []


def test_when_a_movie_is_imported_then_its_own_rate_is_shown(resolve_kit):
    kit = resolve_kit()
    path = kit.scene().movie("take.mov", 6, rate="25", size=(64, 36)).path
    kit.project.root.media.clear()
    pool, _ = opened(kit)
    (media,) = pool.ImportMedia([path])
    found = [media.GetClipProperty(name) for name in ("FPS", "Frames", "Resolution", "File Path")]
    assert found == ["25", "6", "64x36", path]


def test_when_media_has_sound_then_an_append_brings_it_unless_asked_for_video(resolve_kit):
    kit = resolve_kit()
    media = kit.wrap(kit.scene().movie(audio=True))
    pool, timeline = opened(kit)
    placed(kit, mediaPoolItem=media)
    assert timeline.GetItemListInTrack("audio", 1) == []
    (item,) = pool.AppendToTimeline([{"mediaPoolItem": media}])
    (sound,) = timeline.GetItemListInTrack("audio", 1)
    assert [each.GetUniqueId() for each in item.GetLinkedItems()] == [sound.GetUniqueId()]
    assert sound.GetTrackTypeAndIndex() == ["audio", 1]


def test_when_media_is_replaced_then_every_item_of_it_changes(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    first = scene.clip("plate", frames=5)
    second = scene.clip(first.media, frames=5)
    other = str(scene.sequence("other", 1, 10).file_of(0))
    assert kit.wrap(first.media).ReplaceClip(other)
    assert first.media is second.media
    assert second.media.path == other


def test_when_a_take_is_selected_then_the_item_plays_it_and_can_go_back(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    item = scene.clip("plate", offset=2, frames=5)
    restored = kit.wrap(scene.sequence("restored", 1001, 1010))
    shown = kit.wrap(item)
    assert shown.AddTake(restored, 2, 7)
    assert (shown.GetTakesCount(), shown.GetSelectedTakeIndex()) == (2, 1)
    assert shown.GetTakeByIndex(1)["mediaPoolItem"].GetName() == "plate.[1001-1010].exr"
    assert shown.SelectTakeByIndex(2)
    assert (shown.GetName(), shown.GetDuration()) == ("restored.[1001-1010].exr", 5)
    assert shown.GetLeftOffset() == 2
    assert shown.SelectTakeByIndex(1)
    assert (shown.GetName(), shown.GetLeftOffset()) == ("plate.[1001-1010].exr", 2)
    assert shown.FinalizeTake()
    assert shown.GetTakesCount() == 0


def test_when_frames_count_from_the_first_file_then_appends_and_takes_do_too(resolve_kit):
    kit = resolve_kit(frames_absolute=True, source_frames_absolute=True)
    scene = kit.scene()
    media = kit.wrap(scene.sequence("plate", 1001, 1010))
    (item,) = placed(kit, mediaPoolItem=media, startFrame=1003, endFrame=1006)
    assert (item.GetLeftOffset(), item.GetDuration()) == (2, 3)
    assert item.GetSourceStartFrame() == 1003
    (gone,) = placed(kit, mediaPoolItem=media, startFrame=2, endFrame=5)
    assert gone.GetUniqueId() == ""
    assert item.AddTake(media, 1004, 1007)
    take = item.GetTakeByIndex(2)
    assert (take["startFrame"], take["endFrame"]) == (1004, 1007)


def test_when_a_take_is_too_short_or_ignored_then_the_item_tells(resolve_kit):
    kit = resolve_kit(take_ignored=1)
    scene = kit.scene()
    shown = kit.wrap(scene.clip("plate", frames=8))
    restored = kit.wrap(scene.sequence("restored", 1, 6))
    assert shown.AddTake(restored, 0, 6)
    assert shown.GetTakesCount() == 0
    assert shown.AddTake(restored, 0, 6)
    assert shown.SelectTakeByIndex(2)
    assert shown.GetDuration() == 6
    assert not shown.AddTake(restored, 0, 7)
    assert not kit.wrap(scene.title(track=2)).AddTake(restored)


def test_when_a_timeline_is_made_then_it_is_current_and_its_rate_is_the_projects(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene(rate="25")
    media = kit.wrap(scene.sequence())
    pool, before = opened(kit)
    assert pool.CreateEmptyTimeline("Cut 1") is None
    made = pool.CreateTimelineFromClips("temporary", [{"mediaPoolItem": media}])
    _, current = opened(kit)
    assert current.GetUniqueId() == made.GetUniqueId()
    assert made.GetSetting("timelineFrameRate") == "25"
    assert not made.SetSetting("timelineFrameRate", "24")
    assert made.SetStartTimecode("00:00:41:17")
    assert [item.GetStart() for item in made.GetItemListInTrack("video", 1)] == [1042]
    assert pool.DeleteTimelines([made])
    _, current = opened(kit)
    assert current.GetUniqueId() == before.GetUniqueId()
