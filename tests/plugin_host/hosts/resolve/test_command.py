import argparse
import json

import pytest

from plugin_host.errors import EngineUnreachable, SettingsError
from plugin_host.hosts.resolve import command, pages, scripts
from plugin_host.hosts.resolve.choosing import facts_of
from plugin_host.hosts.resolve.words import add_resolve


@pytest.fixture
def shown(monkeypatch):
    """Return the addresses of pages that are opened."""
    found = []
    monkeypatch.setattr(pages, "show", found.append)
    monkeypatch.setattr(pages, "progress_page", lambda job: f"http://127.0.0.1/{job}")
    return found


def words(*said):
    parser = argparse.ArgumentParser()
    add_resolve(parser)
    return parser.parse_args([str(word) for word in said])


def test_when_lua_asks_which_clips_are_meant_then_the_choices_say(tmp_path, monkeypatch):
    choices = tmp_path / "resolve.json"
    choices.write_text(json.dumps({"clips": "colour", "colour": "Orange", "track": 2}))
    monkeypatch.setenv("FACEPLATE_RESOLVE", str(choices))
    path = tmp_path / "answer"
    assert command.resolve(words("choices", "--file", path)) == 0
    assert path.read_text("utf-8") == "clips\tcolour\ncolour\tOrange\ntrack\t2\n"


def test_when_the_choices_are_wrong_then_a_page_says_so_as_far_as_it_may(
    tmp_path, monkeypatch, shown
):
    choices = tmp_path / "resolve.json"
    choices.write_text('{"clip": "colour"}')
    monkeypatch.setenv("FACEPLATE_RESOLVE", str(choices))
    with pytest.raises(SettingsError, match="no choice is called 'clip'"):
        command.resolve(words("choices", "--file", tmp_path / "answer"))
    assert not shown  # nobody can tell whether the user wants pages


@pytest.mark.parametrize("preview", [False, True])
def test_when_lua_submitted_clips_then_the_page_of_the_first_job_is_shown(
    user, tmp_path, monkeypatch, shown, preview
):
    editor = user(version="21.1")
    facts = facts_of(editor.application(), editor.kit.wrap(editor.scene.clip()), 1).to_json()
    path = tmp_path / "selection"
    more = {"timecode": "01:00:00:00"} if preview else {}
    path.write_text(json.dumps({"host": "x 21.1.0", "clips": [facts], **more}))
    monkeypatch.setattr(scripts, "client", lambda _: path.open())
    monkeypatch.setattr(scripts, "submit_all", lambda *_, **__: (["submitted"], ["0" * 16]))
    assert command.resolve(words("submit", "--file", path)) == 0
    assert shown == ([] if preview else ["http://127.0.0.1/" + "0" * 16])


def test_when_lua_cannot_submit_then_a_page_says_why(user, tmp_path, monkeypatch, shown):
    editor = user(version="21.1")
    facts = facts_of(editor.application(), editor.kit.wrap(editor.scene.clip()), 1).to_json()
    path = tmp_path / "selection"
    path.write_text(json.dumps({"host": "x 21.1.0", "clips": [facts]}))

    def no_engine(_):
        raise EngineUnreachable("no engine here")

    monkeypatch.setattr(scripts, "client", no_engine)
    with pytest.raises(EngineUnreachable):
        command.resolve(words("submit", "--file", path))
    (address,) = shown
    assert "no engine here" in (tmp_path / "state" / "resolve.html").read_text("utf-8")
    assert address.endswith("/resolve.html")
