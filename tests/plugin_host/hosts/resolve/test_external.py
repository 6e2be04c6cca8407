import sys

import pytest

from plugin_host.errors import FaceplateError
from plugin_host.hosts.resolve.external import attach


def test_when_studio_allows_it_then_a_script_from_outside_reaches_it(user):
    user()
    assert attach().edition.studio


@pytest.mark.parametrize("options", [{"edition": "free"}, {"external": "none"}])
def test_when_resolve_allows_nobody_then_it_is_said_what_must_be_set(user, options):
    user(**options)
    with pytest.raises(FaceplateError, match="External scripting using > Local"):
        attach()


def test_when_resolve_is_not_installed_then_it_is_said_where_it_was_looked_for(monkeypatch):
    monkeypatch.setenv("RESOLVE_SCRIPT_API", "/nowhere")
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(FaceplateError, match="set RESOLVE_SCRIPT_API"):
        attach()
