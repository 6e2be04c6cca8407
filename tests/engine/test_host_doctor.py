import shutil

import pytest

from engine import ofx_bundle
from engine.host_doctor import examine_hosts, python_for_resolve
from engine.installing import Installation, engine_program, put
from engine.places import System


@pytest.fixture
def system(tmp_path):
    class Machine(System):
        def nuke_applications(self):
            return (str(tmp_path / "apps" / "Nuke*"),)

        def resolve_applications(self):
            return (str(tmp_path / "apps" / "resolve"),)

        def ofx_folders(self):
            return (str(tmp_path / "OFX"), str(tmp_path / "usr"))

        def ofx_caches(self):
            return (str(tmp_path / "caches" / "*.xml"),)

    (tmp_path / "apps").mkdir()
    return Machine("linux", str(tmp_path), {})


def told(system):
    found = [*examine_hosts(system)]
    return [text for good, text in found if good], [text for good, text in found if not good]


def test_when_there_is_no_host_then_nothing_is_wrong(system, tmp_path):
    good, bad = told(system)
    assert good == [
        "nuke: not found on this machine",
        "resolve: not found on this machine",
        f"ofx: hosts look in {tmp_path}/OFX, {tmp_path}/usr; OFX_PLUGIN_PATH is not set",
        "ofx: the effect is not there; `faceplate install ofx`",
    ]
    assert not bad


def test_when_nuke_is_there_without_us_then_it_says_how_to_get_in(system, tmp_path):
    (tmp_path / "apps" / "Nuke15.1v2").mkdir()
    assert (
        "nuke: Nuke15.1v2 is there without Faceplate; `faceplate install nuke`" in told(system)[0]
    )


def test_when_nuke_is_too_old_then_it_says_so(system, tmp_path):
    (tmp_path / "apps" / "Nuke12.2v5").mkdir()
    assert told(system)[1] == ["Nuke12.2v5: Faceplate is written for Nuke 13 to 17"]


def test_when_it_lies_in_a_folder_of_nuke_path_then_it_is_looked_after_there(system, tmp_path):
    folder = tmp_path / "plug ins"
    shared = Installation.of("nuke", system, str(folder))
    put(shared, engine_program())
    system.environment["NUKE_PATH"] = f"/elsewhere:{folder}/"
    assert told(system)[0][0] == f"nuke: {shared.client} holds this release"
    assert not told(system)[1]
    (shared.client / "plugin_host" / "host.py").unlink()
    (folder / "init.py").unlink()
    again = f"`faceplate install nuke --path '{folder}'`"
    assert told(system)[1] == [
        f"nuke: {shared.client}: plugin_host/host.py is missing or was changed; {again}",
        f"nuke: {folder}/init.py does not name it; {again}",
    ]
    put(shared, engine_program())
    put(Installation.of("nuke", system, None), engine_program())
    (problem,) = told(system)[1]
    assert "installed 2 times" in problem
    assert f"`faceplate uninstall nuke --path '{folder}'`" in problem


@pytest.mark.parametrize("host", ["nuke", "resolve"])
class TestInstalled:
    @pytest.fixture
    def where(self, host, system):
        where = Installation.of(host, system, None)
        put(where, engine_program())
        return where

    def test_when_all_is_today_s_then_nothing_is_wrong(self, where, system):
        good, bad = told(system)
        assert f"{where.host}: {where.client} holds this release" in good
        assert not bad

    def test_when_a_file_was_changed_then_it_is_named(self, where, system):
        (where.client / "plugin_host" / "client.py").write_text("changed")
        (problem,) = told(system)[1]
        assert "plugin_host/client.py is missing or was changed" in problem
        assert f"faceplate install {where.host}" in problem

    def test_when_it_is_another_release_s_then_it_is_stale(self, where, system):
        record = where.client / "installed.json"
        record.write_text(record.read_text().replace("plugin_host/client.py", "plugin_host/x.py"))
        (problem,) = told(system)[1]
        assert "another release" in problem

    def test_when_others_can_change_it_then_it_names_what_mends_it(self, where, system):
        (where.client / "plugin_host" / "client.py").chmod(0o666)
        (problem,) = told(system)[1]
        assert f"chmod -R go-w '{where.client}'" in problem


def test_when_nuke_s_init_does_not_name_it_then_it_is_not_loaded(system):
    where = Installation.of("nuke", system, None)
    put(where, engine_program())
    where.startup.unlink()
    (problem,) = told(system)[1]
    assert "does not name it" in problem


def test_when_resolve_is_there_then_its_scripting_is_asked_beside_us(system, tmp_path):
    (tmp_path / "apps" / "resolve").write_text("")
    good, bad = told(system)
    assert any(text.startswith("resolve: external scripting is off") for text in good)
    assert not bad


def test_when_resolve_has_us_for_all_users_then_that_is_looked_at_and_twice_is_told(
    system, tmp_path, monkeypatch
):
    menu = str(tmp_path / "opt" / "Fusion" / "Scripts" / "Utility")
    own = system.resolve_scripts()
    monkeypatch.setattr(
        type(system), "resolve_scripts", lambda _, *, everybody=False: menu if everybody else own
    )
    shared = Installation.of("resolve", system, menu)
    put(shared, engine_program())
    assert f"resolve: {shared.client} holds this release" in told(system)[0]
    assert not told(system)[1]
    (shared.launchers / "Restore.py").write_text("changed")
    (problem,) = told(system)[1]
    assert f"Restore.py is missing or was changed; `faceplate install resolve --path '{menu}'`" in (
        problem
    )
    put(shared, engine_program())
    put(Installation.of("resolve", system, None), engine_program())
    (problem,) = told(system)[1]
    assert "lists everything twice" in problem


def test_when_resolve_on_a_mac_finds_no_python_then_it_says_where_it_looks(tmp_path):
    home = tmp_path / "python"
    system = System("darwin", str(tmp_path), {"PYTHON3HOME": str(home)})
    ((good, text),) = python_for_resolve(system)
    assert not good
    assert f"{home}/bin/python3" in text
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python3").write_text("")
    assert not [*python_for_resolve(system)]


@pytest.mark.parametrize(
    ("registered", "problem"),
    [([(3, 11)], ""), ([(3, 10), (3, 13)], "3.13"), ([(3, 14), (3, 9)], "3.14")],
)
def test_when_windows_has_a_python_that_crashes_resolve_then_it_is_told(registered, problem):
    found = [*python_for_resolve(System("win32", "C:\\", {}), registered)]
    assert [problem in text for _, text in found] == ([True] if problem else [])


def test_when_windows_has_no_python_then_it_is_told():
    ((good, text),) = python_for_resolve(System("win32", "C:\\", {}))
    assert not good
    assert "no Python is registered" in text


class TestOfx:
    @pytest.fixture
    def binary(self, system, tmp_path, monkeypatch):
        """An installed plugin's binary."""
        built = tmp_path / "build" / ofx_bundle.BUNDLE
        (built / "Contents").mkdir(parents=True)
        (built / "Contents" / "Faceplate.ofx").write_bytes(b"binary")
        monkeypatch.setattr(ofx_bundle, "SOURCES", (built,))
        where = Installation.of("ofx", system, None)
        put(where, "")
        return where.client / "Contents" / "Faceplate.ofx"

    @pytest.mark.usefixtures("binary")
    def test_when_it_is_today_s_then_nothing_is_wrong(self, system, tmp_path):
        good, bad = told(system)
        assert f"ofx: {tmp_path}/OFX/{ofx_bundle.BUNDLE} holds this release" in good
        assert not bad

    def test_when_it_is_another_one_then_it_says_how_to_renew_it(self, system, binary, tmp_path):
        binary.write_bytes(b"another")
        (problem,) = told(system)[1]
        assert "another release" in problem
        assert f"`faceplate install ofx --path '{tmp_path}/OFX'`" in problem

    @pytest.mark.usefixtures("binary")
    def test_when_none_is_here_to_compare_with_then_it_says_so(self, system, monkeypatch, tmp_path):
        monkeypatch.setattr(ofx_bundle, "SOURCES", (tmp_path / "none",))
        good, bad = told(system)
        assert any("none to compare it with" in text for text in good)
        assert not bad

    def test_when_it_is_there_twice_then_that_is_told(self, system, binary, tmp_path):
        bundle = binary.parents[1]
        shutil.copytree(bundle, tmp_path / "usr" / bundle.name)
        (problem,) = told(system)[1]
        assert "2 times" in problem

    @pytest.mark.usefixtures("binary")
    def test_when_hosts_remember_plugins_then_their_files_are_named(self, system, tmp_path):
        cache = tmp_path / "caches" / "OFXPluginCacheV2.xml"
        cache.parent.mkdir()
        assert not any("remembers" in text for text in told(system)[0])
        cache.write_text("")
        assert any(f"remove {cache}" in text for text in told(system)[0])
