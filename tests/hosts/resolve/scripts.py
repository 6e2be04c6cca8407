"""How Resolve lists and runs scripts: short ones, without `__file__`, with its objects as globals.

A script that a menu started lives in a process that the user does not see. One that stays there
has cost users their inspector and their keyboard, so this kit fails a script that does not leave.
"""

import contextlib
import io
import os
import sys
import threading
import traceback
import types
from pathlib import Path

from .failures import NotListed, Resident

FOLDERS = ("Utility", "Comp", "Tool", "Edit", "Color", "Deliver")


class Run:
    """What came of a script.

    Attributes:
        output: What it printed, to either stream.
        error: The exception that it ended with, or None; what ends a process is none.
        globals: Its names at the end.
    """

    def __init__(self):
        self.stream = io.StringIO()
        self.error = None
        self.globals = {}

    @property
    def output(self):
        return self.stream.getvalue()

    def check(self):
        """Raise what the script raised; return this."""
        if self.error is not None:
            raise self.error
        return self


def has_python(kit):
    """Return whether scripts in Python run at all."""
    return not (kit.free and kit.version >= (21, 1))


def listed(kit):
    """Return the scripts that the menu offers, as paths below the Scripts folder."""
    ends = (".lua", ".py", ".py3") if has_python(kit) else (".lua",)
    return [
        path.relative_to(kit.scripts_folder).as_posix()
        for folder in FOLDERS
        for path in sorted((kit.scripts_folder / folder).rglob("*"))
        if path.suffix in ends
    ]


def run(kit, path, deadline, environment=None, isolated=False):
    """Run a script as the menu does.

    Args:
        kit: The application.
        path: The script, in Python or Lua.
        deadline: Seconds after which it counts as one that stays.
        environment: Variables to set meanwhile.
        isolated: Nothing of this project, and no installed package, can be imported unless the
            script itself sees to it, as in a host.

    Raises:
        NotListed: This edition does not run it.
        Resident: It did not leave, or left a thread that would not.
        HostFailure: It froze or hung the application.
    """
    path = Path(str(path))
    if path.suffix == ".lua" and kit.lies.lua_silent:
        return Run()
    if path.suffix == ".lua":
        from . import lua  # noqa: PLC0415 - a bridge that not every Python has

        lua.load()  # before what is installed cannot be imported any more
        body = lambda done: lua.run(kit, path, done)  # noqa: E731
    elif has_python(kit):
        body = lambda done: _execute(path, done)  # noqa: E731
    else:
        raise NotListed(f"{path.name}: Python is gone from the free edition since 21.1")
    before = set(threading.enumerate())
    done = Run()
    with _as_in_the_host(kit, environment or {}, isolated) as done.stream:
        _bounded(body, done, deadline, path)
    left = [t.name for t in set(threading.enumerate()) - before if t.is_alive() and not t.daemon]
    if left:
        raise Resident(f"{path.name} left threads that keep its process: {left}")
    if kit.failure is not None:
        raise kit.failure
    return done


def _bounded(body, done, deadline, path):
    thread = threading.Thread(target=body, args=(done,), daemon=True)
    thread.start()
    thread.join(deadline)
    if thread.is_alive():
        frame = sys._current_frames().get(thread.ident)
        where = "".join(traceback.format_stack(frame)[-3:]) if frame else ""
        raise Resident(f"{path.name} still runs after {deadline:g} s:\n{where}")


@contextlib.contextmanager
def _as_in_the_host(kit, variables, isolated):
    """Set the names of a script's process; whatever the script does, they come back."""
    main = types.ModuleType("__main__")
    main.__dict__.update(kit.globals())
    before = dict(os.environ), list(sys.path), sys.argv, dict(sys.modules)
    finders = list(sys.meta_path)
    os.environ.update(variables)
    sys.argv, sys.modules["__main__"] = [""], main
    if isolated:
        sys.path[:] = [entry for entry in sys.path if _of_python(entry)]
        sys.meta_path[:] = [each for each in finders if "__editable__" not in str(each)]
        for name in [name for name in sys.modules if name.split(".")[0] in _OURS]:
            del sys.modules[name]
    stream = io.StringIO()
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            yield stream
    finally:
        os.environ.clear()
        os.environ.update(before[0])
        sys.path[:], sys.argv, sys.meta_path[:] = before[1], before[2], finders
        sys.modules["__main__"] = before[3]["__main__"]
        if isolated:
            for name in [name for name in sys.modules if name.split(".")[0] in _OURS]:
                del sys.modules[name]
            sys.modules.update({n: m for n, m in before[3].items() if n.split(".")[0] in _OURS})


_OURS = ("plugin_host", "engine", "resolve_scripts")


def _of_python(entry):
    home = str(Path(os.__file__).parent)
    packages = "site-packages" in entry or "dist-packages" in entry
    return entry.startswith(home[: home.rindex("python")]) and not packages


def _execute(path, done):
    names = sys.modules["__main__"].__dict__
    try:
        exec(compile(path.read_text("utf-8"), "<script>", "exec"), names)  # as the host does
    except SystemExit:
        pass
    except BaseException as error:  # noqa: BLE001 - the test looks at it
        done.error = error
    done.globals = dict(names)
