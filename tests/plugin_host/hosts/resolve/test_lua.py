"""The Lua scripts, by real interpreters; `tests/integration/test_resolve.py` has the whole way."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
        f"if sys.argv[2:3] == ['plan']:\n"
        f"    shutil.copy({str(heard)!r} + '/plan', sys.argv[-1])\n"
    )
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
    ],
)
def test_when_resolve_does_not_keep_it_then_lua_says_why(lua, place, lies, why):
    editor = lua.start(**lies)
    item = editor.scene.clip(frames=4, offset=2)
    planned(editor, lua, item, place=place)
    lua(editor, "Collect results")
    assert why in (lua.heard / "placed").read_text("utf-8")
    assert not item.takes[1:]
    assert not [each for track in editor.scene.timeline.video[1:] for each in track.items]


def test_when_nothing_is_planned_then_lua_says_so(lua):
    editor = lua.start()
    (lua.heard / "plan").write_text("")
    assert "nothing is to be placed" in lua(editor, "Collect results")
