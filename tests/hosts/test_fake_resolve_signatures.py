"""The fake's methods and parameters against the public stubs, `fusionscript-stubs` 21.0.0."""

import ast
import inspect
from importlib import metadata

import pytest

from tests.hosts.resolve import application, item, marks, media, project, timeline
from tests.hosts.resolve.api import defined

CLASSES = (
    application.MediaStorage,
    application.Resolve,
    item.TimelineItem,
    media.Folder,
    media.MediaPool,
    media.MediaPoolItem,
    project.Project,
    project.ProjectManager,
    timeline.Timeline,
)
CLASS_NAMES = {cls.__name__ for cls in CLASSES}
NEWER = "came with 21.0.4, after the stubs"
ALL_WITHOUT = "its documentation: without parameters, all values"
SUBFRAME = "came with 19.1 and is optional, or every older script would have broken"
IN_WORDS = "the stub's own words say that it is optional"
FORMS = "one form of several, which the stub has as overloads"
DEVIATIONS = {
    "Timeline.GetSelectedClips": NEWER,
    "Timeline.GetSetting": ALL_WITHOUT,
    "Project.GetSetting": ALL_WITHOUT,
    "TimelineItem.GetStart": SUBFRAME,
    "TimelineItem.GetEnd": SUBFRAME,
    "TimelineItem.GetDuration": SUBFRAME,
    "TimelineItem.GetLeftOffset": SUBFRAME,
    "TimelineItem.GetRightOffset": SUBFRAME,
    "Timeline.AddTrack": IN_WORDS,
    "Timeline.DeleteClips": IN_WORDS,
    "Project.StartRendering": FORMS,
    "MediaPoolItem.SetMetadata": FORMS,
}


class Parameters:
    """Names in order, and which of them a call may leave out."""

    def __init__(self, names, optional):
        self.names, self.optional = list(names), set(optional)

    def __eq__(self, other):
        return (self.names, self.optional) == (other.names, other.optional)

    __hash__ = None

    def __repr__(self):
        return ", ".join(name + "?" * (name in self.optional) for name in self.names)


def of_stub(function):
    arguments = function.args.args[1:]
    defaults = len(function.args.defaults)
    optional = {a.arg for a in arguments[len(arguments) - defaults :]}
    optional |= {a.arg for a in arguments if "Optional[" in ast.unparse(a.annotation or a)}
    return Parameters([a.arg for a in arguments], optional)


def of_fake(method):
    kinds = inspect.Parameter
    found = list(inspect.signature(method).parameters.values())[1:]
    named = [p for p in found if p.kind in {kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY}]
    return Parameters([p.name for p in named], {p.name for p in named if p.default is not p.empty})


FILE = metadata.distribution("fusionscript-stubs").locate_file(
    "fusionscript-stubs/fusionscript.pyi"
)
TREE = ast.parse(FILE.read_text("utf-8"))
METHODS = [
    (f"{cls.name}.{function.name}", function)
    for cls in TREE.body
    if isinstance(cls, ast.ClassDef)
    for function in cls.body
    if isinstance(function, ast.FunctionDef)
]
STUBS = {}
for name, function in METHODS:
    STUBS.setdefault(name, []).append(of_stub(function))


def deviates(name, method):
    return of_fake(method) not in STUBS.get(name, [])


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_when_the_fake_defines_a_method_then_the_stubs_have_it_with_its_parameters(cls):
    assert defined(cls)
    wrong = {
        f"{cls.__name__}.{name}": (of_fake(method), STUBS.get(f"{cls.__name__}.{name}"))
        for name, method in defined(cls).items()
        if deviates(f"{cls.__name__}.{name}", method)
    }
    assert set(wrong) == {name for name in DEVIATIONS if name.split(".")[0] == cls.__name__}, wrong


def test_when_a_class_is_new_then_it_is_compared_too():
    proxies = {
        cls.__name__
        for module in (application, item, media, project, timeline)
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == module.__name__ and defined(cls)
    }
    assert proxies - CLASS_NAMES <= {"WithTakes", "WithRenders"}


def test_when_a_parameter_is_wrong_then_it_is_found():
    assert deviates("Timeline.GetTrackCount", timeline.Timeline.GetTrackName)
    assert deviates("Timeline.GetTrackKind", timeline.Timeline.GetTrackName)
    assert deviates("TimelineItem.GetStart", item.TimelineItem.GetStart)
    assert not deviates("Timeline.GetTrackName", timeline.Timeline.GetIsTrackLocked)


def test_when_colours_are_compared_then_the_stubs_have_the_same():
    named = {
        node.targets[0].id: ast.literal_eval(node.value.slice)
        for node in TREE.body
        if isinstance(node, ast.Assign) and node.targets[0].id.startswith("ColorSet")
    }
    assert named == {
        "ColorSet1": tuple(marks.CLIP_COLOURS),
        "ColorSet2": tuple(marks.MARKER_COLOURS),
    }


def test_when_a_studio_call_is_marked_then_the_stubs_say_so():
    studio = {name for name, one in METHODS if "Studio and AI" in (ast.get_docstring(one) or "")}
    for cls in CLASSES:
        for name, method in defined(cls).items():
            assert method.api_studio == (f"{cls.__name__}.{name}" in studio), name
