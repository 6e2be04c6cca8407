"""Keys of CURVE (RFC 26): who may connect from another machine, and to whom they connect.

A key is 40 characters of Z85 in a file: the secret one its user's alone, the public one beside it
under the same name with `.pub`.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import NamedTuple

import zmq

from engine.atomic import write_atomically
from plugin_host.errors import SettingsError
from plugin_host.private_files import read_private

_log = logging.getLogger("faceplate.curve")


class KeyPair(NamedTuple):
    """A public and a secret key, Z85."""

    public: bytes
    secret: bytes


def key_pair(path: Path) -> KeyPair:
    """Return the pair whose secret key lies in a file; make both files where there are none.

    Raises:
        SettingsError: The file is no key, or not its user's alone; or libzmq has no CURVE.
    """
    if not zmq.has("curve"):
        raise SettingsError("this libzmq was built without CURVE; pip install pyzmq from a wheel")
    try:
        secret = read_private(str(path)).strip()
    except FileNotFoundError:
        _, secret = zmq.curve_keypair()
        _write(path, secret)
    except OSError as error:
        raise SettingsError(f"no key to be trusted: {error.strerror}", path=str(path)) from None
    pair = KeyPair(zmq.curve_public(_checked(secret, str(path))), secret)
    _write(path.with_name(path.name + ".pub"), pair.public)
    return pair


def keys_beside(connection: Path) -> KeyPair:
    """Return the pair of whoever serves a connection file: see `key_pair`."""
    return key_pair(connection.with_name(connection.name + ".curve"))


def public_key(text: str) -> bytes:
    """Return the public key that a text is, or that the file of that name holds.

    Raises:
        SettingsError: It is neither, or others can change the file.
    """
    path = Path(text)
    if not path.is_file():
        return _checked(text.encode("utf-8", "replace"), text)
    try:
        return _checked(read_private(text, secret=False).strip(), text)
    except OSError as error:
        raise SettingsError(f"no key to be trusted: {error.strerror}", path=text) from None


class Clients:
    """The public keys in a folder's `*.pub` files, read anew whenever somebody connects.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def callback(self, _domain: str, key: bytes) -> bool:
        """Return whether a key may connect; named and typed as pyzmq's authenticator asks."""
        for path in sorted(self._folder.glob("*.pub")):
            try:
                if public_key(str(path)) == key:
                    return True
            except SettingsError as error:
                _log.warning("left out %s: %s", path, error)
        _log.warning("refused a connection: %s is in no file of %s", key.decode(), self._folder)
        return False


def _write(path: Path, key: bytes) -> None:
    old = os.umask(0o077)
    try:
        write_atomically(path, key + b"\n")
    except OSError as error:
        raise SettingsError(f"cannot write a key: {error.strerror}", path=str(path)) from None
    finally:
        os.umask(old)


def _checked(key: bytes, where: str) -> bytes:
    try:
        if len(key) == 40 and zmq.curve_public(key):
            return key
    except (ValueError, zmq.ZMQError):
        pass
    raise SettingsError(f"{where[:100]!r} is no CURVE key of 40 characters, nor a file of one")
