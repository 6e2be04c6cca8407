"""Nuke's names for colourspaces become names that the engine knows."""

import pytest

from engine.frame_io.colourspace import resolve_colourspace
from plugin_host.hosts.nuke.colour import space_named, space_of_read, space_of_script
from tests.hosts.nuke import NukeKit

MODERN = "fn-nuke_studio-config-v1.0.0_aces-v1.3_ocio-v2.1"


@pytest.mark.parametrize(
    ("version", "config"),
    [
        ((13, 2, 8), "nuke-default"),
        ((13, 2, 8), "aces_1.2"),
        ((14, 1, 1), "nuke-default"),
        ((14, 1, 1), "aces_1.2"),
        ((16, 0, 1), MODERN),
    ],
)
def test_when_a_read_is_set_to_any_entry_then_the_engine_knows_the_space(
    version, config, monkeypatch
):
    monkeypatch.delenv("OCIO", raising=False)
    with NukeKit(version=version, config=config) as kit:
        read = kit.nuke.nodes.Read()
        for entry in read["colorspace"].values():
            read["colorspace"].setValue(entry.split("\t")[0])
            name = space_named(read["colorspace"])
            if not name.startswith("Output - "):  # what ACES shows on a display is no plate
                assert resolve_colourspace(name, {}).space


@pytest.mark.parametrize("version", [(13, 2, 8), (14, 1, 1), (16, 0, 1)])
def test_when_a_role_is_chosen_then_it_is_the_space_behind_it(version):
    with NukeKit(version=version, config="aces_1.2") as kit:
        read = kit.nuke.nodes.Read()
        for entry in read["colorspace"].values()[:2]:
            read["colorspace"].setValue(entry.split("\t")[0])
            assert space_named(read["colorspace"]) == "ACES - ACEScg"


def test_when_a_space_lies_in_a_submenu_then_that_is_no_part_of_its_name():
    with NukeKit(version=(13, 2, 8), config="aces_1.2") as kit:
        read = kit.nuke.nodes.Read(
            colorspace="Input/ARRI/Input - ARRI - V3 LogC (EI800) - Wide Gamut"
        )
        assert space_of_read(read) == "Input - ARRI - V3 LogC (EI800) - Wide Gamut"


def test_when_a_knob_holds_an_alias_behind_its_name_then_the_name_counts(nuke, monkeypatch):
    knob = nuke.nodes.Read()["colorspace"]
    monkeypatch.setattr(knob, "value", lambda: "ACEScg\tACES/ACEScg")
    assert space_named(knob) == "ACEScg"


def test_when_a_read_is_raw_then_so_is_its_plate(nuke):
    assert space_of_read(nuke.nodes.Read(raw=True, colorspace="sRGB")) == "raw"


@pytest.mark.parametrize(
    ("config", "working", "space"),
    [
        ("nuke-default", "linear", "linear"),
        ("nuke-default", "scene_linear", "linear"),
        ("aces_1.2", "scene_linear", "ACEScg"),
        ("aces_1.2", "scene_linear (ACES - ACEScg)", "ACES - ACEScg"),
        ("aces_1.2", "ACES - ACES2065-1", "ACES - ACES2065-1"),
        ("custom", "lin_rec709_scene", "lin_rec709_scene"),
    ],
)
def test_when_a_script_is_rendered_then_its_working_space_is_named(config, working, space):
    with NukeKit() as kit:
        kit.use_colours(config, working)
        assert space_of_script() == space


def test_when_a_default_stands_for_nothing_then_the_file_has_the_word():
    with NukeKit(version=(16, 0, 1), config=MODERN) as kit:
        read = kit.nuke.nodes.Read()
        read["colorspace"].setValues(["default", "ACEScg"])
        read["colorspace"].setValue("default")
        assert space_of_read(read) is None
