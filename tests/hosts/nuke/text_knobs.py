"""Knobs that hold text: words, paths, scripts, layers, links."""

import re

from . import callbacks, text
from .knobs import Knob
from .session import current
from .threads import guarded


@guarded
class String_Knob(Knob):
    """A text, as it stands."""

    _default = ""

    def _given(self, value=""):
        self._value = value

    def value(self, oc=None):
        return self._value

    def getValue(self):
        return self._value

    def getText(self, oc=None):
        return self._value

    def setValue(self, val, view=None):
        self._set(self._checked(val))

    def setText(self, val):
        self._set(self._checked(val))

    def _checked(self, value):
        if not isinstance(value, str):
            raise TypeError(f"{self._name} takes a string, not {value!r}")
        return value


@guarded
class EvalString_Knob(String_Knob):
    """A text with Tcl in it; `value` is what was typed, `evaluate` what it means."""

    def evaluate(self, frame=None):
        return self._text(frame)

    def _text(self, frame=None):
        frame = current().frame if frame is None else frame
        return text.numbered(text.tcl(self._value, self._node, frame), frame)


@guarded
class Multiline_Eval_String_Knob(EvalString_Knob):
    """Several lines of such text; no frame numbers."""

    def _text(self, frame=None):
        return text.tcl(self._value, self._node, frame)


@guarded
class File_Knob(EvalString_Knob):
    """A path or a sequence; forward slashes, since a backslash is Tcl's."""

    _TYPED = re.compile(r"(.*\S)\s+(-?\d+)(?:-(-?\d+))?$")

    def fromUserText(self, s):
        """Take what a user would type: path, then perhaps first-last; sets the Read's range."""
        match = self._TYPED.match(s.strip())
        path, first, last = match.groups() if match else (s.strip(), None, None)
        self._set(path)
        node = self._node
        if node is None or first is None or "origfirst" not in node._knobs:
            return
        first, last = int(first), int(last if last is not None else first)
        for name, value in (
            ("first", first), ("last", last), ("origfirst", first), ("origlast", last),
        ):  # fmt: skip
            node._knobs[name].setValue(value)
        node._knobs["origset"].setValue(True)
        _stretch_root(first, last)

    def fromScript(self, s):
        self._set(s)

    def value(self, oc=None):
        return self._value

    def getValue(self, oc=None):
        return self._value

    def getEvaluatedValue(self, oc=None):
        """Tcl carried out; frame number and view as they stand."""
        return text.tcl(self._value, self._node)

    def setValue(self, val, view=None):
        self._set(self._checked(val))

    def _text(self, frame=None):
        frame = current().frame if frame is None else frame
        path = text.viewed(text.tcl(self._value, self._node, frame), current().view)
        return text.numbered(path, frame)


def _stretch_root(first, last):
    """Widen the script's range to a typed file's, unless it is locked."""
    root = current().root
    if root is not None and not root["lock_range"].value():
        root["first_frame"].setValue(min(first, root["first_frame"].value()))
        root["last_frame"].setValue(max(last, root["last_frame"].value()))


@guarded
class Script_Knob(String_Knob):
    """A button."""

    def command(self):
        return self._value

    def setCommand(self, cmd):
        self.setValue(cmd)

    def setValue(self, cmd):
        self._set(self._checked(cmd))

    def value(self):
        return self._value

    def execute(self):
        """Press it."""


@guarded
class PyScript_Knob(Script_Knob):
    """A button with Python behind it; on a Group it runs within the group."""

    def execute(self):
        session, node = current(), self._node
        if not self._enabled:
            return
        session.this.append((node, self))
        inside = hasattr(node, "_nodes")
        if inside:
            session.groups.append(node)
        try:
            callbacks.run_script(self._value)
        finally:
            if inside:
                session.groups.pop()
            session.this.pop()


@guarded
class PythonKnob(String_Knob):
    """Text of Python that an event runs."""


@guarded
class Password_Knob(Knob):
    """A text that is not shown."""

    _default = ""

    def setValue(self, val, view=None):
        self._set(val)

    def value(self):
        return self._value


@guarded
class Text_Knob(Knob):
    """A line of text in the panel, or a rule across it."""

    _default = ""

    def _given(self, value=""):
        self._value = value


@guarded
class Tab_Knob(Knob):
    """Begins a tab."""

    def _given(self, kind=0):
        self._kind = kind


@guarded
class BeginTabGroup_Knob(Knob):
    """Begins a group of tabs."""


@guarded
class MultiView_Knob(Knob):
    """Names of views, spaces between."""

    _default = ""

    def _checked(self, value):
        if not isinstance(value, str):
            raise TypeError(f"{self._name} takes names of views in one string, not {value!r}")
        return value


@guarded
class Channel_Knob(Knob):
    """A layer, or a channel of one."""

    _default = "rgba"

    def _checked(self, value):
        if not isinstance(value, str):
            raise TypeError(f"{self._name} takes the name of a layer, not {value!r}")
        return value

    def setValue(self, name):
        self._set(self._checked(name))

    def value(self):
        return self._value


@guarded
class ChannelMask_Knob(Channel_Knob):
    """Which channels."""


@guarded
class Link_Knob(Knob):
    """Another knob, shown here."""

    def _given(self, link=""):
        self._value = link

    def makeLink(self, s, t):
        self._set(f"{s}.{t}")

    def setLink(self, s):
        self._set(s)

    def getLink(self):
        return self._value or ""

    def getLinkedKnob(self):
        node = self._node
        if node is None or not self._value:
            return None
        inside = hasattr(node, "_nodes")  # a group's links mean nodes within it
        name, _, knob = self._value.rpartition(".")
        pool = node._nodes if inside else (node._group._nodes if node._group else ())
        found = next((n for n in pool if n.name() == name), None)
        return found._knobs.get(knob) if found else text.knob_at(self._value, node)

    def value(self):
        return self.getLinkedKnob().value()

    def setValue(self, *args):
        return self.getLinkedKnob().setValue(*args)

    def _at(self, frame):
        return self.getLinkedKnob()._at(frame)
