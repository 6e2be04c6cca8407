import pytest

from engine.faces.pick import not_picked, picked, written
from plugin_host.errors import SettingsError
from tests.engine.plates import track

TRACKS = (track(1, range(1001, 1025)), track(2, (1001, 1002, 1005)), track(4, (1010,)))


@pytest.mark.parametrize(
    ("faces", "people"),
    [
        ((), {1: "", 2: "", 4: ""}),
        (("4=Anna", "1"), {1: "", 4: "Anna"}),
        (("1=Anna", "4=Anna"), {1: "Anna", 4: "Anna"}),
        (("-2",), {1: "", 4: ""}),
        (("-1", "-2", "-4"), {}),
    ],
)
def test_when_faces_are_named_then_those_tracks_are_restored(faces, people):
    found = picked(faces, TRACKS)
    assert found == people
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("faces", "words"),
    [(("3",), "face 3 is"), (("-3",), "face 3 is"), (("9", "3"), "faces 3, 9 are")],
)
def test_when_the_shot_lacks_a_face_then_those_it_has_are_listed(faces, words):
    with pytest.raises(SettingsError) as raised:
        picked(faces, TRACKS)
    assert raised.value.message == (
        f"{words} not in this shot; it has 1 (1001-1024), 2 (1001-1002,1005), 4 (1010); "
        "`faceplate analyse` shows them"
    )


def test_when_the_shot_has_no_face_then_that_is_said():
    assert picked((), ()) == {}
    with pytest.raises(SettingsError, match="no face was found in it"):
        picked(("1",), ())


def test_when_the_shot_is_a_crowd_then_the_list_stays_short():
    with pytest.raises(SettingsError, match=r"20 \(1\) and 480 more") as raised:
        picked(("999",), [track(number, (1,)) for number in range(1, 501)])
    assert len(raised.value.message) < 400


def test_when_people_are_written_then_it_is_as_they_are_read():
    assert written({1: "Anna", 3: ""}) == "1=Anna,3"
    assert picked(written({1: "Anna", 4: ""}).split(","), TRACKS) == {1: "Anna", 4: ""}


def test_when_faces_were_not_picked_then_a_sentence_says_which():
    assert not_picked(()) == ""
    assert not_picked({2}) == "Face 2 was not picked."
    assert not_picked({7, 2}) == "Faces 2, 7 were not picked."
