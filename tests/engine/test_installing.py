import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import ofx_bundle
from engine.__main__ import main
from engine.installing import HOSTS, Installation, engine_program, put, take_away, wanted
from engine.ofx_bundle import BUNDLE
from engine.placed_files import RECORD, recorded
from engine.places import System
from plugin_host.errors import OutputError, SettingsError
from tests.hosts.resolve import Kit

ENGINE = "'/opt/a b/faceplate'"
OWN = "# my own\nprint('hello')"


BINARY = "Contents/Linux-x86-64/Faceplate.ofx"


@pytest.fixture
def system(tmp_path):
    return System("linux", str(tmp_path), {"OFX_PLUGIN_PATH": str(tmp_path / "OFX")})


@pytest.fixture(autouse=True)
def built(tmp_path_factory, monkeypatch):
    """A bundle as a checkout builds it."""
    bundle = tmp_path_factory.mktemp("build") / BUNDLE
    for name in ("Contents/Info.plist", BINARY):
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_bytes(name.encode())
    monkeypatch.setattr(ofx_bundle, "SOURCES", (bundle.with_name("none"), bundle))
    return bundle


@pytest.fixture(params=HOSTS)
def where(request, system):
    return Installation.of(request.param, system, None)


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_when_it_is_installed_then_every_file_is_there_and_recorded(where):
    put(where, ENGINE)
    for folder, files in wanted(where, ENGINE).items():
        assert files_in(folder) >= set(files)
        assert set(recorded(folder)) == set(files)
    one = BINARY if where.host == "ofx" else "plugin_host/client.py"
    assert (where.client / one).exists()
    assert not [*where.client.rglob("__pycache__")]


def test_when_it_is_taken_away_then_nothing_of_it_is_left(where, tmp_path):
    before = everything(tmp_path)
    put(where, ENGINE)
    one = where.client / next(iter(recorded(where.client)))
    pycache = one.parent / "__pycache__"
    pycache.mkdir()
    (pycache / "client.cpython-311.pyc").write_bytes(b"compiled by the host")
    assert take_away(where) == []
    assert everything(tmp_path) == before
    assert not where.client.exists()
    assert not where.launchers.exists()
    assert take_away(where) == []


def test_when_it_is_installed_again_then_a_former_release_s_files_go(where):
    put(where, ENGINE)
    old = where.client / next(iter(recorded(where.client))).split("/")[0] / "old.py"
    old.write_text("gone in this release")
    record = where.client / RECORD
    sha = "4b" * 32
    record.write_text(record.read_text().replace('"files": {', f'"files": {{"x.py": "{sha}",', 1))
    (where.client / "x.py").write_text("somebody's")
    put(where, ENGINE)
    assert "x.py" not in recorded(where.client)
    assert old.exists()  # it was not installed by us


def test_when_a_file_was_changed_then_it_stays_and_is_told(where):
    put(where, ENGINE)
    path = where.launchers / next(iter(recorded(where.launchers)))
    path.write_text("changed by somebody")
    assert take_away(where) == [path]
    assert path.read_text() == "changed by somebody"


def test_when_the_folder_holds_somebody_s_files_then_nothing_is_installed(where):
    where.client.mkdir(parents=True)
    (where.client / "mine.txt").write_text("mine")
    with pytest.raises(SettingsError, match="did not put there"):
        put(where, ENGINE)
    assert files_in(where.client) == {"mine.txt"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_when_the_folder_cannot_be_written_then_it_says_so(where, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot install"):
        put(where, ENGINE)


def test_when_a_file_stands_in_the_folder_s_place_then_it_says_so(where):
    where.client.parent.mkdir(parents=True, exist_ok=True)
    where.client.write_text("a file")
    with pytest.raises((OutputError, SettingsError)):
        put(where, ENGINE)


@pytest.mark.parametrize("own", [OWN, OWN + "\n", ""])
def test_when_nuke_s_init_has_its_own_lines_then_they_stay(system, own):
    where = Installation.of("nuke", system, None)
    where.startup.parent.mkdir()
    where.startup.write_text(own)
    where.startup.chmod(0o640)
    put(where, ENGINE)
    put(where, ENGINE)
    text = where.startup.read_text()
    assert text.startswith(own)
    assert text.count(">>> faceplate") == 1
    assert where.startup.stat().st_mode & 0o777 == 0o640
    take_away(where)
    if own:
        assert where.startup.read_text().rstrip("\n") == own.rstrip("\n")
    else:
        assert not where.startup.exists()


def test_when_nuke_s_init_is_a_link_then_it_stays_one(system, tmp_path):
    where = Installation.of("nuke", system, None)
    where.startup.parent.mkdir()
    dotfile = tmp_path / "dotfiles.py"
    dotfile.write_text(OWN)
    where.startup.symlink_to(dotfile)
    put(where, ENGINE)
    assert where.startup.is_symlink()
    assert ">>> faceplate" in dotfile.read_text()


def test_when_nuke_starts_then_the_passage_names_the_engine_and_the_folder(system, tmp_path):
    where = Installation.of("nuke", system, None)
    put(where, ENGINE)
    (tmp_path / "nuke.py").write_text("paths = []\npluginAddPath = paths.append\n")
    script = (
        f"import os, runpy, nuke; runpy.run_path({str(where.startup)!r});"
        "runpy.run_path(nuke.paths[0] + '/init.py');"
        "import plugin_host.client; print(os.environ['FACEPLATE_ENGINE']);"
        "print(plugin_host.__file__)"
    )
    environment = {"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]}
    told = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert told.splitlines() == [ENGINE, str(where.client / "plugin_host" / "__init__.py")]


def test_when_resolve_runs_a_launcher_then_it_knows_where_things_lie(system):
    where = Installation.of("resolve", system, None)
    put(where, ENGINE)
    launchers = [path for path in where.launchers.glob("*.py") if "FOLDER" in path.read_text()]
    assert launchers
    for path in launchers:
        names = {}
        lines = [one for one in path.read_text().splitlines() if one[:6] in {"FOLDER", "ENGINE"}]
        exec("\n".join(lines), names)
        assert names["FOLDER"] == str(where.client)
        assert names["ENGINE"] == ENGINE


def test_when_a_path_is_given_for_nuke_then_all_lies_below_it(tmp_path):
    folder = tmp_path / "nuke"
    folder.mkdir()
    where = Installation.of("nuke", System("linux", "/nowhere", {}), str(folder))
    put(where, ENGINE)
    assert all(folder in path.parents for path in where.folders)
    take_away(where)
    assert not [*folder.iterdir()]


def test_when_it_is_for_all_users_of_resolve_then_its_menu_lists_the_launchers_alone(tmp_path):
    kit = Kit(tmp_path)
    menu = kit.scripts_folder / "Utility"
    menu.mkdir(parents=True)
    where = Installation.of("resolve", System("linux", "/nowhere", {}), str(menu))
    put(where, ENGINE)
    names = (
        "Cancel",
        "Collect results",
        "Preview frame",
        "Restore",
        "Restore on the farm",
        "Status",
    )
    python = {f"Utility/Faceplate/{name}.py" for name in names}
    lua = {f"Utility/Faceplate/Lua/{name}.lua" for name in names[1:]}
    assert set(kit.listed_scripts()) == python | lua
    assert take_away(where) == []
    assert [*kit.scripts_folder.parent.iterdir()] == [kit.scripts_folder]
    assert [*menu.iterdir()] == []


def test_when_resolve_would_list_no_scripts_in_a_path_then_it_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "Fusion" / "Scripts"):
        with pytest.raises(SettingsError, match="Fusion/Scripts/Utility"):
            Installation.of("resolve", System("linux", "/nowhere", {}), str(folder))


def test_when_this_python_has_the_program_then_it_is_that_one():
    assert Path(engine_program()).parent == Path(sys.executable).parent


def test_when_ofx_folders_are_named_then_the_first_gets_the_plugin(tmp_path):
    folders = f"{tmp_path}/one:{tmp_path}/two"
    where = Installation.of("ofx", System("linux", "/h", {"OFX_PLUGIN_PATH": folders}), None)
    assert where.client == tmp_path / "one" / BUNDLE
    assert Installation.of("ofx", System("linux", "/h", {}), None).client == Path(
        "/usr/OFX/Plugins", BUNDLE
    )


def test_when_hosts_do_not_look_where_the_plugin_was_put_then_it_says_so(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("OFX_PLUGIN_PATH", str(tmp_path / "P"))
    assert main(["install", "ofx"]) == 0
    assert "OFX_PLUGIN_PATH names it" not in capsys.readouterr().out
    assert main(["install", "ofx", "--path", str(tmp_path / "Q")]) == 0
    assert f"OFX_PLUGIN_PATH names it: '{tmp_path / 'Q'}'" in capsys.readouterr().out
    for folder in ("P", "Q"):
        assert (tmp_path / folder / BUNDLE / BINARY).read_bytes() == BINARY.encode()
        assert main(["uninstall", "ofx", "--path", str(tmp_path / folder)]) == 0
        assert not [*(tmp_path / folder).iterdir()]
    capsys.readouterr()
    assert main(["uninstall", "ofx"]) == 0
    assert capsys.readouterr().out == f"nothing of Faceplate's was in {tmp_path / 'P' / BUNDLE}\n"


def test_when_the_wheel_carries_the_plugin_then_it_is_that_one(
    system, built, monkeypatch, tmp_path
):
    where = Installation.of("ofx", system, None)
    carried = tmp_path / "carried" / BUNDLE
    (carried / BINARY).parent.mkdir(parents=True)
    (carried / BINARY).write_bytes(b"carried")
    monkeypatch.setattr(ofx_bundle, "SOURCES", (carried, built))
    put(where, ENGINE)
    assert recorded(where.client).keys() == {BINARY}
    assert (where.client / BINARY).read_bytes() == b"carried"


def test_when_there_is_no_plugin_then_it_says_how_to_get_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(ofx_bundle, "SOURCES", (tmp_path, tmp_path / "no"))
    assert main(["install", "ofx", "--path", str(tmp_path / "P")]) == 2
    said = capsys.readouterr().err
    assert "`make ofx`" in said
    assert "C++17" in said
    assert not (tmp_path / "P").exists()


def test_when_the_ofx_folder_cannot_be_written_then_a_command_that_can_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["install", "ofx", "--path", str(tmp_path / "file" / "P")]) == 2
    said = capsys.readouterr().err
    own = Path("~/OFX/Plugins").expanduser()
    assert f"`faceplate install ofx --path '{own}'`" in said
    assert f"OFX_PLUGIN_PATH='{own}'" in said


def test_when_only_the_standard_library_is_there_then_make_ofx_can_install(tmp_path):
    command = [sys.executable, "-S", "-m", "engine", "uninstall", "ofx", "--path", str(tmp_path)]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
