"""What can be undone: blocks of recorded changes, each with the way back and forth."""

import typing

from .session import current
from .threads import guarded


class Change(typing.NamedTuple):
    """What was done, the way back, and forth again."""

    text: str
    back: typing.Callable
    forth: typing.Callable


class Block:
    """One line of the Edit menu's history."""

    def __init__(self, name=""):
        self.name = name
        self.changes = []

    def back(self):
        for change in reversed(self.changes):
            change.back()

    def forth(self):
        for change in self.changes:
            change.forth()


class History:
    """Blocks done and undone, and the one being recorded."""

    def __init__(self):
        self.done = []
        self.undone = []
        self.open = []
        self.off = 0

    def record(self, text, back, forth):
        """Remember a change; outside of a block it is a block of its own."""
        if self.off:
            return
        if self.open:
            self.open[-1].changes.append(Change(text, back, forth))
            return
        block = Block(text)
        block.changes.append(Change(text, back, forth))
        self.done.append(block)
        del self.undone[:]

    def quietly(self, call):
        """Run something without recording it."""
        self.off += 1
        try:
            call()
        finally:
            self.off -= 1


def _step(source, target, way):
    history = current().undo
    if not getattr(history, source):
        raise RuntimeError("nothing to %s" % ("undo" if way == "back" else "redo"))
    block = getattr(history, source).pop()
    history.quietly(getattr(block, way))
    getattr(history, target).append(block)


@guarded
class Undo:
    """Nuke's undo history; every method belongs to the class, an instance opens a block."""

    def __init__(self, name=None):
        self._name = name

    @classmethod
    def begin(cls, name=None):
        """Open a block."""
        current().undo.open.append(Block(name or ""))

    @classmethod
    def end(cls):
        """Close the block; an empty one leaves no trace."""
        history = current().undo
        if not history.open:
            raise RuntimeError("nuke.Undo.end without begin")
        block = history.open.pop()
        if history.open:  # a block within a block belongs to it
            history.open[-1].changes.extend(block.changes)
        elif block.changes:
            history.done.append(block)
            del history.undone[:]

    @classmethod
    def new(cls, name=None):
        """Close the block and open another."""
        cls.end()
        cls.begin(name)

    @classmethod
    def name(cls, name):
        """Name the open block."""
        history = current().undo
        if history.open:
            history.open[-1].name = name

    @classmethod
    def cancel(cls):
        """Take back what the open block did and forget it."""
        history = current().undo
        if history.open:
            history.quietly(history.open.pop().back)

    @classmethod
    def disable(cls):
        """Record nothing until the matching enable."""
        current().undo.off += 1

    @classmethod
    def enable(cls):
        """End what disable began."""
        history = current().undo
        if not history.off:
            raise RuntimeError("nuke.Undo.enable without disable")
        history.off -= 1

    @classmethod
    def disabled(cls):
        """Whether nothing is recorded."""
        return current().undo.off > 0

    @classmethod
    def undo(cls):
        """Take back the last block."""
        _step("done", "undone", "back")

    @classmethod
    def redo(cls):
        """Do again what was undone last."""
        _step("undone", "done", "forth")

    @classmethod
    def undoSize(cls):
        """How many blocks can be undone."""
        return len(current().undo.done)

    @classmethod
    def redoSize(cls):
        """How many blocks can be done again."""
        return len(current().undo.undone)

    @classmethod
    def undoDescribe(cls, n=0):
        """Name of a block, the last one first."""
        return current().undo.done[-1 - n].name

    @classmethod
    def undoDescribeFully(cls, n=0):
        """Every change of a block."""
        return "\n".join(change.text for change in current().undo.done[-1 - n].changes)

    @classmethod
    def undoTruncate(cls, n=0):
        """Forget the blocks from the n-th."""
        done = current().undo.done
        del done[: len(done) - n]

    def __enter__(self):
        Undo.begin(self._name)
        return self

    def __exit__(self, kind, value, traceback):
        Undo.end()
