"""The command line of a farm's jobs: what is said, and what is refused."""

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from engine.__main__ import _parser, main
from engine.farm.bundle import read_bundle
from engine.farm.command import joined
from tests.integration.conftest import write_plate


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("FACEPLATE_CONFIG", str(tmp_path / "settings.toml"))
    (tmp_path / "settings.toml").write_text("threads = 3\n")


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    return write_plate(tmp_path_factory.mktemp("plate"), range(1, 31))


def farm(plate, tmp_path, *words, restorer="temporal-denoise"):
    output = ["--output", str(tmp_path / "out"), "--bundle", str(tmp_path / "job")]
    return main(["farm", plate, *output, "--restorer", restorer, *words])


def test_when_the_page_shows_a_command_then_it_is_understood():
    text = (Path(__file__).parents[3] / "docs" / "farm.md").read_text("utf-8")
    blocks = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    lines = [shlex.split(line, comments=True) for line in blocks.splitlines()]
    ours = [words[1:] for words in lines if words[:1] == ["faceplate"]]
    assert {words[0] for words in ours} == {"farm", "take"}
    for words in ours:
        _parser().parse_args(joined(words))


def test_when_a_job_is_written_then_its_steps_and_what_to_know_are_said(plate, tmp_path, capsys):
    assert farm(plate, tmp_path, "--chunk", "12", "--whole-frame") == 0
    said = capsys.readouterr().out
    assert "Restore: 3 tasks of up to 12 frames, one after the other, after Analyse\n" in said
    assert "note: every window of temporal-denoise reads its left neighbour's reference" in said
    assert f"now say: faceplate farm run {tmp_path / 'job'}\n" in said
    template = json.loads((tmp_path / "job" / "template.json").read_text())
    assert template["jobEnvironments"][0]["variables"]["FACEPLATE_THREADS"] == "3"


def test_when_a_written_job_is_read_then_its_tasks_weigh_their_frames(plate, tmp_path):
    farm(plate, tmp_path, "--chunk", "12")
    steps = read_bundle(tmp_path / "job").steps
    assert [task.weight for step in steps for task in step.tasks] == [1, 12, 12, 6, 1]


def test_when_chunks_may_be_cut_anew_then_a_parameter_does(plate, tmp_path):
    farm(plate, tmp_path, "--chunk", "12", "--warm-up", "2")
    (_, restore, _) = read_bundle(tmp_path / "job", ["ChunkSize=10"]).steps
    assert [task.label for task in restore.tasks] == ["1-10", "11-20", "21-30"]
    assert not read_bundle(tmp_path / "job").gpu


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--chunk", "0"], "the smallest is 1"),
        ([], "say --chunk N and --bundle DIR"),
        (["--chunk", "5", "--set", "nothing=1"], "has no parameter"),
        (["--chunk", "5", "--until", "analysis"], "leave --until out"),
        (["--chunk", "5", "--program", ""], "name the program"),
        (["--chunk", "5", "--for", "slurm", "--plain"], "leave it out"),
        (["--chunk", "5", "--at-once", "-1"], "0 is no limit"),
        (["--chunk", "5", "--at-once", "4"], "leave --at-once out"),
    ],
)
def test_when_a_job_cannot_be_written_then_it_exits_2_and_says_what_would_be_right(
    plate, tmp_path, capsys, words, said
):
    assert farm(plate, tmp_path, *words) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "job").exists()


def test_when_frames_are_not_there_yet_then_the_job_is_written_and_says_so(plate, tmp_path, capsys):
    assert farm(plate, tmp_path, "--chunk", "5", "--frames", "28-34") == 0
    assert "note: 4 of 7 asked frames are not there now, such as 31\n" in capsys.readouterr().out


def test_when_another_shots_job_lies_there_then_it_exits_2_and_leaves_it(plate, tmp_path, capsys):
    assert farm(plate, tmp_path, "--chunk", "5") == 0
    before = (tmp_path / "job" / "template.json").read_text()
    assert farm(plate, tmp_path, "--chunk", "5", "--seed", "3") == 2
    assert "another shot's job lies there" in capsys.readouterr().err
    assert (tmp_path / "job" / "template.json").read_text() == before


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda job: (job / "template.json").unlink(), "no bundle"),
        (lambda job: (job / "template.json").write_text("{"), "cannot be read"),
        (lambda job: (job / "template.json").write_text("{}"), "not a job"),
        (lambda job: (job / "parameter_values.json").write_text("[]"), "no parameterValues"),
        (lambda job: (job / "parameter_values.json").write_text("{}"), "no parameterValues"),
        (lambda job: (job / "logs").write_text("mine"), "no logs there"),
    ],
)
def test_when_a_bundle_is_spoilt_then_running_it_exits_2(plate, tmp_path, capsys, spoil, said):
    farm(plate, tmp_path, "--chunk", "5")
    spoil(tmp_path / "job")
    assert main(["farm", "run", str(tmp_path / "job")]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--slots", "0"], "the least is 1"),
        (["--retries", "-1"], "the least is 0"),
        (["--parameter", "ChunkSize"], "like --parameter"),
        (["--parameter", "Nothing=1"], "Nothing"),
    ],
)
def test_when_running_is_asked_for_wrongly_then_it_exits_2(plate, tmp_path, capsys, words, said):
    farm(plate, tmp_path, "--chunk", "5")
    assert main(["farm", "run", str(tmp_path / "job"), *words]) == 2
    assert said in capsys.readouterr().err


def test_when_a_run_logs_json_then_its_own_lines_and_those_of_its_tasks_are(
    plate, tmp_path, capsys, monkeypatch
):
    said = []
    farm(plate, tmp_path, "--chunk", "5")
    monkeypatch.setenv("FACEPLATE_LOG", "text")
    monkeypatch.setattr(
        "engine.farm.runner.run_bundle", lambda *_, **__: said.append(os.environ["FACEPLATE_LOG"])
    )
    main(["farm", "run", str(tmp_path / "job"), "--log", "json"])
    assert said == ["json"]
    capsys.readouterr()
    main(["farm", "run", str(tmp_path / "job"), "--log", "json", "--slots", "0"])
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert "the least is 1" in line["message"]
