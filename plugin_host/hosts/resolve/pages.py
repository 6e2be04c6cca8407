"""What a script shows besides lines in the console: pages in the user's browser.

No window of Resolve's is used for it: UIManager is Studio's alone from 19.1 on, and on the free
edition every try opens a window that sells Studio.
"""

from __future__ import annotations

import html
import os
import subprocess
import tempfile
import time
import webbrowser
from typing import Sequence

from plugin_host.errors import FaceplateError
from plugin_host.launcher import creation_flags, engine_command, engine_environment
from plugin_host.whole_files import write_whole

ADDRESS_S = 15.0  # for `faceplate page` to say where it is
_POLL_S = 0.1
_started: list[subprocess.Popen[bytes]] = []  # kept, so that no page is waited for at its end
_STYLE = "body{font:16px sans-serif;max-width:50em;margin:3em auto;padding:0 1em}"


def progress_page(job: str = "") -> str | None:
    """Start the page where jobs are shown and can be cancelled; return its address.

    Args:
        job: The one to mark.

    Returns:
        None where it does not start: progress is then told by `faceplate status`.
    """
    try:
        command = [*engine_command(), "page", *(["--job", job] if job else [])]
        with tempfile.TemporaryFile() as said:
            _started[:] = [process for process in _started if process.poll() is None]
            _started.append(
                subprocess.Popen(  # noqa: S603 - the user's own program
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.DEVNULL,
                    env=engine_environment(),
                    start_new_session=True,  # it outlives the script that started it
                    creationflags=creation_flags(),
                )
            )
            end = time.monotonic() + ADDRESS_S
            while time.monotonic() < end:
                said.seek(0)
                line = said.read().decode("utf-8", "replace")
                if "\n" in line:
                    return line.split("\n")[0].strip() or None
                time.sleep(_POLL_S)
    except (FaceplateError, OSError):
        pass
    return None


def show(address: str) -> None:
    """Open an address in the user's browser, if there is one."""
    webbrowser.open(address)


def notice(title: str, lines: Sequence[str], folder: str) -> str:
    """Write a page that says something; return its address.

    Raises:
        OSError: It cannot be written.
    """
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    name = html.escape(title)
    text = (
        f"<!doctype html><meta charset=utf-8><title>{name}</title><style>{_STYLE}</style>"
        f"<h1>{name}</h1><ul>{items}</ul>"
    )
    path = os.path.join(folder, "resolve.html")
    write_whole(path, text.encode("utf-8"), private=True)
    return "file:///" + path.replace(os.sep, "/").lstrip("/")
