import os
from pathlib import Path

import pytest

from engine.regular import read_regular


def test_when_a_file_is_regular_then_its_bytes_come_back(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"bytes")
    (tmp_path / "link").symlink_to(path)
    for name in (path, str(path), tmp_path / "link"):
        assert read_regular(name) == b"bytes"
        assert read_regular(name, roots=(str(tmp_path),)) == b"bytes"


def test_when_it_is_a_pipe_a_device_or_a_folder_then_it_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # nobody writes, so reading it would never end
    for path in (tmp_path / "pipe", Path("/dev/zero"), Path("/dev/tty"), tmp_path):
        with pytest.raises(OSError, match=r"regular|directory|device"):
            read_regular(path)


def test_when_it_is_too_large_then_not_a_byte_is_read(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match="1099511627776 bytes"):
        read_regular(path)
    with pytest.raises(OSError, match="4 are the limit"):
        read_regular(path, most=4)


def test_when_it_is_not_there_or_cannot_be_named_then_it_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "a")
    with pytest.raises(OSError, match="long"):
        read_regular(tmp_path / ("a" * 300))


def test_when_the_opened_file_lies_outside_the_roots_then_it_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_bytes(b"bytes")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
    roots = (str(tmp_path / "in"), str(tmp_path / "in_too"))
    for path in ("in/link", "in/../secret", "secret"):
        with pytest.raises(OSError, match="outside"):
            read_regular(tmp_path / path, roots=roots)


def test_when_a_name_is_swapped_after_it_was_opened_then_what_was_opened_is_judged(
    tmp_path, monkeypatch
):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    path = tmp_path / "in" / "a"
    path.symlink_to(tmp_path / "secret")
    fstat = os.fstat

    def swap(descriptor):
        path.unlink(missing_ok=True)
        path.write_bytes(b"honest")  # whoever looks at the name now finds nothing wrong
        return fstat(descriptor)

    monkeypatch.setattr(os, "fstat", swap)
    with pytest.raises(OSError, match="outside"):
        read_regular(path, roots=(str(tmp_path / "in"),))
