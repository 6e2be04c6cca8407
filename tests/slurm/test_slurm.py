"""Jobs on a real Slurm: `make farm-slurm` unpacks one and runs this; else all is skipped."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from plugin_host.bundle import write_bundle
from plugin_host.farm import Declaration, farm_job
from plugin_host.farms import slurm
from tests.integration.conftest import (
    delivered,
    environment,
    request,
    run,
    write_face_plate,
    write_plate,
)
from tests.slurm.cluster import Cluster, find

SLURM = find(os.environ.get("SLURM_ROOT"))
FRAMES = range(1001, 1041)
SHOT = f"{FRAMES[0]}-{FRAMES[-1]}"
GPU = 1 << 30
ENDED_S = 400
pytestmark = [
    pytest.mark.skipif(SLURM is None, reason="no Slurm in $SLURM_ROOT; `make farm-slurm` gets one"),
    pytest.mark.timeout(1200),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(SLURM, tmp_path_factory.mktemp("slurm"), environment()) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    return write_plate(tmp_path_factory.mktemp("a plate; 'of' $HOME"), FRAMES, size=(640, 480))


@pytest.fixture(scope="module")
def face_plate(tmp_path_factory):
    return write_face_plate(tmp_path_factory.mktemp("faces"), FRAMES)


def declared(restorer, vram=0):
    from engine.restorers import build_restorer  # noqa: PLC0415 - it takes seconds to load

    info = build_restorer(restorer).info
    return Declaration(info.link, info.window, info.overlap, info.warm_up, vram)


def whole(plate, output, **settings):
    """Restore in one run of one process."""
    asked = request(plate, output, SHOT, **settings)
    write_bundle(str(output) + ".job", asked, {})
    done = run("restore", "--job", f"{output}.job/request.json", deadline_s=ENDED_S)
    assert done.returncode == 0, done.stderr
    return delivered(output)


PROGRAM = [sys.executable, "-m", "engine"]


def told(folder, asked, chunk):
    """Write the job by the command."""
    write_bundle(f"{folder}.asked", asked, {})
    words = ["--job", f"{folder}.asked/request.json", "--chunk", chunk, "--program"]
    done = run("farm", *words, shlex.join(PROGRAM), "--for", "slurm", "--bundle", folder)
    assert done.returncode == 0, done.stderr
    assert "ran to its end on Slurm" in done.stdout


def with_gpus(folder, asked, chunk):
    """Write the job as if its restorer needed a GPU; two tasks at once."""
    job = farm_job(asked, declared(asked.settings.restorer, GPU), chunk, command=PROGRAM)
    write_bundle(str(folder), asked, slurm.files(job, 2))


class Submitted:
    """A job on the farm.

    Args:
        cluster: Its farm.
        folder: Of its files.
        asked: What it is of.
        chunk: Frames in a task.
        write: Writes the files.

    Attributes:
        ids: The number of each step's job.
        tasks: The frames of each task.
    """

    def __init__(self, cluster, folder, asked, chunk, write=told):
        self.cluster, self.folder = cluster, folder
        write(folder, asked, chunk)
        job = farm_job(asked, declared(asked.settings.restorer), chunk)
        self.tasks = next(step.tasks for step in job.steps if step.name == "Restore")
        done = subprocess.run(
            ["bash", "-c", slurm.how(str(folder)) + " --mem=500"],
            env=cluster.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        self.ids = dict(line.split(": job ") for line in done.stdout.splitlines()[:-1])

    def states(self):
        told = self.cluster.states()
        return {n: s for n, s in told.items() if n.partition("_")[0] in self.ids.values()}

    def wait(self):
        """Wait for the end; return the states that the tasks ended in."""
        over = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"}
        self.cluster.wait(
            lambda: self.states() and set(self.states().values()) <= over, self, ENDED_S
        )
        return self.states()

    def log(self, step, task=""):
        """Return what a task said, in all its starts."""
        pattern = f"*.{step.capitalize()}-*" + (f"_{task}.log" if task != "" else ".log")
        return "".join(path.read_text() for path in self.folder.glob(f"logs/{pattern}"))

    def running(self):
        """Return the numbers of the frames' tasks that run."""
        return [
            n.partition("_")[2] for n, s in self.states().items() if "_" in n and s == "RUNNING"
        ]

    def amid(self, output):
        """Wait until a task has delivered some of its frames, and not all; return its number."""
        found = []

        def look():
            there = {int(name.split(".")[-2]) for name in delivered(output)}
            for task in map(int, self.running()):
                done = there & set(self.tasks[task])
                if done and len(done) < len(self.tasks[task]):
                    found.append(task)
            return found

        self.cluster.wait(look, self, ENDED_S)
        return found[0]

    def put_back(self, task, *how):
        """Have a task begin anew; at once, where Slurm would wait for two minutes."""
        one = f"{self.ids['restore']}_{task}"
        self.cluster.start(*how, one)
        self.cluster.wait(lambda: self.states()[one] == "PENDING", self)
        self.cluster.run("scontrol", "update", f"JobId={one}", "StartTime=now")

    def __repr__(self):
        logs = sorted(self.folder.glob("logs/*"))
        return f"{self.states()} " + "".join(f"\n{p.name}:\n{p.read_text()}" for p in logs)


REQUEUE = ("scontrol", "requeue")
TIME_IS_UP = ("scancel", "--batch", "--signal=USR1")  # as `--signal=B:USR1` has it


@pytest.mark.parametrize("how", [REQUEUE, TIME_IS_UP], ids=["requeue", "time"])
def test_when_an_anchored_shot_is_put_back_amid_a_task_then_every_byte_is_that_of_one_run(
    cluster, face_plate, tmp_path, how
):
    settings = {"restorer": "svfr-tiny", "whole_frame": False}
    expected = whole(face_plate, tmp_path / "one", **settings)
    output = tmp_path / "its output"
    asked = request(face_plate, output, SHOT, **settings)
    job = Submitted(cluster, tmp_path / "bundle 'x'; exit", asked, 10, with_gpus)
    assert list(job.ids) == ["analyse", "anchor", "restore", "verify"]
    task = job.amid(output)
    shown = cluster.run("scontrol", "show", "job", f"{job.ids['restore']}_{task}")
    assert "TresPerNode=gres:gpu:1" in shown
    job.put_back(task, *how)
    assert set(job.wait().values()) == {"COMPLETED"}, job
    assert delivered(output) == expected
    assert "start 1" in job.log("restore", task)
    assert set(re.findall("GPU ([0-9])", job.log("restore"))) == {"0", "1"}


def test_when_a_chained_shot_is_put_back_then_its_tasks_run_one_at_a_time_to_the_same_bytes(
    cluster, plate, tmp_path
):
    expected = whole(plate, tmp_path / "one")
    output = tmp_path / "out"
    job = Submitted(cluster, tmp_path / "bundle", request(plate, output, SHOT), 20)
    assert list(job.ids) == ["analyse", "restore", "verify"]
    task = job.amid(output)
    assert job.running() == [str(task)]
    job.put_back(task, *REQUEUE)
    assert set(job.wait().values()) == {"COMPLETED"}, job
    assert delivered(output) == expected
    assert "cancelled" in job.log("restore", task)  # by SIGTERM, which the script handed on


def test_when_a_task_fails_then_the_others_go_on_and_what_is_missing_is_said(
    cluster, plate, tmp_path
):
    folder = tmp_path / "plate"
    folder.mkdir()
    for frame in FRAMES:
        os.link(plate % frame, folder / f"p.{frame}.exr")
    (folder / "p.1015.exr").unlink()
    asked = request(str(folder / "p.%04d.exr"), tmp_path / "out", SHOT)
    job = Submitted(cluster, tmp_path / "bundle", asked, 10)
    states = job.wait()
    failed = {number for number, state in states.items() if state == "FAILED"}
    assert failed == {f"{job.ids['restore']}_1", job.ids["verify"]}, job
    assert len(delivered(tmp_path / "out")) == 39
    assert "1015" in job.log("verify")
