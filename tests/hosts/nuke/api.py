"""The functions of the module `nuke` that are about nodes, scripts and the application."""

from . import callbacks, classes, dialogs, files, groups, nodes, scripts, text
from . import interface as ui
from .session import current
from .text_knobs import File_Knob
from .threads import main_thread_only
from .undo import Undo


def _kind(name):
    kind = classes.TABLE.get(name)
    if kind is None or name == "Root":
        raise RuntimeError(f"{name}: Unknown command")
    return kind


def createNode(typ, knobs="", inpanel=True):
    """Make a node as a user would: connected to the selected one, selected, its panel open."""
    session = current()
    group = session.group()
    chosen = group.selectedNodes()
    pairs = text.words(knobs)
    made = groups.make(_kind(typ), group)
    made._quiet = True
    for name, value in zip(pairs[0::2], pairs[1::2]):
        made[name].fromScript(value)
    made._quiet = False
    if chosen and made.maxInputs():
        made.setInput(0, chosen[0])
    made.selectOnly()
    callbacks.fire("OnUserCreate", made)
    if inpanel:
        made.showControlPanel()
    return made


class NodeConstructor:
    """`nuke.nodes.Read(...)`: a node that is not connected, selected or shown."""

    def __init__(self, name):
        self._kind = _kind(name)

    def __call__(self, **kwargs):
        current().check_thread(f"nodes.{self._kind.name}")
        return groups.make(self._kind, current().group(), kwargs)


class Nodes:
    """`nuke.nodes`."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return NodeConstructor(name)


def allNodes(filter=None, group=None, recurseGroups=False):
    """List nodes of the group in context, the newest first."""
    found = []
    for node in (group or current().group()).nodes():
        if filter is None or node.Class() == filter:
            found.append(node)
        if recurseGroups and hasattr(node, "_nodes"):
            found += allNodes(filter, node, True)
    return found


def selectedNodes(filter=None):
    """List the selected nodes, the one selected last first."""
    return [n for n in current().group().selectedNodes() if filter in (None, n.Class())]


def selectedNode():
    """Return the node selected last; ValueError if none is."""
    return current().group().selectedNode()


def toNode(s):
    """Return the node of a name, None if there is none."""
    return nodes.found(s, current().group())


def exists(s):
    """Whether there is a node or knob of a name."""
    node = nodes.found(s, current().group())
    return node is not None or text.knob_at(s, current().root) is not None


def delete(n):
    """Remove a node."""
    if not n._alive:
        raise ValueError("A PythonObject is not attached to a node")
    groups.delete(n)


def root():
    """Return the script's root."""
    return current().root


def thisNode():
    """Return the node whose callback or button runs, else the group in context."""
    session = current()
    return session.this[-1][0] if session.this else session.group()


def thisKnob():
    """Return the knob that changed or was pressed, else None."""
    session = current()
    return session.this[-1][1] if session.this else None


def thisGroup():
    """Return the group in context."""
    return current().group()


def thisParent():
    """Return the group around the node at work."""
    return thisNode()._group


def thisClass():
    """Return the class of the node at work."""
    return thisNode().Class()


def thisRoot():
    """Return the script's root."""
    return current().root


def thisView():
    """Return the view at work."""
    return current().view


def endGroup():
    """End the group in context."""
    if current().groups:
        current().groups.pop()


def dependencies(nodes, what=nodes.INPUTS | nodes.HIDDEN_INPUTS | nodes.EXPRESSIONS):
    """List what nodes depend on directly."""
    return [found for node in nodes for found in node.dependencies(what)]


def dependentNodes(what=nodes.INPUTS, nodes=(), evaluateAll=True):
    """List what depends on nodes directly."""
    return [found for node in nodes for found in node.dependent(what)]


def frame(f=None):
    """Return the current frame, or set it."""
    if f is not None:
        current().frame = int(f)
    return current().frame


def views():
    """List the script's views."""
    return list(current().root._views())


def addView(s):
    """Add a view."""
    current().root.addView(s)


def deleteView(s):
    """Remove a view."""
    current().root.deleteView(s)


def filename(node, i=0):
    """Return a node's file."""
    return files.filename(node, i)


def channels(node=None):
    """List a node's channels."""
    return node.channels() if node is not None else ["rgba.red", "rgba.green", "rgba.blue"]


def layers(node=None):
    """List a node's layers."""
    return sorted({name.rpartition(".")[0] for name in channels(node)})


def sample(node, channel, x, y, dx=1, dy=1):
    """Return one value of a node's picture."""
    return node.sample(channel, x, y)


def formats():
    """List the known sizes."""
    return list(current().root._formats)


def addFormat(s):
    """Add a size: "1920 1080 1.0 name", or with a window."""
    words = s.split()
    made = nodes.Format(int(words[0]), int(words[1]))
    made.setName(words[-1])
    current().root._formats.append(made)
    return made


def expression(s):
    """Return what an expression gives."""
    return text.expression(s, thisNode())


def value(knob, default=None):
    """Return a knob's value as text."""
    found = text.knob_at(knob, thisNode())
    if found is None and default is None:
        raise RuntimeError(f"no such knob: {knob}")
    return default if found is None else found._text()


def numvalue(knob, default=None):
    """Return a knob's value as a number."""
    found = text.knob_at(knob, thisNode())
    if found is None and default is None:
        raise RuntimeError(f"no such knob: {knob}")
    return default if found is None else found._number()


def tcl(cmd, *args):
    """Carry out a Tcl command; of Nuke's own, node_for_sequence."""
    if cmd == "node_for_sequence" or cmd.startswith("node_for_sequence "):
        return "Read"
    return text.command(" ".join((cmd, *args)), current().root)


def knobDefault(classknob, value=None):
    """Return or set what a class's knob starts with (kept, not applied)."""
    if value is not None:
        current().knob_defaults[classknob] = value
    return current().knob_defaults.get(classknob)


def undo():
    """Take back the last block."""
    Undo.undo()


def redo():
    """Do again what was undone last."""
    Undo.redo()


def autolabel():
    """Return the text that callbacks draw on the node at work, None if none does."""
    node = thisNode()
    for call, args, kwargs, _ in callbacks.entries("Autolabel", node):
        made = call(*args, **kwargs)
        if made is not None:
            return made
    return None


def show(n, forceFloat=False):
    """Open a node's panel."""
    n.showControlPanel(forceFloat)


def stripFrameRange(clipname):
    """Return a typed path without its range."""
    match = File_Knob._TYPED.match(clipname)
    return match.group(1) if match else clipname


def clearRAMCache():
    """The kit has no cache."""


_PLAIN = (
    createNode, allNodes, selectedNodes, selectedNode, toNode, exists, delete, root, thisNode,
    thisKnob, thisGroup, thisParent, thisClass, thisRoot, thisView, endGroup, dependencies,
    dependentNodes, frame, views, addView, deleteView, filename, channels, layers, sample,
    formats, addFormat, expression, value, numvalue, tcl, knobDefault, scripts.pluginPath,
    scripts.pluginAddPath, scripts.pluginAppendPath, scripts.modified, scripts.scriptName,
    scripts.script_directory, scripts.scriptSaveAs, scripts.scriptSave, scripts.scriptClear,
    scripts.scriptOpen, undo, redo, autolabel, show, stripFrameRange, clearRAMCache,
)  # fmt: skip  # fmt: skip
FUNCTIONS = {function.__name__: main_thread_only(function) for function in _PLAIN}


MENUS = ("menu", "toolbar", "Menu", "MenuItem", "ProgressTask")
SHOWN = {name: getattr(ui, name) for name in MENUS}
SHOWN.update({name: getattr(dialogs, name) for name in dialogs.NAMES})
