import pytest

from engine.places import System

SUPPORT = "/Library/Application Support/Blackmagic Design/DaVinci Resolve"
DESIGN = r"Blackmagic Design\DaVinci Resolve"
LINUX = System("linux", "/home/ana", {})
MAC = System("darwin", "/Users/ana", {})
WINDOWS = System(
    "win32",
    r"C:\Users\ana",
    {"APPDATA": r"C:\Users\ana\AppData\Roaming", "PROGRAMDATA": r"D:\ProgramData"},
)


@pytest.mark.parametrize(
    ("system", "user", "everybody"),
    [
        (
            LINUX,
            "/home/ana/.local/share/DaVinciResolve/Fusion/Scripts/Utility",
            "/opt/resolve/Fusion/Scripts/Utility",
        ),
        (
            MAC,
            f"/Users/ana{SUPPORT}/Fusion/Scripts/Utility",
            f"{SUPPORT}/Fusion/Scripts/Utility",
        ),
        (
            WINDOWS,
            rf"C:\Users\ana\AppData\Roaming\{DESIGN}\Support\Fusion\Scripts\Utility",
            rf"D:\ProgramData\{DESIGN}\Fusion\Scripts\Utility",
        ),
    ],
)
def test_when_resolve_s_scripts_are_looked_for_then_each_system_has_its_own(
    system, user, everybody
):
    assert system.resolve_scripts() == user
    assert system.resolve_scripts(everybody=True) == everybody


@pytest.mark.parametrize(
    ("system", "folder"),
    [
        (LINUX, "/opt/resolve/Fusion/Faceplate"),
        (MAC, f"{SUPPORT}/Fusion/Faceplate"),
        (WINDOWS, rf"D:\ProgramData\{DESIGN}\Fusion\Faceplate"),
    ],
)
def test_when_resolve_has_scripts_for_all_then_their_code_lies_where_no_menu_looks(system, folder):
    assert system.beside_resolve_scripts(system.resolve_scripts(everybody=True)) == folder


@pytest.mark.parametrize(
    ("system", "nuke", "ours"),
    [
        (LINUX, "/home/ana/.nuke", "/home/ana/.local/share/faceplate/host"),
        (MAC, "/Users/ana/.nuke", "/Users/ana/Library/Application Support/Faceplate"),
        (WINDOWS, r"C:\Users\ana\.nuke", r"C:\Users\ana\AppData\Roaming\Faceplate"),
    ],
)
def test_when_the_user_s_folders_are_looked_for_then_each_system_has_its_own(system, nuke, ours):
    assert system.nuke_folder() == nuke
    assert system.client_folder() == ours


def test_when_a_variable_names_the_place_then_it_is_there():
    windows = System("win32", r"C:\Users\ana", {"HOME": r"H:\ana"})
    assert windows.nuke_folder() == r"H:\ana\.nuke"
    assert System("linux", "/h", {"HOME": "/other"}).nuke_folder() == "/h/.nuke"
    share = System("linux", "/h", {"XDG_DATA_HOME": "/share"})
    assert share.client_folder() == "/share/faceplate/host"


@pytest.mark.parametrize("system", [LINUX, MAC, WINDOWS])
def test_when_applications_are_looked_for_then_patterns_are_absolute(system):
    for pattern in (*system.nuke_applications(), *system.resolve_applications()):
        assert system.style.isabs(pattern)


def test_when_it_is_this_machine_then_its_home_is_known():
    assert System.here().home


@pytest.mark.parametrize(
    ("system", "folder"),
    [
        (LINUX, "/usr/OFX/Plugins"),
        (MAC, "/Library/OFX/Plugins"),
        (WINDOWS, r"C:\Program Files\Common Files\OFX\Plugins"),
    ],
)
def test_when_ofx_plugins_are_looked_for_then_the_system_s_folder_comes_last(system, folder):
    assert system.ofx_folders() == (folder,)
    separator = ";" if system.name == "win32" else ":"
    one = system.join(system.home, "one")
    named = separator.join(["", one, folder, one, ""])
    told = System(system.name, system.home, {"OFX_PLUGIN_PATH": named})
    assert told.ofx_folders() == (one, folder)


@pytest.mark.parametrize(
    ("system", "resolve", "nuke"),
    [
        (LINUX, "/home/ana/.local/share/DaVinciResolve/OFXPluginCache*.xml", "/var/tmp/nuke-u*/"),
        (MAC, f"/Users/ana{SUPPORT}/OFXPluginCache*.xml", "/var/tmp/nuke-u*/"),
        (
            WINDOWS,
            rf"C:\Users\ana\AppData\Roaming\{DESIGN}\Support\OFXPluginCache*.xml",
            "C:\\Users\\ana\\AppData\\Local\\Temp\\nuke\\",
        ),
    ],
)
def test_when_hosts_keep_what_plugins_they_found_then_each_system_has_its_files(
    system, resolve, nuke
):
    patterns = system.ofx_caches()
    assert resolve in patterns
    assert patterns[0].startswith(nuke)
