"""Knobs from what the engine says, and what they are set to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.restorer import check_settings
from engine.restorers import TABLE, build_restorer
from engine.worker import describe
from plugin_host.errors import SettingsError
from plugin_host.panel import KINDS, checked, defaults, fields, settings, to_values
from plugin_host.replies import Description
from plugin_host.requests import Settings
from tests.plugin_host.scripted import DESCRIPTION

REAL = Description(tuple(describe(build_restorer(name).info) for name in TABLE))


def test_when_the_engine_describes_itself_then_every_knob_is_there_and_is_whole():
    found = {field.name: field for field in fields(DESCRIPTION)}
    assert list(found)[:4] == ["restorer", "lite.strength", "full.strength", "full.sharp"]
    assert found["restorer"].choices == ("lite", "full")
    assert found["full.sharp"].kind == "switch"
    assert found["lite.strength"].label == "Strength (percent)"
    assert found["lite.strength"].tooltip == "How much is delivered."
    assert found["tasks"].choices == ("bfr", "colour", "inpaint")
    assert found["mask"].only_for == ("lite",)
    assert found["reference"].only_for == ("full",)
    assert found["reference"].is_for("full")
    assert not found["reference"].is_for("lite")
    assert found["handles"].is_for("lite")
    assert {field.kind for field in found.values()} <= set(KINDS)
    for field in found.values():
        assert (field.minimum is not None) == (field.kind == "whole")
        assert bool(field.choices) == (field.kind in {"choice", "flags"})
        assert field.tooltip


def test_when_no_restorer_has_a_guide_then_there_is_no_knob_for_it():
    (lite, _) = DESCRIPTION.restorers
    names = {field.name for field in fields(Description((lite,)))}
    assert "reference" not in names
    assert settings(Description((lite,)), {}) == Settings("lite")


def test_when_the_engine_has_no_restorer_then_it_is_said():
    with pytest.raises(SettingsError, match="faceplate doctor"):
        fields(Description(()))


@pytest.mark.parametrize("name", TABLE)
def test_when_nothing_is_touched_then_the_engine_takes_the_settings(name):
    made = settings(REAL, {**defaults(REAL), "restorer": name})
    assert made == Settings(name)
    check_settings(build_restorer(name).info, made)


def test_when_a_knob_is_at_its_default_then_the_request_leaves_it_out():
    assert settings(DESCRIPTION, {"lite.strength": 100}).parameters == {}
    assert settings(DESCRIPTION, {"lite.strength": 80}).parameters == {"strength": 80}
    assert settings(DESCRIPTION, {"lite.strength": 80, "restorer": "full"}).parameters == {}
    other = {"gone.strength": 3, "restorer": "full", "full.sharp": True}
    parameters = settings(DESCRIPTION, other).parameters
    assert parameters == {"sharp": 1}
    assert not isinstance(parameters["sharp"], bool)  # which the wire does not take for a number


def test_when_lists_have_any_order_then_the_settings_have_one():
    made = settings(
        DESCRIPTION,
        {
            "restorer": "full",
            "tasks": "colour,bfr",
            "layers": ["source", "matte"],
            "faces": "3,1=A",
        },
    )
    assert made.tasks == ("bfr", "colour")
    assert made.layers == ("beauty", "matte", "source")
    assert made.faces == ("1=A", "3")
    assert settings(DESCRIPTION, {"layers": {"matte": True, "patch": False}}).layers == (
        "beauty",
        "matte",
    )
    assert settings(DESCRIPTION, {"faces": "all"}).faces == ()


def test_when_a_host_holds_numbers_in_its_own_way_then_they_are_whole():
    for value in (12, 12.0, "12", " 12 "):
        assert settings(DESCRIPTION, {"seed": value}).seed == 12
    for value in (1, 1.0, True):
        assert settings(DESCRIPTION, {"whole_frame": value}).whole_frame is True


def test_when_exemplars_are_given_as_lines_or_a_list_then_each_is_one():
    lines = "frame:1042\n\n Anna=/a, b.png \n"
    values = {"restorer": "full", "faces": "1=Anna"}
    for given_ in (lines, ["frame:1042", "Anna=/a, b.png"]):
        made = settings(DESCRIPTION, {**values, "reference": given_})
        assert made.references == ("frame:1042", "Anna=/a, b.png")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"restorer": "gone"}, "Restorer: 'gone' .* one of lite, full"),
        ({"seed": -1}, "Seed: '-1' .* from 0 to"),
        ({"seed": 1.5}, "Seed: '1.5'"),
        ({"seed": float("inf")}, "Seed: 'inf'"),
        ({"seed": "x"}, "Seed: 'x'"),
        ({"seed": None}, "Seed: 'None'"),
        ({"lite.strength": 101}, "Strength .percent.: '101' .* 0 to 100"),
        ({"whole_frame": "yes"}, "Whole frame: 'yes' .* on or off"),
        ({"tasks": "bfr,clean"}, "Tasks: 'clean' .* bfr, colour, inpaint"),
        ({"tasks": ()}, "Tasks: none"),
        ({"tasks": "colour"}, "Tasks: lite cannot do colour; choose of bfr, inpaint"),
        ({"tasks": "inpaint"}, "Mask: .* go together"),
        ({"mask": "/m.exr"}, "Mask: .* go together"),
        ({"mask": "m.exr", "tasks": "inpaint"}, "Mask: 'm.exr' .* whole path"),
        ({"detector": "y.onnx"}, "Detector: 'y.onnx'"),
        ({"faces": "0"}, "Faces: '0' is no face"),
        ({"faces": "1,-2"}, "Faces: face 1 is picked"),
        ({"restorer": "full", "whole_frame": True}, "Whole frame: full restores faces only"),
        ({"restorer": "full", "reference": "a.png"}, "Reference: 'a.png'"),
        ({"restorer": "full", "reference": "Anna=/a.png"}, "no face is called 'Anna'"),
        ({"handles": -1}, "Handles"),
        ({"on_error": "ignore"}, "On error: .* skip, source"),
        ({"strenght": 1}, "no knob 'strenght'"),
    ],
)
def test_when_a_knob_cannot_be_so_then_it_is_named_with_what_would_be_right(values, said):
    with pytest.raises(SettingsError, match=said):
        settings(DESCRIPTION, values)


def test_when_values_are_checked_then_those_beside_the_settings_are_there_too():
    values = checked(DESCRIPTION, {"handles": "4", "on_error": "source"})
    assert (values["handles"], values["on_error"]) == (4, "source")
    assert "full.strength" not in values


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "restorer": st.just("full"),
            "tasks": st.sampled_from(["bfr", "colour", ("colour", "bfr")]),
            "seed": st.integers(0, 2**31 - 1),
            "layers": st.sets(st.sampled_from(["matte", "source", "patch"])).map(sorted),
            "faces": st.sampled_from(["", "1=Anna,3", "-2"]),
            "detector": st.sampled_from(["", r"S:\y.onnx"]),
            "warm_up": st.integers(0, 100),
            "full.strength": st.integers(0, 100),
            "full.sharp": st.booleans(),
            "reference": st.just(("frame:3", "/a.png")),
        },
    )
)
def test_when_settings_become_values_then_the_values_become_the_settings(values):
    made = settings(DESCRIPTION, {**values, "restorer": "full"})
    back = to_values(DESCRIPTION, made)
    assert back.keys() == defaults(DESCRIPTION).keys()
    assert settings(DESCRIPTION, back) == made


def test_when_settings_are_of_an_unknown_restorer_then_they_are_no_values():
    with pytest.raises(SettingsError, match="no restorer 'gone'"):
        to_values(DESCRIPTION, Settings("gone"))
