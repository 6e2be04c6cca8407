"""What a group's knobs become, on their way to the engine."""

from types import SimpleNamespace

import pytest

from plugin_host.errors import RestorerFailed
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.nuke import requesting
from plugin_host.hosts.nuke.board import begin_job
from plugin_host.hosts.nuke.group import make
from plugin_host.path_map import PathMap

FINE = SimpleNamespace(finished=SimpleNamespace(errors=()))


@pytest.fixture
def groups(nuke, made, tmp_path):
    reads = [
        made.read(nuke, made.plate(tmp_path / name, range(1001, 1011)), 1001, 1010) for name in "ab"
    ]
    return [make(read, made.DESCRIPTION) for read in reads]


@pytest.fixture
def asked(monkeypatch):
    """What is asked for, in order; a test may put answers, or errors, to be given."""
    calls, answers = [], []

    def restore(_host, _client, selection, settings, template, **how):
        calls.append(SimpleNamespace(selection=selection, settings=settings, out=template, how=how))
        answer = answers.pop(0) if answers else FINE
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(requesting, "restore", restore)
    return SimpleNamespace(calls=calls, answers=answers)


def restored(made, groups, frames=None):
    names = [group.fullName() for group in groups]
    return requesting.restore_groups(None, names, made.DESCRIPTION, frames)


def test_when_a_group_is_restored_then_its_knobs_and_the_environment_reach_the_request(
    made, groups, asked, monkeypatch
):
    monkeypatch.setenv("FACEPLATE_PATH_MAP", r"S:\shows=/mnt/shows")
    group = groups[0]
    for name, value in {
        "fp_shared": False,
        "fp_forget": True,
        "fp_on_error": "source",
        "fp_lite_strength": 40,
        "fp_range": "1003-1004",
        "fp_output": "/out/{version}",
    }.items():
        group[name].setValue(value)
    assert restored(made, [group]) == []
    (call,) = asked.calls
    assert call.how == {
        "path_map": PathMap.parse(r"S:\shows=/mnt/shows"),
        "on_error": "source",
        "urgent": False,
        "shared": False,
        "forget": True,
    }
    assert call.settings.parameters == {"strength": 40}
    assert (str(call.selection.frames), call.out) == ("1003-1004", "/out/{version}")


def test_when_a_frame_is_previewed_then_it_alone_is_urgent_and_the_range_stays(made, groups, asked):
    groups[0]["fp_range"].setValue("1001-1002")
    groups[0]["fp_forget"].setValue(True)
    restored(made, groups[:1], FrameRange([1005]))
    (call,) = asked.calls
    assert call.how["urgent"]
    assert not call.how["forget"]  # more is to come
    assert str(call.selection.frames) == "1005"
    assert groups[0]["fp_range"].value() == "1001-1002"


def test_when_one_group_fails_then_the_next_is_restored_and_both_labels_tell(
    kit, made, groups, asked
):
    asked.answers[:] = [RestorerFailed("no [memory]")]
    (error,) = restored(made, groups)
    assert len(asked.calls) == 2
    assert groups[0]["label"].value() == "not restored: no (memory)"
    assert kit.undo_blocks[-1].name == "Faceplate: say what became of it"
    assert kit.messages == [f"Faceplate\n\nFaceplateRestore1: {error}"]


def test_when_a_group_is_restored_already_then_it_is_left_alone(made, groups, asked):
    with begin_job("FaceplateRestore1"):
        (error,) = restored(made, groups)
    assert "already" in str(error)
    assert [call.selection.name for call in asked.calls] == ["Read2"]
    assert groups[0]["label"].value() == ""
