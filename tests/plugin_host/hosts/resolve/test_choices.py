import json
from pathlib import Path

import pytest

from plugin_host.errors import SettingsError
from plugin_host.hosts.resolve.choices import Choices, default_path, read_choices


def test_when_there_is_no_file_then_it_is_written_with_every_choice():
    assert read_choices() == Choices()
    assert set(json.loads(Path(default_path()).read_text("utf-8"))) == set(vars(Choices()))
    assert read_choices() == Choices()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "no JSON"),
        ('{"colur": "Orange"}', "no choice is called 'colur'; there are clips, colour"),
        ('{"track": "2"}', "track is '2'; it is such as 0"),
        ('{"place": "replace"}', "one of take, track"),
        ('{"clips": "all"}', "one of auto, selected"),
        ('{"page": 1}', "such as True"),
    ],
)
def test_when_the_file_is_wrong_then_it_is_said_what_would_be_right(tmp_path, text, why):
    path = tmp_path / "resolve.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=why):
        read_choices(str(path))


def test_when_some_are_given_then_the_others_are_at_their_defaults(tmp_path):
    path = tmp_path / "resolve.json"
    path.write_text('{"place": "track", "path_map": "/a=/b"}')
    choices = read_choices(str(path))
    assert choices.clips == "auto"
    assert choices.paths().to_engine("/a/x") == "/b/x"
