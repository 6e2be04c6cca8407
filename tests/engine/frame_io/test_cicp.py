import pytest

from engine.frame_io.cicp import _SPACES, colour_attributes
from engine.frame_io.colourspace import resolve_colourspace
from plugin_host.errors import ColourspaceError


@pytest.mark.parametrize("tags", _SPACES)
def test_when_tags_name_a_space_then_it_is_one_that_is_known(tags):
    resolved = resolve_colourspace(None, colour_attributes(*tags))
    assert resolved.interop == _SPACES[tags]
    assert resolved.evidence == "colorInteropID"


@pytest.mark.parametrize("tags", [(1, 1), (9, 14), (6, 6), (2, 1), (1, 2), (9, 13)])
def test_when_tags_leave_it_open_then_the_refusal_repeats_them(tags):
    said = colour_attributes(*tags)
    assert list(said) == ["faceplate/tagged"]
    with pytest.raises(ColourspaceError) as refused:
        resolve_colourspace(None, said)
    assert f"it is tagged as {said['faceplate/tagged']}" in refused.value.message
    assert resolve_colourspace("ACEScg", said).interop == "lin_ap1_scene"


def test_when_tags_say_nothing_then_nothing_is_said():
    assert colour_attributes(2, 2) == {}
    assert colour_attributes(0, 99) == {}


def test_when_video_is_tagged_then_both_meanings_are_named():
    assert "finished video" in colour_attributes(1, 1)["faceplate/tagged"]
