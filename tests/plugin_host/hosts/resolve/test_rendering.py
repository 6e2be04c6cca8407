import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from plugin_host.errors import FaceplateError, FrameCorrupt, FrameMissing, OutputError
from plugin_host.hosts.resolve import rendering
from tests.hosts import exr_file


@pytest.fixture(autouse=True)
def no_wait(monkeypatch):
    monkeypatch.setattr(rendering, "_POLL_S", 0.0)


def rendered(editor, **choices):
    """Return the plate that the selected clip is rendered to, with its selection."""
    choices = {"render": "always", "render_folder": str(editor.folder / "renders"), **choices}
    (selection,) = editor.host(**choices).selected_plates()
    return selection


def started(editor):
    """Return which jobs were started, each time, and whether Resolve may ask the user things."""
    calls = [call[2] for call in editor.kit.calls if call[1] == "StartRendering"]
    return [(tuple(jobs), asks) for jobs, asks in calls]


def planes(path):
    return exr_file.read_exr(path).planes


@pytest.mark.parametrize("version", ["18.6.6", "20.3.2", "21.0.4"])
def test_when_a_source_is_rendered_then_its_untouched_frames_come_out_and_nothing_else_changes(
    user, version
):
    mine = "FCP - Final Cut Pro"  # clips one by one
    editor = user(
        version=version, locale="ru", blind_job_list=3, start_when_listed=True, last_preset=mine
    )
    editor.kit.foreign_job()
    media = editor.scene.sequence()
    item = editor.scene.clip(
        media, frames=4, offset=3, selected=True, under_playhead=True, grade=2, speed=1
    )
    editor.scene.title(at=item.start, track=2)
    editor.scene.timeline.playhead = item.start
    editor.scene.timeline.video[1].enabled = False
    before, settings = editor.kit.snapshot(), dict(editor.kit.queue.settings)
    selection = rendered(editor, knobs={"handles": 1}, render_colourspace="lin_ap1_scene")
    plate = selection.shot.plate
    assert plate.colourspace == "lin_ap1_scene"
    assert len(plate.frames_on_disk()) == 6
    assert len(selection.frames) == 4
    for offset, frame in enumerate(selection.frames):
        source = planes(media.file_of(3 + offset))
        assert {name: planes(plate.path(frame))[name] for name in "RGB"} == {
            name: source[name] for name in "RGB"
        }
    assert editor.kit.snapshot() == before
    kept = (
        settings if version != "18.6.6" else {n: settings[n] for n in ("format", "codec", "mode")}
    )
    assert {n: editor.kit.queue.settings[n] for n in kept if n != "preset"} == {
        n: value for n, value in kept.items() if n != "preset"
    }


def test_when_it_was_rendered_before_then_it_is_not_again(user):
    editor = user()
    editor.scene.clip(selected=True)
    first = rendered(editor)
    (added,) = [call for call in editor.kit.calls if call[1] == "GetRenderJobStatus"][:1]
    assert started(editor) == [((added[2][0],), False)]
    assert rendered(editor) == first
    assert len(started(editor)) == 1


def test_when_a_render_was_interrupted_or_its_source_changed_then_it_is_rendered_anew(user):
    editor = user()
    source = editor.folder / "a.braw"
    source.write_bytes(b"raw")
    media = editor.scene.known(source, 0, 10, kind="movie")
    editor.scene.clip(media, selected=True)
    folder = Path(rendered(editor).shot.plate.folder)
    os.utime(source, ns=(1, 1))
    editor.kit.lies.render_fails_at = 0.5
    with pytest.raises(FaceplateError, match="could not render"):
        rendered(editor)
    editor.kit.lies.render_fails_at = None
    rendered(editor)
    assert len(list(folder.glob("*.exr"))) == 10
    assert len(started(editor)) == 3


def test_when_a_file_of_a_sequence_changed_then_it_is_rendered_anew(user):
    editor = user()
    media = editor.scene.sequence()
    editor.scene.clip(media, frames=4, offset=2, selected=True)
    first = rendered(editor)
    exr_file.write_exr(media.file_of(3), exr_file.gradient(32, 18, 60))
    plate = rendered(editor).shot.plate
    assert plate == first.shot.plate
    assert len(started(editor)) == 2
    assert planes(plate.path(first.frames.first + 1))["G"] == planes(media.file_of(3))["G"]


def test_when_the_user_names_a_preset_then_it_is_loaded_first(user):
    editor = user()
    editor.scene.clip(selected=True)
    assert len(rendered(editor, render_preset="FCP - Final Cut Pro").frames) == 10
    loads = [call[2] for call in editor.kit.calls if call[1] == "LoadRenderPreset"]
    assert loads[0] == ("FCP - Final Cut Pro",)


@pytest.mark.parametrize(
    ("lies", "error", "why"),
    [
        ({"render_drops": (86402,)}, FrameMissing, "did not write it"),
        ({"render_drops": (86400,)}, FrameMissing, "did not write it"),
        ({"render_drops": (86409,)}, FrameMissing, "did not write it"),
        ({"render_fails_at": 0.5}, FaceplateError, "could not render"),
        ({"render_fails_at": 1.0}, FaceplateError, "could not render"),
        ({"codec_description": "ignored"}, None, ""),
        ({"end_exclusive": False}, None, ""),
        ({"frame_separator": ".", "frame_digits": 4}, None, ""),
        ({"folder_ignored": 1}, FaceplateError, "does not open the bin"),
        ({"rate_as_number": True}, None, ""),
    ],
)
def test_when_resolve_does_not_keep_its_word_then_it_is_noticed_and_all_is_as_it_was(
    user, lies, error, why
):
    editor = user(locale="es", **lies)
    editor.scene.clip(frames=4, offset=2, selected=True)
    editor.scene.bin("Faceplate")
    before = editor.kit.snapshot()
    if error is None:
        assert len(rendered(editor).frames) == 4
    else:
        with pytest.raises(error, match=why):
            rendered(editor)
    assert editor.kit.snapshot() == before


def test_when_the_user_stops_a_render_then_that_is_no_success_though_files_are_there(
    user, monkeypatch
):
    editor = user(render_polls=3)
    editor.scene.clip(selected=True)
    editor.kit.foreign_job()
    before = editor.kit.snapshot()
    listed = rendering.os.listdir

    def stopped_when_all_lie_there(folder):
        job = editor.kit.queue.running
        if job and job.done:
            editor.kit.queue.stop()
        return listed(folder)

    monkeypatch.setattr(rendering.os, "listdir", stopped_when_all_lie_there)
    with pytest.raises(FaceplateError, match=r"stopped at \d+ %"):
        rendered(editor)
    assert editor.kit.snapshot() == before


def test_when_no_preset_has_a_picture_then_it_is_said(user, monkeypatch):
    editor = user()
    editor.scene.clip(selected=True)
    monkeypatch.setattr(rendering, "PRESETS", ("Nothing",))
    with pytest.raises(FaceplateError, match="no render preset Nothing"):
        rendered(editor)
    with pytest.raises(FaceplateError, match="no render preset 'Mine'"):
        rendered(editor, render_preset="Mine")


def test_when_the_preset_has_no_picture_then_no_success_is_believed(user):
    editor = user()
    editor.scene.clip(selected=True)
    with pytest.raises(FrameMissing, match="wrote no frame"):
        rendered(editor, render_preset="Audio Only")


def test_when_a_render_stands_still_then_it_is_stopped_and_its_job_deleted(user, monkeypatch):
    editor = user(render_polls=10**6)
    editor.scene.clip(selected=True)
    monkeypatch.setattr(rendering, "STALLED_S", 0.0)
    monkeypatch.setattr(rendering.os, "listdir", lambda _: [])
    with pytest.raises(FaceplateError, match="stands still"):
        rendered(editor)
    assert editor.kit.queue.jobs == []
    assert editor.kit.queue.running is None


def test_when_another_render_runs_then_ours_does_not_begin_and_theirs_goes_on(user):
    editor = user()
    editor.scene.clip(selected=True)
    theirs = editor.kit.foreign_job()
    editor.kit.queue.start([theirs])
    with pytest.raises(FaceplateError, match="does not begin to render"):
        rendered(editor)
    assert editor.kit.queue.jobs == [theirs]


def test_when_the_folder_holds_something_else_then_nothing_of_it_is_removed(user):
    editor = user()
    editor.scene.clip(selected=True)
    folder = Path(rendered(editor).shot.plate.folder)
    for file in folder.iterdir():
        file.unlink()
    (folder / "mine.0001.exr").write_text("mine")
    with pytest.raises(OutputError, match=r"mine\.0001\.exr"):
        rendered(editor)
    assert (folder / "mine.0001.exr").read_text() == "mine"


def test_when_a_rendered_file_is_damaged_then_it_is_said(user):
    editor = user()
    editor.scene.clip(selected=True)
    plate = rendered(editor).shot.plate
    Path(plate.path(86403)).write_bytes(b"no EXR")
    with pytest.raises(FrameCorrupt, match="frame 86403"):
        rendered(editor)


def test_when_the_engine_cannot_read_a_format_then_it_is_rendered_by_itself(user):
    editor = user()
    media = editor.scene.known(editor.folder / "a.braw", 0, 10, kind="movie")
    editor.scene.clip(media, frames=4, offset=2, selected=True)
    (selection,) = editor.host(knobs={"handles": 2}).selected_plates()
    folder = Path(selection.shot.plate.folder)
    assert folder.parent == editor.folder / "rendered"
    assert re.fullmatch(r"a_[0-9a-f]{8}_0-7", folder.name)
    assert selection.shot.plate.suffix == ".exr"
    assert [str(selection.frames), selection.shot.handles] == ["86402-86405", 2]


def test_when_resolve_is_headless_then_it_renders_too(user):
    editor = user(headless=True)
    editor.scene.clip(selected=True)
    assert len(rendered(editor).frames) == 10


def test_when_resolve_says_yes_to_a_codec_and_takes_another_then_it_is_noticed(user, monkeypatch):
    editor = user()
    editor.scene.clip(selected=True)
    before = editor.kit.snapshot()
    monkeypatch.setattr(editor.kit.queue, "select", lambda *_: True)
    with pytest.raises(FaceplateError, match="was told to render exr"):
        rendered(editor)
    assert editor.kit.snapshot() == before


def test_when_resolve_has_no_half_codec_then_it_is_said_what_it_has(user, monkeypatch):
    editor = user()
    editor.scene.clip(selected=True)
    monkeypatch.setattr("tests.hosts.resolve.project.codecs", lambda *_: {"RGB float": "RGBFloat"})
    with pytest.raises(FaceplateError, match=r"no half EXR here; it has \['RGBFloat'\]"):
        rendered(editor)


def test_when_a_timeline_does_not_take_the_sources_rate_then_it_is_noticed_and_removed():
    removed = []
    deaf = SimpleNamespace(SetSetting=lambda *_: True, GetSetting=lambda _: "24")
    app = SimpleNamespace(
        pool=SimpleNamespace(CreateEmptyTimeline=lambda _: deaf), remove=removed.append
    )
    with pytest.raises(FaceplateError, match="no timeline with timelineFrameRate 25: it is 24"):
        rendering._empty(app, SimpleNamespace(fps="25", size="64x36"))
    assert removed == [deaf]
