"""Nuke's menu to EXR and back: the adapter in a fake Nuke, a real engine, real files.

Rules of these tests:
    - The engine is found as an artist's Nuke finds it, through its connection file.
    - The fake's event loop runs while they wait, and whatever Nuke would print is an error.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from engine.frame_io.exr import read_image
from plugin_host.hosts.nuke import commands
from tests.hosts.nuke import NukeKit, pictures, run_terminal
from tests.pythons import old_python

ROOT = Path(__file__).resolve().parent.parent.parent
STARTUP = ROOT / "plugin_host" / "startup" / "nuke"
FRAMES = range(1001, 1007)
NAME = "FaceplateRestore1"


@pytest.fixture
def env(engine, monkeypatch):
    """The environment of a Nuke whose engine runs."""
    mine = {
        "FACEPLATE_CONNECTION": str(engine.path),
        "FACEPLATE_ENGINE": f"{sys.executable} -m engine",
    }
    for name in [n for n in os.environ if n.startswith(("FACEPLATE_", "OCIO"))]:
        monkeypatch.delenv(name)
    for name, value in {**mine, "PYTHONPATH": str(ROOT)}.items():
        monkeypatch.setenv(name, value)
    return mine


class Artist:
    """Somebody at a Nuke with a window."""

    def __init__(self, kit):
        self.kit, self.nuke = kit, kit.nuke

    def read(self, pattern, frames=FRAMES, **knobs):
        read = self.nuke.createNode("Read")
        read["file"].fromUserText(f"{pattern} {frames[0]}-{frames[-1]}")
        for name, value in {"colorspace": "linear", **knobs}.items():
            read[name].setValue(value)
        return read

    def does(self, line, deadline_s=60):
        """Choose a menu line and wait for what it began."""
        self.kit.choose(f"Faceplate/{line}")
        self.wait(deadline_s)

    def prepares(self, *nodes, **knobs):
        """Give each node a group that does as little as can be; return the last one."""
        for node in nodes:
            node.selectOnly()
            self.does("Set hero frame")  # makes the group, and restores nothing
            group = next(n for n in node.dependent() if n.Class() == "Group")
            whole(group, **{"restorer": "passthrough", "reference": "", **knobs})
        self.kit.shown.clear()
        return group

    def presses(self, group, button):
        self.kit.press(group, button)
        self.wait()

    def wait(self, deadline_s=60):
        mine = [t for t in threading.enumerate() if t.name.startswith("faceplate ")]
        self.kit.run_until(lambda: not any(t.is_alive() for t in mine), deadline_s)
        self.kit.pump()

    def group(self, name=NAME):
        return self.nuke.toNode(name)

    def shown(self, group, frame, view="main"):
        return pictures.pull(group, frame, view)

    @property
    def said(self):
        return [text.partition("\n\n")[2] for text in self.kit.messages]


@pytest.fixture
def artist(env):
    with NukeKit(version=(13, 2, 8)) as kit:
        kit.start(str(STARTUP))
        yield Artist(kit)
        assert kit.errors == []


@pytest.fixture
def faces(tmp_path, tools):
    """Three frames of a plate with a face."""
    return tools.write_face_plate(tmp_path / "plate", FRAMES[:3])


def files(folder):
    return sorted(path.name for path in Path(folder).glob("*_restored.*.exr"))


def whole(group, **knobs):
    """Set a group to restore whole frames, quickly."""
    for name, value in {"restorer": "temporal-denoise", "whole_frame": True, **knobs}.items():
        group[f"fp_{name}"].setValue(value)


@pytest.mark.slow
def test_when_a_read_is_restored_then_faces_change_and_all_other_pixels_are_the_plates(
    artist, faces, tmp_path
):
    artist.read(faces, FRAMES[:3])
    artist.does("Restore selected")
    assert artist.said == []
    group = artist.group()
    assert group["label"].value() == "v001: 1001-1003"
    output = tmp_path / "plate/restored/p/v001"
    assert files(output) == [f"p_restored.{frame}.exr" for frame in FRAMES[:3]]
    part = read_image(str(output / "p_restored.1003.exr")).parts[0]
    source = read_image(faces % 1003).parts[0]
    matte = part.channels["faceplate.matte"]
    changed = part.channels["R"] != source.channels["R"]
    assert changed.any()
    assert not changed[matte == 0].any()
    shown, plain = (artist.shown(node, 1003) for node in (group, artist.nuke.toNode("Read1")))
    assert shown.planes["R"].data != plain.planes["R"].data
    group["fp_mix"].setValue(0)
    assert artist.shown(group, 1003).planes["R"].data == plain.planes["R"].data


def test_when_the_same_is_asked_for_again_then_the_take_is_used_and_a_change_makes_the_next(
    artist, plate, tmp_path
):
    local = shutil.copytree(Path(plate).parent, tmp_path / "plate") / "p.%04d.exr"
    artist.read(local)
    artist.does("Preview this frame")  # frame 1, which the shot does not have
    assert artist.said == ["FaceplateRestore1: frame 1 is not in the shot 1001-1006 of Read1"]
    group = artist.group()
    whole(group, range="1001-1003")
    artist.presses(group, "fp_do_restore")
    versions = tmp_path / "plate/restored/p"
    stamps = {path: path.stat().st_mtime_ns for path in versions.glob("v001/*.exr")}
    assert len(stamps) == 3
    artist.presses(group, "fp_do_restore")
    assert {path: path.stat().st_mtime_ns for path in versions.glob("*/*.exr")} == stamps
    artist.nuke.frame(1006)
    artist.presses(group, "fp_do_preview")
    assert group["fp_done"].value() == "1001-1003,1006"
    whole(group, temporal_denoise_strength=50)
    artist.presses(group, "fp_do_restore")
    assert group["label"].value() == "v002: 1001-1003"
    assert files(versions / "v001") == [f"p_restored.{f}.exr" for f in (1001, 1002, 1003, 1006)]
    assert len(artist.said) == 1
    assert len(artist.nuke.allNodes("Group")) == 1


def test_when_something_is_upstream_then_it_is_rendered_and_the_result_lies_on_the_timeline(
    artist, plate, tmp_path
):
    artist.nuke.scriptSaveAs(str(tmp_path / "comp.nk"))
    read = artist.read(plate, frame_mode="offset", frame="1000")
    grade = artist.nuke.nodes.Grade(inputs=[read], multiply=2.0)
    group = artist.prepares(grade)
    grade.selectOnly()
    artist.does("Restore selected")
    assert group.input(0) is grade
    assert len(artist.kit.renders) == len(FRAMES)
    assert group["label"].value() == "v001: 1-6"
    assert group["fp_take"].value() == f"{tmp_path}/faceplate/Grade1/v001/Grade1.take"
    shown, graded = (artist.shown(node, 3).planes["R"] for node in (group, grade))
    assert shown.floats() == pytest.approx(graded.floats(), abs=2e-3)
    assert group.node("Restored")["raw"].value() is True
    artist.presses(group, "fp_do_restore")
    assert len(artist.kit.renders) == len(FRAMES)
    assert group["label"].value().startswith("v001")
    grade["multiply"].setValue(3.0)
    artist.presses(group, "fp_do_restore")
    assert group["label"].value().startswith("v002")


def test_when_several_nodes_are_selected_then_each_is_restored_and_one_failure_stops_no_other(
    artist, plate, tmp_path
):
    reads = []
    for name in ("a", "b"):
        local = shutil.copytree(Path(plate).parent, tmp_path / name) / "p.%04d.exr"
        reads.append(artist.read(local))
    (tmp_path / "b/p.1003.exr").unlink()
    broken = artist.read(tmp_path / "none/p.%04d.exr")
    artist.prepares(reads[0], broken, reads[1])
    for read in (reads[0], broken, reads[1]):
        read.setSelected(True)
    artist.does("Restore selected")
    labels = [artist.group(f"FaceplateRestore{n}")["label"].value() for n in (1, 2, 3)]
    assert labels[1].startswith("not restored: ")
    assert labels[0] == "v001: 1001-1006"
    assert labels[2] == "v001: 1001-1002,1004-1006\nnot restored: 1"
    assert str(tmp_path / "none") in artist.said[0]
    assert artist.said[1].startswith("FaceplateRestore3: frame 1003 is not as asked: ")
    assert len(artist.said) == 2


def test_when_the_user_cancels_then_the_engine_stops_and_frames_are_kept(
    artist, engine, long_plate, tmp_path
):
    artist.read(long_plate, range(1001, 1065))
    artist.does("Set hero frame")
    group = artist.group()
    assert group["fp_reference"].value() == "frame:1"
    whole(group, output=f"{tmp_path}/out/{{version}}", reference="")
    group.selectOnly()
    artist.kit.choose("Faceplate/Restore selected")
    artist.kit.run_until(lambda: len(files(tmp_path / "out/v001")) > 4, 60)
    assert "restor" in artist.kit.label(group)
    artist.does("Cancel")
    assert "of 64 frames are kept" in group["label"].value()
    assert 4 < len(files(tmp_path / "out/v001")) < 64
    assert artist.said == ["FaceplateRestore1: frame 1 is kept; its restorer takes no reference"]
    with engine.client() as client:
        assert {job.state for job in client.status().jobs} <= {"finished", "cancelled", "failed"}
    group["fp_range"].setValue("1001-1012")
    artist.does("Restore selected")
    assert group["label"].value() == "v001: 1001-1012"


def test_when_a_script_is_stereo_then_each_view_has_its_group_and_a_node_joins_them(
    artist, tools, tmp_path
):
    artist.nuke.root()["views"].setValue("left\nright")
    for view, level in (("left", 0.1), ("right", 0.4)):
        (tmp_path / view).mkdir()
        flat = np.full((32, 32, 3), level)
        tools.write_frame(tmp_path / view / "p.1001.exr", 1001, pixels=flat)
    read = artist.read(f"{tmp_path}/%V/p.%04d.exr", range(1001, 1002))
    artist.does("Restore selected")
    assert artist.said == []
    assert [n.name() for n in artist.nuke.allNodes("Group")] == ["FaceplateRestore2", NAME]
    join = artist.nuke.toNode("JoinViews1")
    for view in ("left", "right"):
        shown, plain = (artist.shown(node, 1001, view) for node in (join, read))
        assert shown.planes["R"].data == plain.planes["R"].data
        assert len(files(tmp_path / view / "restored/p/v001")) == 1


@pytest.mark.slow
def test_when_faces_are_picked_then_the_artist_sees_them_and_the_answer_is_restored(
    artist, faces, tmp_path
):
    artist.read(faces, FRAMES[:3])
    artist.kit.answer("getInput", "-1")
    artist.does("Pick faces", 120)
    assert artist.said == []
    (question,) = [one for one in artist.kit.shown if one.kind == "getInput"]
    assert "1: 1001-1003" in question.text
    sheet = artist.nuke.toNode("FaceplateRestore1_faces")
    assert Path(sheet["file"].value()).read_bytes()[1:4] == b"PNG"
    group = artist.group()
    assert group["fp_faces"].value() == "-1"


def test_when_the_take_is_opened_then_its_folder_is_shown(artist, plate, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(commands, "_open_folder", opened.append)
    read = artist.read(plate)
    artist.does("Open take")
    assert artist.said == ["Read1 has restored nothing yet"]
    group = artist.prepares(read, output=f"{tmp_path}/out", range="1001")
    artist.presses(group, "fp_do_restore")
    artist.presses(group, "fp_do_open_take")
    read.selectOnly()
    artist.does("Open take")
    assert opened == [f"{tmp_path}/out"] * 2


def test_when_the_status_is_asked_for_then_the_engine_tells_it_or_is_not_started(
    artist, engine, tmp_path, monkeypatch
):
    artist.does("Engine status")
    assert artist.said[-1].startswith(f"engine {engine.pid} at tcp://127.0.0.1:")
    monkeypatch.setenv("FACEPLATE_CONNECTION", str(tmp_path / "none.json"))
    artist.does("Engine status")
    assert artist.said[-1].startswith("no engine runs; the next command starts one")
    assert not (tmp_path / "none.json").exists()


def test_when_jobs_wait_and_all_are_cancelled_then_none_of_them_begins(
    artist, long_plate, tmp_path
):
    reads = [artist.read(long_plate, range(1001, 1065)) for _ in range(2)]
    for number, read in enumerate(reads):
        output = f"{tmp_path}/{number}/{{version}}"
        group = artist.prepares(read, restorer="temporal-denoise", output=output)
    for read in reads:
        read.setSelected(True)
    artist.kit.choose("Faceplate/Restore selected")
    artist.kit.run_until(lambda: files(tmp_path / "0/v001"), 60)
    assert artist.kit.label(group) == "FaceplateRestore2\nwaits for its turn"
    for read in reads:
        read.setSelected(False)
    artist.does("Cancel")
    assert group["label"].value() == "cancelled before it began"
    assert not (tmp_path / "1").exists()


WINDOW = """
import sys, threading
from tests.hosts.nuke import NukeKit

startup, pattern = sys.argv[1:]
with NukeKit(version=(13, 2, 8)) as kit:
    kit.start(startup)
    read = kit.nuke.createNode("Read")
    read["file"].fromUserText(pattern + " 1001-1006")
    read["colorspace"].setValue("linear")
    kit.choose("Faceplate/Restore selected")
    mine = [t for t in threading.enumerate() if t.name.startswith("faceplate ")]
    kit.run_until(lambda: not any(t.is_alive() for t in mine), 60)
    kit.pump()
    assert not kit.messages and not kit.errors, (kit.messages, kit.errors)
    print(kit.nuke.toNode("FaceplateRestore1")["label"].value())
"""


def test_when_nuke_13_with_its_own_python_restores_then_it_works_there(env, plate, tmp_path):
    local = shutil.copytree(Path(plate).parent, tmp_path / "plate") / "p.%04d.exr"
    done = subprocess.run(
        [old_python("3.7"), "-W", "error", "-c", WINDOW, str(STARTUP), str(local)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("v001: 1001-1006\n")


TERMINAL = """
import json, sys
import nuke
from plugin_host.hosts.nuke import restore, preview
from plugin_host.errors import FaceplateError

pattern, folder = sys.argv[1:3]
nuke.scriptSaveAs(folder + "/comp.nk")
read = nuke.nodes.Read(file=pattern, first=1001, last=1006, origfirst=1001, origlast=1006,
                       colorspace="linear")
nuke.frame(1002)
preview([read])
group = nuke.toNode("FaceplateRestore1")
told = [group["label"].value()]
group["fp_restorer"].setValue("temporal-denoise")
group["fp_whole_frame"].setValue(True)
restore([group])
told.append(group["label"].value())
group["fp_seed"].setValue(-1)
try:
    restore([group])
except FaceplateError as error:
    told.append(str(error))
nuke.scriptSaveAs(folder + "/comp.nk")
print(json.dumps([told, sys.version_info[:2]]))
"""


@pytest.mark.parametrize("old", [True, False])
def test_when_nuke_t_restores_then_it_waits_prints_percents_and_raises(env, plate, tmp_path, old):
    python = old_python("3.7") if old else sys.executable
    local = shutil.copytree(Path(plate).parent, tmp_path / "plate") / "p.%04d.exr"
    script = tmp_path / "script.py"
    script.write_text(TERMINAL, "utf-8")
    version = (13, 2, 8) if old else (16, 0, 1)
    nuke_path = {"NUKE_PATH": str(STARTUP), "PYTHONWARNINGS": "error", **env}
    done = run_terminal(
        "-t", script, local, tmp_path, "--", python=python, version=version, env=nuke_path
    )
    assert done.returncode == 0, done.stderr
    told, python_version = json.loads(done.stdout.splitlines()[-1])
    assert told[:2] == ["v001: 1002\nwithout a face: 1", "v002: 1001-1006"]
    assert told[2].startswith("Seed: ")
    assert python_version[0] == 3
    with NukeKit(version=version) as kit:
        kit.nuke.scriptOpen(str(tmp_path / "comp.nk"))
        group = kit.nuke.toNode("FaceplateRestore1")
        assert pictures.pull(group, 1004, "main").planes.keys() >= set("RGB")


def test_when_nodes_go_to_the_farm_then_the_artist_hears_of_each_job_and_nothing_is_restored(
    artist, tmp_path, tools, monkeypatch
):
    monkeypatch.setenv("FACEPLATE_FARM", "slurm")
    reads = [artist.read(tools.write_plate(tmp_path / name, FRAMES)) for name in "ab"]
    group = artist.prepares(*reads)
    for read in reads:
        read.setSelected(True)
    artist.does("Restore on the farm")
    (said,) = artist.said
    for name in "ab":
        folder = tmp_path / name / "restored/p/v001/p.farm"
        assert f"lies in {folder}\nsubmit it: {folder}/submit.sh\n" in said
        assert json.loads((folder / "request.json").read_text("utf-8"))["frames"] == "1001-1006"
    assert group["fp_take"].value() == ""
    monkeypatch.setenv("FACEPLATE_FARM", "os")
    artist.presses(group, "fp_do_restore_on_farm")
    assert "none of openjd, slurm" in artist.said[-1]
