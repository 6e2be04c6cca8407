"""Commands, as far as they need no engine: who is told what went wrong, and where."""

import threading

import pytest

from plugin_host.errors import EngineStartFailed, SettingsError
from plugin_host.hosts.nuke import commands
from plugin_host.hosts.nuke.board import begin_job
from plugin_host.hosts.nuke.group import make
from plugin_host.hosts.nuke.menu import add_menu
from plugin_host.hosts.nuke.work import groups_of
from plugin_host.replies import Description
from tests.hosts.nuke import NukeKit


def wait(kit):
    mine = [t for t in threading.enumerate() if t.name.startswith("faceplate ")]
    kit.run_until(lambda: not any(t.is_alive() for t in mine))
    kit.pump()


@pytest.fixture
def group(nuke, made):
    return make(made.read(nuke, "/shots/a.%04d.exr", 1001, 1010), made.DESCRIPTION)


def test_when_no_engine_comes_up_then_it_is_said_and_the_bar_goes_away(
    kit, nuke, group, monkeypatch
):
    def fail():
        raise EngineStartFailed("the program `faceplate` was not found")

    monkeypatch.setattr("plugin_host.hosts.nuke.work.find_or_start", fail)
    commands.restore([group])
    wait(kit)
    assert kit.messages == ["Faceplate\n\nthe program `faceplate` was not found"]
    assert [task.closed for task in kit.tasks] == [True]


def test_when_a_command_has_a_fault_then_it_is_told_with_its_place(kit, group, monkeypatch):
    monkeypatch.setattr(commands, "connect", lambda: 1 // 0)
    assert commands.restore([group]).daemon  # it does not keep a Nuke that is closed
    wait(kit)
    assert "Faceplate has a fault" in kit.messages[0]
    assert "ZeroDivisionError" in kit.messages[0]


def test_when_there_is_no_window_then_errors_are_raised(made, monkeypatch):
    def fail():
        raise EngineStartFailed("none")

    monkeypatch.setattr("plugin_host.hosts.nuke.work.find_or_start", fail)
    with NukeKit(gui=False) as kit:
        read = made.read(kit.nuke, "/shots/a.%04d.exr", 1, 2)
        with pytest.raises(EngineStartFailed):
            commands.restore([read])


def test_when_a_hero_frame_is_set_then_it_takes_the_place_of_another(kit, nuke, group):
    group["fp_restorer"].setValue("svfr-tiny")
    group["fp_reference"].setVisible(True)
    group["fp_reference"].setValue("frame:1003\nAnna=frame:1004\n/her.exr")
    nuke.frame(1007)
    commands.set_hero_frame([group])
    assert group["fp_reference"].value() == "frame:1007\nAnna=frame:1004\n/her.exr"
    assert kit.messages == []
    assert kit.undo_blocks[-1].name == "Faceplate: set hero frame"
    nuke.Undo.undo()
    assert group["fp_reference"].value().startswith("frame:1003")


def test_when_nodes_are_made_then_one_undo_takes_all_of_them_away(kit, nuke, made):
    reads = [made.read(nuke, f"/shots/{name}.%04d.exr", 1, 2) for name in "ab"]
    before = len(kit.undo_blocks)
    assert len(groups_of(reads, made.DESCRIPTION)) == 2
    assert [block.name for block in kit.undo_blocks[before:]] == ["Faceplate: make nodes"]
    nuke.Undo.undo()
    assert nuke.allNodes("Group") == []


def test_when_no_restorer_takes_references_then_it_is_said(nuke, made):
    read = made.read(nuke, "/shots/a.%04d.exr", 1, 2)
    group = make(read, Description(made.DESCRIPTION.restorers[:1]))
    with pytest.raises(SettingsError, match="no restorer"):
        commands.set_hero_frame([group])


def test_when_jobs_are_cancelled_then_those_of_the_selected_nodes_are_or_all(kit, nuke, group):
    other = nuke.nodes.Dot()
    with begin_job("FaceplateRestore1") as ours, begin_job("FaceplateRestore2") as theirs:
        commands.cancel([other])
        assert not ours.cancelled()
        assert kit.messages == ["Faceplate\n\nnothing is being restored"]
        commands.cancel([group.input(0)])  # the Read behind which the group lies
        assert (ours.cancelled(), theirs.cancelled()) == (True, False)
        for node in nuke.allNodes():
            node.setSelected(False)
        commands.cancel()
        assert theirs.cancelled()


def test_when_the_restorer_is_chosen_then_its_knobs_show(kit, nuke, made, group, monkeypatch):
    monkeypatch.setattr("plugin_host.hosts.nuke.work._described", [made.DESCRIPTION])
    add_menu()
    kit.edit(group, "fp_restorer", "svfr-tiny")
    assert group["fp_reference"].visible()
    assert not group["fp_lite_strength"].visible()
    kit.edit(nuke.nodes.Group(), "label", "not ours")
