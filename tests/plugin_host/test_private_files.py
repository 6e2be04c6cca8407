from __future__ import annotations

import os
import stat

import pytest

from plugin_host import private_files
from plugin_host.private_files import append_own, check_folder, read_private

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "a secret"
    path.write_bytes(b"key")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_when_a_file_is_its_users_alone_then_it_is_read(secret, mode):
    secret.chmod(mode)
    assert read_private(str(secret)) == b"key"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_when_others_can_read_or_change_it_then_the_chmod_that_mends_it_is_told(secret, mode):
    secret.chmod(mode)
    with pytest.raises(PermissionError) as refused:
        read_private(str(secret))
    command = refused.value.strerror.split("`")[1]
    assert command == f"chmod 600 '{secret}'"
    assert os.system(command) == 0
    assert read_private(str(secret)) == b"key"


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o722, 0o777])
def test_when_others_can_write_in_the_folder_then_the_chmod_that_mends_it_is_told(secret, mode):
    secret.parent.chmod(mode)
    for look in (read_private, check_folder, append_own):
        with pytest.raises(PermissionError) as refused:
            look(str(secret))
    assert os.system(refused.value.strerror.split("`")[1]) == 0
    assert read_private(str(secret)) == b"key"


@pytest.mark.parametrize("mode", [0o1777, 0o755, 0o700])
def test_when_others_cannot_replace_what_lies_in_the_folder_then_it_is_taken(secret, mode):
    secret.parent.chmod(mode)
    assert read_private(str(secret)) == b"key"


@pytest.mark.parametrize("look", [read_private, append_own])
def test_when_another_user_owns_it_then_it_is_refused(secret, monkeypatch, look):
    owner = secret.stat().st_uid
    monkeypatch.setattr(private_files, "check_folder", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(PermissionError, match=f"user {owner}'s"):
        look(str(secret))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root gives away")
def test_when_another_user_owns_the_folder_then_it_is_refused(secret):
    os.chown(secret.parent, 4711, -1)
    with pytest.raises(PermissionError, match="its folder is user 4711's"):
        read_private(str(secret))


@pytest.mark.parametrize("look", [read_private, append_own])
def test_when_a_pipe_lies_there_then_it_is_refused_and_not_waited_for(tmp_path, look):
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(OSError, match="regular file"):
        look(str(tmp_path / "pipe"))


def test_when_there_is_none_then_that_is_said(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_private(str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError):
        read_private(str(tmp_path / "no folder" / "none"))


def test_when_a_file_is_appended_to_then_it_is_made_private_and_keeps_its_words(tmp_path):
    old = os.umask(0)
    try:
        for word in (b"one ", b"two"):
            with append_own(str(tmp_path / "log")) as file:
                file.write(word)
    finally:
        os.umask(old)
    assert (tmp_path / "log").read_bytes() == b"one two"
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


@pytest.mark.parametrize("there", [True, False])
def test_when_a_link_lies_there_then_it_is_not_followed(tmp_path, there):
    if there:
        (tmp_path / "victim").write_bytes(b"untouched")
    (tmp_path / "log").symlink_to(tmp_path / "victim")
    with pytest.raises(PermissionError, match="is a link"):
        append_own(str(tmp_path / "log"))
    assert (tmp_path / "victim").exists() == there
