"""The plain calls of the fake Resolve, one by one: what they return and what they leave."""

import pytest


def opened(kit):
    project = kit.resolve.GetProjectManager().GetCurrentProject()
    return project, project.GetMediaPool(), project.GetCurrentTimeline()


def test_when_tracks_come_and_go_then_they_are_counted_from_the_lowest(resolve_kit):
    kit = resolve_kit()
    item = kit.scene().clip()
    _, _, timeline = opened(kit)
    assert not timeline.DeleteTrack("video", 1)
    assert not timeline.AddTrack("nonsense")
    assert timeline.AddTrack("video")
    assert timeline.SetTrackName("video", 2, "Faceplate")
    assert timeline.AddTrack("video", {"index": 1})
    assert timeline.AddTrack("video", {"index": 9})
    assert [timeline.GetTrackName("video", n) for n in (0, 1, 3, 5)] == [
        "",
        "Video 3",
        "Faceplate",
        "",
    ]
    assert timeline.GetTrackCount("video") == 4
    assert timeline.GetTrackCount("nonsense") == 0
    assert kit.wrap(item).GetTrackTypeAndIndex() == ["video", 2]
    assert timeline.DeleteTrack("video", 2)
    assert not timeline.DeleteTrack("video", 4)
    assert item.gone
    assert not timeline.SetTrackName("video", 9, "none")


@pytest.mark.parametrize(
    ("setter", "getter"),
    [("SetTrackEnable", "GetIsTrackEnabled"), ("SetTrackLock", "GetIsTrackLocked")],
)
def test_when_a_track_is_switched_then_it_alone_is(resolve_kit, setter, getter):
    kit = resolve_kit()
    kit.scene().track(2)
    _, _, timeline = opened(kit)
    ask, switch = getattr(timeline, getter), getattr(timeline, setter)
    before = ask("video", 2)
    assert switch("video", 2, not before)
    assert [ask("video", 1), ask("video", 2), ask("video", 3)] == [before, not before, False]
    assert not switch("video", 3, True)


def test_when_items_are_deleted_with_ripple_then_later_ones_move_up(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    first = scene.clip("plate", frames=4)
    second = scene.clip(first.media, frames=4)
    _, _, timeline = opened(kit)
    track = scene.track(1)
    track.locked = True
    assert not timeline.DeleteClips([kit.wrap(first)], True)
    track.locked = False
    assert not timeline.DeleteClips([], True)
    assert not timeline.DeleteClips([None, kit.phantom()], True)
    assert timeline.DeleteClips([kit.wrap(first)], True)
    assert second.start == 86400
    assert [i.GetUniqueId() for i in timeline.GetItemsInTrack("video", 1).values()] == [second.id]


def test_when_items_are_linked_then_each_names_the_others(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    items = [scene.clip("plate", frames=2), scene.title(track=2)]
    _, _, timeline = opened(kit)
    proxies = [kit.wrap(item) for item in items]
    assert timeline.SetClipsLinked(proxies, True)
    assert [each.GetUniqueId() for each in proxies[0].GetLinkedItems()] == [items[1].id]
    assert timeline.SetClipsLinked(proxies, False)
    assert proxies[0].GetLinkedItems() == []


def test_when_a_page_has_no_playhead_then_it_is_neither_told_nor_moved(resolve_kit):
    kit = resolve_kit()
    kit.scene(rate="25")
    _, _, timeline = opened(kit)
    assert timeline.SetCurrentTimecode("01:00:02:05")
    assert timeline.GetCurrentTimecode() == "01:00:02:05"
    assert kit.project.timeline.playhead == 90055
    assert kit.resolve.OpenPage("media")
    assert timeline.GetCurrentTimecode() is None
    assert not timeline.SetCurrentTimecode("01:00:00:00")
    assert not kit.resolve.OpenPage("nonsense")
    assert kit.resolve.GetCurrentPage() == "media"


def test_when_marks_are_set_then_they_are_told_until_cleared(resolve_kit):
    kit = resolve_kit()
    kit.scene()
    _, _, timeline = opened(kit)
    assert timeline.GetMarkInOut() == {}
    assert timeline.SetMarkInOut(2, 8)
    assert timeline.SetMarkInOut(3, 9, "audio")
    assert timeline.GetMarkInOut() == {"video": {"in": 2, "out": 8}, "audio": {"in": 3, "out": 9}}
    assert timeline.ClearMarkInOut("video")
    assert list(timeline.GetMarkInOut()) == ["audio"]
    assert timeline.ClearMarkInOut()
    assert timeline.GetMarkInOut() == {}


def test_when_settings_are_the_projects_then_a_timeline_must_ask_for_its_own(resolve_kit):
    kit = resolve_kit()
    kit.scene()
    project, _, timeline = opened(kit)
    assert not timeline.SetSetting("timelineFrameRate", "25")
    assert timeline.SetSetting("useCustomSettings", "1")
    assert timeline.SetSetting("timelineFrameRate", "25")
    assert timeline.SetSetting("timelineResolutionWidth", "64")
    assert timeline.GetStartTimecode() == "01:00:00:00"
    assert timeline.GetStartFrame() == 90000
    assert kit.project.timeline.size == (64, 18)
    assert not timeline.SetStartTimecode("nonsense")
    assert not project.SetSetting("timelineFrameRate", "25")
    assert not project.SetSetting("nonsense", "1")
    assert project.SetSetting("colorScienceMode", "acescct")
    assert project.GetSetting("colorScienceMode") == "acescct"
    assert project.GetSetting()["timelineFrameRate"] == "24"


def test_when_timelines_are_listed_then_names_are_unique_and_indices_from_one(resolve_kit):
    kit = resolve_kit()
    kit.scene()
    project, pool, timeline = opened(kit)
    other = pool.CreateEmptyTimeline("Cut 2")
    assert project.GetTimelineCount() == 2
    names = [project.GetTimelineByIndex(n).GetName() for n in (1, 2)]
    assert names == ["Cut 1", "Cut 2"]
    assert project.GetTimelineByIndex(0) is None
    assert project.GetTimelineByIndex(3) is None
    assert not other.SetName("Cut 1")
    assert other.SetName("Cut 3")
    assert project.SetCurrentTimeline(timeline)
    assert project.GetCurrentTimeline().GetName() == "Cut 1"
    assert not project.SetCurrentTimeline(None)
    assert other.GetMediaPoolItem().GetClipProperty("Type") == "Timeline"


def test_when_bins_are_made_moved_and_deleted_then_the_pool_follows(resolve_kit):
    kit = resolve_kit()
    media = kit.wrap(kit.scene().sequence())
    _, pool, _ = opened(kit)
    root = pool.GetRootFolder()
    made = pool.AddSubFolder(root, "Faceplate")
    assert pool.AddSubFolder(root, "Faceplate") is None
    assert pool.GetCurrentFolder().GetName() == "Faceplate"
    assert [each.GetName() for each in root.GetSubFolderList()] == ["Faceplate"]
    assert pool.MoveClips([media], made)
    assert [each.GetName() for each in made.GetClipList()] == [media.GetName()]
    assert media.GetName() not in [each.GetName() for each in root.GetClipList()]
    assert not pool.SetCurrentFolder(None)
    assert pool.DeleteFolders([made])
    assert pool.GetCurrentFolder().GetName() == "Master"
    assert pool.SetSelectedClip(media)
    assert [each.GetUniqueId() for each in pool.GetSelectedClips()] == [media.GetUniqueId()]


def test_when_a_folder_of_files_is_imported_then_sequences_are_one_clip_each(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    place = scene.sequence("plate", 8, 12).file_of(0).parent
    (place / "notes.txt").write_text("no media")
    scene.project.root.media.clear()
    _, pool, _ = opened(kit)
    listed = kit.resolve.GetMediaStorage().GetFileList(str(place))
    assert listed == [str(place / "plate.%04d.exr")]
    (media,) = pool.ImportMedia([str(place)])
    assert media.GetClipProperty("File Path") == str(place / "plate.[0008-0012].exr")
    (still,) = pool.ImportMedia([str(place / "plate.0009.exr")])
    assert (still.GetClipProperty("Type"), still.GetClipProperty("Frames")) == ("Still", "1")
    assert pool.ImportMedia([str(place / "plate.0099.exr"), str(place / "notes.txt")]) == []


def test_when_a_clip_has_a_proxy_then_it_can_be_unlinked(resolve_kit):
    kit = resolve_kit()
    media = kit.scene().sequence()
    clip = kit.wrap(media)
    assert not clip.LinkProxyMedia(str(kit.folder / "none.mov"))
    assert clip.LinkProxyMedia(str(media.file_of(0)))
    assert clip.UnlinkProxyMedia()
    assert not clip.UnlinkProxyMedia()
    assert not clip.ReplaceClip(str(kit.folder / "none.exr"))
    assert clip.SetMetadata("Comments", "a")
    assert clip.SetMetadata({"Scene": "12"})
    assert clip.GetMetadata() == {"Comments": "a", "Scene": "12"}
    assert clip.GetMetadata("Scene") == "12"


def test_when_markers_and_flags_are_deleted_then_only_those_are(resolve_kit):
    kit = resolve_kit()
    kit.scene()
    media = kit.wrap(kit.scene().sequence())
    for frame, colour in enumerate(["Green", "Red", "Green", "Sky"]):
        assert media.AddMarker(frame, colour, "n", "", 1, f"job-{frame}")
    assert not media.AddMarker(9, "Green", "n", "", 0)
    assert media.DeleteMarkersByColor("Green")
    assert not media.DeleteMarkersByColor("Green")
    assert list(media.GetMarkers()) == [1.0, 3.0]
    assert media.UpdateMarkerCustomData(1, "job-9")
    assert not media.UpdateMarkerCustomData(2, "job-9")
    assert media.GetMarkerCustomData(1) == "job-9"
    assert media.GetMarkerByCustomData("") == {}
    assert media.DeleteMarkerAtFrame(1)
    assert not media.DeleteMarkerAtFrame(1)
    assert not media.DeleteMarkerByCustomData("job-9")
    assert media.DeleteMarkersByColor("All")
    assert media.AddFlag("Mint")
    assert media.AddFlag("Sky")
    assert not media.AddFlag("Orange")
    assert media.ClearFlags("Mint")
    assert not media.ClearFlags("Mint")
    assert media.GetFlagList() == ["Sky"]


def test_when_precision_is_asked_for_then_frames_may_be_fractions(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene(rate="24")
    item = kit.wrap(scene.clip(scene.sequence("plate", 1, 50, rate="25"), offset=10, frames=24))
    assert item.GetLeftOffset(True) == pytest.approx(9.6)
    assert item.GetLeftOffset() == 10
    assert item.GetRightOffset(True) == pytest.approx(14.4)
    values = [item.GetStart(True), item.GetEnd(True), item.GetDuration(True)]
    assert [type(value) for value in values] == [float] * 3
    assert isinstance(item.GetDuration(), int)


def test_when_items_are_switched_and_transformed_then_it_is_told(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    item, cross = kit.wrap(scene.clip()), kit.wrap(scene.transition(86404))
    assert item.SetClipEnabled(False)
    assert not item.GetClipEnabled()
    assert opened(kit)[2].GetCurrentVideoItem() is None
    assert item.SetName("a")
    assert item.GetName() == "a"
    assert item.GetMediaPoolItem().SetName("b")
    assert item.SmartReframe()
    assert item.CreateMagicMask("F")
    assert item.SetProperty("ZoomX", 2.0)
    assert item.GetProperty("ZoomX") == 2.0
    assert not item.SetProperty("Nonsense", 2.0)
    assert not cross.SetProperty("ZoomX", 2.0)


def test_when_a_take_is_deleted_then_the_index_follows(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    item = kit.wrap(scene.clip("plate", frames=4))
    other = kit.wrap(scene.sequence("other", 1, 10))
    assert (item.GetSelectedTakeIndex(), item.GetTakesCount()) == (0, 0)
    assert not item.FinalizeTake()
    assert item.AddTake(other)
    assert item.AddTake(other, 2, 6)
    assert item.SelectTakeByIndex(3)
    assert not item.DeleteTakeByIndex(3)
    assert item.DeleteTakeByIndex(2)
    assert (item.GetSelectedTakeIndex(), item.GetTakesCount()) == (2, 2)
    assert not item.SelectTakeByIndex(3)
    assert item.GetTakeByIndex(0) == {}
    scene.track(1).locked = True
    assert not item.SelectTakeByIndex(1)
    assert not item.AddTake(other)


def test_when_nothing_limits_a_render_then_all_frames_are_in_the_job(resolve_kit):
    kit = resolve_kit(blind_job_list=0)
    kit.scene().clip(frames=4)
    project, _, _ = opened(kit)
    assert not project.LoadRenderPreset("nonsense")
    assert not project.SetCurrentRenderMode(2)
    assert not project.SetRenderSettings({"Nonsense": 1})
    assert project.AddRenderJob() == ""
    assert project.SetRenderSettings({"TargetDir": str(kit.folder)})
    job = project.AddRenderJob()
    (shown,) = project.GetRenderJobList()
    assert (shown["JobId"], shown["MarkIn"], shown["MarkOut"]) == (job, 86400, 86403)
    assert not project.StartRendering(["nonsense"])
    assert project.GetRenderJobStatus("nonsense") is None
    assert not project.DeleteRenderJob("nonsense")
    assert project.StartRendering([job])
    assert not project.StartRendering([job])
    assert project.DeleteRenderJob(job)


def test_when_the_user_is_asked_for_a_folder_then_the_answers_come_in_turn(resolve_kit):
    kit = resolve_kit()
    kit.answers["RequestDir"] = ["/shots/"]
    assert [kit.fusion.RequestDir(), kit.fusion.RequestDir()] == ["/shots/", None]


def test_when_a_script_ends_the_session_then_everything_fails_and_it_is_noted(resolve_kit):
    kit = resolve_kit()
    kit.resolve.Quit()
    assert kit.violations
    assert kit.resolve.GetProjectManager() is None
    assert kit.scriptapp("Resolve") is None
    kit.violations.clear()
