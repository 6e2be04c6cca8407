"""How the fake Resolve renders: real frames, of what is seen, whatever it says about them."""

import OpenEXR
import pytest

from tests.hosts.exr_file import FLOAT, read_exr
from tests.hosts.resolve.language import STATUS


def opened(kit):
    project = kit.resolve.GetProjectManager().GetCurrentProject()
    return project, project.GetCurrentTimeline()


def settings(kit, item, **more):
    marks = {"SelectAllFrames": False, "MarkIn": item.start, "MarkOut": item.end - 1}
    return {"TargetDir": str(kit.folder / "out"), "CustomName": "r", **marks, **more}


def queued(kit, item, codec="RGBHalf", **more):
    project, _ = opened(kit)
    assert project.LoadRenderPreset("H.264 Master")
    assert project.SetCurrentRenderFormatAndCodec("exr", codec)
    assert project.SetRenderSettings(settings(kit, item, **more))
    return project.AddRenderJob()


def rendered(kit, job):
    project, _ = opened(kit)
    assert project.StartRendering([job], isInteractiveMode=False)
    while project.IsRenderingInProgress():
        pass
    return sorted((kit.folder / "out").glob("*.exr"))


def same(path, source):
    one, other = read_exr(path), read_exr(source)
    return all(one.planes[name] == other.planes[name] for name in "RGB")


def test_when_a_clip_is_rendered_then_its_frames_are_on_disk_to_the_bit(resolve_kit):
    kit = resolve_kit()
    item = kit.scene().clip("plate", offset=3, frames=4, at=86410)
    paths = rendered(kit, queued(kit, item))
    assert [path.name for path in paths] == [f"r_{86410 + n:08d}.exr" for n in range(4)]
    assert all(same(path, item.media.file_of(3 + n)) for n, path in enumerate(paths))


def test_when_the_start_timecode_is_a_frame_number_then_files_have_it(resolve_kit):
    kit = resolve_kit(frame_separator="", frame_digits=4)
    item = kit.scene(start="00:00:41:17").clip("plate", frames=2)
    assert [path.name for path in rendered(kit, queued(kit, item))] == ["r1001.exr", "r1002.exr"]


def test_when_the_render_says_another_start_then_files_are_numbered_from_it(resolve_kit):
    kit = resolve_kit()
    item = kit.scene().clip("plate", frames=2)
    paths = rendered(kit, queued(kit, item, TimelineStartTimecode="00:00:41:17"))
    assert [path.name for path in paths] == ["r_00001001.exr", "r_00001002.exr"]


def test_when_a_source_is_compressed_otherwise_then_its_pixels_are_rendered(resolve_kit):
    kit = resolve_kit()
    item = kit.scene().clip("plate", frames=1)
    path = item.media.file_of(0)
    before = read_exr(path)
    with OpenEXR.File(str(path)) as file:
        header = {**file.header(), "compression": OpenEXR.PIZ_COMPRESSION}
        OpenEXR.File(header, file.channels()).write(str(path))
    with pytest.raises(ValueError, match="compression 4 is left out"):
        read_exr(path)
    (made,) = rendered(kit, queued(kit, item))
    assert all(read_exr(made).planes[name] == before.planes[name] for name in "RGB")


def test_when_tracks_lie_above_then_they_leak_in_unless_switched_off(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    item = scene.clip("plate", frames=2)
    scene.title(at=item.start, frames=1, track=2)
    first, second = rendered(kit, queued(kit, item))
    assert set(read_exr(first).planes["R"].samples()) == {1.0}
    assert same(second, item.media.file_of(1))
    _, timeline = opened(kit)
    assert timeline.SetTrackEnable("video", 2, False)
    assert same(rendered(kit, queued(kit, item))[0], item.media.file_of(0))


def test_when_a_clip_is_graded_then_the_render_is_and_its_media_is_not(resolve_kit):
    kit = resolve_kit()
    item = kit.scene().clip("plate", frames=1, grade=2)
    (path,) = rendered(kit, queued(kit, item))
    source = read_exr(item.media.file_of(0)).pixel(3, 3)
    assert read_exr(path).pixel(3, 3)["G"] == source["G"] * 2


def test_when_media_is_gone_then_the_render_says_complete_and_is_red(resolve_kit):
    kit = resolve_kit()
    item = kit.scene().clip("plate", frames=1)
    item.media.file_of(0).unlink()
    job = queued(kit, item)
    (path,) = rendered(kit, job)
    assert opened(kit)[0].GetRenderJobStatus(job)["CompletionPercentage"] == 100
    assert read_exr(path).pixel(0, 0) == {"R": 1.0, "G": 0.0, "B": 0.0}
    offline = kit.scene().clip("plate", frames=1, at=86400)
    offline.media.offline = True
    (path,) = rendered(kit, queued(kit, offline))
    assert read_exr(path).pixel(0, 0) == {"R": 1.0, "G": 0.0, "B": 0.0}


def test_when_the_render_has_other_sizes_and_samples_then_the_files_have_them(resolve_kit):
    kit = resolve_kit()
    item = kit.scene().clip("plate", frames=1)
    wanted = {"FormatWidth": 16, "FormatHeight": 9, "ExportAlpha": True}
    (path,) = rendered(kit, queued(kit, item, "RGBFloat", **wanted))
    picture = read_exr(path)
    assert picture.size == (16, 9)
    assert {name: plane.kind for name, plane in picture.planes.items()} == dict.fromkeys(
        "ABGR", FLOAT
    )
    assert picture.pixel(0, 0)["R"] == read_exr(item.media.file_of(0)).pixel(1, 1)["R"]


def test_when_the_user_rendered_audio_last_then_no_video_is_until_a_preset_is_loaded(resolve_kit):
    kit = resolve_kit()
    item = kit.scene().clip(frames=2)
    project, _ = opened(kit)
    assert project.SetCurrentRenderFormatAndCodec("exr", "RGBHalf")
    assert project.SetRenderSettings(settings(kit, item, ExportVideo=True))
    job = project.AddRenderJob()
    assert rendered(kit, job) == []
    assert project.GetRenderJobList() == []  # for once
    (shown,) = project.GetRenderJobList()
    assert (shown["JobId"], shown["IsExportVideo"]) == (job, False)
    assert len(rendered(kit, queued(kit, item))) == 2


@pytest.mark.parametrize("form", ["refused", "ignored"])
def test_when_a_codec_is_named_by_its_description_then_nothing_is_set(resolve_kit, form):
    kit = resolve_kit(codec_description=form)
    kit.scene()
    project, _ = opened(kit)
    before = project.GetCurrentRenderFormatAndCodec()
    (description,) = [d for d, i in project.GetRenderCodecs("exr").items() if i == "RGBHalf"]
    assert project.SetCurrentRenderFormatAndCodec("exr", description) == (form == "ignored")
    assert project.GetCurrentRenderFormatAndCodec() == before
    assert project.GetRenderCodecs("EXR") == {}
    assert not project.GetRenderSettings()


def test_when_builds_differ_then_so_do_codec_ids_but_not_descriptions(resolve_kit):
    old, new = (
        opened(resolve_kit(version=version))[0].GetRenderCodecs("exr")
        for version in ("20.3.2", "21.1")
    )
    assert list(old) == list(new)
    assert not set(old.values()) & set(new.values())


@pytest.mark.parametrize("locale", sorted(STATUS))
def test_when_resolve_speaks_a_language_then_the_status_does_too(resolve_kit, locale):
    kit = resolve_kit(locale=locale, render_polls=1)
    item = kit.scene().clip(frames=2)
    job = queued(kit, item)
    project, _ = opened(kit)
    said = [project.GetRenderJobStatus(job)["JobStatus"]]
    assert project.StartRendering(job)
    while project.IsRenderingInProgress():
        said.append(project.GetRenderJobStatus(job)["JobStatus"])
    said.append(project.GetRenderJobStatus(job)["JobStatus"])
    assert tuple(said) == STATUS[locale][:3]


def test_when_presets_are_listed_then_the_users_own_are_too(resolve_kit):
    kit = resolve_kit()
    project, _ = opened(kit)
    assert project.SaveAsNewRenderPreset("mine")
    assert not project.SaveAsNewRenderPreset("mine")
    assert {"mine", "H.264 Master"} <= set(project.GetRenderPresetList())
    kit.lies.presets_as_records = True
    assert {"RenderPresetName": "mine"} in project.GetRenderPresetList()
    assert project.LoadRenderPreset("H.264 Master")
    assert project.LoadRenderPreset("mine")
    assert kit.queue.settings["ExportVideo"] is False
    assert project.DeleteRenderPreset("mine")
    assert not project.LoadRenderPreset("mine")


def test_when_a_render_fails_then_only_error_and_percentage_and_files_tell(resolve_kit):
    kit = resolve_kit(locale="ru", render_fails_at=0.5)
    job = queued(kit, kit.scene().clip(frames=4))
    assert len(rendered(kit, job)) == 2
    found = opened(kit)[0].GetRenderJobStatus(job)
    assert (found["CompletionPercentage"], found["Error"]) == (50, "Диск переполнен.")


def test_when_frames_get_lost_then_the_status_is_complete_all_the_same(resolve_kit):
    kit = resolve_kit(render_drops=(86401,))
    job = queued(kit, kit.scene().clip(frames=3))
    assert [int(path.stem[-8:]) for path in rendered(kit, job)] == [86400, 86402]
    assert opened(kit)[0].GetRenderJobStatus(job)["CompletionPercentage"] == 100


def test_when_a_render_is_stopped_then_its_frames_so_far_stay(resolve_kit):
    kit = resolve_kit(render_polls=3)
    job = queued(kit, kit.scene().clip(frames=8))
    project, _ = opened(kit)
    assert project.StartRendering([job])
    assert project.IsRenderingInProgress()
    project.StopRendering()
    assert not project.IsRenderingInProgress()
    assert 0 < len(list((kit.folder / "out").iterdir())) < 8
    assert project.GetRenderJobStatus(job)["JobStatus"] == "Cancelled"


@pytest.mark.parametrize(
    "touch",
    [
        lambda project, theirs: project.DeleteRenderJob(theirs),
        lambda project, _theirs: project.DeleteAllRenderJobs(),
        lambda project, _theirs: project.StartRendering(),
        lambda project, _theirs: project.StartRendering(isInteractiveMode=True),
    ],
)
def test_when_jobs_of_others_are_touched_then_it_is_noted(resolve_kit, touch):
    kit = resolve_kit()
    item = kit.scene().clip()
    theirs = kit.foreign_job()
    mine = queued(kit, item)
    project, _ = opened(kit)
    assert project.DeleteRenderJob(mine)
    assert not kit.violations
    assert touch(project, theirs.id)
    assert len(kit.violations) == 1
    kit.violations.clear()


def test_when_clips_are_rendered_one_by_one_then_nothing_leaks(resolve_kit):
    kit = resolve_kit()
    scene = kit.scene()
    item = scene.clip("plate", frames=2)
    scene.title(at=item.start, frames=2, track=2)
    job = queued(kit, item, ClipStartFrame=1001)
    kit.queue.jobs[-1].settings["mode"] = 0
    paths = rendered(kit, job)
    assert [path.name for path in paths] == ["r_00001001.exr", "r_00001002.exr"]
    assert same(paths[1], item.media.file_of(1))
