import hashlib
import os

import pytest

from engine.atomic import FOREIGN_S, clear, time_in
from plugin_host import whole_files
from plugin_host.whole_files import digest_of, json_bytes, read_json, write_whole


def test_when_a_file_is_written_then_it_is_whole_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "a"
    for data in (b"first", b"second"):
        write_whole(str(path), data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="files have no modes there")
def test_when_a_file_is_private_then_nobody_else_reads_it(tmp_path):
    write_whole(str(tmp_path / "a"), b"", private=True)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_when_the_disk_refuses_then_the_old_file_stays_and_nothing_is_left(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(str(path), b"new")
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])


def test_when_a_host_was_killed_while_it_wrote_then_the_engine_clears_that_after_a_day(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(whole_files.os, "replace", lambda *_: None)
    monkeypatch.setattr(whole_files.os, "unlink", lambda *_: None)
    write_whole(str(tmp_path / "a"), b"never renamed")
    monkeypatch.undo()
    (left,) = tmp_path.iterdir()
    now = time_in(tmp_path)
    clear(tmp_path, now)
    assert left.exists()
    clear(tmp_path, now + FOREIGN_S + 60)
    assert not left.exists()


@pytest.mark.parametrize("data", [b"", b"[1]", b"{", b'"a"', b"\xff", b"[" * 100000])
def test_when_a_file_holds_no_object_then_it_counts_as_not_there(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    assert read_json(str(tmp_path / "a")) is None
    assert read_json(str(tmp_path / "b")) is None


def test_when_an_object_is_written_then_it_is_read_again(tmp_path):
    data = {"ä": [1, None], "a": {"b": "🎬"}}
    write_whole(str(tmp_path / "a"), json_bytes(data))
    assert read_json(str(tmp_path / "a")) == data
    assert json_bytes(data).endswith(b"}\n")


def test_when_a_file_is_digested_then_all_of_it_counts(tmp_path):
    path, data = tmp_path / "a", bytes((1 << 20) + 1)
    path.write_bytes(data)
    assert digest_of(str(path)) == hashlib.sha256(data).hexdigest()
