"""The fake as `nuke -t`, in processes of its own, and under the Python of Nuke 13."""

import json
import subprocess
import sys

import pytest

from tests.hosts.nuke import NukeKit, exercise, run_terminal
from tests.hosts.nuke.terminal import ROOT, stripped
from tests.pythons import old_python


def said(done):
    """Return what a process that succeeded printed, as JSON."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def script(tmp_path):
    """A script that prints what Nuke gave it."""
    path = tmp_path / "script.py"
    path.write_text(
        "import json, sys, nuke\n"
        "print(json.dumps([sys.argv[1:], nuke.GUI, nuke.NUKE_VERSION_STRING, nuke.menu('Nuke'),\n"
        "                  nuke.env['gui'], sys.version_info[:2]]))\n"
    )
    return path


@pytest.mark.parametrize("argument", ["7", "1001-1010", "1-10x2", "-5"])
def test_when_a_range_ends_the_arguments_then_the_script_never_sees_it(argument):
    assert stripped(["a.py", "--in", argument]) == (["a.py", "--in"], argument)
    assert stripped(["a.py", argument, "--last"]) == (["a.py", argument, "--last"], None)


def test_when_nuke_t_runs_a_script_then_there_is_no_interface(script):
    done = run_terminal("-t", script, "--shot", "a", "1001-1010", version=(16, 0, 1))
    arguments, gui, version, menu, env, _ = said(done)
    assert (arguments, gui, version, menu, env) == (["--shot", "a"], False, "16.0v1", None, False)


def test_when_nuke_t_runs_on_python_3_7_then_it_does_the_same(script):
    done = run_terminal("-t", script, "a", python=old_python("3.7"))
    assert said(done) == [["a"], False, "13.2v8", None, False, [3, 7]]


def test_when_nuke_starts_in_a_terminal_then_init_runs_and_menu_does_not(tmp_path, script):
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "init.py").write_text("import sys; sys.stderr.write('init ran')\n")
    (folder / "menu.py").write_text("raise SystemExit(3)\n")
    env = {"NUKE_PATH": str(folder), "HOME": str(tmp_path)}
    done = run_terminal("-t", script, env=env)
    assert done.returncode == 0
    assert "init ran" in done.stderr


def test_when_a_script_fails_then_the_process_does(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import nuke\nnuke.message('nobody reads this')\n")
    done = run_terminal("-t", script)
    assert done.returncode != 0
    assert "terminal mode" in done.stderr


def test_when_a_saved_script_is_rendered_then_its_writes_write(tmp_path):
    pattern = exercise.plate(str(tmp_path), [1, 2])
    with NukeKit() as kit:
        nuke = kit.nuke
        read = nuke.nodes.Read(file=pattern, last=2)
        nuke.nodes.Write(
            file=f"{tmp_path}/out.%d.exr", raw=True, channels="all", inputs=[read], name="Out"
        )
        nuke.scriptSave(f"{tmp_path}/comp.nk")
    done = run_terminal("-X", "Out", "-F", "1-2", "-x", tmp_path / "comp.nk")
    assert done.returncode == 0, done.stderr
    assert "Frame 2 (2 of 2)" in done.stdout
    assert exercise.digest(f"{tmp_path}/out.2.exr") == exercise.digest(pattern % 2)


def test_when_pythons_differ_then_the_day_is_the_same(tmp_path):
    days = []
    for name, python in (("old", old_python("3.7")), ("new", sys.executable)):
        folder = tmp_path / name
        folder.mkdir()
        done = subprocess.run(
            [python, "-m", "tests.hosts.nuke.exercise", folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        days.append(said(done))
    assert days[0] == days[1]
    day = days[0]
    assert day["digests"][:2] == day["plate"][:2]  # through a Grade that does nothing
    assert day["digests"][2:] != day["plate"][2:]
    assert day["renders"] == [["Write1", "main", frame] for frame in range(1001, 1005)]
    assert "off the main thread" in day["thread"][0]
    assert day["thread"][1:] == [3, False, True]
    assert day["label"] == "x"
    assert day["after undo"] == ["Write1", "Grade1", "Read1"]
    assert day["metadata"]["input/timecode"] == "01:00:41:18"
    assert day["metadata"]["input/frame_rate"] == pytest.approx(24000 / 1001)
    assert day["errors"] == []
