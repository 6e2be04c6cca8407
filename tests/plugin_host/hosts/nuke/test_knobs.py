"""A group's knobs: made from the description, read for a request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_host.errors import SettingsError
from plugin_host.hosts.nuke.group import make
from plugin_host.hosts.nuke.knobs import (
    Wanted,
    add_knobs,
    is_ours,
    knob_name,
    show_fitting,
    values_of,
    wanted_of,
)
from plugin_host.panel import fields, settings
from plugin_host.requests import Settings


@pytest.fixture
def group(nuke, made):
    return make(made.read(nuke, "/shots/a.%04d.exr", 1001, 1010), made.DESCRIPTION)


def test_when_a_group_is_made_then_every_field_has_a_knob_and_its_default(group, made):
    for field in fields(made.DESCRIPTION):
        names = [
            f"{knob_name(field.name)}_{w}" for w in field.choices if w not in {"beauty", "patch"}
        ]
        names = names if field.kind == "flags" else [knob_name(field.name)]
        assert all(group.knob(name) is not None for name in names), field
    chosen = settings(made.DESCRIPTION, values_of(group, made.DESCRIPTION))
    assert chosen == Settings("lite", layers=("beauty", "matte"))
    assert wanted_of(group) == Wanted()


def test_when_knobs_are_turned_then_the_settings_say_so(group, made):
    group["fp_restorer"].setValue("svfr-tiny")
    group["fp_tasks_colour"].setValue(True)
    group["fp_layers_matte"].setValue(False)
    group["fp_faces"].setValue("1=Anna")
    group["fp_seed"].setValue(7)
    group["fp_reference"].setValue("frame:10\nAnna=frame:12\n/shots/her.exr\n")
    chosen = settings(made.DESCRIPTION, values_of(group, made.DESCRIPTION, offset=1000))
    assert chosen.tasks == ("bfr", "colour")
    assert (chosen.layers, chosen.faces, chosen.seed) == (("beauty",), ("1=Anna",), 7)
    assert chosen.references == ("frame:1010", "Anna=frame:1012", "/shots/her.exr")


def test_when_a_value_cannot_be_then_the_knob_is_named(group, made):
    group["fp_lite_strength"].setValue(101)
    with pytest.raises(SettingsError, match=r"Strength.*'101'.*from 0 to 100"):
        settings(made.DESCRIPTION, values_of(group, made.DESCRIPTION))


def test_when_a_reference_is_no_frame_then_it_is_said(group, made):
    group["fp_reference"].setValue("frame:now")
    with pytest.raises(SettingsError, match="frame:N"):
        values_of(group, made.DESCRIPTION, offset=1)


@pytest.mark.parametrize("knob", ["fp_shot", "fp_range"])
def test_when_a_range_is_malformed_then_the_knob_is_named(group, knob):
    group[knob].setValue("1010-1001")
    with pytest.raises(SettingsError, match=r"(Shot|Range): .* is reversed; write 1001-1010"):
        wanted_of(group)


def test_when_the_groups_own_knobs_are_set_then_they_are_wanted(group, made):
    for name, value in {
        "fp_shot": "1001-1010",
        "fp_range": "1001-1009x2, 1010",
        "fp_handles": 4,
        "fp_colourspace": " ACEScg ",
        "fp_output": "{folder}/[file tail /a/b]/{version}",
        "fp_plates": "/renders",
        "fp_on_error": "stop",
        "fp_shared": False,
        "fp_forget": True,
    }.items():
        group[name].setValue(value)
    assert wanted_of(group) == Wanted(
        made.ranged("1001-1010"),
        made.ranged("1001-1009x2,1010"),
        4,
        "ACEScg",
        "",
        "{folder}/b/{version}",
        "/renders",
        "stop",
        shared=False,
        forget=True,
    )


def test_when_the_restorer_changes_then_the_knobs_that_mean_something_are_shown(group, made):
    assert group["fp_lite_strength"].visible()
    assert not group["fp_reference"].visible()
    group["fp_restorer"].setValue("svfr-tiny")
    show_fitting(group, made.DESCRIPTION)
    assert not group["fp_lite_strength"].visible()
    assert group["fp_reference"].visible()


def test_when_knobs_are_added_again_then_what_was_set_stays(group, made):
    group["fp_seed"].setValue(3)
    count = group.numKnobs()
    add_knobs(group, made.DESCRIPTION)
    assert group.numKnobs() == count
    assert group["fp_seed"].value() == 3


def test_when_a_node_is_another_group_then_it_is_not_ours(nuke, group):
    assert is_ours(group)
    assert not is_ours(nuke.nodes.Group())
    assert not is_ours(nuke.nodes.Dot())


@given(st.text(min_size=1, max_size=30))
def test_when_a_field_has_any_name_then_its_knob_has_one_that_nuke_takes(name):
    assert knob_name(name).isidentifier()
    assert knob_name(name).isascii()
