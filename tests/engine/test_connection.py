from __future__ import annotations

import os
import stat

import pytest

from engine.connection import EngineLock, write_connection
from plugin_host.connection import read_connection
from plugin_host.errors import EngineBusy, SettingsError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "connection.json"


def write(path):
    write_connection(path, "tcp://127.0.0.1:5000", b"k" * 32, "e" * 32)


def test_when_a_connection_is_written_then_only_its_user_reads_it(path):
    old = os.umask(0)
    try:
        with EngineLock(path):
            write(path)
    finally:
        os.umask(old)
    assert read_connection(str(path)).key == b"k" * 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_when_two_engines_want_one_file_then_the_second_is_refused(path):
    with EngineLock(path), pytest.raises(EngineBusy, match="runs already"), EngineLock(path):
        pass
    with EngineLock(path):
        pass


def test_when_a_link_lies_in_its_place_then_the_link_is_replaced_and_not_followed(path, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    path.parent.mkdir()
    path.symlink_to(victim)
    write(path)
    assert victim.read_bytes() == b"untouched"
    assert not path.is_symlink()
    assert read_connection(str(path)).engine == "e" * 32


def test_when_the_lock_is_a_link_then_it_is_refused(path, tmp_path):
    path.parent.mkdir()
    path.with_name("connection.json.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(SettingsError, match="is a link"), EngineLock(path):
        pass
    assert not (tmp_path / "victim").exists()


def test_when_others_can_write_in_the_folder_then_no_engine_starts_there(path):
    path.parent.mkdir()
    path.parent.chmod(0o777)
    with pytest.raises(SettingsError, match="chmod go-w") as refused, EngineLock(path):
        pass
    assert refused.value.path == str(path.parent)
    assert not list(path.parent.iterdir())


def test_when_an_old_file_is_open_to_others_then_no_engine_starts_until_it_is_mended(path):
    with EngineLock(path):
        write(path)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match=f"chmod 600 {path}"), EngineLock(path):
        pass
    path.chmod(0o600)
    with EngineLock(path):
        pass


def test_when_the_file_system_keeps_no_modes_then_the_engine_says_so(path, monkeypatch):
    path.parent.mkdir(mode=0o700)
    before = os.umask(0o022)
    os.umask(before)
    monkeypatch.setattr(os, "umask", lambda _: before)
    with pytest.raises(SettingsError, match="chmod 600"):
        write(path)


def test_when_the_folder_is_a_file_then_that_is_said(path):
    path.parent.write_bytes(b"")
    with pytest.raises(SettingsError, match="no engine here"), EngineLock(path):
        pass
