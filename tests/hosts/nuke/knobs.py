"""What all knobs can: a named value on a node, of a type that Nuke insists on."""

from . import callbacks, text
from .session import current
from .threads import guarded

FLAGS = (
    "DISABLED", "NO_ANIMATION", "DO_NOT_WRITE", "INVISIBLE", "STARTLINE", "ENDLINE",
    "ALWAYS_SAVE", "NO_UNDO", "KNOB_CHANGED_RECURSIVE", "READ_ONLY", "NO_MULTIVIEW",
    "STRIP_CASCADE_PREFIX", "DONT_SAVE_TO_NODEPRESET", "EXPAND_TO_WIDTH",
)  # fmt: skip
FLAG = {name: 1 << index for index, name in enumerate(FLAGS)}


@guarded
class Knob:
    """What all knobs can; `_value` is what was set, of the type that the class keeps."""

    _default = None
    _kept = True  # written to the script, counted as a change of value

    def __init__(self, name=None, label=None, *args):
        if not isinstance(name, str):
            raise TypeError(f"{type(self).__name__} needs a name")
        self._name, self._label = name, label if label is not None else name
        self._value = self._default
        self._node = None
        self._flags = 0
        self._visible, self._enabled, self._help = True, True, ""
        self._expression = None
        self._keys = {}
        self._given(*args)

    def _given(self, *args):
        """Take what the constructor of a subclass was given beyond name and label."""

    def Class(self):
        return type(self).__name__

    def name(self):
        return self._name

    def setName(self, name):
        self._name = name

    def label(self):
        return self._label

    def setLabel(self, label):
        self._label = label

    def tooltip(self):
        return self._help

    def setTooltip(self, tooltip):
        self._help = tooltip

    def enabled(self):
        return self._enabled

    def setEnabled(self, enabled):
        self._enabled = bool(enabled)

    def visible(self):
        return self._visible

    def setVisible(self, visible):
        self._visible = bool(visible)

    def node(self):
        return self._node

    def setFlag(self, flag):
        self._flags |= flag
        self._visible = self._visible and not flag & FLAG["INVISIBLE"]
        self._enabled = self._enabled and not flag & FLAG["DISABLED"]

    def clearFlag(self, flag):
        self._flags &= ~flag
        self._visible = self._visible or bool(flag & FLAG["INVISIBLE"])
        self._enabled = self._enabled or bool(flag & FLAG["DISABLED"])

    def getFlag(self, flag):
        return bool(self._flags & flag)

    def fullyQualifiedName(self, channel=-1):
        node = self._node.fullName() + "." if self._node is not None else ""
        return node + self._name

    def value(self, index=0):
        return self._value

    def getValue(self, channel=0):
        return self._value

    def setValue(self, val, chan=0):
        return self._set(self._checked(val))

    def hasExpression(self, index=-1):
        return self._expression is not None

    def setExpression(self, expression, index=-1, view=None):
        before = self._expression
        self._expression = expression

        def put(value):
            self._expression = value

        self._record("expression", lambda: put(before), lambda: put(expression))
        return True

    def isAnimated(self, channel=-1):
        return bool(self._keys)

    def setAnimated(self, channel=-1):
        self._keys.setdefault(current().frame, self._value)
        return True

    def clearAnimated(self, channel=-1):
        self._keys, self._expression = {}, None
        return True

    def setValueAt(self, val, time, index=-1, view=None):
        self._keys[time] = self._checked(val)
        return True

    def getValueAt(self, frame, index=-1, view=None):
        return self._at(frame)

    def toScript(self, quote=True, context=None):
        if self._expression is not None:
            return f"{{{{{self._expression}}}}}"
        if self._keys:
            return "{{{{curve {}}}}}".format(
                " ".join("x{} {}".format(*key) for key in sorted(self._keys.items()))
            )
        value = self._value
        return str(value).lower() if isinstance(value, bool) else str(value)

    def fromScript(self, script):
        self._set(self._from_text(script))

    def error(self, message):
        current().printed.append(f"ERROR: {self.fullyQualifiedName()}: {message}")

    warning = debug = critical = error

    # inside

    def _checked(self, value):
        return value

    def _from_text(self, value):
        return self._checked(value)

    def _at(self, frame):
        """Return the value at a frame: expression, key at or before it, else what was set."""
        if self._expression is not None:
            number = text.expression(self._expression, self._node, frame)
            return self._from_number(number)
        if self._keys:
            frame = current().frame if frame is None else frame
            earlier = [key for key in sorted(self._keys) if key <= frame]
            return self._keys[earlier[-1] if earlier else min(self._keys)]
        return self._value

    def _from_number(self, number):
        return number

    def _number(self, frame=None):
        value = self._at(frame)
        return float(value) if not isinstance(value, str) else float(value or 0)

    def _text(self, frame=None):
        value = self._at(frame)
        return str(int(value)) if isinstance(value, bool) else str(value)

    def _set(self, value):
        before = self._value
        self._value = value
        if before == value and type(before) is type(value):
            return True
        self._record("value", lambda: self._put(before), lambda: self._put(value))
        self._changed()
        return True

    def _put(self, value):
        self._value = value
        self._changed()

    def _record(self, what, back, forth):
        session = current()
        if self._node is not None and not self._flags & FLAG["NO_UNDO"]:
            session.undo.record(f"{self.fullyQualifiedName()} {what}", back, forth)
            session.modified = True

    def _changed(self):
        if self._node is not None:
            changed(self._node, self)


def changed(node, knob):
    """Run a node's knobChanged; not again for what that code sets itself, unless flagged."""
    session = current()
    recursive = knob._flags & FLAG["KNOB_CHANGED_RECURSIVE"]
    if node._quiet or (node in session.changing and not recursive):
        return
    session.changing.append(node)
    try:
        callbacks.fire("KnobChanged", node, knob)
    finally:
        session.changing.pop()
