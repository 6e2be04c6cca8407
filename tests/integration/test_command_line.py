"""The command line: exit codes, what it prints with and without a terminal, and its own manners."""

import fcntl
import json
import mmap
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from engine.__main__ import exit_code
from plugin_host.errors import every_error
from plugin_host.protocol import job_id
from plugin_host.replies import FRAME_STATUS
from plugin_host.zmtp import Dealer

WHOLE = "--whole-frame"
DENOISE = (WHOLE, "--restorer", "temporal-denoise")
PASS = (WHOLE, "--restorer", "passthrough")  # computes nothing


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def start(tools, *arguments, **how):
    return subprocess.Popen(
        [*tools.COMMAND, *map(str, arguments)],
        env=tools.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


# restore


def test_when_restored_without_a_terminal_then_plain_percent_lines_come(plate, tmp_path, tools):
    done = tools.run(
        "restore", plate, "--output", tmp_path / "out", WHOLE, "--restorer", "passthrough"
    )
    assert done.returncode == 0, done.stderr
    *percent, last = done.stdout.splitlines()
    assert percent == [f"{100 * n // 24}%" for n in range(1, 25)]
    assert last.startswith("24 frames delivered in ")
    assert "0 errors" in last
    assert "\r" not in done.stdout + done.stderr
    assert done.stderr == ""
    assert len(tools.delivered(tmp_path / "out")) == 24


def test_when_restored_with_json_then_every_line_is_an_object_of_the_documented_shape(
    plate, tmp_path, tools
):
    done = tools.run(
        *("restore", plate, "--output", tmp_path / "out", *DENOISE),
        *("--json", "--frames", "1001-1025"),
    )
    assert done.returncode == 1
    *told, finished = lines_of(done.stdout)
    analysed = [line for line in told if line["event"] == "analysed"]
    assert told[: len(analysed)] == analysed
    assert [(line["done"], line["total"]) for line in analysed] == [(n, 25) for n in range(1, 26)]
    told = told[len(analysed) :]
    frames, progress = told[::2], told[1::2]
    assert {line["event"] for line in frames} == {"frame"}
    assert {line["event"] for line in progress} == {"progress"}
    for line in frames:
        assert set(line) == {"event", "frame", "status", "path", "code", "message"}
        assert line["status"] in FRAME_STATUS
    bad = [line for line in frames if line["status"] == "failed"]
    assert [(line["frame"], line["code"]) for line in bad] == [(1025, "frame.missing")]
    assert [(line["done"], line["total"]) for line in progress] == [(n, 25) for n in range(1, 26)]
    assert finished["event"] == "finished"
    assert set(finished) == {
        *("event", "frames", "faceless", "errors", "notes", "take", "seconds", "stages")
    }
    assert finished["frames"] == 24
    assert [error["frame"] for error in finished["errors"]] == [1025]
    assert set(finished["stages"]) == {"analyse", "read", "crop", "restore", "write"}
    assert all(seconds >= 0 for seconds in finished["stages"].values())
    assert finished["take"] == str(tmp_path / "out" / "p.take")


def test_when_refused_with_json_then_the_reason_is_an_object_too(plate, tmp_path, tools):
    done = tools.run(
        *("restore", plate, "--output", tmp_path / "out", "--restorer", "nobody", "--json")
    )
    assert done.returncode == 2
    (line,) = lines_of(done.stdout)
    assert (line["event"], line["code"]) == ("failed", "request.settings")
    assert "nobody" in line["message"]
    assert "temporal-denoise" in line["message"]


def test_when_there_is_a_terminal_then_a_bar_is_drawn_and_no_percent_lines(plate, tmp_path, tools):
    master, slave = pty.openpty()
    command = [*tools.COMMAND, "restore", plate, "--output", tmp_path / "out", *PASS]
    with subprocess.Popen(
        list(map(str, command)), env=tools.environment(), stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        shown = b""
        end = time.monotonic() + tools.DEADLINE_S
        while time.monotonic() < end:
            if not select.select([master], [], [], 1.0)[0]:
                continue
            try:
                piece = os.read(master, 65536)
            except OSError:  # EIO: the other end is closed
                break
            if not piece:
                break
            shown += piece
        os.close(master)
        assert process.wait(tools.DEADLINE_S) == 0
    text = shown.decode()
    assert f"[{'#' * 30}] 100%" in text
    assert "[" + "#" * 15 + "." * 15 + "]  50%" in text
    assert "\n50%" not in text
    assert "24 frames delivered" in text


@pytest.mark.parametrize("pattern", ["p.%04d.exr", "p.####.exr", "p.@@@@.exr", "p.[1001-1024].exr"])
def test_when_a_plate_is_written_as_any_pattern_then_it_is_the_same(
    plate, tmp_path, tools, pattern
):
    done = tools.run(
        *("restore", pattern, "--output", tmp_path / "out", WHOLE, "--frames", "1003-1007x2"),
        *("--restorer", "passthrough"),
        cwd=Path(plate).parent,
        env=tools.environment(PYTHONPATH=str(tools.ROOT)),
    )
    assert done.returncode == 0, done.stderr
    names = [f"p_restored.{frame}.exr" for frame in (1003, 1005, 1007)]
    assert sorted(tools.delivered(tmp_path / "out")) == names


def test_when_a_plate_is_one_file_then_that_frame_is_restored(plate, tmp_path, tools):
    done = tools.run("restore", plate % 1005, "--output", tmp_path / "out", WHOLE)
    assert done.returncode == 0, done.stderr
    assert list(tools.delivered(tmp_path / "out")) == ["p_restored.1005.exr"]


def test_when_ranges_are_given_with_their_shot_then_they_equal_one_run(plate, tmp_path, tools):
    shot = ("--shot", "1003-1020", "--handles", "2")
    common = (*DENOISE, *shot, "--set", "strength=60", "--seed", "7")
    for output, ranges in (("one", ["1003-1020"]), ("two", ["1013-1020", "1003-1012"])):
        for frames in ranges:
            done = tools.run(
                *("restore", plate, "--output", tmp_path / output, "--frames", frames, *common)
            )
            assert done.returncode == 0, done.stderr
    assert len(tools.delivered(tmp_path / "one")) == 18
    assert tools.delivered(tmp_path / "two") == tools.delivered(tmp_path / "one")


def test_when_a_parameter_is_set_then_it_is_used(plate, tmp_path, tools):
    for strength in ("0", "100"):
        done = tools.run(
            *("restore", plate, "--output", tmp_path / strength, *DENOISE, "--frames", "1001-1002"),
            *("--set", f"strength={strength}", "--layers", "beauty,source"),
        )
        assert done.returncode == 0, done.stderr
    from engine.frame_io.exr import read_image  # noqa: PLC0415 - only this test looks inside

    for strength, same in (("0", True), ("100", False)):
        image = read_image(str(tmp_path / strength / "p_restored.1002.exr"))
        held = image.beauty.channels
        assert (held["G"].tobytes() == held["source.G"].tobytes()) is same


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "strength"), "--set strength=80"),
        (("--set", "power=1"), "has no parameter 'power'"),
        (("--set", "strength=101"), "goes from 0 to 100"),
        (("--set", f"strength={10**12}"), "between"),
        (("--tasks", "bfr,fly"), "it knows bfr, colour, inpaint"),
        (("--tasks", ""), "at least one of bfr"),
        (("--tasks", "colour", "--restorer", "temporal-denoise"), "cannot do colour"),
        (("--layers", "depth"), "it knows beauty, matte"),
        (("--seed", "-1"), "seed"),
        (("--handles", "-1"), "handles"),
        (("--handles", "999999"), "handles"),
        (("--restorer", "nobody"), "lite, passthrough, svfr"),
        (("--reference", "frame:1001"), "reads no reference pictures"),
        (("--device", "tpu"), "say auto, cpu or cuda:N"),
        (("--threads", "0"), "at least 1"),
        (("--frames", "1001-1002", "--shot", "1001"), "outside the shot"),
        (("--on-error", "cry"), "skip"),
        (("--job", "job.json"), "leave PLATE and --output out"),
    ],
)
def test_when_an_argument_is_wrong_then_it_exits_2_and_says_what_is_right(
    plate, tmp_path, command, arguments, words
):
    done = command("restore", plate, "--output", tmp_path / "out", WHOLE, *arguments)
    assert done.returncode == 2
    assert words in done.err
    assert "Traceback" not in done.err
    assert not list(tmp_path.rglob("*.exr"))


def test_when_neither_plate_nor_job_is_given_then_it_exits_2(command):
    for arguments in (("restore",), ("restore", "a.exr"), ("submit",), ("fly",), ()):
        done = command(*arguments)
        assert done.returncode == 2
        assert done.err


def test_when_a_job_file_is_given_then_it_is_the_same_request(plate, tmp_path, command, tools):
    body = {
        "shot": {"plate": {"path": plate, "colourspace": None}, "frames": "1001-1004"},
        "frames": "1003-1004",
        "settings": {"restorer": "passthrough", "whole_frame": True},
        "output": str(tmp_path / "out"),
    }
    job = tmp_path / "job.json"
    job.write_text(json.dumps(body, indent=2), "utf-8")
    done = tools.run("restore", "--job", job)
    assert done.returncode == 0, done.stderr
    assert len(tools.delivered(tmp_path / "out")) == 2
    wrong = {
        "no such file": None,
        "no whole number": json.dumps({**body, "frames": 1.5}),
        "faster": json.dumps({**body, "faster": True}),
        "must be one of": json.dumps({**body, "on_error": "cry"}),
        "not JSON": "frames: 1001",
        "reversed": json.dumps({**body, "frames": "1004-1003"}),
        "absolute": json.dumps({**body, "output": "out"}),
    }
    for words, text in wrong.items():
        job.unlink(missing_ok=True)
        if text is not None:
            job.write_text(text, "utf-8")
        done = command("restore", "--job", job)
        assert done.returncode == 2, words
        assert words in done.err.lower() or words in done.err
        assert "Traceback" not in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_when_restore_is_interrupted_then_it_exits_4_and_keeps_its_frames(
    long_plate, tmp_path, tools, number
):
    output = tmp_path / "out"
    arguments = ("restore", long_plate, "--output", output, *PASS)
    with start(tools, *arguments, "--json") as process:
        # It is told more than a page holds, and so does not end before it gets the signal.
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, mmap.PAGESIZE)
        while json.loads(process.stdout.readline())["event"] != "progress":
            pass
        process.send_signal(number)
        told, _ = process.communicate(timeout=tools.DEADLINE_S)
    assert process.returncode == 4
    assert lines_of(told)[-1]["code"] == "job.cancelled"
    before = tools.delivered(output)
    assert 0 < len(before) < 64
    done = tools.run(*arguments, "--shot", "1001-1064", "--frames", "1001-1004", "--json")
    assert done.returncode == 0, done.stderr
    told = [line["status"] for line in lines_of(done.stdout) if line["event"] == "frame"]
    assert told == ["kept"] * 4
    assert tools.delivered(output) == before


# exit codes


def test_when_an_error_ends_a_command_then_its_branch_gives_the_exit_code():
    expected = {"frame": 1, "request": 2, "engine": 3, "protocol": 3, "job": 4, "restorer": 5}
    unsayable = {"protocol.malformed": 2, "protocol.unknown_field": 2}
    for code, cls in every_error().items():
        branch = expected.get(code.partition(".")[0], 5)
        assert exit_code(cls("")) == unsayable.get(code, branch), code


@pytest.mark.slow
def test_when_the_worker_cannot_start_then_submit_exits_5_and_the_engine_still_answers(
    engine_of, plate, tmp_path, tools
):
    engine = engine_of("--device", "cuda:99")
    done = tools.run(
        *("submit", plate, "--output", tmp_path / "out", WHOLE, "--connection", engine.path)
    )
    assert done.returncode == 5, done.stderr
    assert "does not start" in done.stderr
    told = tools.run("status", "--connection", engine.path, "--json")
    assert json.loads(told.stdout)["worker"] == "broken"
    words = engine.words()
    assert "cuda:99" in words
    time.sleep(1.0)
    assert engine.words() == words, "a broken worker is not started again and again"


# through the engine


def test_when_submitted_then_it_looks_like_restore_and_gives_the_same_files(
    engine, plate, tmp_path, tools
):
    arguments = (*DENOISE, "--frames", "1001-1012", "--connection", engine.path)
    done = tools.run("submit", plate, "--output", tmp_path / "a", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2] == "100%"
    alone = tools.run("restore", plate, "--output", tmp_path / "b", *arguments[:5])
    assert alone.returncode == 0, alone.stderr
    assert tools.delivered(tmp_path / "a") == tools.delivered(tmp_path / "b")
    again = tools.run("submit", plate, "--output", tmp_path / "a", "--json", *arguments)
    told = [line for line in lines_of(again.stdout) if line["event"] == "frame"]
    assert {line["status"] for line in told} == {"kept"}


def test_when_it_is_submitted_until_the_anchor_then_nothing_is_delivered_and_the_chunk_is_forced(
    engine, plate, tmp_path, tools, command
):
    out, to = tmp_path / "out", ("--connection", engine.path)
    words = ("submit", plate, "--output", out, *DENOISE, *to, "--shot", "1001-1024")
    done = command(*words, "--until", "anchor")
    assert done.returncode == 0, done.err
    assert "1 of 1 tracks, 1 made now" in done.out
    assert tools.delivered(out) == {}
    for more in ((), ("--force",), ("--verify",)):
        done = command(*words, "--frames", "1009-1012", "--json", *more)
        assert done.returncode == 0, done.err
        said = lines_of(done.out)
        statuses = {line["status"] for line in said if line["event"] == "frame"}
        assert statuses == ({"kept"} if more == ("--verify",) else {"restored"})
    assert command("take", "verify", out, "--frames", "1009-1012").returncode == 0
    assert command("take", "verify", out).returncode == 1


def test_when_submitted_with_frame_errors_then_it_exits_1(engine, plate, tmp_path, tools):
    done = tools.run(
        *("submit", plate, "--output", tmp_path / "out", *PASS, "--frames", "1023-1026"),
        *("--connection", engine.path),
    )
    assert done.returncode == 1
    assert "frame 1025" in done.stdout
    assert "2 errors" in done.stdout
    assert len(tools.delivered(tmp_path / "out")) == 2


def test_when_detached_then_status_shows_the_job_and_cancel_ends_it(
    engine, long_plate, tmp_path, tools
):
    to = ("--connection", engine.path)
    submitted = tools.run(
        *("submit", long_plate, "--output", tmp_path / "out", *DENOISE, "--detach"), *to
    )
    job = submitted.stdout.strip()
    assert submitted.returncode == 0, submitted.stderr
    status = tools.run("status", *to)
    assert job in status.stdout
    assert "64" in status.stdout
    reported = json.loads(tools.run("status", "--json", *to).stdout)
    (found,) = [each for each in reported["jobs"] if each["job"] == job]
    assert found["state"] in {"queued", "running"}
    cancelled = tools.run("cancel", job, "--json", *to)
    assert cancelled.returncode == 0
    assert json.loads(cancelled.stdout)["job"] == job
    with engine.client() as client:
        tools.wait_until(
            lambda: {j.job: j.state for j in client.status().jobs}[job] == "cancelled", "it ends"
        )


def test_when_submit_is_interrupted_then_the_job_is_cancelled_and_it_exits_4(
    engine, long_plate, tmp_path, tools
):
    arguments = ("submit", long_plate, "--output", tmp_path / "out", *DENOISE)
    with start(tools, *arguments, "--connection", engine.path) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=tools.DEADLINE_S)
    assert process.returncode == 4
    submit = tools.request(long_plate, tmp_path / "out", "1001-1064")
    with engine.client() as client:
        tools.wait_until(
            lambda: {j.job: j.state for j in client.status().jobs}[job_id(submit)] == "cancelled",
            "the job is cancelled",
        )


def test_when_a_job_is_cancelled_by_another_then_submit_exits_4(
    engine, long_plate, tmp_path, tools
):
    arguments = ("submit", long_plate, "--output", tmp_path / "out", *DENOISE)
    with start(tools, *arguments, "--connection", engine.path) as process:
        process.stdout.readline()
        job = job_id(tools.request(long_plate, tmp_path / "out", "1001-1064"))
        cancelled = tools.run("cancel", job, "--connection", engine.path)
        assert cancelled.returncode == 0, cancelled.stderr
        _, words = process.communicate(timeout=tools.DEADLINE_S)
    assert process.returncode == 4
    assert "kept" in words


def test_when_stop_is_said_then_the_engine_ends_and_commands_exit_3(engine_of, tools):
    engine = engine_of()
    to = ("--connection", engine.path)
    assert tools.run("stop", *to).returncode == 0
    assert engine.process.wait(tools.DEADLINE_S) == 0
    for command in (("status",), ("stop",), ("cancel", "0" * 16), ("status", "--json")):
        done = tools.run(*command, *to)
        assert done.returncode == 3, command
        assert "faceplate serve" in done.stderr + done.stdout
        assert "Traceback" not in done.stderr


def test_when_a_job_is_unknown_then_cancel_exits_2(engine, tools):
    for job in ("0" * 16, "nonsense"):
        done = tools.run("cancel", job, "--connection", engine.path)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr


def test_when_restorers_are_listed_then_each_says_its_licence_and_parameters(tools):
    done = tools.run("restorers")
    assert done.returncode == 0
    assert "--set strength=N" in done.stdout
    listed = lines_of(tools.run("restorers", "--json").stdout)
    assert {"passthrough", "temporal-denoise"} <= {each["name"] for each in listed}
    assert all(each["licence"] and each["source"] for each in listed)


def test_when_a_restorer_lacks_its_weights_then_the_job_fails_before_a_frame_is_read(
    plate, tmp_path, tools
):
    arguments = ("--output", tmp_path / "out", "--restorer", "svfr")
    done = tools.run("restore", plate, *arguments)
    assert done.returncode == 5, done.stderr
    assert "faceplate weights add svfr DIR" in done.stderr
    assert "[restorer.weights]" in done.stderr
    assert not (tmp_path / "out").exists()


def test_when_the_doctor_is_asked_then_all_is_well_with_and_without_an_engine(
    engine, tmp_path, command
):
    for path, words in ((engine.path, "engine answers"), (tmp_path / "none", "no engine runs")):
        done = command("doctor", "--connection", path)
        assert done.returncode == 0, done.out
        assert words in done.out
        assert "problem" not in done.out


def test_when_everything_is_logged_then_the_key_is_not(engine_of, plate, tmp_path, tools):
    engine = engine_of()
    key = engine.connection.key
    done = tools.run(
        *("--verbose", "submit", plate, "--output", tmp_path / "out", *PASS),
        *("--frames", "1001-1002", "--connection", engine.path),
    )
    assert done.returncode == 0, done.stderr
    with Dealer(engine.connection.address) as stranger:
        stranger.send([b"nonsense", key], tools.DEADLINE_S)
        stranger.receive(tools.DEADLINE_S)
    said = engine.words() + done.stdout + done.stderr
    assert "refused a message" in said
    for secret in (key.hex(), repr(key), key.hex()[:16]):
        assert secret not in said


def test_when_who_reads_has_read_enough_then_nothing_more_is_said(tools):
    command = [*tools.COMMAND, "restorers"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=tools.environment()
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(tools.DEADLINE_S) == 4
