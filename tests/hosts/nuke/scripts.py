"""Scripts saved and opened, in a text of the kit's own; folders of plug-ins."""

import json
import os
import sys

from . import callbacks, classes, nodes, number_knobs, text_knobs
from .knobs import FLAG
from .session import current

KNOBS = {**vars(number_knobs), **vars(text_knobs)}


def modified(state=None):
    """Return whether the script is changed, or say so."""
    if state is not None:
        current().modified = bool(state)
    return current().modified


def scriptName():
    """Return the script's path."""
    name = current().root["name"].value()
    if not name:
        raise RuntimeError("no script name")
    return name


def script_directory():
    """Return the folder of the script."""
    return os.path.dirname(current().root["name"].value())


def scriptSaveAs(filename=None, overwrite=-1):
    """Save the script under a name (the kit's own text, not Nuke's)."""
    session = current()
    if filename is None:
        filename = session.show("getFilename", "Save as")
        if filename is None:
            raise RuntimeError("Cancelled")
    if os.path.exists(filename) and overwrite == 0:
        raise RuntimeError(f"{filename} exists")
    callbacks.fire("OnScriptSave", session.root)
    session.root["name"]._value = filename
    with open(filename, "w", encoding="utf-8") as file:
        json.dump(_saved(session.root), file, indent=1, sort_keys=True)
    session.modified = False


def scriptSave(filename=None):
    """Save the script."""
    scriptSaveAs(filename or scriptName(), True)
    return True


def scriptClear():
    """Forget every node."""
    session = current()
    for node in list(session.root._nodes):
        node._alive = False
    callbacks.fire("OnScriptClose", session.root)
    session.groups[:] = []
    classes.new_root()
    session.undo.done[:], session.undo.undone[:] = [], []
    session.modified = False


def scriptOpen(filename=None):
    """Open a script that scriptSave wrote."""
    with open(filename, encoding="utf-8") as file:
        saved = json.load(file)
    scriptClear()
    session = current()
    session.undo.off += 1
    _restored(session.root, saved)
    session.undo.off -= 1
    session.root["name"]._value = filename
    session.modified = False
    callbacks.fire("OnScriptLoad", session.root)


def _saved(node):
    knobs = []
    for name, knob in node._knobs.items():
        if isinstance(knob._value, nodes.Format) or knob._flags & _DO_NOT_WRITE:
            continue
        user = name not in node._kind.names()
        entry = {"name": name, "value": knob._value, "user": user, "class": knob.Class()}
        entry.update(label=knob._label, flags=knob._flags, expression=knob._expression)
        if hasattr(knob, "_values"):
            entry["values"] = knob._values
        knobs.append(entry)
    inside = getattr(node, "_nodes", [])
    links = {str(i): one.name() for i, one in node._inputs.items()}
    found = {"class": node.Class(), "knobs": knobs, "inputs": links}
    found["nodes"] = [_saved(one) for one in inside]
    return found


_DO_NOT_WRITE = FLAG["DO_NOT_WRITE"]


def _restored(node, saved):
    node._quiet = True
    for entry in saved["knobs"]:
        if entry["user"]:
            node._attach(KNOBS[entry["class"]](entry["name"], entry["label"]))
        knob = node._knobs[entry["name"]]
        if "values" in entry:
            knob._values = entry["values"]
        knob._value, knob._expression = entry["value"], entry["expression"]
        knob.setFlag(entry["flags"])
    made = {}
    for one in saved["nodes"]:
        kind = classes.TABLE[one["class"]]
        child = kind.build(kind, node)
        node._nodes.append(child)
        _restored(child, one)
        made[child.name()] = child
    for one in saved["nodes"]:
        name = next(k["value"] for k in one["knobs"] if k["name"] == "name")
        for index, source in one["inputs"].items():
            made[name]._inputs[int(index)] = made[source]
    node._quiet = False
    if node._group is not None:
        callbacks.fire("OnCreate", node)


def pluginPath():
    """List the folders where Nuke looks for plug-ins."""
    return list(current().plugin_path)


def pluginAddPath(args, addToSysPath=True):
    """Put a folder first on the plug-in path and run its init.py."""
    _plugin(args, addToSysPath, lambda path, one: path.insert(0, one))


def pluginAppendPath(args, addToSysPath=True):
    """Put a folder last on the plug-in path and run its init.py."""
    _plugin(args, addToSysPath, lambda path, one: path.append(one))


def _plugin(paths, to_sys, put):
    for path in [paths] if isinstance(paths, str) else paths:
        if path in current().plugin_path:
            continue
        put(current().plugin_path, path)
        if to_sys:
            put(sys.path, path)
        run_file(os.path.join(path, "init.py"))


def run_file(path):
    """Run a start-up file, if it is there, as Nuke does: its names are its own."""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            code = compile(file.read(), path, "exec")
        exec(code, {"__name__": "init" if path.endswith("init.py") else "menu", "__file__": path})
