"""Texts that Nuke evaluates: Tcl in brackets, expressions on knobs, frame numbers in file names."""

import ast
import operator
import os
import re

from .session import NotModelled, current

_OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Mod: operator.mod, ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip


def expression(text, node, frame=None):
    """Return the number that an expression gives: knobs, frame, arithmetic, comparisons, ?:."""
    ternary = re.match(r"(.+)\?(.+):(.+)$", text)
    if ternary:
        test, yes, no = ternary.groups()
        return expression(yes if expression(test, node, frame) else no, node, frame)
    text = text.strip().replace("!=", "\0").replace("!", " not ").replace("\0", "!=")
    text = text.replace("&&", " and ").replace("||", " or ")
    return float(_number(ast.parse(text.strip(), mode="eval").body, node, frame))


def _number(tree, node, frame):
    if type(tree).__name__ in {"Constant", "Num"}:  # the latter is Python 3.7's
        return getattr(tree, "value" if isinstance(tree, ast.Constant) else "n")
    if isinstance(tree, ast.BinOp):
        left, right = _number(tree.left, node, frame), _number(tree.right, node, frame)
        return _OPERATORS[type(tree.op)](left, right)
    if isinstance(tree, ast.UnaryOp):
        return _OPERATORS[type(tree.op)](_number(tree.operand, node, frame))
    if isinstance(tree, ast.Compare) and len(tree.ops) == 1:
        left, right = _number(tree.left, node, frame), _number(tree.comparators[0], node, frame)
        return _OPERATORS[type(tree.ops[0])](left, right)
    if isinstance(tree, ast.BoolOp):
        values = [_number(value, node, frame) for value in tree.values]
        return all(values) if isinstance(tree.op, ast.And) else any(values)
    if isinstance(tree, (ast.Name, ast.Attribute)):
        return _named(ast_path(tree), node, frame)
    raise NotModelled(f"expression {ast.dump(tree)}")


def ast_path(tree):
    """Return the dotted name that a tree spells."""
    if isinstance(tree, ast.Name):
        return [tree.id]
    return [*ast_path(tree.value), tree.attr]


def _named(path, node, frame):
    if path in (["frame"], ["x"]):
        return current().frame if frame is None else frame
    knob = knob_at(".".join(path), node)
    if knob is None:
        raise RuntimeError("nothing is named {!r}".format(".".join(path)))
    return float(knob._number(frame))


def knob_at(path, node):
    """Return the knob that a dotted name means, seen from a node; None if there is none."""
    pieces = path.split(".")
    session = current()
    here = node
    for index, piece in enumerate(pieces[:-1]):
        if piece == "parent":
            here = here._group if here is not None else None
        elif piece == "root":
            here = session.root
        elif piece == "this":
            here = node
        elif re.match(r"input\d*$", piece):
            here = here._inputs[int(piece[5:] or 0)] if here else None
        else:
            group = here if index else (here._group if here is not None else session.root)
            here = next((n for n in group._nodes if n.name() == piece), None) if group else None
        if here is None:
            return None
    return here._knobs.get(pieces[-1]) if here is not None else None


def tcl(text, node, frame=None):
    """Return a text with its bracketed commands and backslashes carried out, as Tcl would."""
    out, index = [], 0
    while index < len(text):
        letter = text[index]
        if letter == "\\":
            out.append(text[index + 1 : index + 2])
            index += 2
        elif letter == "[":
            end = _closing(text, index)
            out.append(command(text[index + 1 : end], node, frame))
            index = end + 1
        else:
            out.append(letter)
            index += 1
    return "".join(out)


def _closing(text, start):
    depth = 0
    for index in range(start, len(text)):
        depth += {"[": 1, "]": -1}.get(text[index], 0)
        if depth == 0:
            return index
    raise RuntimeError(f"missing close-bracket in {text!r}")


def command(text, node, frame=None):  # noqa: PLR0911  (one return for each command)
    """Carry out one Tcl command: value, knob, getenv, file dirname|tail|rootname, python, frame."""
    words = tcl(text, node, frame).split(None, 1) if "[" in text else text.split(None, 1)
    if not words:
        return ""
    name, rest = words[0], words[1] if len(words) > 1 else ""
    if name in ("value", "knob"):
        knob = knob_at(rest.strip(), node)
        if knob is None:
            raise RuntimeError(f"{name}: nothing is named {rest!r}")
        if name == "knob":
            return str(knob._value)
        return knob._text(frame)
    if name == "getenv":
        return os.environ.get(rest.strip(), "")
    if name == "frame":
        return str(current().frame if frame is None else frame)
    if name == "file":
        action, _, path = rest.partition(" ")
        ways = {
            "dirname": os.path.dirname,
            "tail": os.path.basename,
            "rootname": lambda p: os.path.splitext(p)[0],
        }
        if action in ways:
            return ways[action](path)
    if name == "python":
        import nuke

        session = current()
        session.this.append((node, None))
        try:
            return str(eval(rest.strip("{}"), {"nuke": nuke, "os": os}))
        finally:
            session.this.pop()
    raise RuntimeError(f"invalid command name {name!r}")


def numbered(path, frame):
    """Return a path with its frame number filled in: ``%04d``, ``####``."""
    path = re.sub(r"%(0?\d*)d", lambda m: ("%" + m.group(1) + "d") % frame, path)
    return re.sub(r"#+", lambda m: str(frame).zfill(len(m.group())), path)


def viewed(path, view):
    """Return a path for one view: ``%V`` is its name, ``%v`` its first letter."""
    return path.replace("%V", view).replace("%v", view[:1])


def words(text):
    """Return a Tcl list's words: braces and quotes hold together."""
    found, index = [], 0
    while index < len(text):
        letter = text[index]
        if letter.isspace():
            index += 1
        elif letter == "{":
            depth, end = 0, index
            while end < len(text):
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
                if not depth:
                    break
            found.append(text[index + 1 : end - 1])
            index = end
        elif letter == '"':
            end = text.index('"', index + 1)
            found.append(text[index + 1 : end])
            index = end + 1
        else:
            end = index
            while end < len(text) and not text[end].isspace():
                end += 1
            found.append(text[index:end])
            index = end
    return found
