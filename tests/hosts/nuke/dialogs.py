"""Messages, questions, panels: a test looks at what was shown and plans the answers."""

from .session import current
from .threads import guarded, main_thread_only

NAMES = (
    *("message", "ask", "askWithCancel", "choice", "getInput", "getFilename", "getClipname"),
    *("getFramesAndViews", "showInfo", "error", "warning", "debug", "critical", "tprint", "Panel"),
)


@main_thread_only
def message(prompt):
    """Show a message and wait until it is read."""
    _text(prompt)
    current().show("message", prompt)


@main_thread_only
def ask(prompt):
    """Ask yes or no; no, if the test has planned nothing."""
    _text(prompt)
    return bool(current().show("ask", prompt))


@main_thread_only
def askWithCancel(prompt):
    """Ask yes, no, or cancel, which raises."""
    answer = current().show("askWithCancel", prompt)
    if answer is None:
        raise RuntimeError("Cancelled")
    return bool(answer)


@main_thread_only
def choice(title, prompt, options, default=0):
    """Ask for one of several; None if cancelled."""
    return current().show("choice", title, (prompt, list(options), default))


@main_thread_only
def getInput(prompt, default=""):
    """Ask for a text; None if cancelled."""
    return current().show("getInput", prompt, default)


@main_thread_only
def getFilename(message, pattern=None, default=None, favorites=None, type=None, multiple=False):
    """Ask for a file; None if cancelled."""
    return current().show("getFilename", message, (pattern, default, type, multiple))


@main_thread_only
def getClipname(prompt, pattern=None, default=None, multiple=False):
    """Ask for a sequence; None if cancelled."""
    return current().show("getClipname", prompt, (pattern, default, multiple))


@main_thread_only
def getFramesAndViews(label, default=None, maxviews=0):
    """Ask for a range and views; None if cancelled."""
    return current().show("getFramesAndViews", label, default)


@main_thread_only
def showInfo(n):
    """Return a node's info text."""
    return f"{n.name()} ({n.Class()})"


def _text(prompt):
    if not isinstance(prompt, str):
        raise TypeError(f"a prompt is a string, not {prompt!r}")


def _printed(kind):
    @main_thread_only
    def say(message):
        current().printed.append(f"{kind.upper()}: {message}")

    say.__name__ = say.__qualname__ = kind
    return say


error, warning, debug, critical = map(_printed, ("error", "warning", "debug", "critical"))


@main_thread_only
def tprint(*args, sep=" ", end="\n", file=None):
    """Print to the terminal that Nuke was started from."""
    current().printed.append(sep.join(map(str, args)) + end)


@guarded
class Panel:
    """A simple dialog; the test answers with a dict of values, or None to cancel."""

    def __init__(self, title="", width=0):
        self._title, self._values, self._width = title, {}, width

    def title(self):
        return self._title

    def setTitle(self, title):
        self._title = title

    def width(self):
        return self._width

    def setWidth(self, width):
        self._width = width

    def _add(self, name, value):
        self._values[name] = value
        return True

    def addSingleLineInput(self, name, value=""):
        return self._add(name, value)

    def addMultilineTextInput(self, name, value=""):
        return self._add(name, value)

    def addFilenameSearch(self, name, value=""):
        return self._add(name, value)

    def addClipnameSearch(self, name, value=""):
        return self._add(name, value)

    def addBooleanCheckBox(self, name, value=False):
        return self._add(name, bool(value))

    def addEnumerationPulldown(self, name, values=""):
        return self._add(name, values.split()[0] if values.split() else "")

    def addNotepad(self, name, value=""):
        return self._add(name, value)

    def addButton(self, name):
        return True

    def clear(self):
        self._values = {}

    def value(self, name):
        return self._values[name]

    def show(self):
        answer = current().show("panel", self._title, dict(self._values))
        if answer is None:
            return 0
        self._values.update(answer)
        return 1
