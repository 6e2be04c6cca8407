"""Which thread may call what, and the way from a worker to the main thread."""

import functools
import threading
import time
import traceback
import types

from .session import NotModelled, current


def main_thread_only(function, name=None):
    """Return a function that raises when a worker thread calls it."""

    @functools.wraps(function)
    def guarded(*args, **kwargs):
        current().check_thread(name or function.__qualname__)
        return function(*args, **kwargs)

    return guarded


def guarded(cls):
    """Guard every public method, and those that Python calls, of a class of the fake."""
    called = ("__init__", "__getitem__", "__enter__", "__exit__", "__call__", "__len__")
    for name, value in list(vars(cls).items()):
        if name.startswith("_") and name not in called:
            continue
        label = f"{cls.__name__}.{name}"
        if isinstance(value, types.FunctionType):
            setattr(cls, name, main_thread_only(value, label))
        elif isinstance(value, (staticmethod, classmethod)):
            inner = main_thread_only(value.__func__, label)
            setattr(cls, name, type(value)(inner))
    return cls


def executeInMainThread(call, args=(), kwargs={}):
    """Put a call in the main thread's queue and return at once; nothing tells how it went."""
    args = args if isinstance(args, tuple) else (args,)
    current().queue.append(functools.partial(call, *args, **kwargs))


def executeInMainThreadWithResult(call, args=(), kwargs={}):
    """Wait until the main thread has made a call; None, and a printed traceback, if that raised."""
    session = current()
    if threading.get_ident() == session.thread:
        raise RuntimeError(
            "nuke.executeInMainThreadWithResult was called from the main thread: call directly"
        )
    if not session.gui:
        raise RuntimeError(
            "nuke.executeInMainThreadWithResult would wait for ever: "
            "terminal mode has no event loop, call directly on the main thread"
        )
    args = args if isinstance(args, tuple) else (args,)
    done, outcome = threading.Event(), {}

    def answer():
        try:
            outcome["result"] = call(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  (Nuke prints whatever it was)
            session.errors.append(error)
            outcome["trace"] = traceback.format_exc()
        finally:
            done.set()

    session.queue.append(answer)
    if not done.wait(session.patience_s):
        raise RuntimeError("the main thread did not answer: does it wait for this thread?")
    if "trace" in outcome:
        session.printed.append(outcome["trace"])
        print(outcome["trace"])
    return outcome.get("result")


def pump(session):
    """Run what the main thread's event loop would run now; return how many calls that were."""
    session.check_thread("pump")
    if not session.gui:
        return 0
    ran = 0
    due = [timer for timer in session.timers if timer.due(time.monotonic())]
    calls = [timer.fire for timer in due]
    while session.queue:
        calls.append(session.queue.popleft())
    for call in calls:
        ran += 1
        try:
            call()
        except NotModelled:
            raise
        except Exception as error:  # noqa: BLE001  (an event loop prints and goes on)
            session.errors.append(error)
            session.printed.append(traceback.format_exc())
    return ran
