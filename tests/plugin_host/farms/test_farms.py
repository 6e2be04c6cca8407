import pytest

from plugin_host.errors import SettingsError
from plugin_host.farms import SCHEDULERS, scheduler
from tests.integration.conftest import ROOT


@pytest.mark.parametrize("name", SCHEDULERS)
def test_when_a_scheduler_is_named_then_its_module_says_how_far_it_was_tried(name):
    module = scheduler(name)
    assert module.CHECKED
    assert module.how("/a b").count("/a b") == 1
    page = " ".join((ROOT / "docs" / "farm.md").read_text("utf-8").split())
    assert module.CHECKED in page
    assert f"--for {name}" in page or name == "openjd"


def test_when_a_scheduler_is_unknown_then_those_that_there_are_are_named():
    with pytest.raises(SettingsError, match="openjd, slurm, deadline10, opencue"):
        scheduler("os")
