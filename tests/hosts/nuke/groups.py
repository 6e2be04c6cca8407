"""Groups, the script's root, backdrops; and how nodes come and go."""

from . import callbacks
from .nodes import INPUTS, Node, attached, found, unused
from .ranges import FrameRange
from .session import current
from .threads import guarded


@attached
@guarded
class Group(Node):
    """A node with nodes inside; `with group:` makes it the place of what is created."""

    def __init__(self, kind, group):
        self._nodes = []
        Node.__init__(self, kind, group)

    def begin(self):
        current().groups.append(self)
        return self

    def end(self):
        groups = current().groups
        if groups and groups[-1] is self:
            groups.pop()

    def __enter__(self):
        return self.begin()

    def __exit__(self, kind, value, traceback):
        self.end()

    def node(self, s):
        return found(s, self)

    def nodes(self):
        return list(reversed(self._nodes))

    def numNodes(self):
        return len(self._nodes)

    def output(self):
        return next((n for n in self._nodes if n.Class() == "Output"), None)

    def selectedNodes(self):
        return [n for n in reversed(self._nodes) if n.isSelected()]

    def selectedNode(self):
        chosen = self.selectedNodes()
        if not chosen:
            raise ValueError("no node selected")
        return chosen[0]

    def run(self, callable_):
        with self:
            return callable_()

    def _limits(self):
        return 0, sum(n.Class() == "Input" for n in self._nodes)

    def _sources(self):
        inside = self.output()
        return self.dependencies(INPUTS) or ([inside] if inside is not None else [])


@attached
@guarded
class BackdropNode(Node):
    """A coloured area behind nodes."""

    def getNodes(self):
        if not current().gui:
            raise RuntimeError("BackdropNode.getNodes works in the user interface only")
        x, y = self.xpos(), self.ypos()
        w, h = self["bdwidth"].value(), self["bdheight"].value()
        pool = [n for n in self._group._nodes if n is not self]
        return [n for n in pool if x <= n.xpos() <= x + w and y <= n.ypos() <= y + h]

    def selectNodes(self, selectNodes=True):
        for node in self.getNodes():
            node.setSelected(selectNodes)


@attached
@guarded
class Root(Group):
    """The script itself."""

    def name(self):
        return self._knobs["name"]._value or "Root"

    def fullName(self):
        return "root"

    def firstFrame(self):
        return int(self["first_frame"].value())

    def lastFrame(self):
        return int(self["last_frame"].value())

    def frameRange(self):
        return FrameRange(self.firstFrame(), self.lastFrame(), 1)

    def fps(self):
        return round(self["fps"].value())

    def realFps(self):
        return float(self["fps"].value())

    def setFrame(self, n):
        current().frame = int(n)

    def proxy(self):
        return self["proxy"].value()

    def setProxy(self, b):
        self["proxy"].setValue(bool(b))

    def modified(self):
        return current().modified

    def setModified(self, modified):
        current().modified = bool(modified)

    def addView(self, s, color=""):
        self["views"].setValue("\n".join([*self._views(), s]))

    def deleteView(self, s):
        self["views"].setValue("\n".join(view for view in self._views() if view != s))

    def _views(self):
        return self["views"].value().split("\n")

    def canSetInput(self, i, node):
        return False


def make(kind, group, values=None):
    """Make a node in a group, set its knobs, run onCreate."""
    values = dict(values or {})
    node = kind.build(kind, group)
    taken = {n._knobs["name"]._value for n in group._nodes}
    node._quiet = True
    wanted = values.pop("name", None)
    free = wanted is not None and wanted not in taken
    node._knobs["name"]._value = wanted if free else unused(wanted or kind.stem, taken)
    group._nodes.append(node)
    node._record("create", lambda: _remove(node), lambda: _restore(node))
    inputs = values.pop("inputs", None)
    for index, one in enumerate(inputs or ()):
        node.setInput(index, one)
    for name, value in values.items():
        node[name].setValue(value)
    node._quiet = False
    callbacks.fire("OnCreate", node)
    return node


def delete(node):
    """Remove a node; those that took its picture lose that input."""
    callbacks.fire("OnDestroy", node)
    links = [(n, i) for n in node._group._nodes for i, one in n._inputs.items() if one is node]

    def back():
        _restore(node)
        for n, i in links:
            n._inputs[i] = node

    def forth():
        for n, i in links:
            n._inputs.pop(i)
        _remove(node)

    node._record("delete", back, forth)
    forth()


def _remove(node):
    node._group._nodes.remove(node)
    node._alive = False


def _restore(node):
    node._group._nodes.append(node)
    node._alive = True
