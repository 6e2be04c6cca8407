import json

import pytest

from engine.watch.state import State, States

FULL = State("done", 3, 4, "one frame", "c", "r", ({"plate": "/p.%04d.exr", "errors": []},))


def test_when_a_state_is_written_then_it_reads_back(tmp_path):
    states = States(tmp_path)
    for state in (State(), FULL):
        states.write("sh010", state)
        assert states.read("sh010") == state
    assert json.loads((tmp_path / "sh010.faceplate.json").read_text())["state"] == "done"


def test_when_nothing_is_new_then_the_file_stays_as_it_is(tmp_path):
    States(tmp_path).write("sh010", FULL)
    before = (tmp_path / "sh010.faceplate.json").stat()
    States(tmp_path).write("sh010", FULL)
    assert (tmp_path / "sh010.faceplate.json").stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"schema": "watch-state.1", "state": 3}',
        '{"schema": "watch-state.1", "plates": 3}',
        '{"schema": "watch-state.2", "state": "done"}',
        "[" * 5000,
    ],
)
def test_when_a_state_file_makes_no_sense_then_there_is_none(tmp_path, text):
    (tmp_path / "sh010.faceplate.json").write_text(text)
    assert States(tmp_path).read("sh010") is None


@pytest.mark.parametrize(
    ("state", "content", "room", "settled"),
    [
        ("done", "c", "r", True),
        ("done", "c", "other", True),
        ("done", "other", "r", False),
        ("failed", "c", "r", True),
        ("failed", "c", "other", False),
        ("failed", "other", "r", False),
        ("restoring", "c", "r", False),
        ("waiting", "c", "r", False),
    ],
)
def test_when_a_drop_or_its_room_changes_then_what_ended_is_tried_again(
    state, content, room, settled
):
    assert State(state, content="c", room="r").is_settled(content, room) == settled
