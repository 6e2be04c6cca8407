"""Engines that end when nobody needs them any more, whoever was killed when."""

import signal
import subprocess
import sys

import pytest

from plugin_host.client import EngineClient
from plugin_host.connection import read_connection
from plugin_host.protocol import canonical
from plugin_host.schema import to_json

HOST = r"""
import json, sys
from plugin_host.client import EngineClient
from plugin_host.launcher import find_or_start
from plugin_host.requests import Submit
from plugin_host.schema import Record

path, held, job = sys.argv[1:]
client = EngineClient(find_or_start(path, held=held), "a host")
if job:
    with open(job, "rb") as file:
        submit = Record(Submit).from_json(json.load(file), "job")
    next(client.events(client.submit(submit).job))
client.status()
print("up", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def host(tmp_path, tools):
    """Starts a host that starts an engine; gives the host and its engine's connection."""
    hosts = []
    path = str(tmp_path / "engine" / "connection.json")
    command = f"{sys.executable} -m engine"

    def start(held, submit=None, **settings):
        job = ""
        if submit is not None:
            job = str(tmp_path / "job.json")
            (tmp_path / "job.json").write_bytes(canonical(to_json(submit)))
        one = subprocess.Popen(
            [sys.executable, "-c", HOST, path, held, job],
            cwd=tools.ROOT,
            env=tools.environment(FACEPLATE_ENGINE=command, **settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        hosts.append(one)
        assert one.stdout.readline() == b"up\n"
        return one, read_connection(path)

    yield start
    for one in hosts:
        one.kill()
        one.communicate()
    found = tools.listening(path)
    if found:
        tools.run("stop", "--connection", path)


def gone(tools, connection, worker):
    tools.wait_until(lambda: not tools.alive(connection.pid), "the engine ends")
    tools.wait_until(lambda: not tools.alive(worker), "its worker ends")
    return True


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_host_that_holds_an_engine_is_killed_then_the_engine_ends(host, tools, ending):
    killed, connection = host("finish", FACEPLATE_GRACE="0")
    worker = tools.wait_until(lambda: tools.children(connection.pid), "there is a worker")[0]
    killed.send_signal(ending)
    assert gone(tools, connection, worker)


def test_when_the_host_is_killed_while_its_job_runs_then_the_job_ends_before_the_engine(
    host, long_plate, tmp_path, tools
):
    submit = tools.request(long_plate, tmp_path / "out", "1001-1024")
    killed, connection = host("finish", submit, FACEPLATE_GRACE="0")
    worker = tools.children(connection.pid)[0]
    killed.kill()
    assert gone(tools, connection, worker)
    assert len(tools.delivered(tmp_path / "out")) == 24


def test_when_the_owner_said_cancel_then_its_death_ends_the_job_and_keeps_its_frames(
    host, long_plate, tmp_path, tools
):
    submit = tools.request(long_plate, tmp_path / "out", "1001-1064")
    killed, connection = host("cancel", submit, FACEPLATE_GRACE="600")
    worker = tools.children(connection.pid)[0]
    killed.kill()
    assert gone(tools, connection, worker)
    assert len(tools.delivered(tmp_path / "out")) < 64
    assert not list((tmp_path / "out").glob("*.tmp"))


def test_when_another_client_asks_on_then_the_engine_outlives_who_started_it(host, tmp_path, tools):
    killed, connection = host("finish", FACEPLATE_GRACE="2")
    worker = tools.wait_until(lambda: tools.children(connection.pid), "there is a worker")[0]
    with EngineClient(connection, "another") as another:
        another.hello()
        killed.kill()
        killed.wait()
        assert another.status().engine == connection.engine
    assert gone(tools, connection, worker)
    log = tmp_path / "engine" / "connection.json.log"
    assert "started it is gone, and nobody was heard for 2 s" in log.read_text("utf-8")


def test_when_nobody_holds_the_engine_then_a_killed_client_is_known_by_its_silence(host, tools):
    killed, connection = host("", FACEPLATE_LEASE="2")
    worker = tools.wait_until(lambda: tools.children(connection.pid), "there is a worker")[0]
    assert tools.alive(connection.pid)
    killed.kill()
    assert gone(tools, connection, worker)


def test_when_the_connection_file_is_open_to_others_then_engine_and_client_say_what_mends_it(
    engine_of, tools
):
    engine = engine_of()
    engine.path.chmod(0o644)
    asked = tools.run("status", "--connection", engine.path)
    assert asked.returncode == 3
    engine.kill()
    served = tools.run("serve", "--connection", engine.path)
    assert served.returncode == 2
    for said in (asked.stderr, served.stderr):
        assert f"chmod 600 {engine.path}" in said
        assert "Traceback" not in said
    engine.path.chmod(0o600)
    engine.start()


def test_when_others_can_write_in_the_folder_then_engine_and_client_say_what_mends_it(
    engine_of, tools
):
    engine = engine_of()
    engine.path.parent.chmod(0o777)
    try:
        for command, code in (("status", 3), ("serve", 2)):
            done = tools.run(command, "--connection", engine.path)
            assert done.returncode == code
            assert f"chmod go-w {engine.path.parent}" in done.stderr
    finally:
        engine.path.parent.chmod(0o700)
    assert tools.run("status", "--connection", engine.path).returncode == 0
