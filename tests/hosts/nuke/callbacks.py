"""Code that scripts hang on to events, for a class of nodes or for all."""

import functools

from .session import NotModelled, current
from .threads import main_thread_only

EVENTS = (
    "OnUserCreate", "OnCreate", "OnScriptLoad", "OnScriptSave", "OnScriptClose", "OnDestroy",
    "UpdateUI", "Autolabel", "BeforeRender", "BeforeFrameRender", "AfterFrameRender",
    "AfterRender", "RenderProgress", "FilenameFilter", "ValidateFilename",
)  # fmt: skip
BACKGROUND = ("BeforeBackgroundRender", "AfterBackgroundFrameRender", "AfterBackgroundRender")


def _pair(event, with_class=True, with_node=False):
    def add(call, args=(), kwargs={}, nodeClass="*"):
        current().callbacks[event].setdefault(nodeClass, []).append((call, args, kwargs, None))

    def remove(call, args=(), kwargs={}, nodeClass="*"):
        _remove(event, nodeClass, (call, args, kwargs, None))

    def add_plain(call, args=(), kwargs={}):
        add(call, args, kwargs)

    def remove_plain(call, args=(), kwargs={}):
        remove(call, args, kwargs)

    def add_node(call, args=(), kwargs={}, nodeClass="*", node=None):
        entry = (call, args, kwargs, node)
        current().callbacks[event].setdefault(nodeClass, []).append(entry)

    def remove_node(call, args=(), kwargs={}, nodeClass="*", node=None):
        _remove(event, nodeClass, (call, args, kwargs, node))

    if with_node:
        return add_node, remove_node
    return (add, remove) if with_class else (add_plain, remove_plain)


def _remove(event, node_class, entry):
    entries = current().callbacks[event].get(node_class, [])
    if entry in entries:
        entries.remove(entry)


def functions():
    """Return every add and remove function by Nuke's name for it."""
    made = {}
    for event in EVENTS + BACKGROUND + ("KnobChanged",):
        add, remove = _pair(event, event not in BACKGROUND, event == "KnobChanged")
        removed = "removeFilenameValidate" if event == "ValidateFilename" else "remove" + event
        for function, name in ((add, "add" + event), (remove, removed)):
            function.__name__ = function.__qualname__ = name
            made[name] = main_thread_only(function, name)
    return made


def entries(event, node):
    """Return what hangs on an event for a node: of its class first, then of all."""
    table = current().callbacks[event]
    found = list(table.get(node.Class(), [])) + list(table.get("*", []))
    return [entry for entry in found if entry[3] is None or entry[3] is node]


def fire(event, node, knob=None, swallow=True):
    """Run an event's callbacks with the node as nuke.thisNode(); return what they returned."""
    session = current()
    results = []
    for call, args, kwargs, _ in entries(event, node):
        results.append(_run(session, node, knob, functools.partial(call, *args, **kwargs), swallow))
    script = node._knobs.get(event[0].lower() + event[1:])
    if script is not None and script._value:
        _run(session, node, knob, lambda: run_script(script._value), swallow)
    return results


def filtered(path, node):
    """Return a path as the filename filters leave it; one that returns None changes nothing."""
    for call, args, kwargs, _ in entries("FilenameFilter", node):
        path = call(path, *args, **kwargs) or path
    return path


def _run(session, node, knob, call, swallow):
    session.this.append((node, knob))
    try:
        return call()
    except NotModelled:
        raise
    except Exception as error:
        if not swallow:
            raise
        session.errors.append(error)
        return None
    finally:
        session.this.pop()


def run_script(text):
    """Run Python text as Nuke does: in the main module, where nuke is imported."""
    import __main__
    import nuke

    names = vars(__main__)
    had = "nuke" in names
    before = names.get("nuke")
    names["nuke"] = nuke
    try:
        exec(compile(text, "<script>", "exec"), names)
    finally:
        if had:
            names["nuke"] = before
        else:
            names.pop("nuke", None)
