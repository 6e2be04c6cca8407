from __future__ import annotations

from engine.standing import lines_of
from plugin_host.replies import JobText, Reported, WorkerText

JOB = "0123456789abcdef"
RUNNING = JobText(JOB, "running", 3, 10, "1-10", "/p.%04d.exr", "/out", "svfr", urgent=True)
WAITING = JobText("f" * 16, "queued", 0, 5, "1-5", "/q.%04d.exr", "/out", "lite")
COUNTS = {"running": 1, "queued": 3}


def lines(*workers):
    state = ", ".join(dict.fromkeys(worker.state for worker in workers))
    return list(
        lines_of(Reported("c0ffee00c0ffee", True, state, 2, (RUNNING, WAITING), COUNTS, workers))
    )


def test_when_there_is_one_worker_then_its_device_is_told_in_the_first_line():
    assert lines(WorkerText("cpu", "CPU", 0, "busy", JOB)) == [
        "engine c0ffee00: worker busy on cpu, 2 sessions, jobs: 1 running, 3 queued",
        f"{JOB}  running!    3/10  svfr  /p.%04d.exr",
        "ffffffffffffffff  queued      0/5  lite  /q.%04d.exr",
        "and 2 more",
    ]


def test_when_there_are_several_then_each_has_a_line_and_jobs_say_where_they_run():
    told = lines(
        WorkerText("cuda:0", "L40S", 45 << 30, "busy", JOB),
        WorkerText("cuda:1", "", 0, "starting"),
    )
    assert told[:4] == [
        "engine c0ffee00: 2 workers (busy, starting), 2 sessions, jobs: 1 running, 3 queued",
        f"cuda:0  busy      L40S, 45.0 GiB  {JOB}",
        "cuda:1  starting",
        f"{JOB}  running!    3/10  svfr  /p.%04d.exr on cuda:0",
    ]


def test_when_the_engine_is_older_then_it_tells_no_workers():
    told = list(lines_of(Reported("c0ffee00", True, "idle", 1, ())))
    assert told == ["engine c0ffee00: worker idle, 1 sessions, jobs: none"]
