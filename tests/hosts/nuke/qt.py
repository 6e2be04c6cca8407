"""The little of PySide that an adapter may use: timers, the desktop's opener, the application.

Rules of this file:
    - PySide2 up to Nuke 15, PySide6 from 16 (host_facts.md C, "Versions"); no other is there.
    - Timers run when the test pumps, never by themselves.
"""

import sys
import time
import types

from .session import current


class Timer:
    """A timer of the main thread's event loop."""

    def __init__(self, call, milliseconds, once):
        self.call, self.seconds, self.once = call, milliseconds / 1000.0, once
        self.at = time.monotonic() + self.seconds

    def due(self, now):
        return now >= self.at

    def fire(self):
        timers = current().timers
        if self not in timers:
            return
        if self.once:
            timers.remove(self)
        self.at = time.monotonic() + self.seconds
        self.call()


class Signal:
    """Something to connect to."""

    def __init__(self):
        self._calls = []

    def connect(self, call):
        self._calls.append(call)

    def disconnect(self, call=None):
        self._calls = [one for one in self._calls if call is not None and one != call]

    def emit(self, *args):
        for call in list(self._calls):
            call(*args)


class QTimer:
    """QtCore.QTimer."""

    def __init__(self, parent=None):
        self.timeout = Signal()
        self._interval, self._once, self._timer = 0, False, None

    @staticmethod
    def singleShot(milliseconds, call):
        current().timers.append(Timer(call, milliseconds, once=True))

    def setInterval(self, milliseconds):
        self._interval = milliseconds

    def setSingleShot(self, once):
        self._once = once

    def isActive(self):
        return self._timer in current().timers

    def start(self, milliseconds=None):
        self.stop()
        interval = self._interval if milliseconds is None else milliseconds
        self._timer = Timer(self.timeout.emit, interval, self._once)
        current().timers.append(self._timer)

    def stop(self):
        if self._timer in current().timers:
            current().timers.remove(self._timer)


class QUrl:
    """QtCore.QUrl, as much as opens a folder."""

    def __init__(self, address=""):
        self._address = address

    @classmethod
    def fromLocalFile(cls, path):
        return cls("file://" + path)

    def toString(self):
        return self._address


class QDesktopServices:
    """QtGui.QDesktopServices: records what would be opened."""

    @staticmethod
    def openUrl(url):
        current().opened.append(url.toString())
        return True


class QApplication:
    """QtWidgets.QApplication: there while Nuke shows an interface."""

    @staticmethod
    def instance():
        return QApplication() if current().gui else None

    def processEvents(self):
        """The test pumps."""


def modules(major):
    """Return modules to install, by name; None is one that cannot be imported."""
    name, other = ("PySide6", "PySide2") if major >= 16 else ("PySide2", "PySide6")
    made = {other: None}
    top = made[name] = types.ModuleType(name)
    contents = {
        "QtCore": {"QTimer": QTimer, "QUrl": QUrl},
        "QtGui": {"QDesktopServices": QDesktopServices},
        "QtWidgets": {"QApplication": QApplication},
    }
    for child, names in contents.items():
        module = types.ModuleType(f"{name}.{child}")
        vars(module).update(names)
        setattr(top, child, module)
        made[f"{name}.{child}"] = module
    top.__path__ = []
    return made


def loaded():
    """Return PySide's modules that are loaded now, to be put back later."""
    return {n: m for n, m in sys.modules.items() if n.split(".")[0] in ("PySide2", "PySide6")}
