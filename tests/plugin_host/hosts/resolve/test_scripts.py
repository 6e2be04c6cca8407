import ast
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from plugin_host.errors import EngineUnreachable
from plugin_host.hosts.resolve import pages, scripts
from plugin_host.hosts.resolve.application import connect
from tests.hosts.resolve import NotListed

ROOT = Path(__file__).parents[4]
SCRIPTS = sorted((ROOT / "resolve_scripts").glob("*.py"))


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(pages.webbrowser, "open", lambda _: True)


@pytest.fixture
def installed(user, quiet, monkeypatch):
    """Return a function that installs the menu's scripts into a Resolve; no engine is reached."""

    def no_engine(**_):
        raise EngineUnreachable("no engine here")

    monkeypatch.setattr(scripts, "find_or_start", no_engine)
    shown = []
    monkeypatch.setattr(pages.webbrowser, "open", shown.append)

    def install(**options):
        editor = user(**options)
        folder = editor.kit.scripts_folder / "Utility" / "Faceplate"
        folder.mkdir(parents=True)
        for path in SCRIPTS:
            text = path.read_text("utf-8").replace('FOLDER = ""', f"FOLDER = {str(ROOT)!r}")
            (folder / path.name).write_text(text, "utf-8")
        return SimpleNamespace(editor=editor, folder=folder, shown=shown)

    return install


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_when_a_script_is_read_then_it_is_short_and_knows_no_file_of_its_own(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 60
    tree = ast.parse(text, feature_version=(3, 7))
    assert not any(isinstance(n, ast.Name) and n.id == "__file__" for n in ast.walk(tree))
    assert not any(isinstance(n, ast.FunctionDef | ast.For | ast.While) for n in ast.walk(tree))
    assert re.findall(r'^(FOLDER|ENGINE) = ""$', text, re.MULTILINE) == ["FOLDER", "ENGINE"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_when_a_script_was_copied_by_hand_then_it_says_what_to_run(user, path, tmp_path):
    text = path.read_text("utf-8").replace('FOLDER = ""', f'FOLDER = "{tmp_path}"')
    lonely = tmp_path / path.name
    lonely.write_text(text.replace("plugin_host.hosts", "plugin_host_nowhere.hosts"), "utf-8")
    run = user().kit.run_script(lonely).check()
    assert "Run: faceplate install resolve" in run.output


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_when_no_engine_is_there_then_each_script_says_so_and_leaves_all_as_it_was(installed, path):
    there = installed(edition="free", version="19.1.3", locale="ja")
    item = there.editor.scene.clip(under_playhead=True)
    before = there.editor.kit.snapshot()
    run = there.editor.kit.run_script(there.folder / path.name, deadline=20).check()
    assert "no engine here" in run.output or "nothing to collect" in run.output
    assert there.editor.kit.snapshot() == before
    assert there.editor.kit.modals == []
    assert not item.takes
    assert bool(there.shown) == ("no engine here" in run.output)


def test_when_something_goes_wrong_then_a_page_says_it_too(installed):
    there = installed()
    run = there.editor.kit.run_script(there.folder / "Restore.py").check()
    assert "has no clip on a video track" in run.output
    (address,) = there.shown
    text = Path(address.replace("file://", "")).read_text("utf-8")
    assert "has no clip on a video track" in text


def test_when_the_user_wants_no_pages_then_none_is_opened(installed, monkeypatch, tmp_path):
    there = installed()
    choices = tmp_path / "resolve.json"
    choices.write_text('{"page": false}')
    monkeypatch.setenv("FACEPLATE_RESOLVE", str(choices))
    there.editor.kit.run_script(there.folder / "Restore.py").check()
    assert there.shown == []


def test_when_the_edition_is_free_and_new_then_python_is_not_even_listed(installed):
    there = installed(edition="free", version="21.1")
    assert there.editor.kit.listed_scripts() == []
    with pytest.raises(NotListed):
        there.editor.kit.run_script(there.folder / "Restore.py")
    there.editor.kit.failure = None


def test_when_the_installer_named_the_engine_then_scripts_use_that(installed, monkeypatch):
    there = installed()
    monkeypatch.setenv("FACEPLATE_ENGINE", "")
    monkeypatch.delenv("FACEPLATE_ENGINE")
    seen = []

    def start(**_):
        seen.append(scripts.os.environ.get("FACEPLATE_ENGINE"))
        raise EngineUnreachable("no engine here")

    monkeypatch.setattr(scripts, "find_or_start", start)
    scripts.status({**there.editor.kit.globals(), "ENGINE": "/opt/faceplate"})
    assert seen == ["/opt/faceplate"]
    monkeypatch.delenv("FACEPLATE_ENGINE")


def test_when_a_window_of_resolve_waits_then_it_is_said_and_nothing_is_tried(user):
    kit = user(edition="free", version="20.3.2").kit
    kit.raise_modal("a test")
    names = kit.globals()
    kit.calls.clear()
    assert not scripts.restore(names)
    assert {call[1] for call in kit.calls} <= {"GetProductName", "GetVersion"}


def test_when_the_database_is_lost_then_it_is_said(user, capsys):
    kit = user().kit
    kit.wedged = True
    assert not scripts.collect(kit.globals())
    assert "restart it" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["resolve", "app", "fusion", "bmd"])
def test_when_a_script_finds_one_name_of_resolves_then_that_is_enough(user, name):
    kit = user().kit
    assert connect({name: kit.globals()[name]}).edition.studio


def test_when_a_script_runs_elsewhere_then_it_says_where_it_belongs(capsys):
    assert not scripts.restore({})
    assert "Workspace > Scripts" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("version", "edition", "python"),
    [("20.3.2", "free", True), ("21.1", "free", False), ("21.1", "studio", True)],
)
def test_when_an_edition_is_asked_then_it_says_whether_python_is_there(
    user, version, edition, python
):
    found = user(version=version, edition=edition).application().edition
    assert (found.studio, found.has_python) == (edition == "studio", python)
    assert str(found).endswith(version if version.count(".") == 2 else version + ".0")


def test_when_resolve_is_too_old_then_it_is_said(user, capsys):
    kit = user(version="17.4").kit
    assert not scripts.status(kit.globals())
    assert "18 and later" in capsys.readouterr().out
