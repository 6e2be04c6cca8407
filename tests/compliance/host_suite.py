"""What the suite of hosts holds: each host with a user in front of it, and a real engine.

A host joins by a class like `HeadlessCase`, in a module of its own, and a line in `HOSTS`.
"""

import hashlib
import threading
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from plugin_host.delivered import read_receipt
from plugin_host.host import Host
from plugin_host.hosts.headless import Headless, select

HOSTS = {
    "headless": "tests.compliance.host_suite:HeadlessCase",
    "nuke": "tests.compliance.nuke_case:NukeCase",
    "resolve": "tests.compliance.resolve_case:ResolveCase",
}


def case_of(name, folder):
    """Return a host, to be entered with ``with``."""
    module, _, cls = HOSTS[name].partition(":")
    return getattr(import_module(module), cls)(folder)


class HostCase:
    """A host and its user.

    Attributes:
        host: The adapter, once entered.
        wants_cancel: Set by a test when the user asks for it; the host's own cancel says so.
    """

    def __init__(self, folder):
        self.folder = folder
        self.host = None
        self.wants_cancel = threading.Event()

    def __enter__(self):
        raise NotImplementedError

    def __exit__(self, *_):
        raise NotImplementedError

    def offer(self, pattern, first, last):
        """Let the user select that plate, first to last, in a project of its rate; return it."""
        raise NotImplementedError

    def run(self, work):
        """Return what `work` returns, called as the host calls an adapter; its loop goes on."""
        return work()

    def original(self):
        """Return how the host's own things stand that must stay as they are."""
        raise NotImplementedError

    def placed(self):
        """Return (path pattern or paths, first, last) of each result that the host shows."""
        raise NotImplementedError


class HeadlessCase(HostCase):
    """No application at all."""

    def __enter__(self):
        self.selections = []
        self.host = Headless(self.selections, cancelled=self.wants_cancel.is_set)
        return self

    def __exit__(self, *_):
        pass

    def offer(self, pattern, first, last):
        self.host._selections = (select(pattern, f"{first}-{last}", rate=(24, 1)),)
        return self.host.selected_plates()[0]

    def original(self):
        return list(self.host.selected_plates())

    def placed(self):
        return [(r.plate.pattern, r.frames.first, r.frames.last) for r in self.host.placed]


class Watched(Host):
    """A host that notes on which thread it is called, and when."""

    def __init__(self, host):
        self.host, self.name = host, host.name
        self.calls = []

    def _note(self, what):
        self.calls.append((what, threading.get_ident()))

    def selected_plates(self):
        self._note("selected_plates")
        return self.host.selected_plates()

    def place_result(self, result):
        self._note("place_result")
        return self.host.place_result(result)

    @contextmanager
    def show_progress(self, title):
        self._note("show_progress")
        with self.host.show_progress(title) as progress:
            yield WatchedProgress(progress, self._note)


class WatchedProgress:
    """A progress that notes the same."""

    def __init__(self, progress, note):
        self.progress, self.note = progress, note

    def say(self, done, total, message):
        self.note(f"say {done}/{total} {message}")
        self.progress.say(done, total, message)

    def cancelled(self):
        self.note("cancelled")
        return self.progress.cancelled()


def digests(folder):
    """Return the sha256 of each file of a folder, by name."""
    files = sorted(path for path in Path(folder).iterdir() if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def stamps(folder):
    """Return what changes when a delivered file is written anew."""
    files = sorted(Path(folder).glob("*_restored.*.exr"))
    return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}


def sources(result):
    """Return which plate file each delivered frame was made from, by its sha256."""
    return {frame: read_receipt(result.take, frame).source for frame in result.frames}


def sources_of(plate, frames):
    """Return the sha256 of the plate's own files."""
    return {f: hashlib.sha256(Path(plate.path(f)).read_bytes()).hexdigest() for f in frames}


def names(frames):
    """Return what delivered frames are called."""
    return [f"p_restored.{frame:04d}.exr" for frame in frames]


def delivered_names(folder):
    """Return the delivered files that are there."""
    return sorted(path.name for path in Path(folder).glob("*_restored.*"))
