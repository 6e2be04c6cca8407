"""Resolve from the menu to the placed result: the fake, real engine processes, real EXR."""

import importlib.util
import json
import shlex
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from engine.__main__ import main
from plugin_host.hosts.resolve import command, pages
from plugin_host.job_note import notes
from tests.engine.movies import write_movie
from tests.hosts import exr_file
from tests.hosts.resolve.fixtures import resolve_kit
from tests.integration.conftest import ROOT, Engine, environment, run, wait_until, write_frame

__all__ = ["resolve_kit"]
PROGRAM = f"{shlex.quote(sys.executable)} -m engine"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    shared = Engine(tmp_path_factory.mktemp("engine"))
    yield shared.wait_ready()
    shared.end()


@pytest.fixture
def editor(resolve_kit, engine, tmp_path, monkeypatch):
    """Return a function that starts a Resolve whose user has installed the scripts."""
    monkeypatch.setenv("FACEPLATE_JOBS", str(tmp_path / "jobs"))
    monkeypatch.setenv("FACEPLATE_RESOLVE", str(tmp_path / "resolve.json"))
    monkeypatch.setenv("FACEPLATE_CONNECTION", str(engine.path))
    monkeypatch.setenv("FACEPLATE_ENGINE", PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(ROOT)

    def start(rate="24", restorer="passthrough", version="21.0.4", edition="studio", **choices):
        knobs = {"restorer": restorer, "whole_frame": True, "handles": 2, "on_error": "source"}
        named = dict.fromkeys(("colourspace", "render_colourspace"), "lin_rec709_scene")
        chosen = {"page": False, "knobs": knobs, **named, **choices}
        (tmp_path / "resolve.json").write_text(json.dumps(chosen))
        kit = resolve_kit(version=version, edition=edition, locale="es", blind_after_edit=1)
        return Editor(kit, kit.scene(rate=rate), engine, tmp_path)

    return start


class Editor:
    """Someone who runs scripts from Resolve's menu."""

    def __init__(self, kit, scene, engine, folder):
        self.kit, self.scene, self.engine, self.folder = kit, scene, engine, folder
        self.installed = kit.scripts_folder / "Utility" / "Faceplate"
        scripts = ROOT / "resolve_scripts"
        for path in [*scripts.glob("*.py"), *scripts.glob("Lua/*.lua")]:
            text = path.read_text("utf-8").replace(
                'FOLDER = ""', f"FOLDER = {json.dumps(str(ROOT))}"
            )
            target = self.installed / path.relative_to(scripts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(
                text.replace('ENGINE = ""', f"ENGINE = {json.dumps(PROGRAM)}"), "utf-8"
            )

    def runs(self, name):
        """Run a script of the menu; return what it says."""
        return self.kit.run_script(self.installed / name).check().output

    def await_end(self):
        """Wait until no job runs."""
        with self.engine.client() as client:
            wait_until(
                lambda: not {"running", "queued"} & {j.state for j in client.status().jobs},
                "it ends",
            )

    def sequence(self, first=1001, last=1008, **how):
        """Return media of noise, whose frames all differ, and which a restorer changes."""
        folder = self.kit.folder / "media" / "shot"
        folder.mkdir(parents=True)
        for frame in range(first, last + 1):
            write_frame(folder / f"shot.{frame:04d}.exr", frame)
        pattern = str(folder / "shot.%04d.exr")
        return self.scene.known(pattern, first, last - first + 1, size=(64, 48), **how)


def green(path):
    return exr_file.read_exr(path).planes["G"]


def test_when_an_editor_restores_a_clip_then_it_comes_back_as_a_take(editor):
    user = editor("23.976", restorer="temporal-denoise")
    media = user.sequence()
    item = user.scene.clip(media, frames=4, offset=2, selected=True)
    user.scene.title(at=item.start, track=2)
    before, plate = user.kit.snapshot(), [media.file_of(n).read_bytes() for n in range(8)]
    assert "shot_1003-1006: 4 frames, job" in user.runs("Restore.py")
    assert item.takes == []
    user.await_end()
    assert "shot_1003-1006: finished 4/4" in user.runs("Status.py")
    assert "take 2" in user.runs("Collect results.py")
    assert "nothing to collect" in user.runs("Collect results.py")
    shown = item.media
    assert (shown.first, shown.frames, shown.fps, item.duration) == (1003, 4, "23.976", 4)
    for frame in range(4):
        restored = green(shown.file_of(frame))
        assert restored != green(media.file_of(2 + frame))
    assert [media.file_of(n).read_bytes() for n in range(8)] == plate
    assert user.kit.snapshot() == before
    (marker,) = item.markers.values()
    assert len(marker["customData"]) == 16
    assert "temporal-denoise, frames 1003-1006" in marker["note"]


def test_when_settings_change_then_the_next_version_is_another_take(editor):
    user = editor()
    item = user.scene.clip(user.sequence(), selected=True)
    for seed in (0, 0, 7):
        path = user.folder / "resolve.json"
        choices = json.loads(path.read_text())
        choices["knobs"]["seed"] = seed
        path.write_text(json.dumps(choices))
        user.runs("Restore.py")
        user.await_end()
        user.runs("Collect results.py")
    folders = [Path(take.media.path).parent.name for take in item.takes]
    assert folders == ["shot", "v001", "v002"]


@pytest.mark.parametrize(("speed", "frames"), [(2, 4), (0.5, 8)])
def test_when_a_clip_is_retimed_then_its_restored_frames_last_as_long_on_a_track(
    editor, speed, frames
):
    user = editor(place="track")
    media = user.sequence()
    item = user.scene.clip(media, frames=frames, speed=speed, selected=True)
    user.runs("Restore.py")
    user.await_end()
    assert "video track 2" in user.runs("Collect results.py")
    (shown,) = user.scene.timeline.video[1].items
    assert (shown.start, shown.duration) == (item.start, item.duration)
    for offset in range(frames):
        played = shown.media.file_of(shown.source_frame(shown.start + offset))
        assert green(played) == green(media.file_of(item.source_frame(item.start + offset)))


def test_when_only_resolve_reads_a_source_then_its_render_is_restored(editor):
    user = editor(render="always", render_folder="")
    item = user.scene.clip(user.sequence(), frames=4, offset=2, selected=True, grade=2)
    media, before = item.media, user.kit.snapshot()
    assert "source_86402-86405: 4 frames" in user.runs("Restore.py")
    user.await_end()
    assert "take 2" in user.runs("Collect results.py")
    assert [green(item.media.file_of(n)) for n in range(4)] == [
        green(media.file_of(2 + n)) for n in range(4)
    ]
    assert user.kit.snapshot() == before


def test_when_a_frame_is_previewed_then_it_is_in_the_bin_and_the_timeline_is_untouched(editor):
    user = editor()
    item = user.scene.clip(user.sequence(), under_playhead=True)
    user.scene.timeline.playhead = item.start + 3
    assert "frame 1004 of shot_1001-1008" in user.runs("Preview frame.py")
    (ours,) = [folder for folder in user.scene.project.root.folders if folder.name == "Faceplate"]
    assert [media.first for media in ours.media] == [1004]
    assert (item.takes, item.markers) == ([], {})


def test_when_the_clips_jobs_are_cancelled_then_the_editor_hears_of_it(editor):
    user = editor(restorer="temporal-denoise")
    user.scene.clip(user.sequence(last=1120), selected=True)
    user.runs("Restore.py")
    assert "told to stop" in user.runs("Cancel.py")
    user.await_end()
    said = user.runs("Collect results.py")
    assert "cancelled" in said or "take 2" in said
    assert notes() == []


def test_when_the_free_edition_has_lost_python_then_lua_does_the_same(editor):
    pytest.importorskip("lupa", reason="the fake runs Lua by lupa")
    user = editor("25", version="21.1", edition="free")
    media = user.sequence()
    item = user.scene.clip(media, frames=4, offset=2, selected=True)
    assert all(name.endswith(".lua") for name in user.kit.listed_scripts())
    before = user.kit.snapshot()
    assert "shot_1003-1006: 4 frames, job" in user.runs("Lua/Restore.lua")
    user.await_end()
    assert "shot_1003-1006: placed" in user.runs("Lua/Collect results.lua")
    assert "nothing is to be placed" in user.runs("Lua/Collect results.lua")
    assert (item.take, item.media.first, item.media.frames) == (2, 1003, 4)
    assert [green(item.media.file_of(n)) for n in range(4)] == [
        green(media.file_of(2 + n)) for n in range(4)
    ]
    assert (user.kit.snapshot(), user.kit.modals) == (before, [])


@pytest.mark.parametrize("language", ["Python", "Lua"])
def test_when_clips_go_to_the_farm_then_the_editor_hears_where_their_jobs_lie(
    editor, language, monkeypatch
):
    if language == "Lua":
        pytest.importorskip("lupa", reason="the fake runs Lua by lupa")
    monkeypatch.setenv("FACEPLATE_FARM", "deadline10")
    user = editor("25") if language == "Python" else editor("25", version="21.1", edition="free")
    media = user.sequence()
    user.scene.clip(media, frames=4, offset=2, selected=True)
    before = user.kit.snapshot()
    folder = Path(media.file_of(0)).parent / "restored/shot_1003-1006/v001/shot.farm"
    script = "Restore on the farm"
    said = user.runs(f"{script}.py" if language == "Python" else f"Lua/{script}.lua")
    assert f"shot_1003-1006: a job for the farm lies in {folder}" in said
    assert f"submit it: python3 {folder}/submit.py" in said
    assert "no Deadline has run it" in said
    assert json.loads((folder / "request.json").read_text("utf-8"))["frames"] == "1003-1006"
    assert (user.kit.snapshot(), notes()) == (before, [])


def test_when_the_source_is_a_movie_then_its_frames_count_from_1(editor):
    user = editor("25", place="track")
    path = user.kit.folder / "prores.mov"
    write_movie(path, 10, rate=Fraction(25), size=(64, 96))
    media = user.scene.known(path, 0, 10, "25", (96, 64), "movie")
    item = user.scene.clip(media, frames=4, offset=2, selected=True)
    assert "prores_3-6: 4 frames" in user.runs("Restore.py")
    user.await_end()
    assert "video track 2" in user.runs("Collect results.py")
    (shown,) = user.scene.timeline.video[1].items
    assert (shown.start, shown.duration, shown.media.first) == (item.start, 4, 3)
    assert shown.media.properties["Start TC"] == "00:00:00:02"


def test_when_the_scripts_are_installed_then_the_menu_has_them_and_they_find_the_engine(
    editor, monkeypatch
):
    user = editor()
    utility = user.folder / "Fusion" / "Scripts" / "Utility"
    utility.mkdir(parents=True)
    assert main(["install", "resolve", "--path", str(utility)]) == 0
    monkeypatch.delenv("FACEPLATE_ENGINE")
    script = utility / "Faceplate" / "Status.py"
    assert "nothing is waiting" in user.kit.run_script(script, isolated=True).check().output
    if importlib.util.find_spec("lupa"):
        script = utility / "Faceplate" / "Lua" / "Collect results.lua"
        assert (
            "nothing is to be placed" in user.kit.run_script(script, isolated=True).check().output
        )
    assert main(["uninstall", "resolve", "--path", str(utility)]) == 0
    assert not script.exists()


def test_when_clips_are_submitted_then_the_page_of_the_first_job_is_shown(editor, monkeypatch):
    asked = []
    monkeypatch.setattr(pages, "progress_page", lambda job: f"http://127.0.0.1/{job}")
    monkeypatch.setattr(pages, "show", asked.append)
    user = editor(page=True)
    user.scene.clip(user.sequence(), selected=True)
    said = user.runs("Restore.py")
    assert [address.rpartition("/")[2] in said for address in asked] == [True]
    user.await_end()


def test_when_one_clip_is_refused_by_the_engine_then_the_others_are_submitted(editor):
    user = editor(output="{folder}/{name}/{version}")
    good = user.scene.clip(user.sequence(), selected=True)
    lost = user.scene.known("/nowhere/lost.%04d.exr", 1, 8, size=(64, 48))
    user.scene.clip(lost, selected=True)
    user.scene.title(at=good.start, track=2)
    said = user.runs("Restore.py")
    assert "shot_1001-1008: 8 frames" in said
    user.await_end()
    said = user.runs("Collect results.py")
    assert "shot_1001-1008: take 2" in said
    assert "not placed: lost_1-8" in said or "not restored: lost_1-8" in said


def test_when_external_scripting_is_allowed_then_the_command_waits_and_places(editor, monkeypatch):
    monkeypatch.setattr(command, "AGAIN_S", 0.1)
    user = editor(restorer="temporal-denoise")
    item = user.scene.clip(user.sequence(last=1032), selected=True)
    assert main(["resolve", "restore"]) == 0
    assert main(["resolve", "collect", "--wait"]) == 0
    assert item.take == 2
    user.kit.external = "none"
    assert main(["resolve", "status"]) != 0


def test_when_no_resolve_is_installed_then_the_command_says_so():
    done = run("resolve", "status", env=environment(RESOLVE_SCRIPT_API="/nowhere"))
    assert done.returncode != 0
    assert "DaVinciResolveScript is not in" in done.stderr
