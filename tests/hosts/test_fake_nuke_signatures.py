"""The fake's names and parameters are those of Nuke's public stubs, or listed here with why."""

import ast
import inspect
import sysconfig
from pathlib import Path

import pytest

from tests.hosts.nuke import NukeKit

STUBS = Path(sysconfig.get_path("purelib")) / "nuke-stubs"
FILES = ("_nuke", "utils", "callbacks", "colorspaces", "executeInMain", "overrides", "scripts")

EXTRA = {
    "Panel.addBooleanCheckBox": "Foundry's reference for 13.2; the stub writes addbooleanCheckBox",
}
"""What the stub of 13.2 does not know."""

LATER = dict.fromkeys(
    (
        *("kDefaultFlags", "kDelayedPopup", "kDisable", "kKeepWhenFinished", "kModal"),
        *("kShowTimeToGo", "kUseCallback", "kUserCanCancel", "kUserCanPause"),
    ),
    "Foundry's reference for 17.1, nuke.ProgressTask, Attributes",
)
"""What a ProgressTask has from Nuke 17.1; the values are the kit's own."""

DEVIATES = {
    "Node.sample": "the stub is a line of prose gone wrong; Foundry: channel, x, y, dx, dy, frame",
}
"""Where the fake's parameters are not the stub's."""


def stub():
    """Return the stub's functions, classes (methods, bases) and constants."""
    functions, classes, constants = {}, {}, set()
    for name in FILES:
        for node in ast.parse((STUBS / f"{name}.pyi").read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                functions.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.ClassDef):
                bases = [ast.unparse(base) for base in node.bases]
                methods = {}
                for one in node.body:
                    if isinstance(one, ast.FunctionDef):
                        methods.setdefault(one.name, []).append(one)
                classes[node.name] = (bases, methods)
            elif isinstance(node, ast.AnnAssign):
                constants.add(node.target.id)
    return functions, classes, constants


FUNCTIONS, CLASSES, CONSTANTS = stub()


def parameters_of_stub(node, *, method):
    """Return names of parameters, None where the stub takes anything."""
    names = [one.arg for one in node.args.posonlyargs + node.args.args]
    if node.args.vararg and node.args.kwarg:
        return None
    names = names[1:] if method else names
    return names + [one.arg for one in node.args.kwonlyargs]


def parameters_of_fake(function, *, method):
    """Return names of parameters, bound or not."""
    names = [
        name
        for name, one in inspect.signature(function).parameters.items()
        if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    return names[1:] if method else names


def methods_of_stub(name):
    """Return a class's methods in the stub, those of its bases too."""
    bases, methods = CLASSES[name]
    found = {}
    for base in bases:
        if base in CLASSES:
            found.update(methods_of_stub(base))
    return {**found, **methods}


def walked(nuke):
    """Yield (name, the fake's function, the stub's definitions or None, whether a method)."""
    for name, value in sorted(vars(nuke).items()):
        if name.startswith("_"):
            continue
        if inspect.isclass(value) and issubclass(value, Exception):
            yield name, value, CLASSES.get(name) and [], False
        elif inspect.isclass(value):
            if name not in CLASSES:
                yield name, None, None, False
                continue
            theirs = methods_of_stub(name)
            for method, function in inspect.getmembers(value, callable):
                if not method.startswith("_"):
                    static = not inspect.isfunction(function)  # a class's method is bound already
                    owner = next(one for one in value.__mro__ if method in vars(one)).__name__
                    yield f"{owner}.{method}", function, theirs.get(method), not static
        elif callable(value):
            yield name, value, FUNCTIONS.get(name), False


@pytest.fixture(scope="module")
def rows():
    with NukeKit() as kit:
        return list(walked(kit.nuke))


def test_when_the_fake_is_walked_then_every_name_is_in_the_stub_or_listed(rows):
    unknown = {name for name, _, defined, _ in rows if defined is None}
    assert unknown == set(EXTRA)


def test_when_the_fake_is_walked_then_parameters_are_the_stubs_or_listed(rows):
    different = {}
    for name, function, defined, method in rows:
        if not defined:
            continue
        known = [parameters_of_stub(one, method="." in name) for one in defined]
        ours = parameters_of_fake(function, method=method)
        if None not in known and ours not in known:
            different[name] = (ours, known)
    assert set(different) == set(DEVIATES), different


def test_when_classes_are_compared_then_their_bases_are_the_stubs():
    with NukeKit() as kit:
        for name, (bases, _) in CLASSES.items():
            ours = vars(kit.nuke).get(name)
            if ours is None or not inspect.isclass(ours):
                continue
            lineage = {one.__name__ for one in ours.__mro__}
            missing = {base for base in bases if base in CLASSES} - lineage
            assert not missing, (name, missing)


def test_when_constants_are_compared_then_the_stub_has_them():
    with NukeKit() as kit:
        ours = {
            name
            for name, value in vars(kit.nuke).items()
            if not name.startswith("_") and not callable(value)
        }
    assert ours - CONSTANTS == set()


def test_when_nuke_is_17_1_then_it_has_what_came_with_it_and_the_same_functions(rows):
    with NukeKit((17, 1, 1)) as kit:
        nuke = kit.nuke
        flags = {name for name in dir(nuke.ProgressTask) if name.startswith("k")}
        assert flags == set(LATER)
        assert [name for name, *_ in walked(nuke)] == [name for name, *_ in rows]


def test_when_many_names_are_walked_then_none_is_skipped_silently(rows):
    assert len(rows) > 400
    assert sum(defined is not None for _, _, defined, _ in rows) > 350
