import argparse
import re
from dataclasses import fields
from pathlib import Path

import pytest

from engine.arguments import add_request, build_request
from engine.defaults import Defaults, told_defaults, told_path_map, values_of
from engine.settings import resolve_settings
from plugin_host.errors import SettingsError
from tests.engine.plates import write_plate


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Writes the settings file that the environment names; returns that environment."""

    def write(text):
        path = tmp_path / "faceplate.toml"
        path.write_text(text, "utf-8")
        monkeypatch.setenv("FACEPLATE_CONFIG", str(path))
        return {"FACEPLATE_CONFIG": str(path)}

    return write


def told(environment):
    return {name: (value, by) for name, (value, by) in told_defaults(environment).items()}


def test_when_nothing_is_said_then_what_ships_holds():
    assert values_of(told_defaults({"FACEPLATE_CONFIG": "/dev/null"})) == Defaults()


def test_when_file_and_environment_say_then_each_value_names_who_said_it(config, tmp_path):
    environment = config('[restore]\nhandles = 8\nseed = 3\nlayers = ["source", "matte"]\n')
    found = told({**environment, "FACEPLATE_SEED": "5", "FACEPLATE_TASKS": "colour, bfr"})
    assert found["handles"] == (8, f"file {tmp_path}/faceplate.toml")
    assert found["layers"][0] == ("beauty", "matte", "source")
    assert found["seed"] == (5, "environment FACEPLATE_SEED")
    assert found["tasks"][0] == ("bfr", "colour")
    assert found["on_error"] == ("skip", "default")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("lite.strength=80,lite.x=-2", {"lite": {"strength": 80, "x": -2}}),
        ("", {}),
        (" lite.strength=80 , svfr.steps=5 ", {"lite": {"strength": 80}, "svfr": {"steps": 5}}),
    ],
)
def test_when_parameters_stand_in_the_environment_then_they_are_of_their_restorer(text, value):
    environment = {"FACEPLATE_CONFIG": "/dev/null", "FACEPLATE_PARAMETERS": text}
    assert told(environment)["parameters"][0] == value


@pytest.mark.parametrize("text", ["yes", "1", "TRUE", "on"])
def test_when_a_flag_stands_in_the_environment_then_words_for_yes_are_known(text):
    environment = {"FACEPLATE_CONFIG": "/dev/null", "FACEPLATE_WHOLE_FRAME": text}
    assert told(environment)["whole_frame"][0] is True


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("handels = 8", r"\[restore\]: no setting 'handels'; there are .*; did you mean handles"),
        ('handles = "many"', r"\[restore\]: handles must be a whole number"),
        ("handles = -1", "handles must lie between 0 and 10000"),
        ("whole_frame = 1", "whole_frame must be true or false"),
        ('layers = ["mat"]', r"layers\[0\] must be one of beauty, matte"),
        ('restorer = "lit"', "restorer must be one of .*lite"),
        ('on_error = "go on"', "on_error must be one of stop, skip, source"),
        ("parameters.lit.strength = 8", "no setting 'lit'; there are .*; did you mean lite"),
        ("parameters.lite.strength = 0.5", "parameters.lite.strength must be a whole number"),
        ("parameters = 3", "parameters must be an object"),
    ],
)
def test_when_the_table_says_something_else_then_file_key_and_what_is_right_are_named(
    config, text, said, tmp_path
):
    environment = config(f"[restore]\n{text}\n")
    with pytest.raises(SettingsError, match=f"{tmp_path}/faceplate.toml: .*{said}"):
        told_defaults(environment)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("HANDLES", "many", "FACEPLATE_HANDLES must be a whole number"),
        ("HANDLES", "1.5", "FACEPLATE_HANDLES must be a whole number"),
        ("WHOLE_FRAME", "perhaps", "FACEPLATE_WHOLE_FRAME must be true or false"),
        ("PARAMETERS", "strength=8", "write lite.strength=80"),
        ("PARAMETERS", "lite.strength=x", "must be a whole number"),
        ("PARAMETERS", "lit.strength=8", "did you mean lite"),
        ("LAYERS", "mat", r"FACEPLATE_LAYERS\[0\] must be one of"),
    ],
)
def test_when_a_variable_says_something_else_then_it_is_named(name, text, said):
    environment = {"FACEPLATE_CONFIG": "/dev/null", f"FACEPLATE_{name}": text}
    with pytest.raises(SettingsError, match=said):
        told_defaults(environment)


@pytest.mark.parametrize("page", ["settings", "watch"])
def test_when_a_page_shows_a_settings_file_then_it_is_one(config, page):
    text = (Path(__file__).parents[2] / "docs" / f"{page}.md").read_text("utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    environment = config(shown)
    assert values_of(told_defaults(environment)) != Defaults()
    assert resolve_settings({}, environment)
    told_path_map(None, environment)


def test_when_the_page_lists_settings_then_none_is_missing():
    text = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
    assert all(f"`{field.name}" in text or f", `{field.name}" in text for field in fields(Defaults))


# to a request


@pytest.fixture
def asked(tmp_path):
    """Makes a request of one frame from words of the command line."""
    plate = write_plate(tmp_path / "in", [1001])

    def make(*words):
        parser = argparse.ArgumentParser()
        add_request(parser)
        words = [plate.pattern, *map(str, words)]
        return build_request(parser.parse_args(words))

    return make


TABLE = """
[restore]
restorer = "passthrough"
tasks = ["bfr", "colour"]
layers = ["matte"]
handles = 8
whole_frame = true
on_error = "source"
colourspace = "ACEScg"
output = "{folder}/../out/{plate}"
parameters.lite.strength = 80
parameters.lite.other = 5
"""


def test_when_the_command_line_leaves_it_open_then_the_file_says(asked, config, tmp_path):
    config(TABLE)
    submit = asked()
    assert (submit.shot.handles, submit.shot.plate.colourspace) == (8, "ACEScg")
    assert (submit.on_error, submit.output) == ("source", f"{tmp_path}/out/shot")
    settings = submit.settings
    assert (settings.restorer, settings.whole_frame) == ("passthrough", True)
    assert (settings.tasks, settings.layers) == (("bfr", "colour"), ("beauty", "matte"))
    assert settings.parameters == {}


def test_when_flags_are_given_then_they_go_before_the_file(asked, config, tmp_path):
    config(TABLE)
    submit = asked(
        *("--restorer", "lite", "--set", "strength=7", "--handles", 0, "--no-whole-frame"),
        *("--layers", "beauty", "--on-error", "skip", "--output", tmp_path / "here"),
    )
    assert (submit.shot.handles, submit.on_error) == (0, "skip")
    assert submit.output == str(tmp_path / "here")
    settings = submit.settings
    assert (settings.whole_frame, settings.layers) == (False, ("beauty",))
    assert settings.parameters == {"strength": 7, "other": 5}


def test_when_flags_are_empty_then_the_file_is_not_asked_for_them(asked, config):
    config(TABLE + 'detector = "/yunet.onnx"\n')
    empty = ("--restorer", "lite", "--colourspace=", "--detector=", "--set=", "--set=strength=1")
    submit = asked(*empty)
    assert submit.shot.plate.colourspace is submit.settings.detector is None
    assert submit.settings.parameters == {"strength": 1}


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("", "name --output DIR; or set `output` in the settings file"),
        ("{folder}/{version}", "only hosts count versions"),
        ("{folder}/{plat}", "is no token"),
    ],
)
def test_when_the_output_is_no_folder_then_it_is_refused(asked, config, output, said):
    config(f'[restore]\noutput = "{output}"')
    with pytest.raises(SettingsError) as raised:
        asked()
    assert said in raised.value.message


# the map of paths


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[path_map]\n'S:\\shows' = '/mnt/shows'\n\"/Volumes/s\" = \"/mnt/s\"\n", 2),
        ("path_map = 'S:\\shows=/mnt/shows;/Volumes/s=/mnt/s'\n", 2),
        ("path_map = '{}/rules'\n", 2),
        ("", 0),
    ],
)
def test_when_the_file_maps_paths_then_its_table_text_or_file_of_rules_are_one(
    config, tmp_path, text, said
):
    (tmp_path / "rules").write_text("# ours\nS:\\shows=/mnt/shows\n/Volumes/s=/mnt/s\n")
    environment = config(text.replace("{}", str(tmp_path)))
    found, origin = told_path_map(None, environment)
    assert len(found.rules) == said
    assert found.to_engine("S:\\shows\\a") == ("/mnt/shows/a" if said else "S:\\shows\\a")
    assert origin == (f"file {tmp_path}/faceplate.toml" if said else "default")


def test_when_several_map_paths_then_flag_beats_environment_beats_file(config):
    environment = config("path_map = '/a=/file'")
    assert told_path_map(None, environment).value.to_engine("/a") == "/file"
    environment["FACEPLATE_PATH_MAP"] = "/a=/environment"
    assert told_path_map(None, environment).value.to_engine("/a") == "/environment"
    found, origin = told_path_map("/a=/flag", environment)
    assert (found.to_engine("/a"), origin) == ("/flag", "flag")
    assert not told_path_map("", environment).value.rules


@pytest.mark.parametrize("text", ["[path_map]\na = '/b'", "path_map = 'nowhere'", "path_map = 3"])
def test_when_a_map_is_none_then_the_file_is_named(config, tmp_path, text):
    with pytest.raises(SettingsError, match=f"{tmp_path}/faceplate.toml: path_map"):
        told_path_map(None, config(text))
