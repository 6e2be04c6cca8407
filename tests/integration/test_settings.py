"""Settings in layers, the map of paths and the log, as the command line shows them."""

import json

import pytest

from plugin_host.replies import Accepted
from plugin_host.schema import to_json
from tests.integration.conftest import Engine

PASS = ("--whole-frame", "--restorer", "passthrough")


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """An engine that logs JSON, for tests that leave it as it was."""
    shared = Engine(tmp_path_factory.mktemp("engine"), "--log", "json")
    yield shared
    shared.end()


@pytest.fixture
def config(tmp_path, monkeypatch, command):
    """Writes the settings file of the commands that are run here."""

    def write(text):
        path = tmp_path / "faceplate.toml"
        path.write_text(text)
        monkeypatch.setenv("FACEPLATE_CONFIG", str(path))
        return path

    return write


def test_when_the_log_is_json_then_every_line_of_the_error_output_is_an_object_about_the_job(
    command, tmp_path, tools
):
    plate = tools.write_plate(tmp_path / "in", [1001, 1002])
    (tmp_path / "in" / "p.1002.exr").write_bytes(b"torn")
    done = command("restore", plate, "--output", tmp_path / "out", *PASS, "--log", "json")
    assert done.returncode == 1, done.err
    told = lines_of(done.err)
    assert {line["take"] for line in told} == {str(tmp_path / "out" / "p.take")}
    assert len({line["job"] for line in told}) == 1
    bad = [line for line in told if line["level"] == "warning"]
    assert [(line["frame"], line["logger"]) for line in bad] == [(1002, "faceplate.job")]
    assert told[-1]["message"].startswith("1 delivered, 1 errors")
    refused = command("restore", plate, "--output", tmp_path / "out", "--log", "json", "--seed=9")
    assert refused.returncode == 2
    (last,) = (line for line in lines_of(refused.err) if line["level"] == "error")
    assert last["message"].startswith("faceplate: ")
    assert last["message"].endswith("[request.take]")
    assert last["take"] == str(tmp_path / "out" / "p.take")


def test_when_the_engine_logs_json_then_its_worker_does_too_and_the_key_is_never_said(
    engine, tmp_path, tools
):
    plate = tools.write_plate(tmp_path / "in", [1001])
    submit = tools.request(plate, tmp_path / "out", "1001-1002", restorer="passthrough")
    with engine.client() as client:
        job = client.submit(submit).job
        list(client.frames(job))
    told = lines_of(engine.words())
    ours = [line for line in told if line.get("job") == job]
    assert {line["take"] for line in ours} == {str(tmp_path / "out" / "p.take")}
    assert [line["frame"] for line in ours if line["level"] == "warning"] == [1002]
    assert engine.connection.key.hex() not in engine.words()


def test_when_paths_are_of_another_system_then_restore_and_submit_find_them_here(
    command, engine, config, tmp_path, tools
):
    tools.write_plate(tmp_path / "mnt", [1001])
    config(f"[path_map]\n'S:\\shows' = '{tmp_path}/mnt'\n")
    words = ("S:\\shows\\p.%04d.exr", "--output", "S:\\shows\\out", *PASS)
    done = command("restore", *words, "--json")
    assert done.returncode == 0, done.out
    assert lines_of(done.out)[-1]["take"] == f"{tmp_path}/mnt/out/p.take"
    words = (*words, "--seed", "1", "--path-map", f"S:\\shows={tmp_path}/mnt;/x={tmp_path}/x")
    refused = command("submit", *words, "--json", "--connection", engine.path)
    assert (refused.returncode, lines_of(refused.out)[-1]["code"]) == (2, "request.take")
    assert "S:\\shows\\out" in lines_of(refused.out)[-1]["path"]


def test_when_a_job_is_submitted_then_what_is_told_of_it_is_called_as_here(
    command, engine, tmp_path, tools, monkeypatch
):
    plate = tools.write_plate(tmp_path / "mnt", [1001])
    submit = tools.request(plate, tmp_path / "mnt" / "out", "1001", restorer="passthrough")
    text = json.dumps(to_json(submit)).replace(str(tmp_path / "mnt"), "/Volumes/shows")
    (tmp_path / "job.json").write_text(text)
    monkeypatch.setenv("FACEPLATE_PATH_MAP", f"/Volumes/shows={tmp_path}/mnt")
    words = ("submit", "--job", tmp_path / "job.json", "--connection", engine.path, "--json")
    *told, finished = lines_of(command(*words).out)
    assert finished["take"] == "/Volumes/shows/out/p.take"
    assert [one["path"] for one in told if one["event"] == "frame"] == [
        "/Volumes/shows/out/p_restored.1001.exr"
    ]
    (accepted,) = lines_of(command(*words, "--detach").out)
    assert accepted["take"] == "/Volumes/shows/out/p.take"
    assert set(accepted) == set(to_json(Accepted("0" * 16, 1, "", attached=False)))


def test_when_the_doctor_is_asked_then_every_setting_names_who_said_it(
    command, config, tmp_path, monkeypatch
):
    path = config("lease = 5\nthreads = 3\n[restore]\nhandles = 8\nparameters.lite.strength = 80\n")
    monkeypatch.setenv("FACEPLATE_THREADS", "4")
    monkeypatch.setenv("FACEPLATE_LAYERS", "matte")
    monkeypatch.setattr("engine.doctor.examine", lambda _: [(True, "all")])
    done = command("doctor", "--connection", tmp_path / "c.json", "--path-map", "/a=/b")
    assert done.returncode == 0
    told = dict(
        line.removeprefix("setting").strip().split(" = ", 1)
        for line in done.out.splitlines()
        if " = " in line
    )
    assert told["threads"] == "4 (environment FACEPLATE_THREADS)"
    assert told["lease"] == f"5 (file {path})"
    assert told["grace"] == "60 (default)"
    assert told["connection"] == f"{tmp_path}/c.json (flag)"
    assert told["path_map"] == "/a=/b (flag)"
    assert told["[restore] handles"] == f"8 (file {path})"
    assert told["[restore] layers"] == "beauty,matte (environment FACEPLATE_LAYERS)"
    assert told["[restore] parameters"] == f"lite.strength=80 (file {path})"
    assert told["[restore] detector"] == "none (default)"


def test_when_the_settings_file_is_wrong_then_the_doctor_says_where_and_goes_on(
    command, config, monkeypatch
):
    path = config("threds = 3\n")
    monkeypatch.setattr("engine.doctor.examine", lambda _: [(True, "all")])
    done = command("doctor")
    assert done.returncode == 1
    assert f"problem  {path}: no setting 'threds'" in done.out
    assert "ok       all" in done.out
    refused = command("restore", "p.%04d.exr", "--output", "/o")
    assert refused.returncode == 2
    assert "did you mean threads?" in refused.err
