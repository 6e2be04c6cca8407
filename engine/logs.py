"""What is logged, and of what: lines of text or of JSON on the error output.

    2026-11-21T22:30:21Z WARNING faceplate.job: it is truncated [job=... take=... frame=7]
    {"time": "...", "level": "warning", "logger": "faceplate.job", "message": "...", "frame": 7}

Rules of this file:
    - Whoever works on a job says so by `about`; every line that is logged meanwhile carries it,
      also from threads that begin with `inherited`.
    - One record is one line, whatever a message holds; nothing in it can pose as another. Where a
      mistake lies follows it as text, indented.
    - Keys and nonces are never given to a logger.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

from plugin_host.errors import FaceplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from plugin_host.requests import Submit

_about: ContextVar[Mapping[str, Any]] = ContextVar("about", default={})  # noqa: B039 - never changed
_FIELDS = ("job", "take", "frame")
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160), 0x2028, 0x2029)}


def begin(form: str, level: int = logging.WARNING) -> None:
    """Log to the error output from now on.

    Args:
        form: ``text`` or ``json``.
        level: The least of this program's own lines; of libraries, warnings.
    """
    root, handler = logging.getLogger(), _ErrorOutput()
    handler.setFormatter(_Json() if form == "json" else _Text())
    root.handlers = [one for one in root.handlers if not isinstance(one, _ErrorOutput)]
    root.addHandler(handler)
    logging.getLogger("faceplate").setLevel(level)


def tell(words: str) -> None:
    """Say what a person must hear on the error output: as it is, or a line of JSON among others."""
    if any(isinstance(one.formatter, _Json) for one in logging.getLogger().handlers):
        logging.getLogger("faceplate").error("%s", words)
    else:
        sys.stderr.write(words + "\n")


@contextmanager
def about(**fields: Any) -> Generator[None]:
    """Let every line that is logged in the block carry these fields."""
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


def of_job(job: str, submit: Submit) -> dict[str, str]:
    """Return the fields of a job's lines."""
    return {"job": job, "take": f"{submit.output}/{submit.shot.plate.stem}.take"}


def work_on(**fields: Any) -> None:
    """Let every line that is logged from here on, in this context, carry these fields."""
    _about.set({**_about.get(), **fields})


def inherited() -> Callable[[], object]:
    """Return what a thread calls first, so that its lines carry what this one's do now."""
    return partial(_about.set, _about.get())


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a record is about: where it was logged, by its error, by itself."""
    fields = dict(_about.get())
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, FaceplateError) and error.frame is not None:
        fields["frame"] = error.frame
    fields.update({name: vars(record)[name] for name in _FIELDS if name in vars(record)})
    return fields


def _time(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))


class _ErrorOutput(logging.Handler):
    """Writes to what is the error output at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - as every handler does, so that no log ends the work
            self.handleError(record)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        said = record.getMessage() + (f" [{fields}]" if fields else "")
        lines = [f"{_time(record)} {record.levelname} {record.name}: {said}"]
        if record.exc_info:
            lines += self.formatException(record.exc_info).split("\n")
        return "\n    ".join(line.translate(_ESCAPES) for line in lines)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        data = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            data["error"] = self.formatException(record.exc_info)
        return json.dumps(data, default=str)
