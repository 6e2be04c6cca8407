from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.atomic import FOREIGN_S, clear, temporary_name, write_atomically

NOW = 2_000_000_000.0


def rest(folder, *, process, place=None, age=0.0):
    """Write what a writer left; return its path."""
    path = temporary_name(folder)
    _, ours, _, number = path.name.split("-")
    path = folder / f".faceplate-{place or ours}-{process}-{number}"
    path.write_bytes(b"half")
    os.utime(path, (NOW - age, NOW - age))
    return path


@pytest.fixture(scope="module")
def dead():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_when_a_writer_here_is_dead_then_its_rest_goes_at_once(tmp_path, dead):
    path = rest(tmp_path, process=dead)
    clear(tmp_path, NOW)
    assert not path.exists()


@pytest.mark.parametrize("process", [os.getppid(), 1])
def test_when_a_writer_here_is_alive_then_its_file_stays_however_old(tmp_path, process):
    path = rest(tmp_path, process=process, age=10 * FOREIGN_S)
    clear(tmp_path, NOW)
    assert path.exists()


def test_when_it_is_this_process_then_only_what_is_under_way_stays(tmp_path, monkeypatch):
    left = rest(tmp_path, process=os.getpid())
    fsync = os.fsync
    monkeypatch.setattr("os.fsync", lambda number: (clear(tmp_path, NOW), fsync(number)))
    write_atomically(tmp_path / "file", b"data")
    assert (tmp_path / "file").read_bytes() == b"data"
    assert not left.exists()


def test_when_a_writer_is_elsewhere_then_only_time_tells_whether_it_lives(tmp_path, dead):
    young = rest(tmp_path, process=dead, place="0123abcd", age=FOREIGN_S - 60)
    old = rest(tmp_path, process=os.getpid(), place="0123abcd", age=FOREIGN_S + 60)
    clear(tmp_path, NOW)
    assert young.exists()
    assert not old.exists()


@pytest.mark.parametrize(
    "name",
    [
        ".faceplate-0123abcd-1.tmp",
        ".faceplate-0123abcd-x-01234567.tmp",
        ".faceplate-0123abcd-7-01234567.tmp.exr",
        "x.faceplate-0123abcd-7-01234567.tmp",
        ".shot.tmp",
        "shot.0001.exr",
    ],
)
def test_when_a_name_is_not_ours_then_the_file_stays_however_old(tmp_path, name):
    (tmp_path / name).write_bytes(b"somebody's")
    os.utime(tmp_path / name, (0, 0))
    clear(tmp_path, NOW)
    assert (tmp_path / name).exists()


def test_when_there_is_no_folder_or_a_rest_cannot_go_then_that_is_no_error(
    tmp_path, dead, monkeypatch
):
    clear(tmp_path / "none", NOW)
    path = rest(tmp_path, process=dead)
    monkeypatch.setattr("os.unlink", refuse(errno.EACCES))
    clear(tmp_path, NOW)
    monkeypatch.undo()
    assert path.exists()


def refuse(number):
    def refused(*_args):
        raise OSError(number, os.strerror(number))

    return refused


@pytest.mark.parametrize("links", [True, False])
def test_when_a_file_is_not_to_be_replaced_then_the_first_one_stays(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr("pathlib.Path.hardlink_to", refuse(errno.EPERM))
    path = tmp_path / "file"
    write_atomically(path, b"first", replace=False)
    with pytest.raises(FileExistsError):
        write_atomically(path, b"second", replace=False)
    assert path.read_bytes() == b"first"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_when_a_final_name_is_as_long_as_it_may_be_then_it_can_be_written(tmp_path):
    path = tmp_path / ("x" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    write_atomically(path, b"data")
    assert Path(path).read_bytes() == b"data"
