"""What a facility does to a job: stopped processes, jumping clocks, lost mounts, full disks.

Kills are in test_kills.py and, by the thousand, in `make soak`; bad frames and single refused
writes are in tests/engine/test_pipeline_faults.py.
"""

import ast
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.pipeline import restore_shot
from engine.restorers import load_restorer
from engine.settings import EngineSettings
from engine.worker_process import WorkerProcess
from plugin_host.errors import (
    DeadlineExceeded,
    FaceplateError,
    FrameChanged,
    FrameMissing,
    FrameWriteFailed,
    OutputError,
    TakeConflict,
)
from plugin_host.replies import Analysed, Finished, Progress
from tests.engine.plates import Run, picture, request, write_frame, write_plate
from tests.engine.probes import LINKS

FRAMES = "1001-1016"
SHOT = "1001-1008"


@pytest.fixture(scope="module")
def undisturbed(long_plate, tmp_path_factory, tools):
    """A plate, and what its first 16 frames become when nothing happens."""
    output = tmp_path_factory.mktemp("undisturbed")
    run = Run(tools.request(long_plate, output, FRAMES), load_restorer("temporal-denoise"))
    assert not run.finished.errors
    return long_plate, tools.delivered(output)


@pytest.fixture(scope="module")
def shared(engine):
    """The module's engine, with its worker loaded."""
    return engine.wait_ready()


@contextlib.contextmanager
def stopped(pid):
    """Stop a process for the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def at_first(do, kind=Progress):
    """Return what does something when the first event of a kind is said."""
    left = [do]

    def hear(event):
        if isinstance(event, kind) and left:
            left.pop()()

    return hear


def failure(submit, emit):
    """Restore; return the error that it ends with."""
    with pytest.raises(FaceplateError) as raised:
        restore_shot(submit, LINKS["chained"], job="0" * 16, emit=emit)
    return raised.value


def whole(output, frames):
    """Whether every frame has its receipt, and nothing half done is left."""
    receipts = {path.stem for path in (output / "p.take" / "receipts").iterdir()}
    return receipts == {str(f) for f in frames} and not list(output.rglob(".*"))


# processes that are stopped


def test_when_the_worker_is_stopped_then_status_is_answered_and_its_job_goes_on_later(
    shared, undisturbed, tmp_path, tools
):
    pattern, frames = undisturbed
    with shared.client(deadline_s=10.0) as client:
        events = client.frames(client.submit(tools.request(pattern, tmp_path / "out", FRAMES)).job)
        heard = [next(events)]
        with stopped(shared.worker()):
            assert [client.status().worker for _ in range(3)] == ["busy"] * 3
        heard += list(events)
    assert isinstance(heard[-1], Finished)
    assert tools.delivered(tmp_path / "out") == frames


def test_when_a_stopped_worker_is_given_a_long_order_then_nobody_waits_for_it():
    worker = WorkerProcess(EngineSettings(), "cpu")
    try:
        with stopped(worker.process.pid):
            worker.say({"restore": "x" * (1 << 20), "job": "1"})
            worker.say({"interrupt": "1"})
    finally:
        worker.kill()
        worker.process.stdout.close()


def test_when_the_engine_is_stopped_then_deadlines_hold_and_it_goes_on_later(
    shared, undisturbed, tmp_path, tools
):
    pattern, frames = undisturbed
    with shared.client() as asking, shared.client() as client:
        asking.hello()
        asking._deadline_s = 0.5  # from here on: while the engine runs, nobody is in a hurry
        events = client.frames(client.submit(tools.request(pattern, tmp_path / "out", FRAMES)).job)
        heard = [next(events)]
        with stopped(shared.pid), pytest.raises(DeadlineExceeded):
            asking.status()
        heard += list(events)
    assert isinstance(heard[-1], Finished)
    assert sorted(p.frame for p in heard[:-1]) == list(range(1001, 1017))
    assert tools.delivered(tmp_path / "out") == frames


def test_when_the_server_dies_while_its_worker_is_stopped_then_no_orphan_is_left(engine_of, tools):
    engine = engine_of()
    worker = engine.worker()
    os.kill(worker, signal.SIGSTOP)
    tools.wait_until(lambda: is_stopped(worker), "every thread of the worker is stopped")
    engine.kill()
    try:
        tools.wait_until(lambda: not tools.alive(worker), "the stopped worker ends")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


def is_stopped(pid):
    stats = [path.read_text("ascii") for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    return b"engine.worker" in command and all(" T " in stat for stat in stats)


# clocks that jump

JUMPING = """
import os, time
real, real_ns = time.time, time.time_ns
def jump():
    try:
        return float(open(os.environ["JUMP"]).read())
    except (OSError, ValueError):
        return 0.0
time.time = lambda: real() + jump()
time.time_ns = lambda: real_ns() + int(jump() * 1e9)
"""


def test_when_the_wall_clock_jumps_by_hours_then_no_lease_lapses_and_the_bits_are_the_same(
    engine_of, undisturbed, tmp_path, tools
):
    pattern, frames = undisturbed
    (tmp_path / "sitecustomize.py").write_text(JUMPING, "utf-8")
    jump = tmp_path / "jump"
    places = os.pathsep.join([str(tmp_path), str(tools.ROOT)])
    env = tools.environment(PYTHONPATH=places, JUMP=str(jump))
    shown = "import time; t = time.time(); open(__import__('os').environ['JUMP'], 'w').write('9e6')"
    shown += "; assert time.time() - t > 8e6"
    subprocess.run([sys.executable, "-c", shown], env=env, check=True)
    jump.write_text("0", "ascii")
    engine = engine_of("--lease", "300", env=env)
    with engine.client() as client:
        events = client.frames(client.submit(tools.request(pattern, tmp_path / "out", FRAMES)).job)
        next(events)
        for hours in (30, -30, 5):
            jump.write_text(str(hours * 3600), "ascii")
            assert next(events)
        assert isinstance(list(events)[-1], Finished)
        time.sleep(0.6)  # two looks at the lease, with nothing to do
        assert client.status().engine == client.engine
    assert tools.delivered(tmp_path / "out") == frames


def test_when_the_sources_are_read_then_no_wait_looks_at_the_wall_clock(tools):
    for package in ("engine", "plugin_host"):
        for path in (tools.ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Attribute):
                    name = ast.unparse(node)
                    assert name not in {"time.time", "time.time_ns", "datetime.now"}, path


# disks that come and go


@pytest.fixture
def mount(tmp_path):
    """Mounts what the test says; whatever is mounted at its end goes."""
    point = tmp_path / "mount"
    point.mkdir()

    def run(*command):
        for _ in range(100):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if "busy" not in done.stderr:  # a file is being written at this instant
                break
        if done.returncode and command[0] == "mount":
            pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
        return point

    yield run
    while subprocess.run(["umount", "-l", point], capture_output=True, check=False).returncode == 0:
        pass


class Disk:
    """A disk that can vanish under a path, and come back as it was."""

    def __init__(self, path):
        self.path = path

    def come(self):
        self.path.with_suffix(".away").rename(self.path)

    def go(self):
        self.path.rename(self.path.with_suffix(".away"))


class Mounted(Disk):
    """The same as a mount, which leaves an empty folder where it was."""

    def __init__(self, path, run):
        super().__init__(path)
        self._run = run
        self._real = path.with_suffix(".real")
        self._real.mkdir()
        self.come()

    def come(self):
        self._run("mount", "--bind", str(self._real), str(self.path))

    def go(self):
        self._run("umount", "-l", str(self.path))


@pytest.fixture(params=["mounted", "moved"])
def disk(request, tmp_path):
    if request.param == "mounted":
        run = request.getfixturevalue("mount")
        return Mounted(tmp_path / "mount", run)
    (tmp_path / "disk").mkdir()
    return Disk(tmp_path / "disk")


def test_when_the_outputs_disk_vanishes_then_nothing_is_written_beneath_and_it_goes_on_later(
    shared, disk, undisturbed, tools
):
    pattern, frames = undisturbed
    submit = tools.request(pattern, disk.path, FRAMES)
    with shared.client() as client:
        events = client.frames(client.submit(submit).job)
        next(events)
        disk.go()
        with pytest.raises(FrameWriteFailed, match="was a disk unmounted"):
            list(events)
        assert not (disk.path / "p.take").exists()
        disk.come()
        finished = list(client.frames(client.submit(submit).job))[-1]
    assert finished.delivered == 16
    assert tools.delivered(disk.path) == frames
    assert whole(disk.path, range(1001, 1017))


@pytest.mark.parametrize("when", ["analysed", "restored"])
def test_when_the_plates_disk_vanishes_then_that_is_said_and_nothing_is_held_against_it(
    disk, tmp_path, when
):
    plate = write_plate(disk.path / "plate", range(1001, 1017))
    submit = request(plate, tmp_path / "out", FRAMES)
    kind = {"analysed": Analysed, "restored": Progress}[when]
    error = failure(submit, at_first(disk.go, kind))
    assert isinstance(error, FrameMissing)
    disk.come()
    again = Run(submit, LINKS["chained"])
    assert (again.finished.delivered, again.finished.errors) == (16, ())


def test_when_the_disk_is_full_then_the_engine_lives_and_goes_on_once_there_is_room(
    shared, mount, undisturbed, tools
):
    pattern, frames = undisturbed
    point = mount("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount("true")))
    submit = tools.request(pattern, point, FRAMES)
    with shared.client() as client:
        for _ in range(2):
            with pytest.raises(FrameWriteFailed, match="No space left on device"):
                list(client.frames(client.submit(submit).job))
            there = tools.delivered(point)
            assert there.items() <= frames.items(), "no torn file"
            assert not list(point.rglob(".*")), "room is not taken by what could not be written"
        mount("mount", "-o", "remount,size=100m", str(point))
        assert list(client.frames(client.submit(submit).job))[-1].delivered == 16
    assert tools.delivered(point) == frames
    assert whole(point, range(1001, 1017))


def test_when_the_output_is_read_only_then_the_request_is_refused(shared, mount, plate, tools):
    point = mount("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(mount("true")))
    with shared.client() as client:
        job = client.submit(tools.request(plate, point, FRAMES)).job
        with pytest.raises(OutputError, match="Read-only file system"):
            list(client.frames(job))


def test_when_the_output_becomes_read_only_then_the_job_fails_with_the_frame(mount, tmp_path):
    point = mount("mount", "-t", "tmpfs", "tmpfs", str(mount("true")))
    submit = request(write_plate(tmp_path / "plate", range(1001, 1009)), point, SHOT)
    error = failure(submit, at_first(lambda: mount("mount", "-o", "remount,ro", str(point))))
    assert isinstance(error, FrameWriteFailed)
    assert "Read-only file system" in error.message
    mount("mount", "-o", "remount,rw", str(point))
    assert Run(submit, LINKS["chained"]).finished.delivered == 8


# plates that change, engines that meet


def test_when_a_frame_changes_while_the_job_runs_then_no_two_plates_are_mixed(tmp_path):
    plate = write_plate(tmp_path / "plate", range(1001, 1041))
    submit = request(plate, tmp_path / "out", "1001-1040")
    error = failure(submit, at_first(lambda: write_frame(plate, 1040, picture(77))))
    assert isinstance(error, FrameChanged)
    assert (error.frame, error.path) == (1040, plate.path(1040))


def test_when_two_engines_restore_one_take_at_once_then_both_succeed_and_it_is_whole(
    shared, engine_of, undisturbed, tmp_path, tools
):
    pattern, frames = undisturbed
    submit = tools.request(pattern, tmp_path / "out", FRAMES)
    with shared.client() as one, engine_of().wait_ready().client() as other:
        jobs = [(client, client.submit(submit).job) for client in (one, other)]
        for client, job in jobs:
            finished = list(client.frames(job))[-1]
            assert (finished.delivered, finished.errors) == (16, ())
    assert tools.delivered(tmp_path / "out") == frames
    assert whole(tmp_path / "out", range(1001, 1017))


def test_when_two_begin_different_takes_in_one_folder_then_one_is_refused(tmp_path):
    plate = write_plate(tmp_path / "plate", range(1001, 1009))
    out = tmp_path / "out"
    other = request(plate, out, SHOT, seed=7)
    second = []
    first = failure(
        request(plate, out, SHOT),
        at_first(lambda: second.append(Run(other, LINKS["chained"])), Analysed),
    )
    assert isinstance(first, TakeConflict)
    assert second[0].finished.delivered == 8
    alone = Run(request(plate, tmp_path / "alone", SHOT, seed=7), LINKS["chained"])
    assert alone.finished.delivered == 8
    assert {p.name: p.read_bytes() for p in out.glob("*.exr")} == {
        p.name: p.read_bytes() for p in (tmp_path / "alone").glob("*.exr")
    }
