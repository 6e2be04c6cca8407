"""The one application that the fake `nuke` module speaks for, as Nuke is one per process.

Rules of this file:
    - Python 3.7, standard library only, as everything in this package.
    - What Nuke forbids is refused here with a sentence that names the rule.
"""

import collections
import threading
import typing


class NotModelled(AssertionError):
    """The kit does not imitate this; a test that meets it must not conclude anything about Nuke."""


class Shown(typing.NamedTuple):
    """Something that was put before the user: `kind` is message, ask, getFilename, panel, ..."""

    kind: str
    text: str
    detail: object


class Session:
    """What Nuke holds while it runs: version, mode, nodes, callbacks, undo, what the user saw."""

    def __init__(self, version=(13, 2, 8), gui=True):
        self.version = tuple(version)
        self.gui = gui
        self.thread = threading.get_ident()
        self.root = None  # made by nodes.new_script
        self.frame = 1
        self.groups = []  # of Group: those begun and not ended
        self.this = []  # of (node, knob): whose callback runs
        self.view = "main"
        self.changing = []  # nodes whose knobChanged runs
        self.queue = collections.deque()  # for the main thread
        self.timers = []
        self.patience_s = (
            30.0  # how long a worker waits for the main thread before the kit gives up
        )
        self.undo = None  # undo.History
        self.undo_off = 0
        self.callbacks = collections.defaultdict(dict)
        self.errors = []  # exceptions that Nuke would have printed and swallowed
        self.shown = []
        self.answers = collections.defaultdict(list)  # kind -> what the user will answer
        self.printed = []
        self.tasks = []
        self.menus = {}
        self.plugin_path = []
        self.clipboard = ""
        self.knob_defaults = {}
        self.localization = []
        self.layers = {}
        self.config = None  # colours.Config
        self.rendering = None
        self.renders = []  # (node name, view, frame, path)
        self.cancel_at = None  # frame at which the user presses Cancel
        self.modified = False
        self.opened = []  # addresses handed to the desktop

    @property
    def major(self):
        return self.version[0]

    def check_thread(self, name):
        """Refuse a call that does not come from the main thread."""
        if threading.get_ident() != self.thread:
            raise RuntimeError(
                f"nuke.{name} was called off the main thread; "
                "use nuke.executeInMainThread or nuke.executeInMainThreadWithResult"
            )

    def group(self):
        """Return the group in whose context nodes are made and found."""
        return self.groups[-1] if self.groups else self.root

    def show(self, kind, text, detail=None):
        """Record what the user sees; return what the user answers, None if nothing was planned."""
        if not self.gui:
            # Foundry, "Using the command line": there is no one to answer in terminal mode
            raise RuntimeError(f"nuke.{kind} needs the user interface, this is terminal mode")
        self.shown.append(Shown(kind, text, detail))
        return self.answers[kind].pop(0) if self.answers[kind] else None


_CURRENT = []


def current():
    """Return the running session."""
    if not _CURRENT:
        raise RuntimeError("no fake Nuke runs: use NukeKit() as a context manager")
    return _CURRENT[-1]


def begin(session):
    """Make a session the running one."""
    _CURRENT.append(session)


def end(session):
    """End a session; it must be the running one."""
    assert _CURRENT[-1] is session
    _CURRENT.pop()
