"""Files of a farm's job in a folder of their own, beside the request that they are of.

Rules of this file:
    - A folder that holds something else is left alone. What is known is the job of the same shot
      into the same output with the same settings, which gives way.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Mapping

from plugin_host.errors import OutputError
from plugin_host.schema import to_json
from plugin_host.whole_files import json_bytes, read_json, write_whole

if TYPE_CHECKING:
    from plugin_host.requests import Submit

REQUEST = "request.json"
"""The request, as `faceplate restore --job` reads it."""


def write_bundle(folder: str, request: Submit, files: Mapping[str, str]) -> None:
    """Write files into a folder; one on ``.sh`` is a program.

    Args:
        folder: Made where it is not there.
        request: What they are of.
        files: Their text, by name.

    Raises:
        OutputError: Something else lies there, or it cannot be written.
    """
    ours: dict[str, Any] = to_json(request)
    theirs = read_json(os.path.join(folder, REQUEST))
    try:
        os.makedirs(folder, exist_ok=True)
        if os.listdir(folder) and not (theirs and _shot(theirs) == _shot(ours)):
            what = "another shot's job" if theirs else "something else"
            raise OutputError(f"{what} lies there; choose another folder, or empty it", path=folder)
        write_whole(os.path.join(folder, REQUEST), json_bytes(ours))
        for name, text in files.items():
            path = os.path.join(folder, name)
            write_whole(path, text.encode("utf-8"))
            if name.endswith(".sh"):
                mode = os.stat(path).st_mode
                os.chmod(path, mode | (mode & 0o444) >> 2)  # whoever reads it runs it
    except OSError as error:
        raise OutputError(f"cannot write there: {error.strerror}", path=folder) from None


def _shot(request: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(request.get(name) for name in ("shot", "settings", "output"))
