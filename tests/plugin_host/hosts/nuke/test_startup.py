"""How Nuke starts with Faceplate: a menu, no engine, no window where there is none."""

import json
import sys
from pathlib import Path

import pytest

from engine.installing import Installation, put, take_away
from engine.places import System
from plugin_host.hosts.nuke import add_menu, work
from tests.hosts.nuke import NukeKit, run_terminal
from tests.pythons import old_python

ROOT = Path(__file__).resolve().parents[4]
STARTUP = ROOT / "plugin_host" / "startup" / "nuke"
LINES = [
    "Faceplate",
    "Faceplate/Restore selected",
    "Faceplate/Restore on the farm",
    "Faceplate/Preview this frame",
    "Faceplate/Set hero frame",
    "Faceplate/Pick faces",
    "Faceplate/Cancel",
    "Faceplate/Open take",
    "Faceplate/Engine status",
]


@pytest.mark.parametrize("version", [(13, 2, 8), (14, 1, 1), (15, 1, 1), (16, 0, 1), (17, 1, 0)])
def test_when_nuke_starts_with_a_window_then_there_is_a_menu_and_nothing_else_happened(
    version, monkeypatch
):
    monkeypatch.setattr(work, "find_or_start", lambda: pytest.fail("no engine is wanted"))
    with NukeKit(version=version) as kit:
        kit.start(str(STARTUP))
        assert kit.menu_lines() == LINES
        assert (kit.shown, kit.tasks, kit.errors) == ([], [], [])
        assert not kit.nuke.root().modified()


def test_when_nuke_starts_without_a_window_then_there_is_no_menu():
    with NukeKit(gui=False) as kit:
        kit.start(str(STARTUP))
        add_menu()  # from a script
        assert kit.session.menus == {}


def test_when_faceplate_is_installed_then_nuke_finds_it_there_and_no_longer_when_it_is_taken_away(
    tmp_path,
):
    where = Installation.of("nuke", System.here(), str(tmp_path))
    put(where, "faceplate")
    with NukeKit() as kit:
        kit.start(str(tmp_path))
        assert kit.menu_lines() == LINES
        assert sys.path[-1] == str(where.client)  # it hides nothing of Nuke's own
    assert take_away(where) == []
    with NukeKit() as kit:
        kit.start(str(tmp_path))
        assert kit.menu_lines() == []


@pytest.mark.parametrize(("python", "version"), [("3.7", (13, 2, 8)), (None, (16, 0, 1))])
def test_when_nuke_t_runs_a_script_then_it_finds_the_adapter(python, version, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import json, nuke\n"
        "from plugin_host.hosts.nuke import NukeHost, restore\n"
        "from plugin_host.errors import PlateError\n"
        "try:\n"
        "    restore()\n"
        "except PlateError as error:\n"
        "    print(json.dumps([NukeHost().name, str(error)]))\n"
    )
    done = run_terminal(
        "-t",
        script,
        python=old_python(python) if python else sys.executable,
        version=version,
        env={"NUKE_PATH": str(STARTUP), "PYTHONWARNINGS": "error"},
    )
    assert done.returncode == 0, done.stderr
    name, error = json.loads(done.stdout)
    assert name == "nuke {}.{}v{}".format(*version)
    assert error.startswith("nothing is selected")


def test_when_a_menu_line_is_chosen_with_nothing_selected_then_it_is_said(kit):
    kit.start(str(STARTUP))
    for line in LINES[1:7]:
        kit.choose(line)
        kit.pump()
    assert [text.partition("\n\n")[2] for text in kit.messages] == [
        *["nothing is selected; select Reads, other nodes or FaceplateRestore groups"] * 5,
        "nothing is being restored",
    ]
