import os

import pytest

from engine.watch.room import Room
from plugin_host.errors import SettingsError


@pytest.fixture
def room(tmp_path):
    def make(**files):
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(text)
        return Room(tmp_path, [str(tmp_path)])

    return make


def values(layer):
    return {name: value for name, (value, _) in layer.items()}


@pytest.mark.parametrize(
    "files",
    [
        {"faceplate__toml": '[restore]\nhandles = 8\nlayers = ["matte"]\n'},
        {"settings__json": '{"handles": 8, "layers": ["matte"]}'},
    ],
)
def test_when_a_folder_has_settings_then_they_are_those_of_the_settings_file(room, files):
    assert values(room(**files).layer()) == {"handles": 8, "layers": ("beauty", "matte")}


def test_when_a_folder_has_none_then_nothing_is_said(room):
    assert room().layer() == {}
    assert room().digest == ""


def test_when_a_file_is_named_in_a_room_then_it_is_found_from_there(room, tmp_path):
    layer = values(room(faceplate__toml='[restore]\ndetector = "yunet.onnx"').layer())
    assert layer == {"detector": str(tmp_path / "yunet.onnx")}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"faceplate__toml": "[restore]", "settings__json": "{}"}, "keep one of"),
        ({"faceplate__toml": 'roots = "/"'}, "'roots'; there is .restore. alone here"),
        ({"faceplate__toml": '[path_map]\n"/a" = "/b"'}, "'path_map'; there is"),
        ({"faceplate__toml": '[restore]\noutput = "/etc"'}, "restored beside it; no output"),
        ({"faceplate__toml": "[restore]\nhandels = 8"}, "'handels'.*did you mean handles"),
        ({"faceplate__toml": "restore ="}, "not a settings file"),
        ({"settings__json": "["}, "not JSON"),
        ({"settings__json": "[]"}, "a table of settings"),
        ({"settings__json": '{"seed": 1.5}'}, "no whole number"),
    ],
)
def test_when_they_are_not_in_order_then_it_is_said_and_told_from_other_mistakes(room, files, said):
    wrong = room(**files)
    assert wrong.digest
    with pytest.raises(SettingsError, match=said):
        wrong.layer()


def test_when_a_link_or_pipe_takes_their_place_then_it_is_neither_followed_nor_waited_for(
    tmp_path,
):
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "far.toml").write_text("[restore]\nhandles = 8")
    (inside / "faceplate.toml").symlink_to(tmp_path / "far.toml")
    with pytest.raises(SettingsError, match="outside the folders"):
        Room(inside, [str(inside)]).layer()
    (inside / "faceplate.toml").unlink()
    os.mkfifo(inside / "faceplate.toml")
    with pytest.raises(SettingsError, match="no regular file"):
        Room(inside, [str(inside)]).layer()
