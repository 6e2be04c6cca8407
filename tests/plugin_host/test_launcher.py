"""Finding and starting engines; where an engine is needed, it is a real one."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from plugin_host import launcher
from plugin_host.client import EngineClient
from plugin_host.errors import EngineStartFailed, EngineUnreachable
from plugin_host.launcher import creation_flags, engine_command, find, find_or_start

ROOT = Path(__file__).resolve().parent.parent.parent
DEADLINE_S = 60.0
# A host application's own settings, which must not reach the engine's Python.
STARTER = """
import sys
sys.path.insert(0, sys.argv[1])
from plugin_host.launcher import find_or_start
print(find_or_start(sys.argv[2]).engine, flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "run" / "connection.json")


@pytest.fixture(autouse=True)
def real_engine(monkeypatch, tmp_path, path):
    """Names the engine of this source tree; ends whatever engine a test has left."""
    program = tmp_path / "engine.sh"
    program.write_text(
        f'#!/bin/sh\ncd "{ROOT}" && exec "{sys.executable}" -m engine "$@"\n', "utf-8"
    )
    program.chmod(0o755)
    monkeypatch.setenv("FACEPLATE_ENGINE", str(program))
    monkeypatch.setenv("FACEPLATE_CONFIG", os.devnull)
    yield
    for process in launcher._started:  # also one that came second, and may not know it yet
        process.terminate()
        process.wait(DEADLINE_S)
        process.stdin.close()
    launcher._started.clear()
    end = time.monotonic() + DEADLINE_S
    while _serving(path) and time.monotonic() < end:
        with contextlib.suppress(EngineUnreachable, ProcessLookupError):
            os.kill(find(path).pid, signal.SIGTERM)
        time.sleep(0.02)


def _serving(path):
    try:
        return find(path)
    except EngineUnreachable:
        return None


def script(tmp_path, text):
    file = tmp_path / "other engine.py"
    file.write_text(text, "utf-8")
    return f"'{sys.executable}' '{file}'"


def stale(path, address):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    data = {"version": "FACEPL01", "address": address, "key": "00" * 32, "engine": "old"}
    Path(path).write_text(json.dumps({**data, "pid": os.getpid()}), "utf-8")
    Path(path).chmod(0o600)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_when_none_runs_then_find_says_so_and_find_or_start_starts_one(path):
    with pytest.raises(EngineUnreachable, match="faceplate serve"):
        find(path)
    started = find_or_start(path, deadline_s=DEADLINE_S)
    assert find(path) == started == find_or_start(path)
    with EngineClient(started) as client:
        assert client.status().engine == started.engine


def test_when_two_launchers_start_at_once_then_there_is_one_engine(path):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(find_or_start(path, deadline_s=DEADLINE_S)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert len(found) == 2
    assert found[0] == found[1] == find(path)


def test_when_two_processes_start_at_once_then_both_end_with_one_engine(path):
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, str(ROOT), path], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    names = set()
    for starter in starters:
        names.add(starter.communicate(timeout=DEADLINE_S)[0].strip())
        assert starter.returncode == 0
    assert names == {find(path).engine}


@pytest.mark.parametrize("address", ["tcp", "ipc"])
def test_when_the_engine_died_and_its_number_lives_on_then_another_is_started(
    path, tmp_path, address
):
    there = {"tcp": f"tcp://127.0.0.1:{closed_port()}", "ipc": f"ipc://{tmp_path}/gone"}[address]
    stale(path, there)
    with pytest.raises(EngineUnreachable, match="gone"):
        find(path)
    assert find_or_start(path, deadline_s=DEADLINE_S).engine != "old"


@pytest.mark.parametrize("address", ["tcp://127.0.0.1", "tcp://127.0.0.1:x", "ipc://", "", "7"])
def test_when_the_file_holds_no_address_then_nobody_listens_there(path, address):
    stale(path, address)
    with pytest.raises(EngineUnreachable, match="gone"):
        find(path)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_when_others_can_write_in_the_folder_then_nothing_is_started_or_written(path):
    Path(path).parent.mkdir()
    Path(path).parent.chmod(0o777)
    with pytest.raises(EngineStartFailed, match="chmod go-w"):
        find_or_start(path)
    assert not list(Path(path).parent.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="links are POSIX's")
def test_when_the_log_is_a_link_then_it_is_not_followed(path, tmp_path):
    Path(path).parent.mkdir()
    Path(path + ".log").symlink_to(tmp_path / "victim")
    with pytest.raises(EngineStartFailed, match="is a link"):
        find_or_start(path)
    assert not (tmp_path / "victim").exists()


def test_when_an_engine_was_just_stopped_then_another_is_started_and_answers(path):
    first = find_or_start(path, deadline_s=DEADLINE_S)
    with EngineClient(first) as client:
        client.stop()
    second = find_or_start(path, deadline_s=DEADLINE_S)
    assert second.engine != first.engine
    with EngineClient(second) as client:
        assert client.status().engine == second.engine


@pytest.mark.skipif(os.name != "posix", reason="the lock is held as POSIX does it")
def test_when_an_ending_engine_holds_its_lock_for_long_then_another_is_started_after_it(path):
    import fcntl  # noqa: PLC0415 - there only

    Path(path).parent.mkdir()
    with Path(path + ".lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        release = threading.Timer(3.0, fcntl.flock, (held, fcntl.LOCK_UN))
        release.start()
        assert find_or_start(path, deadline_s=DEADLINE_S).pid
        release.join()


ECHO = "import sys; sys.exit(' '.join(sys.argv[1:]))"


@pytest.mark.parametrize(
    ("variable", "how", "said"),
    [
        ("", {}, "--held finish --lease 900"),
        ("30", {"lease_s": 5}, "--held finish --lease 5"),
        ("", {"lease_s": 0, "held": ""}, "--lease 0"),
        ("30", {"held": "cancel"}, "--held cancel"),
        ("30", {"held": "cancel", "held_by": "/a"}, "--held cancel --held-by /a"),
    ],
)
def test_when_an_engine_is_started_then_it_is_told_how_long_to_live(
    path, tmp_path, monkeypatch, variable, *, how, said
):
    monkeypatch.setenv("FACEPLATE_ENGINE", script(tmp_path, ECHO))
    monkeypatch.setenv("FACEPLATE_LEASE", variable)
    with pytest.raises(EngineStartFailed) as failed:
        find_or_start(path, **how)
    assert failed.value.message.endswith(f"--connection {path} {said}")


def test_when_the_file_is_open_to_others_then_no_second_engine_is_started(path):
    stale(path, f"tcp://127.0.0.1:{closed_port()}")
    Path(path).chmod(0o644)
    with pytest.raises(EngineUnreachable, match="chmod 600"):
        find_or_start(path)


def test_when_the_engine_fails_then_its_own_words_are_told(path, tmp_path, monkeypatch):
    failing = script(tmp_path, "import sys; print('no licence for Tuesdays'); sys.exit(1)")
    monkeypatch.setenv("FACEPLATE_ENGINE", failing)
    with pytest.raises(EngineStartFailed, match=r"exit code 1; it said: no licence") as failed:
        find_or_start(path)
    assert failed.value.path == path + ".log"


def test_when_it_failed_before_then_only_the_last_words_are_told(path, tmp_path, monkeypatch):
    for words in ("first", "second"):
        monkeypatch.setenv("FACEPLATE_ENGINE", script(tmp_path, f"raise SystemExit('{words}')"))
        with pytest.raises(EngineStartFailed, match=words) as failed:
            find_or_start(path)
    assert "first" not in str(failed.value)


def test_when_the_engine_says_nothing_then_that_is_told(path, tmp_path, monkeypatch):
    monkeypatch.setenv("FACEPLATE_ENGINE", script(tmp_path, "raise SystemExit(7)"))
    with pytest.raises(EngineStartFailed, match="exit code 7; it said: nothing"):
        find_or_start(path)


def test_when_the_engine_hangs_then_the_deadline_ends_it(path, tmp_path, monkeypatch):
    note = tmp_path / "pid"
    # A shell: a Python may take longer to begin than the deadline is.
    hanging = f"echo $$ > {note}; echo loading for ever; exec sleep 600"
    monkeypatch.setenv("FACEPLATE_ENGINE", f"/bin/sh -c '{hanging}'")
    with pytest.raises(EngineStartFailed, match=r"within 2 s; it said: loading for ever"):
        find_or_start(path, deadline_s=2.0)
    (process,) = [p for p in launcher._started if p.pid == int(note.read_text("ascii"))]
    assert process.wait(DEADLINE_S) == -signal.SIGKILL


def test_when_the_program_is_not_there_then_it_is_named(path, monkeypatch):
    monkeypatch.setenv("FACEPLATE_ENGINE", "/nowhere/faceplate --fast")
    with pytest.raises(EngineStartFailed, match="cannot run /nowhere/faceplate"):
        find_or_start(path)


def test_when_nothing_is_installed_then_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("FACEPLATE_ENGINE")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(EngineStartFailed, match="FACEPLATE_ENGINE"):
        engine_command()
    (tmp_path / "faceplate").touch()
    assert engine_command() == [str(tmp_path / "faceplate")]


def test_when_the_host_has_a_python_of_its_own_then_the_engine_does_not_inherit_it(
    path, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONHOME", "/opt/host/python")
    monkeypatch.setenv("PYTHONPATH", "/opt/host/modules")
    monkeypatch.setenv("FACEPLATE_ENGINE", "/bin/sh -c 'env; exit 1'")
    with pytest.raises(EngineStartFailed) as failed:
        find_or_start(path)
    words = Path(path + ".log").read_text("utf-8")
    assert "PATH=" in words
    assert "/opt/host" not in words
    assert failed.value.code == "engine.start_failed"


@pytest.mark.parametrize(("system", "flags"), [("linux", 0), ("darwin", 0), ("win32", 0x08000200)])
def test_when_a_program_is_started_then_windows_opens_no_console(system, flags, monkeypatch):
    monkeypatch.setattr(sys, "platform", system)
    assert creation_flags() == flags


def test_when_an_engine_is_started_then_it_has_a_lease(path):
    found = find_or_start(path, deadline_s=DEADLINE_S, lease_s=1)
    end = time.monotonic() + DEADLINE_S
    while Path(path).exists() and time.monotonic() < end:
        time.sleep(0.05)
    with pytest.raises(EngineUnreachable):
        find(path)
    assert found.address
