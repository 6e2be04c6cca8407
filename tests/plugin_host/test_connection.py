from __future__ import annotations

import json
import os

import pytest

from plugin_host.connection import Connection, default_path, read_connection
from plugin_host.errors import EngineUnreachable

GOOD = {
    "version": "FACEPL01",
    "address": "tcp://127.0.0.1:5000",
    "key": "00" * 32,
    "engine": "e" * 32,
    "pid": 4711,
}


@pytest.fixture
def written(tmp_path):
    """Writes a connection file with some fields replaced; returns its path."""

    def write(mode=0o600, **fields):
        path = tmp_path / "connection.json"
        path.write_text(json.dumps({**GOOD, **fields}), "utf-8")
        path.chmod(mode)
        return str(path)

    return write


def test_when_the_file_is_good_then_it_is_read(written):
    expected = Connection("tcp://127.0.0.1:5000", bytes(32), "e" * 32, 4711)
    assert read_connection(written()) == expected


def test_when_there_is_no_file_then_it_says_how_to_start(tmp_path):
    with pytest.raises(EngineUnreachable, match="faceplate serve") as refused:
        read_connection(str(tmp_path / "none.json"))
    assert refused.value.path == str(tmp_path / "none.json")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o602, 0o610, 0o777])
def test_when_others_may_touch_the_file_then_it_is_refused(written, mode):
    with pytest.raises(EngineUnreachable, match="chmod 600"):
        read_connection(written(mode))


def test_when_the_version_is_another_then_both_are_named(written):
    with pytest.raises(EngineUnreachable, match=r"FACEPL99.*FACEPL01"):
        read_connection(written(version="FACEPL99"))


@pytest.mark.parametrize(
    "fields",
    [
        {"key": "zz" * 32},
        {"key": "00" * 31},
        {"key": 7},
        {"key": None},
        {"pid": "many"},
        {"pid": None},
        {"version": None},
    ],
)
def test_when_a_field_is_wrong_then_the_file_is_refused(written, fields):
    with pytest.raises(EngineUnreachable) as refused:
        read_connection(written(**fields))
    assert refused.value.path


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '"text"', "{}", "\ufeff{}"])
def test_when_the_file_is_something_else_then_it_is_refused(tmp_path, text):
    path = tmp_path / "connection.json"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    with pytest.raises(EngineUnreachable):
        read_connection(str(path))


def test_when_the_path_is_a_folder_then_it_is_refused(tmp_path):
    with pytest.raises(EngineUnreachable, match="cannot be read"):
        read_connection(str(tmp_path))


def test_when_a_file_is_refused_then_its_key_is_not_told(written):
    key = "ab" * 31
    with pytest.raises(EngineUnreachable) as refused:
        read_connection(written(key=key))
    assert key not in str(refused.value)


def test_when_the_path_is_named_then_it_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv("FACEPLATE_CONNECTION", "/somewhere/c.json")
    assert default_path() == "/somewhere/c.json"
    monkeypatch.delenv("FACEPLATE_CONNECTION")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert default_path() == str(tmp_path / "faceplate" / "connection.json")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path().startswith(str(tmp_path / ".local"))
