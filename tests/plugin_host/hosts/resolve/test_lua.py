"""The Lua scripts, by real interpreters; `tests/integration/test_resolve.py` has the whole way."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts.resolve import media as media_pool

ROOT = Path(__file__).parents[4]
SHARED = ROOT / "plugin_host" / "hosts" / "resolve" / "faceplate.lua"
SCRIPTS = sorted((ROOT / "resolve_scripts" / "Lua").glob("*.lua"))
COMPILERS = {"luac5.1": ["-p"], "luajit": ["-bl"], "lua5.1": ["-e", "assert(loadfile(arg[1]))"]}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("path", [SHARED, *SCRIPTS], ids=lambda path: path.stem)
def test_when_lua_reads_a_script_then_its_syntax_is_right(compiler, path):
    found = shutil.which(compiler)
    if found is None:
        pytest.skip(f"no {compiler} here: apt-get install lua5.1 luajit")
    command = [found, *COMPILERS[compiler], str(path)]
    if compiler == "lua5.1":
        command = [found, "-e", f"assert(loadfile({json.dumps(str(path))}))"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_when_a_lua_script_is_read_then_it_is_short_and_can_be_filled_in(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 60
    assert re.findall(r'^local (FOLDER|ENGINE) = ""$', text, re.MULTILINE) == ["FOLDER", "ENGINE"]


def test_when_python_has_a_script_then_lua_has_it_too_but_for_cancel():
    python = {path.stem for path in (ROOT / "resolve_scripts").glob("*.py")}
    assert {path.stem for path in SCRIPTS} == python - {"Cancel"}


@pytest.fixture
def lua(user, tmp_path):
    """Return a function that runs a script of free 21.1, before a command that keeps its words."""
    pytest.importorskip("lupa", reason="the fake runs Lua by lupa")
    heard = tmp_path / "heard"
    heard.mkdir()
    program = tmp_path / "faceplate.py"
    program.write_text(
        "import shutil, sys\n"
        f"print('said', *sys.argv[1:3])\n"
        f"if sys.argv[2:3] in (['submit'], ['placed']):\n"
        f"    shutil.copy(sys.argv[-1], {str(heard)!r} + '/' + sys.argv[2])\n"
        f"if sys.argv[2:3] in (['plan'], ['choices']):\n"
        f"    shutil.copy({str(heard)!r} + '/' + sys.argv[2], sys.argv[-1])\n"
    )
    (heard / "choices").write_text("clips\tauto\ncolour\t\ntrack\t0\n")
    engine = f"{shlex.quote(sys.executable)} {shlex.quote(str(program))}"

    def run(editor, name, folder=ROOT):
        text = (ROOT / "resolve_scripts" / "Lua" / f"{name}.lua").read_text("utf-8")
        text = text.replace('FOLDER = ""', f"FOLDER = {json.dumps(str(folder))}")
        path = tmp_path / f"{name}.lua"
        path.write_text(text.replace('ENGINE = ""', f"ENGINE = {json.dumps(engine)}"), "utf-8")
        return editor.kit.run_script(path).check().output

    run.heard = heard
    run.start = lambda **options: user(version="21.1", edition="free", locale="zh", **options)
    return run


def test_when_the_folder_is_not_there_then_a_script_says_what_to_run(lua, tmp_path):
    editor = lua.start()
    assert "Run: faceplate install resolve" in lua(editor, "Restore", tmp_path)


def test_when_clips_are_chosen_then_lua_writes_down_what_python_would_have_read(lua):
    from plugin_host.hosts.resolve.choosing import facts_of  # noqa: PLC0415
    from plugin_host.hosts.resolve.clip import Facts  # noqa: PLC0415

    editor = lua.start(rate="23.976", rate_as_number=True)
    item = editor.scene.clip(frames=5, offset=2, selected=True, name='a "b"\\c\tü')
    assert "said resolve submit" in lua(editor, "Restore")
    data = json.loads((lua.heard / "submit").read_text("utf-8"))
    assert data["host"].endswith(" 21.1.0")
    (clip,) = data["clips"]
    assert Facts.from_json(clip) == facts_of(editor.application(), editor.kit.wrap(item), 1)
    assert "timecode" not in data


def test_when_a_frame_is_previewed_then_lua_says_where_the_playhead_is(lua):
    editor = lua.start()
    editor.scene.clip(under_playhead=True)
    lua(editor, "Preview frame")
    data = json.loads((lua.heard / "submit").read_text("utf-8"))
    assert data["timecode"] == "01:00:00:00"


def test_when_resolves_python_has_a_home_then_the_command_does_not_hear_of_it(lua, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/opt/resolve/python")
    monkeypatch.setenv("PYTHONPATH", "/opt/resolve/modules")
    assert "said status" in lua(lua.start(), "Status")


def test_when_nothing_is_chosen_then_lua_says_so_and_asks_nobody(lua, monkeypatch):
    editor = lua.start()
    assert "no clip is chosen" in lua(editor, "Restore")
    assert not (lua.heard / "submit").exists()


def planned(editor, lua, item, **choices):
    """Write the plan of a result of a clip as `faceplate resolve plan` would."""
    from plugin_host.hosts.resolve import written  # noqa: PLC0415
    from plugin_host.hosts.resolve.choices import Choices  # noqa: PLC0415

    result = editor.result(item, **choices)
    Path(written.default_folder()).mkdir(parents=True, exist_ok=True)
    written.WrittenHost(Choices()).place_result(result)
    (lua.heard / "plan").write_text(written.plan(editor.scene.project.id), "utf-8")
    return result


@pytest.mark.parametrize("place", ["take", "track"])
@pytest.mark.parametrize("speed", [1, 2])
def test_when_a_result_is_planned_then_lua_places_it_once_and_says_so(lua, place, speed):
    editor = lua.start()
    item = editor.scene.clip(frames=4, offset=2, speed=speed)
    planned(editor, lua, item, place=place)
    was = {**editor.kit.snapshot(), "tracks": None}
    for _ in range(2):
        assert "said resolve placed" in lua(editor, "Collect results")
        assert (lua.heard / "placed").read_text("utf-8") == "0123456789abcdef\t\n"
    above = [each for track in editor.scene.timeline.video[1:] for each in track.items]
    assert len(above) + len(item.takes[1:]) == 1
    shown = above[0] if above else item
    assert (shown.start, shown.duration) == (item.start, 4)
    assert shown.media.name.startswith("plate_restored")
    assert [m["customData"] for m in item.markers.values()] == ["0123456789abcdef"]
    assert {**editor.kit.snapshot(), "tracks": None} == was
    assert editor.kit.modals == []


@pytest.mark.parametrize(
    ("place", "lies", "why"),
    [
        ("take", {"take_ignored": 1}, "adds no take"),
        ("track", {"append_phantoms": 9}, "nothing is on the track"),
        ("track", {"append_vanish": 1}, "dropped it when it saved"),
        ("take", {"folder_ignored": 9}, "does not open the bin"),
    ],
)
def test_when_resolve_does_not_keep_it_then_lua_says_why(lua, place, lies, why):
    editor = lua.start(**lies)
    item = editor.scene.clip(frames=4, offset=2)
    editor.scene.bin("Faceplate")
    was = {**editor.kit.snapshot(), "tracks": None}
    planned(editor, lua, item, place=place)
    lua(editor, "Collect results")
    assert why in (lua.heard / "placed").read_text("utf-8")
    assert not item.takes[1:]
    assert not [each for track in editor.scene.timeline.video[1:] for each in track.items]
    assert item.markers == {}
    assert {**editor.kit.snapshot(), "tracks": None} == was


def test_when_a_call_of_resolves_fails_then_lua_says_so_and_all_is_as_it_was(lua, monkeypatch):
    editor = lua.start()
    item = editor.scene.clip(frames=4, offset=2)
    planned(editor, lua, item)
    editor.application().pool.CreateEmptyTimeline("Cut 2")
    editor.kit.page = "color"
    editor.scene.bin("Faceplate")
    was = editor.kit.snapshot()
    monkeypatch.setattr(editor.kit, "rate_text", lambda _: 1 / 0)
    monkeypatch.setattr("tests.hosts.resolve.item.placing.fit", lambda *_: 1 / 0)
    lua(editor, "Collect results")
    assert "\tResolve fails: " in (lua.heard / "placed").read_text("utf-8")
    assert editor.kit.snapshot() == was


@pytest.mark.parametrize("trimmed", [False, True])
def test_when_the_clip_is_gone_or_trimmed_then_lua_puts_the_result_into_the_bin(lua, trimmed):
    editor = lua.start()
    item = editor.scene.clip(frames=4, offset=2)
    planned(editor, lua, item)
    if trimmed:
        item.duration = 3
    else:
        item.track.items.remove(item)
    said = lua(editor, "Collect results")
    why = "its clip is another length now" if trimmed else "its clip is not on its timeline"
    assert f"in the bin Faceplate, since {why}" in said
    assert not item.takes
    assert (lua.heard / "placed").read_text("utf-8") == "0123456789abcdef\t\n"
    (ours,) = [each for each in editor.scene.project.root.folders if each.name == "Faceplate"]
    assert [(media.first, media.frames) for media in ours.media] == [(1003, 4)]


def test_when_not_all_frames_are_imported_then_lua_places_nothing(lua, monkeypatch):
    editor = lua.start()
    item = editor.scene.clip(frames=4, offset=2)
    planned(editor, lua, item)
    whole = media_pool.imported
    monkeypatch.setattr(media_pool, "imported", lambda *a: whole(*a[:3], a[3] - 1))
    lua(editor, "Collect results")
    assert "Resolve imports 3 of its frames" in (lua.heard / "placed").read_text("utf-8")
    assert not item.takes


def test_when_a_clip_shows_a_take_of_ours_then_lua_asks_for_the_original_and_shows_it_again(lua):
    editor = lua.start()
    item = editor.scene.clip(frames=4, offset=2, selected=True)
    source = item.media
    planned(editor, lua, item)
    lua(editor, "Collect results")
    lua(editor, "Restore")
    (clip,) = json.loads((lua.heard / "submit").read_text("utf-8"))["clips"]
    assert (clip["path"], item.take) == (source.shown_path, 2)


def test_when_the_source_has_an_input_colour_space_then_lua_gives_it_to_the_result(lua):
    editor = lua.start()
    item = editor.scene.clip(frames=4, offset=2)
    item.media.properties["IDT"] = "ACEScg"
    planned(editor, lua, item)
    lua(editor, "Collect results")
    assert (item.take, item.media.properties["IDT"]) == (2, "ACEScg")


def test_when_the_choices_name_clips_then_lua_means_those(lua):
    editor = lua.start()
    selected = editor.scene.clip("a", selected=True, under_playhead=True)
    orange = editor.scene.clip("b_restored", at=selected.end, colour="Orange", track=2)
    upper = editor.scene.clip("c", at=selected.end, track=3)

    def meant(clips, colour="", track=0):
        text = f"clips\t{clips}\ncolour\t{colour}\ntrack\t{track}\n"
        (lua.heard / "choices").write_text(text)
        lua(editor, "Restore")
        said = json.loads((lua.heard / "submit").read_text("utf-8"))
        return [clip["item"] for clip in said["clips"]]

    assert meant("auto", "Orange", 3) == meant("selected") == meant("playhead") == [selected.id]
    assert meant("colour", "Orange") == [orange.id]
    assert meant("track", track=3) == [upper.id]
    editor.scene.timeline.selected = []
    editor.scene.timeline.playhead = 0
    assert meant("auto", "Orange", 3) == [orange.id]
    assert meant("auto", "", 3) == [upper.id]


def test_when_the_choices_cannot_be_read_then_lua_submits_nothing(lua):
    editor = lua.start()
    editor.scene.clip(selected=True)
    (lua.heard / "choices").write_text("")
    lua(editor, "Restore")
    assert not (lua.heard / "submit").exists()


def test_when_nothing_is_planned_then_lua_says_so(lua):
    editor = lua.start()
    (lua.heard / "plan").write_text("")
    assert "nothing is to be placed" in lua(editor, "Collect results")
