"""A watch folder with real processes: dropped, killed, started again, and never lost."""

import json
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from plugin_host.client import EngineClient
from plugin_host.errors import EngineUnreachable
from plugin_host.launcher import find
from plugin_host.schema import to_json


@pytest.fixture
def watch(tmp_path, tools):
    """A watch folder; `start` begins a watcher over it, whose engines end with the test."""
    folder, connection = tmp_path / "in", tmp_path / "run" / "connection.json"
    folder.mkdir()
    (folder / "faceplate.toml").write_text(
        '[restore]\nrestorer = "temporal-denoise"\nwhole_frame = true\n'
    )
    environment = tools.environment(
        FACEPLATE_ENGINE=f"{sys.executable} -m engine",
        FACEPLATE_CONNECTION=str(connection),
        FACEPLATE_GRACE="5",
    )
    started = []

    class Watch:
        def __init__(self):
            self.folder = folder

        def start(self, *words):
            command = [*tools.COMMAND, "watch", str(folder), "--every", "0.1", *words]
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            started.append(process)
            return process

        def state(self, name):
            path = folder / f"{name}.faceplate.json"
            return json.loads(path.read_text()) if path.exists() else {}

        def until(self, name, state):
            return tools.wait_until(
                lambda: self.state(name).get("state") == state, f"{name} is {state}"
            )

    yield Watch()
    for process in started:
        process.kill()
        process.communicate()
    for found in connection.parent.glob("watch-*.json"):
        with suppress(EngineUnreachable), EngineClient(find(str(found)), "test") as client:
            client.stop()


def test_when_the_watcher_is_killed_amid_a_drop_then_the_next_one_finishes_what_equals_one_run(
    watch, command, tmp_path, tools
):
    plate = tools.write_plate(watch.folder / "sh010", range(1001, 1025), size=(96, 72))
    first = watch.start("--settle", "0.2", "--log", "json")
    restored = watch.folder / "sh010_restored"
    tools.wait_until(lambda: tools.delivered(restored), "a frame is restored")
    first.kill()
    _, words = first.communicate()
    assert json.loads(words.splitlines()[0])["drop"] == "sh010"
    assert watch.state("sh010")["state"] == "restoring"
    assert (watch.folder / "sh010.faceplate.claim").exists()
    other = tools.write_plate(watch.folder / "sh020", range(1001, 1004))
    good = tools.request(other, watch.folder / "out", "1001-1003")
    (watch.folder / "good.json").write_text(json.dumps(to_json(good)))
    second = watch.start("--settle", "0.2")
    watch.until("sh010", "done")
    watch.until("good.json", "done")
    second.send_signal(signal.SIGTERM)
    assert second.wait(tools.DEADLINE_S) == 0
    assert "Traceback" not in second.stderr.read()
    assert not list(watch.folder.glob("*.claim"))
    assert watch.state("sh020") == {}
    assert len(tools.delivered(watch.folder / "out")) == 3
    whole = tmp_path / "whole"
    denoise = ("--whole-frame", "--restorer", "temporal-denoise")
    assert command("restore", plate, "--output", whole, *denoise).returncode == 0
    made = tools.delivered(restored)
    assert len(made) == 24
    assert made == tools.delivered(whole)


def test_when_a_job_that_reaches_elsewhere_is_dropped_and_it_is_run_once_then_that_is_refused(
    watch, tmp_path, tools
):
    far = tools.request(str(watch.folder / "p.%04d.exr"), tmp_path / "far", "1001-1003")
    (watch.folder / "far.json").write_text(json.dumps(to_json(far)))
    done = watch.start("--settle", "0", "--once")
    _, words = done.communicate(timeout=tools.DEADLINE_S)
    assert done.returncode == 1, words
    assert "outside the folders" in watch.state("far.json")["why"]
    assert not (tmp_path / "far").exists()


@pytest.mark.parametrize(
    "words", [["none"], [".", "--settle", "nan"], [".", "--every", "-1"], [".", "--every", "inf"]]
)
def test_when_there_is_no_such_folder_or_time_then_watch_is_refused(
    command, tmp_path, monkeypatch, words
):
    monkeypatch.chdir(tmp_path)
    assert command("watch", *words).returncode == 2
