"""Knobs that hold numbers, ticks and choices."""

from .knobs import FLAG, Knob
from .session import current
from .threads import guarded


@guarded
class Array_Knob(Knob):
    """Numbers; `getValue` is a float whatever the class."""

    _default = 0.0

    def _given(self, low=None, high=None):
        self._range = (low, high)

    def setRange(self, low, high):
        self._range = (low, high)

    def min(self):
        return self._range[0]

    def max(self):
        return self._range[1]

    minimum, maximum = min, max

    def defaultValue(self):
        return self._default

    def setDefaultValue(self, value):
        self._default = value

    def notDefault(self):
        return self._value != self._default

    def arraySize(self):
        return len(self._value) if isinstance(self._value, list) else 1

    def value(self, index=0):
        return self._at(None)

    def getValue(self, channel=0):
        return float(self._at(None))

    def setExpression(self, expression, channel=-1, view=None):
        return Knob.setExpression(self, expression, channel, view)

    def _checked(self, value):
        if isinstance(value, (list, tuple)) and len(value) == 1:
            value = value[0]
        if isinstance(value, (list, tuple)):
            return [float(one) for one in value]
        if not isinstance(value, (int, float)):
            raise TypeError(f"{self._name} takes a number, not {value!r}")
        return float(value)

    def _from_text(self, value):
        return self._checked(float(value))


@guarded
class Double_Knob(Array_Knob):
    """One float."""


@guarded
class WH_Knob(Array_Knob):
    """One number or two."""


@guarded
class Color_Knob(Array_Knob):
    """One number, or one a channel."""

    def value(self, index=None):
        value = self._at(None)
        if index is None:
            return value
        return value[index] if isinstance(value, list) else value


@guarded
class AColor_Knob(Color_Knob):
    """A colour with alpha."""


@guarded
class Int_Knob(Array_Knob):
    """One integer; `value` is an int, `getValue` a float."""

    _default = 0

    def setValue(self, val):
        return self._set(self._checked(val))

    def value(self):
        return self._at(None)

    def _checked(self, value):
        return int(Array_Knob._checked(self, value))

    def _from_number(self, number):
        return int(number)

    def _from_text(self, value):
        return int(float(value))


@guarded
class Unsigned_Knob(Int_Knob):
    """One integer from zero, such as a colour."""


@guarded
class Boolean_Knob(Array_Knob):
    """A tick."""

    _default = False

    def _given(self, value=False):
        self._value = bool(value)

    def setValue(self, b):
        return self._set(self._checked(b))

    def value(self):
        return bool(self._at(None))

    def _checked(self, value):
        if not isinstance(value, (bool, int, float)):
            raise TypeError(f"{self._name} takes a boolean, not {value!r}")
        return bool(value)

    def _from_number(self, number):
        return bool(number)

    def _from_text(self, value):
        return str(value).lower() in ("true", "1", "on", "yes")


@guarded
class Disable_Knob(Boolean_Knob):
    """Whether a node lets its first input through."""


@guarded
class Enumeration_Knob(Unsigned_Knob):
    """One of several; `value` is the word, `getValue` its place as a float."""

    def _given(self, values=()):
        self._values = [str(value) for value in values]
        self._value = self._bare(self._values[0]) if self._values else ""

    @staticmethod
    def _bare(entry):
        return entry.split("\t")[0]  # Nuke 14: what follows a tab is only shown

    def values(self):
        return list(self._values)

    def numValues(self):
        return len(self._values)

    def enumName(self, n):
        return self._bare(self._values[n])

    def setValues(self, values):
        self._values = [str(value) for value in values]
        if self._value not in [self._bare(value) for value in self._values]:
            self._value = self._bare(self._values[0]) if self._values else ""

    def setValue(self, val):
        return self._set(self._checked(val))

    def value(self):
        return self._at(None)

    def getValue(self, channel=0):
        return float([self._bare(value) for value in self._values].index(self._at(None)))

    def _checked(self, value):
        bare = [self._bare(one) for one in self._values]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if not 0 <= int(value) < len(bare):
                raise ValueError(f"{self._name} has no entry {value!r}")
            return bare[int(value)]
        if not isinstance(value, str):
            raise TypeError(f"{self._name} takes a word or its number, not {value!r}")
        if value not in bare:
            return self._unknown(value)
        return value

    def _unknown(self, value):
        # what Nuke does here is not documented: the kit is strict, so that a test sees the typo
        raise ValueError(f"{self._name} has no entry {value!r}, only {self._values}")

    def _from_text(self, value):
        return self._checked(value)

    def _from_number(self, number):
        return self._bare(self._values[int(number)])

    def _number(self, frame=None):
        return float([self._bare(value) for value in self._values].index(self._at(frame)))


@guarded
class CascadingEnumeration_Knob(Enumeration_Knob):
    """Colourspaces: an unknown name stays, and the node has an error until it is put right."""

    def _unknown(self, value):
        if self._flags & FLAG["STRIP_CASCADE_PREFIX"]:
            whole = [one for one in self._values if one.rpartition("/")[2] == value]
            return whole[0] if whole else value
        return value

    def getValue(self, channel=0):
        bare = [self._bare(value) for value in self._values]
        return float(bare.index(self._value)) if self._value in bare else -1.0

    def _bad(self):
        return self._value not in [self._bare(value) for value in self._values]


@guarded
class OneView_Knob(Enumeration_Knob):
    """One of the script's views."""

    def _given(self):
        self._values = []
        self._value = current().root._views()[0]

    def _checked(self, value):
        self._values = list(current().root._views())
        return Enumeration_Knob._checked(self, value)


@guarded
class Pulldown_Knob(Enumeration_Knob):
    """Entries with Python behind each."""
