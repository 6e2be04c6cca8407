from __future__ import annotations

import json

import pytest

from engine.__main__ import main
from tests.engine.plates import Run, delivered, request, write_frame, write_plate
from tests.engine.probes import LINKS


@pytest.fixture
def out(tmp_path):
    plate = write_plate(tmp_path / "plates", range(1001, 1009))
    write_frame(plate, 1004, b"no picture")
    out = tmp_path / "out"
    Run(request(plate, out, "1001-1008", "1001-1006", handles=2, seed=7), LINKS["chained"])
    return out


def test_when_a_take_is_shown_then_it_says_what_is_there_and_what_is_not(out, capsys):
    assert main(["take", "show", str(out)]) == 0
    shown = capsys.readouterr().out
    for words in (
        "shot       1001-1008, handles 2; lin_rec709_scene",
        "settings   restorer probe, seed 7, whole_frame True; release ",
        "delivered  5 of 8 frames (5 restored)",
        "missing    1007-1008",
        "error      frame 1004: ",
    ):
        assert words in shown
    assert "not there" not in shown.splitlines()[1]


def test_when_a_take_is_shown_as_json_then_it_is_one_object(out, capsys):
    assert main(["take", "show", "--json", str(out / "shot.take")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["delivered"], told["frames"], told["missing"]) == (5, 8, "1007-1008")
    assert told["settings"]["seed"] == 7
    assert [error["frame"] for error in told["errors"]] == [1004]
    assert told["bytes"]["frames"] == sum(map(len, delivered(out).values()))
    assert told["bytes"]["windows"] > 0


def test_when_a_take_is_verified_then_the_exit_code_says_whether_it_is_whole(out, capsys):
    assert main(["take", "verify", str(out), "--frames", "1001-1003"]) == 0
    assert main(["take", "verify", str(out), "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "{" in line]
    assert lines[-1]["event"] == "finished"
    assert [error["frame"] for error in lines[-1]["errors"]] == [1004, 1007, 1008]


def test_when_a_take_is_pruned_then_it_says_what_is_freed_and_frees_it_only_if_meant(out, capsys):
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert main(["take", "prune", "--dry-run", str(out)]) == 0
    assert "would free " in capsys.readouterr().out
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert main(["take", "prune", "--json", str(out)]) == 0
    freed = json.loads(capsys.readouterr().out)
    after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert after.items() <= before.items()
    assert len(before) - len(after) == freed["files"] > 0
    assert sum(map(len, before.values())) - sum(map(len, after.values())) == freed["bytes"]
    assert delivered(out) == {p.name: data for p, data in before.items() if p.parent == out}


def test_when_there_is_no_take_then_every_word_is_refused(tmp_path, capsys):
    for word in ("show", "verify", "prune"):
        assert main(["take", word, str(tmp_path)]) == 2
        assert "there is no take" in capsys.readouterr().err
