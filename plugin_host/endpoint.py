"""Endpoints on this machine: from their text to what a socket connects to."""

from __future__ import annotations

import os
import re
import socket
import sys
from typing import Any

from plugin_host.errors import SettingsError

MOST_IPC_PATH_BYTES = 103 if sys.platform == "darwin" else 107  # sun_path less its NUL


def address_of(endpoint: str) -> tuple[int, Any]:
    """Return the address family and address of an endpoint.

    Raises:
        SettingsError: It is not understood, not on this machine, or its path is too long; or this
            Python has no ipc.
    """
    scheme, _, rest = endpoint.partition("://")
    if scheme == "ipc":
        if not hasattr(socket, "AF_UNIX"):
            raise SettingsError(f"no ipc in this Python: {endpoint}; use tcp://127.0.0.1:port")
        if not rest.startswith("/") or "\0" in rest:
            raise SettingsError(f"{endpoint!r} must look like ipc:///absolute/path")
        if len(os.fsencode(rest)) > MOST_IPC_PATH_BYTES:
            raise SettingsError(f"{rest} is longer than the {MOST_IPC_PATH_BYTES} bytes of a path")
        return socket.AF_UNIX, rest
    # RFC 23, NULL: not for public networks. Names are not looked up: that has no deadline.
    match = re.match(r"(127\.0\.0\.1|\[::1\]):([0-9]{1,5})\Z", rest)
    if scheme == "tcp" and match and 0 < int(match.group(2)) < 65536:
        family = socket.AF_INET6 if match.group(1) == "[::1]" else socket.AF_INET
        return family, (match.group(1).strip("[]"), int(match.group(2)))
    raise SettingsError(
        f"{endpoint!r} must look like tcp://127.0.0.1:port, tcp://[::1]:port or ipc:///path"
    )
