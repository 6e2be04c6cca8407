"""The fake Nuke keeps Nuke's rules: threads, progress, what the user sees, versions, start-up."""

import builtins
import importlib
import sys
import threading

import pytest

from tests.hosts.nuke import NotModelled, NukeKit


@pytest.fixture
def kit():
    with NukeKit() as running:
        yield running


@pytest.fixture
def nuke(kit):
    return kit.nuke


def in_thread(call):
    """Return what a call raised or returned in a thread that is waited for."""
    met = []

    def work():
        try:
            met.append(call())
        except Exception as error:  # noqa: BLE001  (the test looks at it)
            met.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join(10)
    return met[0] if met else None


# threads


CALLS = (
    "nuke.allNodes()",
    "nuke.createNode('Read')",
    "nuke.nodes.Read()",
    "node.name()",
    "node['label']",
    "label.setValue('x')",
    "nuke.root()",
    "nuke.message('x')",
    "nuke.execute(node, 1, 2)",
    "nuke.Undo.begin()",
    "nuke.Undo().__enter__()",
    "nuke.menu('Nuke')",
    "nuke.FrameRange('1-2')",
    "nuke.String_Knob('x')",
    "nuke.addAutolabel(print)",
    "nuke.getColorspaceList(label)",
    "nuke.tprint('x')",
)


@pytest.mark.parametrize("call", CALLS)
def test_when_nuke_is_called_off_the_main_thread_then_it_raises_and_names_the_rule(nuke, call):
    node = nuke.createNode("NoOp")
    names = {"nuke": nuke, "node": node, "label": node["label"]}
    error = in_thread(lambda: eval(call, names))
    assert isinstance(error, RuntimeError)
    assert "off the main thread" in str(error)


def test_when_every_function_is_called_off_the_main_thread_then_only_three_do_not_raise(nuke):
    allowed = {"executeInMainThread", "executeInMainThreadWithResult", "ProgressTask"}
    allowed |= {"CancelledError", "GlobalsEnvironment"}
    lenient = set()
    for name, function in vars(nuke).items():
        if callable(function) and not name.startswith("_") and name not in allowed:
            error = in_thread(lambda function=function: function(*[None] * 2))
            if not (isinstance(error, RuntimeError) and "off the main thread" in str(error)):
                lenient.add(name)
    assert lenient == set()


def test_when_a_call_is_queued_then_it_runs_at_the_next_pump_and_its_error_is_kept(kit, nuke):
    ran = []
    in_thread(lambda: nuke.executeInMainThread(ran.append, 1))
    in_thread(lambda: nuke.executeInMainThread(ran.append, args=(2,)))
    in_thread(lambda: nuke.executeInMainThread(lambda: 1 / 0))
    assert ran == []
    assert kit.pump() == 3
    assert ran == [1, 2]
    assert [type(error) for error in kit.errors] == [ZeroDivisionError]


def test_when_a_worker_waits_for_a_result_then_the_pump_answers(kit, nuke, capsys):
    results = []

    def work():
        results.append(nuke.executeInMainThreadWithResult(lambda a, b: a + b, (1,), {"b": 2}))
        results.append(nuke.executeInMainThreadWithResult(lambda: 1 / 0))

    worker = threading.Thread(target=work)
    worker.start()
    kit.run_until(lambda: not worker.is_alive())
    assert results == [3, None]
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_when_the_main_thread_asks_itself_for_a_result_then_it_raises(nuke):
    with pytest.raises(RuntimeError, match="from the main thread"):
        nuke.executeInMainThreadWithResult(list)


def test_when_there_is_no_event_loop_then_nothing_queued_runs():
    with NukeKit(gui=False) as kit:
        ran = []
        in_thread(lambda: kit.nuke.executeInMainThread(ran.append, 1))
        assert kit.pump() == 0
        assert ran == []
        error = in_thread(lambda: kit.nuke.executeInMainThreadWithResult(list))
        assert "for ever" in str(error)


def test_when_the_main_thread_never_comes_then_the_worker_is_not_lost(kit, nuke):
    kit.session.patience_s = 0.01
    assert "did not answer" in str(in_thread(lambda: nuke.executeInMainThreadWithResult(list)))


def test_when_the_kit_is_at_its_end_then_no_event_loop_hides_it(kit, nuke):
    node = nuke.nodes.Blur(inputs=[nuke.nodes.Constant()], size=2.0)
    nuke.executeInMainThread(node.sample, ("rgba.red", 0, 0))
    with pytest.raises(NotModelled, match="Blur"):
        kit.pump()


def test_when_a_worker_waits_while_nuke_starts_then_it_waits_for_the_first_pump(kit, tmp_path):
    (tmp_path / "menu.py").write_text(
        "import nuke, threading, builtins\n"
        "def work():\n"
        "    builtins.heard.append(nuke.executeInMainThreadWithResult(lambda: 7))\n"
        "builtins.worker = threading.Thread(target=work)\n"
        "builtins.worker.start()\n"
    )
    builtins.heard = []
    try:
        kit.start(tmp_path)
        assert builtins.heard == []
        kit.run_until(lambda: not builtins.worker.is_alive())
        assert builtins.heard == [7]
    finally:
        del builtins.heard, builtins.worker


# progress


def test_when_a_worker_shows_progress_then_the_user_may_cancel_and_deleting_closes(kit, nuke):
    task = in_thread(lambda: nuke.ProgressTask("Faceplate"))
    task.setMessage("frame 1001")
    task.setProgress(40)
    assert not task.isCancelled()
    kit.cancel_tasks()
    assert task.isCancelled()
    seen = kit.tasks[0]
    assert (seen.title, seen.progress, seen.messages) == ("Faceplate", [40], ["frame 1001"])
    assert not seen.closed
    del task
    assert seen.closed


def test_when_progress_is_no_integer_then_it_is_refused(nuke):
    with pytest.raises(TypeError):
        nuke.ProgressTask("x").setProgress(40.0)


def test_when_flags_are_given_before_17_1_then_they_are_refused(nuke):
    with pytest.raises(TypeError):
        nuke.ProgressTask("x", maximum=10)
    with NukeKit((17, 1, 1)) as kit:
        task = kit.nuke.ProgressTask("x", maximum=10, flags=kit.nuke.ProgressTask.kModal)
        assert kit.tasks[0].maximum == 10
        del task


# what the user sees


def test_when_menus_are_made_then_lines_can_be_chosen(kit, nuke):
    menu = nuke.menu("Nuke").addMenu("Faceplate")
    chosen = []
    menu.addCommand("Restore selected", lambda: chosen.append(1), "alt+f")
    menu.addCommand("More/Status", "nuke.message('fine')")
    assert nuke.menu("Nuke").addMenu("Faceplate") is menu
    kit.choose("Faceplate/Restore selected")
    kit.choose("Faceplate/More/Status")
    assert chosen == [1]
    assert kit.messages == ["fine"]
    assert "Faceplate/More/Status" in kit.menu_lines()
    with pytest.raises(AssertionError, match="no menu line"):
        kit.choose("Faceplate/Nothing")


def test_when_the_user_is_asked_then_planned_answers_come_back(kit, nuke):
    kit.answer("ask", True)
    kit.answer("panel", {"Frames": "1-3"})
    assert nuke.ask("really?") is True
    assert nuke.ask("really?") is False
    assert nuke.getInput("name") is None
    panel = nuke.Panel("Range")
    panel.addSingleLineInput("Frames", "1")
    assert panel.show() == 1
    assert panel.value("Frames") == "1-3"
    assert panel.show() == 0
    assert [one.kind for one in kit.shown] == ["ask", "ask", "getInput", "panel", "panel"]


def test_when_there_is_no_interface_then_dialogs_raise_and_there_is_no_menu():
    with NukeKit(gui=False) as kit:
        nuke = kit.nuke
        assert nuke.menu("Nuke") is None
        assert not nuke.env["gui"]
        for call in (lambda: nuke.message("x"), lambda: nuke.ask("x"), nuke.Panel("x").show):
            with pytest.raises(RuntimeError, match="terminal mode"):
                call()
        assert nuke.nodes.NoOp().screenWidth() == 0


def test_when_nukescripts_is_used_then_it_is_there(kit, nuke):
    scripts = importlib.import_module("nukescripts")
    ran = []
    in_thread(lambda: scripts.executeDeferred(ran.append, 1))
    kit.pump()
    assert ran == [1]
    nuke.createNode("Read")
    assert scripts.findNextNodeName("Read") == "Read2"
    scripts.clear_selection_recursive()
    assert nuke.selectedNodes() == []


# versions and start-up


@pytest.mark.parametrize(("major", "here", "gone"), [(15, 2, 6), (16, 6, 2)])
def test_when_the_version_changes_then_so_does_pyside(major, here, gone):
    with NukeKit((major, 0, 1)) as kit:
        assert importlib.import_module("nuke") is kit.nuke
        assert major == kit.nuke.NUKE_VERSION_MAJOR
        core = importlib.import_module(f"PySide{here}.QtCore")
        fired = []
        core.QTimer.singleShot(0, lambda: fired.append(1))
        timer = core.QTimer()
        timer.timeout.connect(lambda: fired.append(2))
        timer.start(0)
        kit.pump()
        timer.stop()
        kit.pump()
        assert sorted(fired) == [1, 2]
        with pytest.raises(ImportError):
            importlib.import_module(f"PySide{gone}")
    assert "nuke" not in sys.modules
    assert f"PySide{gone}" not in sys.modules


def test_when_the_working_viewer_space_is_asked_then_its_knob_has_the_versions_name():
    for version, name in (((13, 1, 0), "monitorLut"), ((13, 2, 0), "monitorOutLUT")):
        with NukeKit(version) as kit:
            assert kit.nuke.root().knob(name) is not None


def test_when_nuke_starts_then_init_runs_before_menu_and_folders_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr(builtins, "ran", [], raising=False)
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "init.py").write_text("ran.append('inner init')")
    (inner / "menu.py").write_text("ran.append('inner menu')")
    (tmp_path / "init.py").write_text(f"import nuke\nnuke.pluginAddPath({str(inner)!r})")
    (tmp_path / "menu.py").write_text("ran.append('menu')")
    before = list(sys.path)
    with NukeKit() as kit:
        kit.start(tmp_path)
        assert kit.nuke.pluginPath() == [str(inner), str(tmp_path)]
        assert str(inner) in sys.path
    assert builtins.ran == ["inner init", "inner menu", "menu"]
    assert sys.path == before
