from __future__ import annotations

import os

import pytest

from engine.settings import EngineSettings, resolve_settings, told_settings
from plugin_host.errors import SettingsError


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "faceplate.toml"
        path.write_text(text, "utf-8")
        return {"FACEPLATE_CONFIG": str(path)}

    return write


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """No test may see the settings of whoever runs it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_when_nothing_is_set_then_the_defaults_hold():
    assert resolve_settings({}, {}) == EngineSettings()


def test_when_several_say_then_flag_beats_environment_beats_file(config):
    environment = config('threads = 3\nlease = 30\ndevice = "cpu"\n')
    environment |= {"FACEPLATE_THREADS": "4", "FACEPLATE_LEASE": "40"}
    settings = resolve_settings({"threads": 5, "lease": None}, environment)
    assert (settings.threads, settings.lease, settings.device) == (5, 40, "cpu")


def test_when_it_is_asked_who_said_it_then_each_value_names_that(config, tmp_path):
    environment = config('threads = 3\nlog = "json"\n[restore]\nseed = 1\n')
    told = told_settings({"threads": 5, "device": None}, {**environment, "FACEPLATE_LEASE": "9"})
    assert told["threads"] == (5, "flag")
    assert told["lease"] == (9, "environment FACEPLATE_LEASE")
    assert told["log"] == ("json", f"file {tmp_path}/faceplate.toml")
    assert told["device"] == ("auto", "default")


def test_when_a_variable_is_out_of_range_then_its_name_is_said():
    with pytest.raises(SettingsError, match=r"FACEPLATE_THREADS: threads = 0: .*at least 1"):
        resolve_settings({}, {"FACEPLATE_THREADS": "0"})


def test_when_a_file_lies_in_the_users_folder_then_it_is_read(tmp_path):
    folder = tmp_path / "home" / ".config" / "faceplate"
    folder.mkdir(parents=True)
    (folder / "faceplate.toml").write_text("threads = 7")
    assert resolve_settings({}, {}).threads == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("threds = 3", "no setting 'threds'; there are .*threads"),
        ('threads = "many"', "threads = 'many' is no int"),
        ("threads = 2.5", r"threads = 2\.5 is no int"),
        ("lease = true", "lease = True is no int"),
        ('roots = ["/a", "/b"]', "roots = .* is no str"),
        ("device = 0", "device = 0 is no str"),
        ("threads =", "not a settings file"),
        ("[engine]\nthreads = 3", "no setting 'engine'"),
        ("threds = 3", r"faceplate.toml: .*\[restore\], \[path_map\]; did you mean threads\?"),
        ("threads = 0", "faceplate.toml: threads = 0: threads must be at least 1"),
        ('log = "xml"', "faceplate.toml: log = 'xml': log 'xml': say text or json"),
    ],
)
def test_when_the_file_says_something_else_then_it_is_refused_with_its_place(config, text, message):
    with pytest.raises(SettingsError, match=message):
        resolve_settings({}, config(text))


def test_when_a_variable_names_no_file_then_that_is_said(tmp_path):
    with pytest.raises(SettingsError, match="names no file"):
        resolve_settings({}, {"FACEPLATE_CONFIG": str(tmp_path / "none.toml")})


def test_when_a_variable_is_no_number_then_its_name_is_said():
    with pytest.raises(SettingsError, match="FACEPLATE_THREADS: threads = 'two' is no int"):
        resolve_settings({}, {"FACEPLATE_THREADS": "two"})


def test_when_the_address_leaves_this_machine_then_it_is_refused():
    for address in ("tcp://0.0.0.0:5000", "tcp://*:5000", "tcp://10.0.0.1:1", "udp://127.0.0.1:1"):
        with pytest.raises(SettingsError, match="needs CURVE"):
            resolve_settings({"address": address}, {})


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:*", "tcp://[::1]:6000", "ipc:///tmp/f"])
def test_when_the_address_stays_here_then_it_is_taken(address):
    assert resolve_settings({"address": address}, {}).address == address


@pytest.mark.parametrize(
    ("listen", "good"),
    [
        ("", True),
        ("tcp://0.0.0.0:7411", True),
        ("tcp://*:*", True),
        ("tcp://[::]:7411", True),
        ("tcp://0.0.0.0", False),
        ("ipc:///tmp/f", False),
        ("tcp://0.0.0.0:7411/", False),
    ],
)
def test_when_it_listens_to_others_then_the_endpoint_is_tcp_with_a_port(listen, good):
    if good:
        assert resolve_settings({}, {"FACEPLATE_LISTEN": listen}).listen == listen
    else:
        with pytest.raises(SettingsError, match="--listen"):
            resolve_settings({}, {"FACEPLATE_LISTEN": listen})


def test_when_several_devices_are_named_then_each_is_one():
    settings = resolve_settings({}, {"FACEPLATE_DEVICE": "cuda:0,cuda:2"})
    assert settings.devices == ("cuda:0", "cuda:2")
    assert EngineSettings().devices == ("auto",)


@pytest.mark.parametrize(
    "flags", [{"device": "gpu"}, {"device": "CPU"}, {"threads": 0}, {"lease": -1}, {"grace": -1}]
)
def test_when_a_value_is_out_of_range_then_it_is_refused(flags):
    with pytest.raises(SettingsError, match=r"say auto, cpu|at least"):
        resolve_settings(flags, {})


def test_when_roots_are_given_then_links_are_followed_and_empty_ones_dropped(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    roots = os.pathsep.join([str(tmp_path / "link"), "", str(tmp_path)])
    settings = resolve_settings({}, {"FACEPLATE_ROOTS": roots})
    assert settings.root_paths == (str(tmp_path / "real"), str(tmp_path))
    assert EngineSettings().root_paths == ()
