import copy
import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engine.reference import SCHEMA, TemporalReference
from engine.restorer import Clip, RestorerInfo, check_reference
from plugin_host.errors import ReferenceMismatchError

WEIGHTS = "ab" * 32
DTYPES = st.sampled_from(
    ["bool", "u1", "i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2", "<f4", "<f8"]
)
TENSORS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(
        lambda name: name != "__metadata__"
    ),
    DTYPES.flatmap(
        lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_side=4))
    ),
    max_size=5,
)
REFERENCES = st.builds(
    TemporalReference,
    st.text(max_size=10),
    st.just("") | st.just(WEIGHTS),
    st.integers(0, 99),
    st.integers(0, 2**63),
    st.none() | st.integers(-999, 9999),
    TENSORS,
)
HEAD = {"restorer": "r", "weights": "", "track": 0, "seed": 0, "last_frame": None}


def reference(**changed):
    fields = {"restorer": "r", "weights": WEIGHTS, "track": 2, "seed": 5, "last_frame": 1016}
    return TemporalReference(**{**fields, "tensors": {"a": np.arange(6.0)}, **changed})


def file_of(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@given(REFERENCES)
def test_when_a_reference_is_stored_then_it_comes_back_bit_by_bit(value):
    stored = value.to_bytes()
    back = TemporalReference.from_bytes(stored)
    assert back.to_bytes() == stored
    assert back == value
    assert back.tensors.keys() == value.tensors.keys()
    for name, tensor in value.tensors.items():
        other = back.tensors[name]
        assert (other.dtype, other.shape) == (tensor.dtype, tensor.shape)
        assert other.tobytes() == tensor.tobytes()


def test_when_a_reference_is_stored_again_and_again_then_its_bytes_are_the_same():
    tensors = {name: np.ones(2, "f4") for name in "zyxabc"}
    shuffled = dict(sorted(tensors.items()))
    stored = {reference(tensors=t).to_bytes() for t in (tensors, shuffled) for _ in range(20)}
    assert len(stored) == 1


@pytest.mark.parametrize(
    "tensor",
    [np.arange(6).reshape(2, 3).T, np.arange(9)[::2], np.arange(3, dtype=">f4"), np.array(7.0)],
    ids=["transposed", "strided", "big-endian", "no-dimension"],
)
def test_when_a_tensor_lies_oddly_in_memory_then_its_values_and_shape_are_kept(tensor):
    back = TemporalReference.from_bytes(reference(tensors={"t": tensor}).to_bytes()).tensors["t"]
    assert back.shape == tensor.shape
    np.testing.assert_array_equal(back, tensor)


def test_when_the_maker_goes_on_writing_then_the_reference_does_not_change():
    tensor, tensors = np.zeros(3), {}
    tensors["a"] = tensor[:2]
    value = reference(tensors=tensors)
    before = value.to_bytes()
    tensor[:] = 9
    tensors["b"] = tensor
    assert value.to_bytes() == before


def test_when_a_reference_is_written_to_then_it_refuses():
    for value in (reference(), TemporalReference.from_bytes(reference().to_bytes())):
        with pytest.raises(ValueError, match="read-only"):
            value.tensors["a"][0] = 1
        with pytest.raises(TypeError):
            value.tensors["b"] = np.zeros(1)
        with pytest.raises(dataclasses.FrozenInstanceError):
            value.track = 3


def test_when_a_reference_is_copied_or_compared_then_it_is_a_value():
    value = reference()
    assert copy.deepcopy(value) == value
    assert len({value, reference(), reference(track=3)}) == 2
    assert value != reference(tensors={"a": np.arange(6.0).astype("f4")})
    assert value != "r"


def test_when_a_window_is_done_then_the_next_reference_follows():
    following = reference().followed_by(1032, {"b": np.ones(1)})
    assert (following.track, following.seed, following.last_frame) == (2, 5, 1032)
    assert list(following.tensors) == ["b"]
    assert reference().last_frame == 1016


def test_when_a_reference_leads_into_the_clip_then_it_passes():
    right = {"restorer": "r", "weights": WEIGHTS, "track": 2}
    reference().check_leads_into(**right, follows=1016)
    reference(last_frame=None).check_leads_into(**right, follows=None)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"restorer": "other"}, "made by 'r'; 'other' needs its own"),
        ({"weights": "cd" * 32}, "weights abababababab, these are cdcdcdcdcdcd: begin a new take"),
        ({"weights": ""}, "these are none"),
        ({"track": 3}, "belongs to track 2, the clip to track 3"),
        ({"follows": 1032}, "follows frame 1032, .* ends at frame 1016: the track skips ahead"),
        (
            {"follows": 1000},
            "follows frame 1000, .* ends at frame 1016: .*played again; .*in order",
        ),
        ({"follows": None}, "begins its track, but the reference already saw frame 1016"),
    ],
)
def test_when_a_reference_is_foreign_skipped_or_replayed_then_it_is_refused(changed, why):
    right = {"restorer": "r", "weights": WEIGHTS, "track": 2, "follows": 1016}
    with pytest.raises(ReferenceMismatchError, match=why):
        reference().check_leads_into(**{**right, **changed})


def test_when_a_fresh_reference_meets_a_later_clip_then_it_is_refused():
    with pytest.raises(ReferenceMismatchError, match="has seen no frame yet"):
        reference(last_frame=None).check_leads_into(
            restorer="r", weights=WEIGHTS, track=2, follows=1016
        )


def test_when_a_restorer_checks_its_clip_then_track_and_frames_count():
    info = RestorerInfo("r", "R", ("bfr",), "chained", 16, "MIT", "paper", weights=WEIGHTS)
    pixels, matte = np.zeros((1, 3, 2, 2), "f4"), np.zeros((1, 2, 2), "f4")
    clip = Clip(pixels, matte, (1017,), track=2, follows=1016)
    check_reference(info, clip, reference())
    with pytest.raises(ReferenceMismatchError):
        check_reference(info, clip, info.begin(2, 5))
    check_reference(info, dataclasses.replace(clip, follows=None), info.begin(2, 5))


@pytest.mark.parametrize("tensor", [np.array(["a"]), np.array([None]), np.ones(1, "c16")])
def test_when_a_tensor_holds_no_numbers_then_it_is_refused(tensor):
    with pytest.raises(ReferenceMismatchError, match="no array of numbers"):
        reference(tensors={"t": tensor})


def test_when_the_file_is_cut_anywhere_then_it_is_refused():
    stored = reference().to_bytes()
    for length in range(len(stored)):
        with pytest.raises(ReferenceMismatchError):
            TemporalReference.from_bytes(stored[:length])


@given(st.binary(max_size=80) | st.binary(max_size=80).map(file_of))
def test_when_noise_is_read_then_it_is_refused(data):
    with pytest.raises(ReferenceMismatchError):
        TemporalReference.from_bytes(data)


@given(st.data())
def test_when_bytes_are_damaged_then_it_is_refused_or_another_value(data):
    stored = bytearray(reference().to_bytes())
    place = data.draw(st.integers(0, len(stored) - 1))
    stored[place] ^= data.draw(st.integers(1, 255))
    try:
        value = TemporalReference.from_bytes(bytes(stored))
    except ReferenceMismatchError:
        return
    assert TemporalReference.from_bytes(value.to_bytes()) == value


def _header(head, **tensors):
    text = head if isinstance(head, str) else json.dumps(head)
    return file_of({"__metadata__": {"schema": SCHEMA, "reference": text}, **tensors})


@pytest.mark.parametrize(
    "file",
    [
        file_of([]),
        file_of(None),
        file_of({}),
        file_of({"__metadata__": None}),
        file_of({"__metadata__": {"schema": "temporal-reference.2"}}),
        file_of({"__metadata__": {"schema": SCHEMA}}),
        file_of(b"[" * 100000),
        file_of(b"\xff"),
        (2**63).to_bytes(8, "little") + b"{}",
        _header([]),
        _header("[" * 100000),
        _header({}),
        _header({**HEAD, "more": 1}),
        _header({**HEAD, "track": "0"}),
        _header({**HEAD, "track": True}),
        _header({**HEAD, "last_frame": 1.0}),
        _header(HEAD, t={"dtype": "F4", "shape": [1], "data_offsets": [0, 4]}),
        _header(HEAD, t={"dtype": "F32", "shape": [2**62], "data_offsets": [0, 4]}),
        _header(HEAD, t={"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}),
        _header(HEAD, t={"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}),
        _header(HEAD, t={"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}),
    ],
)
def test_when_the_file_is_hostile_then_the_refusal_is_ours_and_short(file):
    with pytest.raises(ReferenceMismatchError) as refused:
        TemporalReference.from_bytes(file)
    assert len(str(refused.value)) < 400


def test_when_the_schema_is_another_then_the_refusal_names_the_right_one():
    file = file_of({"__metadata__": {"schema": "temporal-reference.2"}})
    with pytest.raises(ReferenceMismatchError, match=r"temporal-reference\.2.*needs .*\.1"):
        TemporalReference.from_bytes(file)
