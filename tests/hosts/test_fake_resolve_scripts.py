"""How the fake Resolve lists and runs scripts: as short-lived guests."""

import importlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.hosts.resolve import Frozen, Kit, NotListed, Resident
from tests.pythons import old_python

ROOT = Path(__file__).parents[2]


def script(kit, text, name="a.py"):
    path = kit.scripts_folder / "Utility" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), "utf-8")
    return path


def test_when_a_script_runs_then_it_finds_the_application_and_not_itself(resolve_kit):
    kit = resolve_kit()
    kit.scene(project="Film").clip()
    path = script(
        kit,
        """
        import __main__
        print(project.GetName(), resolve.GetProductName(), __name__, "__file__" in globals())
        print(__main__.bmd.scriptapp("Resolve").GetCurrentPage(), fu.GetResolve().GetVersion()[0])
        raise SystemExit(3)
        """,
    )
    done = kit.run_script(path).check()
    assert done.output.split() == [
        "Film",
        "DaVinci",
        "Resolve",
        "Studio",
        "__main__",
        "False",
        "edit",
        "20",
    ]
    assert sys.modules["__main__"].__name__ != "a"
    assert not hasattr(sys.modules["__main__"], "bmd")


def test_when_a_script_fails_then_its_error_is_kept(resolve_kit):
    kit = resolve_kit()
    done = kit.run_script(script(kit, "print('before')\nprint(__file__)"))
    assert done.output == "before\n"
    with pytest.raises(NameError, match="__file__"):
        done.check()


def test_when_a_script_catches_everything_then_a_frozen_host_is_still_found(resolve_kit):
    kit = resolve_kit()
    kit.scene()
    path = script(
        kit,
        """
        try:
            project.GetMediaPool().AppendToTimeline({})
        except BaseException:
            pass
        """,
    )
    with pytest.raises(Frozen):
        kit.run_script(path)
    kit.failure = None


def test_when_a_script_stays_then_it_is_found(resolve_kit):
    kit = resolve_kit()
    loop = script(kit, "import time\nwhile stay():\n    time.sleep(0.01)")
    waiting = [True]
    kit.globals = lambda: {"stay": lambda: waiting[0]}
    with pytest.raises(Resident, match="still runs"):
        kit.run_script(loop, deadline=0.1)
    waiting[0] = False


def test_when_a_script_is_isolated_then_it_finds_no_package_by_itself(resolve_kit):
    kit = resolve_kit()
    ours = sys.modules.get("plugin_host")
    path = script(
        kit,
        """
        import sys
        try:
            import plugin_host
        except ImportError:
            sys.path.append(root)
            from plugin_host.frame_range import FrameRange
            print(FrameRange.parse("1-3"))
        """,
    )
    names = kit.globals()
    kit.globals = lambda: {**names, "root": str(ROOT)}
    assert kit.run_script(path, isolated=True).check().output == "1-3\n"
    assert sys.modules.get("plugin_host") is ours
    assert kit.run_script(script(kit, "import plugin_host", "b.py")).check()


@pytest.mark.parametrize("daemon", [True, False])
def test_when_a_script_leaves_a_thread_then_only_a_daemon_may_stay(resolve_kit, daemon):
    kit = resolve_kit()
    path = script(
        kit,
        f"""
        import threading
        gate = threading.Event()
        threading.Thread(target=gate.wait, daemon={daemon}).start()
        done(gate)
        """,
    )
    gates = []
    kit.globals = lambda: {"done": gates.append}
    if daemon:
        kit.run_script(path).check()
    else:
        with pytest.raises(Resident, match="left threads"):
            kit.run_script(path)
    gates[0].set()


@pytest.mark.parametrize(
    ("version", "edition", "listed"),
    [
        ("21.0.4", "free", ["Utility/a.lua", "Utility/a.py"]),
        ("21.1", "free", ["Utility/a.lua"]),
        ("21.1", "studio", ["Utility/a.lua", "Utility/a.py"]),
    ],
)
def test_when_python_is_gone_then_its_scripts_are_not_listed(resolve_kit, version, edition, listed):
    kit = resolve_kit(version=version, edition=edition)
    python = script(kit, "")
    script(kit, "", "a.lua")
    script(kit, "", "notes.txt")
    assert kit.listed_scripts() == listed
    if len(listed) == 1:
        with pytest.raises(NotListed):
            kit.run_script(python)
    else:
        kit.run_script(python).check()


def test_when_lua_runs_then_lists_are_tables_and_none_is_nil(resolve_kit):
    kit = resolve_kit(version="21.1", edition="free")
    kit.scene(project="Film").clip()
    path = script(
        kit,
        """
        local timeline = resolve:GetProjectManager():GetCurrentProject():GetCurrentTimeline()
        local items = timeline:GetItemListInTrack("video", 1)
        local found = items[1]:GetMediaPoolItem():GetClipProperty()
        print(#items, items[1]:GetStart(), found["Frames"], timeline:GetItemListInTrack("x", 1)[1])
        print(items[1]:AddTake(items[1]:GetMediaPoolItem(), 0, 4), items[1]:GetTakesCount())
        print(Resolve():GetProductName(), bmd.scriptapp("Resolve"))
        """,
        "a.lua",
    )
    lines = kit.run_script(path).check().output.splitlines()
    assert lines == ["1\t86400\t10\tnil", "true\t2", "DaVinci Resolve\tnil"]


def test_when_lua_fails_or_freezes_the_host_then_it_is_found(resolve_kit):
    kit = resolve_kit()
    kit.scene()
    with pytest.raises(Exception, match="nil"):
        kit.run_script(script(kit, "nothing:Do()", "a.lua")).check()
    text = "pcall(function() project:GetMediaPool():AppendToTimeline({a = 1}) end)"
    with pytest.raises(Frozen):
        kit.run_script(script(kit, text, "b.lua"))
    kit.failure = None
    kit.lies.lua_silent = True
    assert kit.run_script(script(kit, text, "b.lua")).check().output == ""


@pytest.mark.parametrize(
    ("edition", "external", "host", "works"),
    [
        ("studio", "local", None, True),
        ("studio", "none", None, False),
        ("studio", "local", "farm-7", False),
        ("studio", "network", "farm-7", True),
        ("free", "local", None, False),
    ],
)
def test_when_an_external_script_connects_then_edition_and_preference_decide(
    resolve_kit, edition, external, host, works
):
    kit = resolve_kit(edition=edition, external=external, version="21.0.4")
    module = importlib.import_module("DaVinciResolveScript")
    assert (module.scriptapp("Resolve", host) is not None) == works
    assert (importlib.import_module("fusionscript").scriptapp("Resolve") is None) == (
        edition == "free" or external == "none"
    )
    assert os.environ["RESOLVE_SCRIPT_LIB"].startswith(str(kit.folder))


def test_when_the_kit_is_left_then_nothing_of_it_stays(tmp_path):
    before = dict(os.environ)
    with Kit(tmp_path):
        assert "DaVinciResolveScript" in sys.modules
    assert "DaVinciResolveScript" not in sys.modules
    assert dict(os.environ) == before


SCENARIO = """
import sys
from tests.hosts.exr_file import read_exr
from tests.hosts.resolve import Kit
with Kit(sys.argv[1], version="18.6.6", locale="ja") as kit:
    item = kit.scene().clip("plate", offset=1, frames=3)
    import DaVinciResolveScript
    project = DaVinciResolveScript.scriptapp("Resolve").GetProjectManager().GetCurrentProject()
    assert project.LoadRenderPreset("H.264 Master")
    assert project.SetCurrentRenderFormatAndCodec("exr", "RGBHalf")
    assert project.SetRenderSettings({"TargetDir": sys.argv[1] + "/out", "CustomName": "r"})
    assert project.StartRendering([project.AddRenderJob()])
    while project.IsRenderingInProgress():
        pass
    made = read_exr(sys.argv[1] + "/out/r_00086402.exr")
    assert made.planes["G"] == read_exr(item.media.file_of(3)).planes["G"]
    pool = project.GetMediaPool()
    wanted = {"FilePath": sys.argv[1] + "/out/r_%08d.exr", "StartIndex": 86400, "EndIndex": 86402}
    (media,) = pool.ImportMedia([wanted])
    assert kit.wrap(item).AddTake(media, 0, 3)
"""


@pytest.mark.parametrize("version", ["3.6", "3.7"])
def test_when_a_host_brings_an_old_python_then_the_kit_runs_there_too(tmp_path, version):
    command = [old_python(version), "-S", "-W", "error", "-c", SCENARIO, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
