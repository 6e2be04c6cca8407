"""Bars, labels, and the way of a cancel."""

import threading

import pytest

from plugin_host.errors import EngineBusy
from plugin_host.hosts.nuke.board import begin_job, running_jobs, text_of_job
from plugin_host.hosts.nuke.group import make
from plugin_host.hosts.nuke.menu import add_menu
from plugin_host.hosts.nuke.progress import Bar
from tests.hosts.nuke import NukeKit


def test_when_a_job_goes_on_then_bar_and_label_follow_it(kit, nuke, made):
    add_menu()
    group = make(made.read(nuke, "/shots/a.%04d.exr", 1, 5), made.DESCRIPTION)
    with begin_job(group.fullName()) as job, Bar("Restoring", job) as bar:
        assert kit.label(group) == "FaceplateRestore1\nwaits for its turn"
        bar.say(3, 12, "restoring")
        assert kit.tasks[0].progress == [25]
        assert kit.label(group) == "FaceplateRestore1\nrestoring 25%"
        assert not kit.tasks[0].closed
    assert kit.tasks[0].closed
    assert kit.label(group) == "FaceplateRestore1"


def test_when_nothing_is_known_yet_then_the_bar_stands_at_nothing(kit):
    with Bar("Restoring") as bar:
        bar.say(0, 0, "waits")
    assert kit.tasks[0].progress == [0]


def test_when_the_bar_or_the_menu_cancels_then_it_is_heard(kit):
    with begin_job("A") as job, Bar("Restoring", job) as bar:
        assert not bar.cancelled()
        job.cancel()
        assert bar.cancelled()
    with Bar("Restoring") as bar:
        kit.cancel_tasks()
        assert bar.cancelled()


def test_when_there_is_no_window_then_each_percent_is_a_line():
    with NukeKit(gui=False) as kit:
        with Bar("Restoring Read1") as bar:
            for done in (1, 1, 2):
                bar.say(done, 2, "restoring")
            assert not bar.cancelled()
        assert kit.printed == ["Restoring Read1: 50%\n", "Restoring Read1: 100%\n"]
        assert kit.tasks == []


def test_when_a_node_has_a_job_then_another_is_refused():
    with begin_job("A"):
        with pytest.raises(EngineBusy, match="already"):
            begin_job("A")
        with begin_job("B"), begin_job("A", urgent=True) as preview:
            assert [job.node for job in running_jobs()] == ["A", "B", "A"]
            preview.text = "restoring 3%"
            assert text_of_job("A") == "waits for its turn, restoring 3%"
    assert running_jobs() == []
    assert text_of_job("A") == ""


def test_when_a_worker_shows_progress_then_nuke_is_not_called_from_it(kit, nuke, made):
    name = make(made.read(nuke, "/shots/a.%04d.exr", 1, 5), made.DESCRIPTION).fullName()

    def work():
        with begin_job(name) as job, Bar("Restoring", job) as bar:
            for done in range(50):
                bar.say(done, 50, "restoring")

    thread = threading.Thread(target=work)
    thread.start()
    kit.run_until(lambda: not thread.is_alive())
    kit.pump()
