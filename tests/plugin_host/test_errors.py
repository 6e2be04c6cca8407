import copy
import inspect
import re

import pytest

from plugin_host import errors
from plugin_host.errors import FaceplateError, every_error, from_code

TREE = re.findall(r"^([│├└─ ]*)(\w+) +([a-z_.]+)(?:  |$)", errors.__doc__, re.MULTILINE)


def classes():
    return [
        cls
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, FaceplateError)
    ]


def test_when_the_tree_is_drawn_then_it_is_the_tree_that_is_written():
    drawn, above = {}, {}
    for branch, name, code in TREE:
        depth = len(branch) // 4
        above[depth] = name
        drawn[code] = (name, above.get(depth - 1, "Exception"))
    written = {code: (cls.__name__, cls.__base__.__name__) for code, cls in every_error().items()}
    assert drawn == written


def test_when_errors_are_collected_then_each_has_its_own_code():
    assert len(every_error()) == len(classes())
    assert all(cls.code == code for code, cls in every_error().items())


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.code)
def test_when_a_code_travels_then_the_same_error_is_raised(cls):
    error = from_code(cls.code, "why", frame=7, path="/a.exr")
    assert type(error) is cls
    assert (error.message, error.frame, error.path) == ("why", 7, "/a.exr")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("frame.missing.offline", "FrameMissing"),
        ("frame.invented", "FrameError"),
        ("request.x.y.z", "RequestRefused"),
        ("invented", "FaceplateError"),
        ("", "FaceplateError"),
        (".", "FaceplateError"),
        ("job", "FaceplateError"),
    ],
)
def test_when_a_code_is_unknown_then_its_nearest_parent_is_raised(code, name):
    assert type(from_code(code, "why")).__name__ == name


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ({}, "why"),
        ({"frame": 0}, "frame 0: why"),
        ({"path": "/a"}, "why [/a]"),
        ({"frame": -3, "path": "/a"}, "frame -3: why [/a]"),
    ],
)
def test_when_an_error_is_printed_then_it_says_where(where, text):
    assert str(FaceplateError("why", **where)) == text


def test_when_an_error_is_copied_as_between_processes_then_it_keeps_where_it_happened():
    error = copy.deepcopy(errors.FrameCorrupt("torn", frame=3, path="/a"))
    assert (type(error), str(error)) == (errors.FrameCorrupt, "frame 3: torn [/a]")
