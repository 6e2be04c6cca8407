"""Progress bars and menus."""

from . import callbacks
from .session import current
from .threads import guarded, main_thread_only

FLAGS_OF_TASKS = (
    *("kUserCanCancel", "kUserCanPause", "kShowTimeToGo", "kDelayedPopup", "kModal"),
    *("kKeepWhenFinished", "kUseCallback", "kDisable"),
)


class Task:
    """What became of one progress bar."""

    def __init__(self, title, maximum, flags):
        self.title, self.maximum, self.flags = title, maximum, flags
        self.progress, self.messages = [], []
        self.cancelled, self.closed = False, False


class ProgressTask:
    """A progress bar; any thread may use it, deleting it closes it."""

    def __init__(self, *args, **kwargs):
        session = current()
        if kwargs and session.version < (17, 1):
            raise TypeError("ProgressTask takes no keyword arguments before Nuke 17.1")
        title, maximum, flags = _task_arguments(*args, **kwargs)
        if not isinstance(title, str):
            raise TypeError(f"a progress bar's title is a string, not {title!r}")
        self._task = Task(title, maximum, flags)
        session.tasks.append(self._task)

    def setProgress(self, i):
        if not isinstance(i, int):
            raise TypeError(f"integer argument expected, got {type(i).__name__}")
        self._task.progress.append(i)

    def setMessage(self, s):
        if not isinstance(s, str):
            raise TypeError(f"a message is a string, not {s!r}")
        self._task.messages.append(s)

    def isCancelled(self):
        return self._task.cancelled

    def __del__(self):
        task = getattr(self, "_task", None)
        if task is not None:
            task.closed = True


def _task_arguments(name, maximum=100, flags=None):
    return name, maximum, flags


@guarded
class MenuItem:
    """One line of a menu: text of Python, or something to call."""

    def __init__(self, name, command=None, shortcut="", icon=""):
        self._name, self._command = name, command
        self._shortcut, self._icon = shortcut, icon
        self._enabled, self._visible = True, True

    def name(self):
        return self._name

    def script(self):
        return self._command if isinstance(self._command, str) else ""

    def setScript(self, script):
        self._command = script

    def shortcut(self):
        return self._shortcut

    def setShortcut(self, keySequence):
        self._shortcut = keySequence

    def icon(self):
        return self._icon

    def setIcon(self, icon):
        self._icon = icon

    def setEnabled(self, enabled, recursive=False):
        self._enabled = bool(enabled)

    def setVisible(self, visible):
        self._visible = bool(visible)

    def invoke(self):
        """Choose it."""
        if not self._enabled:
            return
        if isinstance(self._command, str):
            callbacks.run_script(self._command)
        elif self._command is not None:
            self._command()


@guarded
class Menu(MenuItem):
    """A menu of lines and of menus; a slash in a name makes the menus on the way."""

    def __init__(self, name):
        MenuItem.__init__(self, name)
        self._items = []

    def _place(self, path):
        here = self
        *menus, name = path.split("/")
        for piece in menus:
            here = here.addMenu(piece)
        return here, name

    def addMenu(self, name, icon="", tooltip="", index=-1):
        where, last = self._place(name)
        made = next((i for i in where._items if isinstance(i, Menu) and i._name == last), None)
        if made is None:
            made = Menu(last)
            where._items.insert(index if index >= 0 else len(where._items), made)
        return made

    def addCommand(
        self,
        name,
        command=None,
        shortcut="",
        icon="",
        tooltip="",
        index=-1,
        readonly=False,
        node=None,
        shortcutContext=0,
    ):
        where, last = self._place(name)
        made = MenuItem(last, command, shortcut, icon)
        where._items = [i for i in where._items if i._name != last or not last]
        where._items.insert(index if index >= 0 else len(where._items), made)
        return made

    def addSeparator(self, index=-1):
        made = MenuItem("")
        self._items.insert(index if index >= 0 else len(self._items), made)
        return made

    def findItem(self, name):
        here = self
        for piece in name.split("/"):
            here = next((i for i in getattr(here, "_items", ()) if i._name == piece), None)
        return here

    menu = findItem

    def items(self):
        return list(self._items)

    def removeItem(self, name):
        self._items = [item for item in self._items if item._name != name]

    def clearMenu(self):
        self._items = []


@main_thread_only
def menu(name):
    """Return a menu bar's menu; there is none in terminal mode."""
    session = current()
    if not session.gui:
        return None
    return session.menus.setdefault(name, Menu(name))


@main_thread_only
def toolbar(name, create=True):
    """Return a tool bar, which is a menu to scripts."""
    return menu("toolbar " + name)
