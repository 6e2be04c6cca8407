"""Bundles run for real: openjd's own command, several engines on one take, kills.

The restorer is chained, and chunks of it are run side by side all the same, as if its windows were
independent: each makes the windows before its own first. So all of them meet in one take.
"""

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.__main__ import main
from plugin_host.bundle import write_bundle
from plugin_host.farm import Declaration, farm_job
from plugin_host.farms import openjd
from plugin_host.plate import Plate
from tests.integration.conftest import (
    COMMAND,
    ROOT,
    alive,
    delivered,
    environment,
    request,
    wait_until,
    write_plate,
)

FRAMES = range(1001, 1017)
SHOT = f"{FRAMES[0]}-{FRAMES[-1]}"
DEADLINE_S = 120.0
LONG = pytest.mark.skipif("FARMS" not in os.environ, reason="several engines; make bench-farm")


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """Return what a farm's machine finds: `faceplate` and `openjd`, and where sessions lie."""
    folder = tmp_path_factory.mktemp("machine")
    sessions = folder / "sessions"
    sessions.mkdir()
    program = folder / "faceplate"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    program.chmod(0o755)
    path = f"{folder}:{Path(sys.executable).parent}:/usr/bin:/bin"
    return environment(PATH=path, TMPDIR=str(sessions))


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    return write_plate(tmp_path_factory.mktemp("plate"), FRAMES)


@pytest.fixture(scope="module")
def whole(plate, tmp_path_factory):
    """Return what one run of the same request delivers."""
    output = tmp_path_factory.mktemp("whole")
    words = ["restore", plate, "--output", str(output), "--whole-frame"]
    assert main([*words, "--restorer", "temporal-denoise"]) == 0
    return delivered(output)


def asked(plate, folder, frames=SHOT):
    return request(plate, folder / "out", frames)


def bundle(folder, request, chunk=8, *, plain=False):
    """Write a job whose tasks run side by side."""
    job = farm_job(request, Declaration("independent", 8), chunk)
    write_bundle(str(folder), request, openjd.files(job, plain=plain))
    return folder


def engines(env):
    """Return the processes that a session has started and that run still."""
    found = []
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if env["TMPDIR"].encode() in words.read_bytes():
                found.append(int(words.parent.name))
    return [pid for pid in found if alive(pid)]


def run(env, *words, cwd=None):
    return subprocess.run(
        words, env=env, cwd=cwd, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )


def test_when_the_pages_commands_are_run_then_every_frame_is_delivered(here, tmp_path):
    text = (ROOT / "docs" / "farm.md").read_text("utf-8")
    first, *_ = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    write_plate(tmp_path / "plates", range(1001, 1004))
    page = first.replace("sh010.%04d.exr", "p.%04d.exr")
    quick = {"FACEPLATE_RESTORER": "temporal-denoise", "FACEPLATE_WHOLE_FRAME": "1"}
    done = run({**here, **quick}, "bash", "-ec", page, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passes validation checks" in done.stdout
    assert "\n100%\n" in done.stdout
    assert len(delivered(tmp_path / "restored")) == 3
    logs = [log.read_text() for log in (tmp_path / "job" / "logs").iterdir()]
    assert all(log.count("serving at") == 1 for log in logs), "one engine serves a session"
    assert not engines(here)


def test_when_openjd_runs_a_chunk_then_its_frames_are_those_of_one_run(
    here, plate, whole, tmp_path
):
    folder = bundle(tmp_path / "job", asked(plate, tmp_path))
    chunk = json.dumps([{"Frames": "1004-1009"}])
    words = ["run", "template.json", "-p", "file://parameters.json", "--step", "Restore"]
    done = run(here, "openjd", *words, "--tasks", chunk, cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "openjd_progress: 100" in done.stdout
    assert "engine: " in done.stdout, "its log is repeated at the end"
    names = {f"p_restored.{frame}.exr" for frame in range(1009, 1017)}  # the window that begins
    assert delivered(tmp_path / "out") == {name: whole[name] for name in names}
    assert not engines(here)


@LONG
def test_when_slots_run_side_by_side_and_a_frame_is_bad_then_all_others_are_delivered(
    here, plate, whole, tmp_path
):
    spoilt = write_plate(tmp_path / "plate", FRAMES)
    folder = bundle(tmp_path / "job", asked(spoilt, tmp_path), plain=True)
    bad = Path(Plate.parse(spoilt).path(1012))
    bad.write_bytes(bad.read_bytes()[:200])
    done = run(here, "faceplate", "farm", "run", folder, "--slots", "2", "--retries", "0")
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(
        r"Restore 1009-1016: failed: 1 frames failed; frame 1012: .*exit code 1", done.stdout
    )
    assert "failed: Restore 1009-1016; not run: Verify" in done.stdout
    assert "begins in slot1" in done.stdout
    assert "begins in slot2" in done.stdout
    found = delivered(tmp_path / "out")
    assert len(found) == len(FRAMES) - 1
    before = [f"p_restored.{frame}.exr" for frame in range(1001, 1009)]
    assert [found[name] for name in before] == [whole[name] for name in before]
    assert not engines(here)


@LONG
def test_when_a_run_is_cancelled_then_tasks_stop_and_no_engine_is_left(here, tmp_path):
    plate = write_plate(tmp_path / "plate", range(1, 81), size=(160, 120))
    folder = bundle(tmp_path / "job", asked(plate, tmp_path, "1-80"), chunk=80)
    words = ["faceplate", "farm", "run", str(folder)]
    running = subprocess.Popen(words, env=here, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: delivered(tmp_path / "out"), "a frame is delivered", DEADLINE_S)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=DEADLINE_S)
    assert running.returncode == 4, said
    assert said.endswith("cancelled\n")
    assert 0 < len(delivered(tmp_path / "out")) < 80
    assert not engines(here)


def test_when_a_session_breaks_then_its_engine_ends_with_its_folder(here, tmp_path):
    begun = run(here, "faceplate", "farm-session", "enter", tmp_path)
    assert begun.returncode == 0, begun.stderr
    (path,) = re.findall("openjd_env: FACEPLATE_CONNECTION=(.*)", begun.stdout)
    pid = json.loads(Path(path).read_text())["pid"]
    assert alive(pid)
    Path(path).parent.rename(tmp_path / "away")
    wait_until(lambda: not alive(pid), "the engine ends")
