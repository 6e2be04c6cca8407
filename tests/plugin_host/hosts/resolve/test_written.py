import json

import pytest

from plugin_host.errors import OutputError, PlateError
from plugin_host.hosts.resolve import written
from plugin_host.hosts.resolve.choices import Choices
from plugin_host.hosts.resolve.choosing import facts_of
from plugin_host.hosts.resolve.written import WrittenHost


def selection(editor, item, **more):
    facts = facts_of(editor.application(), editor.kit.wrap(item), 1).to_json()
    path = editor.folder / "selection.json"
    path.write_text(json.dumps({"host": "DaVinci Resolve 21.1.0", "clips": [facts], **more}))
    return str(path)


def test_when_clips_were_written_down_then_they_are_what_python_would_have_selected(user):
    editor = user()
    item = editor.scene.clip(frames=5, offset=2, selected=True)
    host = WrittenHost(Choices(), selection(editor, item))
    assert host.name == "resolve 21.1.0"
    assert host.selected_plates() == editor.host().selected_plates()


def test_when_a_timecode_was_written_then_that_frame_is_meant_into_the_bin(user):
    editor = user(rate="25")
    item = editor.scene.clip(frames=5, offset=2)
    host = WrittenHost(Choices(), selection(editor, item, timecode="01:00:00:03"))
    (one,) = host.selected_plates()
    assert (str(one.frames), host.is_preview) == ("1006", True)
    assert '"place": "bin"' in one.origin


def test_when_only_resolve_reads_a_format_then_the_user_is_told_to_render_it(user):
    editor = user()
    media = editor.scene.known("/media/a.braw", 0, 10, kind="movie")
    host = WrittenHost(Choices(), selection(editor, editor.scene.clip(media)))
    with pytest.raises(PlateError, match="render it to EXR"):
        host.selected_plates()


@pytest.mark.parametrize("text", ["", "[]", '{"clips": 3}', "{"])
def test_when_a_selection_is_damaged_then_it_is_said(tmp_path, text):
    path = tmp_path / "selection"
    path.write_text(text)
    with pytest.raises(PlateError, match="run the script again"):
        WrittenHost(Choices(), str(path))


def test_when_a_result_is_planned_then_it_stays_until_it_is_placed(user):
    editor = user()
    item = editor.scene.clip()
    result = editor.result(item)
    (editor.folder / "state" / "jobs").mkdir(parents=True)
    WrittenHost(Choices()).place_result(result)
    project = editor.scene.project.id
    pattern = result.plate.pattern.replace("%", "%25")
    assert f"pattern1\t{pattern}\n" in written.plan(project)
    assert written.plan("another") == ""
    outcome = editor.folder / "outcome"
    outcome.write_text(f"{result.finished.job}\tthe track is locked\n")
    assert written.placed(str(outcome)) == ["not placed: plate_1001-1010: the track is locked"]
    assert written.plan(project)
    outcome.write_text(f"{result.finished.job}\t\nffff\t\n")
    assert written.placed(str(outcome)) == ["plate_1001-1010: placed"]
    assert written.plan(project) == ""


def test_when_an_outcome_is_not_there_then_it_is_said(tmp_path):
    with pytest.raises(OutputError, match="cannot be read"):
        written.placed(str(tmp_path / "nothing"))


def test_when_a_plan_holds_strange_letters_then_a_line_stays_a_line():
    assert written._escaped("a%\tb\nc") == "a%25%09b%0Ac"
