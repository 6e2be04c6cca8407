from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_host import schema
from plugin_host.errors import FaceplateError, FrameRangeError, MessageMalformed, UnknownField
from plugin_host.frame_range import FrameRange
from plugin_host.schema import (
    GREATEST,
    Choice,
    Flag,
    Frames,
    Maybe,
    Named,
    Nested,
    Record,
    Several,
    Text,
    Whole,
    to_json,
    wire,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=8,
)


@dataclass(frozen=True)
class Inner:
    word: str = wire(Choice("a", "b"))


@dataclass(frozen=True)
class Outer:
    inner: Inner = wire(Record(Inner))  # noqa: RUF009  (ditto)
    count: int = wire(Whole(), 3)
    names: dict = wire(Named(Whole()), {})  # noqa: RUF009  (ditto)


CODECS = [
    Text(),
    Text(shape="[0-9]+"),
    Whole(),
    Flag(),
    Choice("a", "b"),
    Maybe(Text()),
    Several(Whole()),
    Named(Flag()),
    Frames(),
    Record(Outer),
    Record(Outer, strict=False),
    Nested(str, Text().from_json),
]


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: type(codec).__name__)
@given(data=JSON)
def test_when_any_json_is_read_then_it_is_a_value_or_refused(codec, data):
    try:
        again = codec.to_json(codec.from_json(data, "here"))
    except FaceplateError:
        return
    assert codec.to_json(codec.from_json(again, "here")) == again


@pytest.mark.parametrize(
    ("codec", "good"),
    [
        (Text(3), "🎬🎬🎬"),
        (Text(), ""),
        (Text(shape="[0-9]+"), "12"),
        (Whole(), GREATEST),
        (Whole(-5, 5), -5),
        (Flag(), False),
        (Maybe(Whole()), None),
        (Several(Whole(), 2), [1, 2]),
        (Named(Whole(), 1), {"n" * 200: 1}),
        (Named(Several(Flag())), {"": [True]}),
    ],
)
def test_when_a_value_is_at_its_limit_then_it_travels(codec, good):
    assert codec.to_json(codec.from_json(good, "here")) == good


@pytest.mark.parametrize(
    ("codec", "bad", "why"),
    [
        (Text(3), "abcd", "longer than 3"),
        (Text(), "a\0", "must be a string"),
        (Text(), b"a", "must be a string"),
        (Text(shape="[0-9]+"), "12\n", r"must look like \[0-9\]\+$"),
        (Text(shape="[0-9]+"), "\u0663", "must look like"),
        (Whole(), True, "must be a whole number"),
        (Whole(), 1.0, "must be a whole number"),
        (Whole(), "1", "must be a whole number"),
        (Whole(), -1, "between 0 and"),
        (Whole(), 2**53, "between 0 and"),
        (Flag(), 1, "must be true or false"),
        (Flag(), None, "must be true or false"),
        (Choice("a", "b"), "c", "one of a, b"),
        (Choice("a", "b"), ["a"], "one of a, b"),
        (Several(Whole(), 2), [1, 2, 3], "more than 2"),
        (Several(Whole()), [1, "x"], r"here\[1\] must be a whole number"),
        (Several(Text()), "abc", "must be a list"),
        (Several(Text()), {"a": 1}, "must be a list"),
        (Named(Whole(), 1), {"a": 1, "b": 2}, "more than 1"),
        (Named(Whole()), {"a": "x"}, "here.a must be a whole number"),
        (Named(Whole()), {"n" * 201: 1}, "a name in here is longer"),
        (Named(Whole()), {"a\0": 1}, "a name in here must"),
        (Named(Whole()), [], "must be an object"),
        (Record(Outer), [], "here must be an object"),
        (Record(Outer), {}, "here.inner is missing"),
        (Record(Outer), {"inner": {}}, "here.inner.word is missing"),
        (Record(Outer), {"inner": None}, "here.inner must be an object"),
    ],
)
def test_when_a_value_is_wrong_then_the_refusal_says_where_and_why(codec, bad, why):
    with pytest.raises(MessageMalformed, match=why):
        codec.from_json(bad, "here")


def test_when_a_record_has_a_field_too_many_then_strictness_decides():
    data = {"inner": {"word": "a"}, "z": 1, "y" * 999: 2}
    with pytest.raises(UnknownField, match=r"here has no field 'y{40}'") as refused:
        Record(Outer).from_json(data, "here")
    assert len(str(refused.value)) < 80
    assert Record(Outer, strict=False).from_json(data, "here") == Outer(Inner("a"))


def test_when_a_field_too_many_is_deeper_then_that_record_decides():
    data = {"inner": {"word": "a", "z": 1}}
    with pytest.raises(UnknownField, match=r"here\.inner"):
        Record(Outer, strict=False).from_json(data, "here")


def test_when_fields_are_left_out_then_each_record_gets_its_own_default():
    one, other = (Record(Outer).from_json({"inner": {"word": "b"}}, "x") for _ in range(2))
    assert (one.count, one.names) == (3, {})
    assert one.names is not other.names


def test_when_a_record_is_written_then_every_field_is():
    assert to_json(Outer(Inner("a"))) == {"inner": {"word": "a"}, "count": 3, "names": {}}
    assert [name for name, _, needed in Record(Outer).fields() if needed] == ["inner"]


def test_when_frames_are_refused_then_it_is_as_a_frame_range():
    with pytest.raises(FrameRangeError, match=r"here: .*reversed"):
        Frames().from_json("2-1", "here")
    assert Frames().from_json("3,1,2", "here") == FrameRange([1, 2, 3])


def test_when_a_codec_forgets_to_read_then_it_is_noticed():
    with pytest.raises(NotImplementedError):
        schema.Codec().from_json(1, "here")
