"""Nodes: names, knobs, connections, what can be asked of their pictures."""

import functools
import re

from . import files, text
from .knobs import Knob, changed
from .ranges import FrameRange
from .session import current
from .threads import guarded

EXPRESSIONS, INPUTS, HIDDEN_INPUTS = 1, 2, 4


@guarded
class Info:
    """A bounding box, y upwards."""

    def __init__(self, x, y, w, h):
        self._box = (x, y, w, h)

    def x(self):
        return self._box[0]

    def y(self):
        return self._box[1]

    def w(self):
        return self._box[2]

    def h(self):
        return self._box[3]


@guarded
class Layer:
    """A layer that the script knows, so that channel knobs can name it."""

    def __init__(self, name, channels=()):
        self._name, self._channels = name, list(channels)
        current().layers[name] = self

    def name(self):
        return self._name

    def channels(self):
        return list(self._channels)


@guarded
class Format:
    """A named size."""

    def __init__(self, width=2048, height=1556, x=0, y=0, r=0, t=0, pixelAspect=1.0):
        self._width, self._height, self._aspect = width, height, pixelAspect
        self._name = "unnamed"

    def width(self):
        return self._width

    def height(self):
        return self._height

    def pixelAspect(self):
        return self._aspect

    def name(self):
        return self._name

    def setName(self, name):
        self._name = name


def _checked(method):
    @functools.wraps(method)
    def alive(self, *args, **kwargs):
        if not self._alive:
            raise ValueError("A PythonObject is not attached to a node")
        return method(self, *args, **kwargs)

    return alive


def attached(cls):
    """Make every public method of a deleted node raise, as a node that is no more."""
    for name, method in list(vars(cls).items()):
        if (callable(method) and not name.startswith("_")) or name == "__getitem__":
            setattr(cls, name, _checked(method))
    return cls


@attached
@guarded
class Node:
    """One operator; `_kind` is its line of classes.TABLE."""

    def __init__(self, kind, group):
        self._kind, self._group = kind, group
        self._inputs = {}
        self._alive, self._quiet = True, True
        self._panel = False
        self._knobs = {}
        for knob in kind.knobs():
            self._attach(knob)
        self._quiet = False

    def __repr__(self):
        return "<{} {}>".format(self._kind.name, self._knobs["name"]._value)

    # identity

    def Class(self):
        return self._kind.name

    def name(self):
        return self._knobs["name"]._value

    def fullName(self):
        group, names = self._group, [self._knobs["name"]._value]
        while group is not None and group._group is not None:
            names.append(group.name())
            group = group._group
        return ".".join(reversed(names))

    def setName(self, name, uncollide=True, updateExpressions=False):
        if not re.match(r"[A-Za-z_][A-Za-z0-9_]*$", name):
            raise ValueError(f"{name!r} cannot be a node's name")
        taken = {n._knobs["name"]._value for n in self._group._nodes if n is not self}
        if name in taken and not uncollide:
            raise ValueError(f"{name} is taken")
        self._knobs["name"]._set(unused(name, taken) if name in taken else name)

    def parent(self):
        return self._group

    def rootNode(self):
        return current().root

    # knobs

    def _attach(self, knob):
        knob._node = self
        self._knobs[knob._name] = knob

    def knob(self, p, follow_link=True):
        if isinstance(p, int):
            return list(self._knobs.values())[p]
        return self._knobs.get(p)

    def knobs(self):
        return dict(self._knobs)

    def allKnobs(self):
        return list(self._knobs.values())

    def numKnobs(self):
        return len(self._knobs)

    getNumKnobs = numKnobs

    def addKnob(self, knob):
        if not isinstance(knob, Knob):
            raise TypeError(f"addKnob takes a knob, not {knob!r}")
        if knob._name in self._knobs:
            raise ValueError(f"{self.name()} has a knob {knob._name} already")
        self._attach(knob)
        self._record(
            f"add knob {knob._name}",
            lambda: self._knobs.pop(knob._name),
            lambda: self._attach(knob),
        )

    def removeKnob(self, knob):
        if knob._name in self._kind.names():
            raise ValueError(f"{knob._name} is no user knob")
        self._knobs.pop(knob._name)
        self._record(
            f"remove knob {knob._name}",
            lambda: self._attach(knob),
            lambda: self._knobs.pop(knob._name),
        )

    def readKnobs(self, s):
        pairs = text.words(s)
        for name, value in zip(pairs[0::2], pairs[1::2]):
            self[name].fromScript(value)

    def __getitem__(self, name):
        knob = self._knobs.get(name)
        if knob is None:
            raise NameError(f"knob {name} does not exist")
        return knob

    def __len__(self):
        return len(self._knobs)

    def __bool__(self):
        return True

    # connections

    def input(self, index):
        return self._inputs.get(index)

    def inputs(self):
        return max(self._inputs, default=-1) + 1

    def _limits(self):
        return self._kind.inputs

    def minInputs(self):
        return self._limits()[0]

    def maxInputs(self):
        return self._limits()[1]

    minimumInputs, maximumInputs = minInputs, maxInputs

    def optionalInput(self):
        return 0

    def canSetInput(self, i, node):
        return 0 <= i < self.maxInputs() and not (node is not None and self in upstream(node))

    def setInput(self, i, node):
        if node is not None and not isinstance(node, Node):
            raise TypeError(f"setInput takes a node or None, not {node!r}")
        if not self.canSetInput(i, node):
            return False
        before = self._inputs.get(i)

        def put(one):
            if one is None:
                self._inputs.pop(i, None)
            else:
                self._inputs[i] = one

        put(node)
        self._record(f"input {i}", lambda: put(before), lambda: put(node))
        pseudo = Knob("inputChange")
        pseudo._node = self
        changed(self, pseudo)
        return True

    def connectInput(self, i, node):
        free = next((n for n in range(i, self.maxInputs()) if n not in self._inputs), i)
        return self.setInput(free, node)

    def dependencies(self, mask=INPUTS | HIDDEN_INPUTS | EXPRESSIONS):
        return [self._inputs[i] for i in sorted(self._inputs)] if mask & INPUTS else []

    def dependent(self, mask=INPUTS | HIDDEN_INPUTS | EXPRESSIONS, forceEvaluate=True):
        pool = self._group._nodes if self._group is not None else []
        return [n for n in pool if self in n._inputs.values()] if mask & INPUTS else []

    # pixels and frames

    def _picture(self, time=None, view=None):
        from . import pictures

        session = current()
        frame = session.frame if time is None else int(time)
        return pictures.pull(self, frame, view or session.view)

    def metadata(self, key=None, time=None, view=None):
        source = next((n for n in [self, *upstream(self)] if n.Class() == "Read"), None)
        session = current()
        frame = session.frame if time is None else int(time)
        found = files.metadata(source, frame, view or session.view) if source else {}
        return found if key is None else found.get(key)

    def frameRange(self):
        if self.Class() == "Read":
            return FrameRange(*files.range_of_read(self), 1)
        ranges = [n.frameRange() for n in self._sources()]
        if not ranges:
            root = current().root
            return FrameRange(root.firstFrame(), root.lastFrame(), 1)
        return FrameRange(min(r.first() for r in ranges), max(r.last() for r in ranges), 1)

    def _sources(self):
        return self.dependencies(INPUTS)

    def firstFrame(self):
        return self.frameRange().first()

    def lastFrame(self):
        return self.frameRange().last()

    def upstreamFrameRange(self, i):
        return self._inputs[i].frameRange() if i in self._inputs else None

    def width(self):
        left, _, right, _ = self._window()
        return right - left + 1

    def height(self):
        _, top, _, bottom = self._window()
        return bottom - top + 1

    def _window(self):
        try:
            return self._picture().display_window
        except RuntimeError:
            size = current().root["format"].value()
            return (0, 0, size.width() - 1, size.height() - 1)

    def format(self):
        return Format(self.width(), self.height())

    def pixelAspect(self):
        return 1.0

    def proxy(self):
        return current().root["proxy"].value()

    def bbox(self):
        picture = self._picture()
        left, top, right, bottom = picture.data_window
        return Info(left, picture.display_window[3] - bottom, right - left + 1, bottom - top + 1)

    def channels(self):
        from . import pictures

        return sorted(pictures.nuke_name(name) for name in self._picture().planes)

    def sample(self, channel, x, y, dx=1, dy=1, frame=None):
        from . import pictures

        return pictures.sample(self._picture(frame), channel, x, y)

    def hasError(self):
        try:
            self._picture()
        except RuntimeError:
            return True
        return False

    error = treeHasError = hasError

    # place in the script

    def isSelected(self):
        return self._knobs["selected"]._value

    def setSelected(self, selected):
        self._knobs["selected"]._value = bool(selected)
        nodes = self._group._nodes
        if selected:  # the last one selected is the first that selectedNodes returns
            nodes.append(nodes.pop(nodes.index(self)))

    def selectOnly(self):
        for node in self._group._nodes:
            node._knobs["selected"]._value = False
        self.setSelected(True)

    def xpos(self):
        return self._knobs["xpos"].value()

    def ypos(self):
        return self._knobs["ypos"].value()

    def setXpos(self, x):
        self._knobs["xpos"].setValue(x)

    def setYpos(self, y):
        self._knobs["ypos"].setValue(y)

    def setXYpos(self, x, y):
        for value in (x, y):
            if not isinstance(value, int):
                raise TypeError(f"integer argument expected, got {type(value).__name__}")
        self.setXpos(x)
        self.setYpos(y)

    def autoplace(self):
        """Leave it where it is; the kit has no layout."""

    def screenWidth(self):
        # Nuke knows sizes of nodes only while the user interface shows them
        return 80 if current().gui else 0

    def screenHeight(self):
        return 18 if current().gui else 0

    def showControlPanel(self, forceFloat=False):
        self._panel = current().gui
        pseudo = Knob("showPanel")
        pseudo._node = self
        changed(self, pseudo)

    def hideControlPanel(self):
        self._panel = False

    def shown(self):
        return self._panel

    def redraw(self):
        """Nothing is drawn."""

    forceValidate = redraw

    def help(self):
        return self._knobs["help"]._value

    def _record(self, what, back, forth):
        session = current()
        session.modified = True
        session.undo.record("{} {}".format(self._knobs["name"]._value, what), back, forth)


def upstream(node):
    """Return every node that a node's picture depends on, nearest first; groups are entered."""
    seen, waiting = [], list(node._inputs.values())
    if hasattr(node, "_nodes") and node._group is not None:
        waiting += [n for n in node._nodes if n.Class() == "Output"]
    while waiting:
        one = waiting.pop(0)
        if one in seen:
            continue
        seen.append(one)
        waiting += list(one._inputs.values())
        if hasattr(one, "_nodes"):
            waiting += [n for n in one._nodes if n.Class() == "Output"]
        if one.Class() == "Input" and one._group._group is not None:
            waiting += [n for n in one._group._inputs.values() if n not in seen]
    return seen


def unused(name, taken):
    """Return a name that is free: the number at its end counts up."""
    stem = re.sub(r"\d+$", "", name)
    number = int(name[len(stem) :] or 1)
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def found(path, group):
    """Return the node of a dotted name, seen from a group; None if there is none."""
    session = current()
    if path in ("root", "Root"):
        return session.root
    pieces = path.split(".")
    if pieces[0] == "root":
        group, pieces = session.root, pieces[1:]
    for piece in pieces:
        if group is None or not hasattr(group, "_nodes"):
            return None
        group = next((n for n in group._nodes if n._knobs["name"]._value == piece), None)
    return group
