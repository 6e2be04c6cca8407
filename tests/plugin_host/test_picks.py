import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_host.errors import SettingsError
from plugin_host.picks import check_picks, parse_picks, picture_paths, split_reference

NUMBERS = st.integers(1, 999999)
NAMES = st.text(st.characters(exclude_characters="=,\0", codec="utf-8"), min_size=1, max_size=40)


@given(st.dictionaries(NUMBERS, st.just("") | NAMES))
def test_when_faces_are_picked_then_each_has_its_name(only):
    faces = [f"{number}={name}" if name else f"{number}" for number, name in only.items()]
    assert parse_picks(faces) == (only, frozenset())


@given(st.sets(NUMBERS))
def test_when_faces_are_left_out_then_none_is_picked(without):
    assert parse_picks([f"-{number}" for number in without]) == ({}, without)


@pytest.mark.parametrize(
    ("faces", "words"),
    [
        (("1", "1"), "face 1 stands twice"),
        (("1=Anna", "1=Eva"), "face 1 stands twice"),
        (("-3", "-3"), "face 3 stands twice"),
        (("2", "-2"), "face 2 is both picked and left out"),
        (("-2", "2"), "face 2 is both picked and left out"),
        (("-1=Anna",), "'-1=Anna' names a face that is left out; write 1=Anna or -1"),
        (("4", "2", "-3"), "face 2 is picked and face 3 left out"),
        (("0",), "'0' is no face; write 2, 2=Anna, or -2"),
        (("01",), "is no face"),
        (("+1",), "is no face"),
        (("\u0661",), "is no face"),
        (("Anna",), "is no face"),
        (("1=",), "is no face"),
        (("1=a=b",), "is no face"),
        (("1\n",), "is no face"),
        (("1 ",), "is no face"),
        (("",), "is no face"),
        (("1000000",), "is no face"),
        (("1=" + "n" * 41,), "is no face"),
    ],
)
def test_when_faces_contradict_themselves_then_what_would_be_right_is_said(faces, words):
    with pytest.raises(SettingsError) as raised:
        parse_picks(faces)
    assert words in raised.value.message


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("frame:1042", ("", "frame:1042")),
        ("Anna=frame:1042", ("Anna", "frame:1042")),
        ("Anna=/hero/a=b.exr", ("Anna", "/hero/a=b.exr")),
        ("Anna=S:\\hero.exr", ("Anna", "S:\\hero.exr")),
        ("/hero/a=b.exr", ("", "/hero/a=b.exr")),
        ("S:\\a=b.exr", ("", "S:\\a=b.exr")),
        ("\\\\server\\a=b.exr", ("", "\\\\server\\a=b.exr")),
        ("frame:1=2", ("", "frame:1=2")),
        ("hero.exr", ("", "hero.exr")),
    ],
)
def test_when_a_reference_is_split_then_paths_and_frames_have_no_name_before_them(reference, parts):
    assert split_reference(reference) == parts


def test_when_pictures_are_listed_then_frames_and_names_are_left_out():
    references = ("frame:7", "Anna=frame:8", "Anna=/a.exr", "/b=c.exr")
    assert picture_paths(references) == ["/a.exr", "/b=c.exr"]


def test_when_a_reference_is_of_a_person_then_a_face_must_be_called_so():
    check_picks(("1=Anna", "4=Anna"), ("Anna=frame:7", "Anna=/a.exr", "/b.exr"), whole_frame=False)
    with pytest.raises(SettingsError, match=r"called 'Eva'; .* like 1=Eva, or say Anna or Zoe$"):
        check_picks(("1=Zoe", "2=Anna", "3"), ("Eva=frame:7",), whole_frame=False)
    with pytest.raises(SettingsError, match=r"like 1=Eva$"):
        check_picks(("-1",), ("Eva=/a.exr",), whole_frame=False)


def test_when_whole_frames_are_restored_then_no_face_can_be_picked():
    check_picks((), (), whole_frame=True)
    with pytest.raises(SettingsError, match="no face can be picked"):
        check_picks(("-1",), (), whole_frame=True)
