import hashlib
import hmac
import json
import re
import subprocess
import sys

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from plugin_host import errors, protocol, replies, requests
from plugin_host.errors import FaceplateError, ProtocolError
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.protocol import Counter, Envelope, decode, encode, job_id
from plugin_host.schema import to_json
from tests.plugin_host import run_vectors
from tests.pythons import old_python
from tests.vectors import make_protocol, protocol_document
from tests.vectors.protocol_messages import BODIES, KEY, REQUEST, SESSION, message

DOCUMENT = protocol_document.PATH.read_text(encoding="utf-8")
CASES = [(name, case) for name in run_vectors.NAMES for case in run_vectors.load(name)]
PYTHONS = ("3.7", "3.8", "3.9", "3.10", "3.12", "3.13", "3.14")

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
FRAMES = st.frozensets(st.integers(-(10**9) + 1, 10**9 - 1), min_size=1, max_size=30)
NAMES = st.text(alphabet="ab7._- é🎬", min_size=1, max_size=12)
PLATES = st.builds(
    lambda folder, name, token, colourspace: Plate.parse(
        f"{folder}x{name}{token}.exr", colourspace
    ),
    st.sampled_from(["/shots/", "S:\\shots\\", "\\\\nas\\vol\\"]),
    NAMES,
    st.sampled_from(["", "%04d", "%d"]),
    st.none() | TEXT,
)
SETTINGS = st.builds(
    requests.Settings,
    restorer=TEXT,
    tasks=st.lists(st.sampled_from(requests.TASKS), max_size=3).map(tuple),
    seed=st.integers(0, 2**53 - 1),
    layers=st.lists(st.sampled_from(requests.LAYERS), max_size=4).map(tuple),
    whole_frame=st.booleans(),
    mask=st.none() | TEXT,
    references=st.lists(TEXT, max_size=3).map(tuple),
    parameters=st.dictionaries(TEXT, st.integers(-(10**9), 10**9), max_size=4),
    warm_up=st.integers(0, 10000),
)
SUBMITS = st.builds(
    requests.Submit,
    shot=st.builds(
        requests.Shot,
        plate=PLATES,
        frames=FRAMES.map(FrameRange),
        handles=st.integers(0, 10000),
    ),
    frames=FRAMES.map(FrameRange),
    settings=SETTINGS,
    output=TEXT,
    on_error=st.sampled_from(requests.ON_ERROR),
)
PROGRESSES = st.builds(
    replies.Progress,
    job=st.just("0123456789abcdef"),
    done=st.integers(0, 2**53 - 1),
    total=st.integers(0, 2**53 - 1),
    frame=st.integers(-999999999, 999999999),
    status=st.sampled_from(replies.FRAME_STATUS),
    path=st.none() | TEXT,
    code=st.none() | TEXT,
    message=st.none() | TEXT,
)
ENVELOPES = st.builds(
    Envelope,
    SUBMITS | PROGRESSES,
    st.uuids().map(lambda ident: ident.hex),
    st.just("") | st.uuids().map(lambda ident: ident.hex),
    st.integers(1, 2**53 - 1),
    st.lists(st.binary(max_size=20), max_size=4).map(tuple),
)
SUBMIT = decode(message("Submit"), KEY).message


@pytest.mark.parametrize(
    "case", [case for _, case in CASES], ids=[f"{n}-{c['id']}" for n, c in CASES]
)
def test_when_a_vector_is_received_then_it_is_taken_as_told(case):
    assert run_vectors.complaint(case) == ""


def test_when_vectors_are_counted_then_every_kind_and_code_is_among_them():
    assert len({(name, case["id"]) for name, case in CASES}) == len(CASES) >= 60
    told = {case["message"]["kind"] for _, case in CASES if case["result"] == "valid"}
    assert told == {*requests.REQUESTS, *replies.REPLIES} == set(BODIES)
    wanted = {code for code in errors.every_error() if code.startswith("protocol.")}
    assert wanted <= {case["error"] for _, case in CASES}


@pytest.mark.parametrize("path", make_protocol.files(), ids=lambda path: path.name)
def test_when_vectors_and_tables_are_made_anew_then_nothing_changes(path):
    made = make_protocol.files()[path]
    assert path.read_text(encoding="utf-8") == made, "run python -m tests.vectors.make_protocol"


@pytest.mark.parametrize("version", PYTHONS)
def test_when_another_python_runs_the_vectors_then_it_passes_them_all(version):
    script = [old_python(version), "-I", "-W", "error", run_vectors.__file__]
    ran = subprocess.run(script, capture_output=True, text=True, check=False, timeout=120)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{len(CASES)}\n", "")


def test_when_the_document_names_a_version_then_it_is_the_code_s():
    assert re.findall(r"Version: +(\w+)", DOCUMENT) == [protocol.VERSION.decode()]
    assert protocol.VERSION.hex(" ") in DOCUMENT


def test_when_the_document_lists_kinds_then_all_are_there_and_no_other():
    listed = re.findall(r"^### (\w+)$", DOCUMENT, re.MULTILINE)
    assert listed == [*requests.REQUESTS, *replies.REPLIES]
    passages = re.findall(r"begin (\S+) -->", DOCUMENT)
    assert sorted(passages) == sorted(protocol_document.passages())


def test_when_the_worked_example_is_followed_then_it_comes_to_the_signature():
    example = DOCUMENT.partition("```text\n")[2].partition("\n```")[0]
    shown = dict(line.split(maxsplit=1) for line in example.splitlines())
    signed = bytes.fromhex(shown["signed"])
    key = bytes.fromhex(shown["key"])
    assert hmac.new(key, signed, hashlib.sha256).hexdigest() == shown["signature"]
    header, parts = shown["header"].encode(), [bytes.fromhex(shown[n]) for n in ("VERSION", "kind")]
    parts += [header, bytes.fromhex(shown["signature"])]
    assert b"".join(len(p).to_bytes(8, "big") + p for p in parts[:3]) == signed
    assert encode(decode(parts, key), key) == parts


@given(ENVELOPES)
def test_when_a_message_is_sent_then_the_same_arrives(envelope):
    parts = encode(envelope, KEY)
    arrived = decode(parts, KEY)
    assert arrived == envelope
    assert encode(arrived, KEY) == parts


@given(ENVELOPES, st.data())
def test_when_a_signed_byte_is_changed_on_the_way_then_the_message_is_refused(envelope, data):
    parts = encode(envelope, KEY)
    index = data.draw(st.integers(0, 3))
    place = data.draw(st.integers(0, len(parts[index]) - 1))
    changed = bytearray(parts[index])
    changed[place] ^= data.draw(st.integers(1, 255))
    wrong = errors.VersionMismatch if index == 0 else errors.SignatureMismatch
    with pytest.raises(wrong):
        decode([*parts[:index], bytes(changed), *parts[index + 1 :]], KEY)


@given(ENVELOPES, st.data())
def test_when_a_buffer_is_cut_or_grows_on_the_way_then_the_message_is_refused(envelope, data):
    parts = encode(envelope, KEY)
    buffers = parts[4:]
    if not buffers:
        return
    index = data.draw(st.integers(0, len(buffers) - 1))
    buffers[index] = data.draw(st.binary().filter(lambda b: len(b) != len(buffers[index])))
    with pytest.raises(errors.MessageMalformed, match="lengths"):
        decode([*parts[:4], *buffers], KEY)


@given(ENVELOPES, st.data())
def test_when_parts_are_cut_swapped_or_added_then_the_message_is_refused(envelope, data):
    parts = encode(envelope, KEY)
    other = data.draw(
        st.permutations(parts) | st.integers(0, len(parts) - 1).map(lambda n: parts[:n])
    )
    other = other + data.draw(st.lists(st.binary(max_size=3), max_size=1))
    if other[:4] == parts[:4] and [*map(len, other)] == [*map(len, parts)]:
        return
    with pytest.raises(ProtocolError):
        decode(other, KEY)


@given(st.lists(st.binary(max_size=60), max_size=6), st.booleans())
def test_when_noise_arrives_then_it_is_refused_as_a_protocol_error(parts, versioned):
    with pytest.raises(ProtocolError):
        decode([protocol.VERSION, *parts] if versioned else parts, KEY)


@given(st.sampled_from(sorted(BODIES)), st.data())
def test_when_a_signed_header_is_damaged_then_nothing_but_our_errors_is_raised(kind, data):
    header = bytearray(message(kind)[2])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(header) - 1))
        header[place : place + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=4) | st.sampled_from([b'"', b"[", b"{", b"\\u", b"1e9", b"null"])
        )
        header = header or bytearray(b"{")
    parts = [protocol.VERSION, kind.encode(), bytes(header)]
    parts.append(protocol._sign(KEY, *parts[1:]))
    envelope, refusal = None, ""
    try:
        envelope = decode(parts, KEY)
    except FaceplateError as refused:
        refusal = str(refused)
    assert len(refusal) <= 500
    assert envelope is None or decode(encode(envelope, KEY), KEY) == envelope


@pytest.mark.parametrize("hold", [memoryview, bytearray, zmq.Frame], ids=lambda hold: hold.__name__)
def test_when_parts_are_held_by_other_buffers_then_they_are_read_alike(hold):
    parts = message("Fetched", buffers=(b"exr", b""))
    envelope = decode([hold(part) for part in parts], KEY)
    assert envelope._replace(buffers=()) == decode(parts, KEY)._replace(buffers=())
    assert [bytes(buffer) for buffer in envelope.buffers] == [b"exr", b""]
    assert [bytes(part) for part in encode(envelope, KEY)] == parts
    with pytest.raises(errors.SignatureMismatch):
        decode([hold(part) for part in [*parts[:2], b"{}", *parts[3:]]], KEY)
    with pytest.raises(errors.VersionMismatch):
        decode([hold(b"FACEPL02"), *parts[1:]], KEY)


def test_when_a_buffer_has_wide_items_then_its_bytes_are_counted():
    wide = memoryview(bytes(16)).cast("I")
    envelope = decode(message("Fetched"), KEY)._replace(buffers=(wide,))
    parts = encode(envelope, KEY)
    assert json.loads(parts[2])["buffers"] == [16]
    assert decode(parts, KEY).buffers == (wide,)


@pytest.mark.parametrize("depth", [10, 300, 490, 960, 990, 1000, 5000])
@pytest.mark.parametrize("pair", ["[]", ('{"a":', "1}")], ids=["list", "object"])
def test_when_json_is_nested_deep_then_it_is_malformed_at_every_depth(depth, pair):
    nested = (pair[0] * depth + pair[1][:-1] + pair[1][-1] * depth).encode()
    header = message("Stop")[2].replace(b'"body":{}', b'"body":' + nested)
    parts = [protocol.VERSION, b"Stop", header]
    with pytest.raises((errors.MessageMalformed, errors.UnknownField)):
        decode([*parts, protocol._sign(KEY, *parts[1:])], KEY)


def test_when_a_value_is_nested_too_deep_to_be_written_then_it_is_malformed():
    nested = []
    for _ in range(100000):
        nested = [nested]
    with pytest.raises(errors.MessageMalformed, match="too deep"):
        protocol.canonical(nested)


@pytest.mark.parametrize("text", ['{"a":1,"a":1}', '[{"b":{"a":1,"a":2}}]'])
def test_when_a_key_stands_twice_then_it_is_malformed(text):
    with pytest.raises(errors.MessageMalformed, match="a key stands twice"):
        protocol.read_json(text.encode(), "request")


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 1.5], ids=["nan", "infinity", "float"]
)
def test_when_a_float_arrives_in_any_form_then_it_is_malformed(value):
    with pytest.raises(errors.MessageMalformed):
        protocol.read_json(json.dumps({"a": value}).encode(), "header")


def test_when_a_text_cannot_be_utf8_then_the_refusal_is_short():
    submit = Envelope(requests.Hello("x" * 9999 + "\ud800" + "y" * 9999), REQUEST, "", 1)
    with pytest.raises(errors.MessageMalformed, match="not UTF-8") as refused:
        encode(submit, KEY)
    assert len(str(refused.value)) < 200


def test_when_a_message_was_refused_then_its_request_id_is_told_if_it_was_authentic():
    wrong = message("Submit", {"zeal": 1})
    assert protocol.request_of(wrong, KEY) == REQUEST
    assert protocol.request_of(wrong, bytes(32)) == protocol.NO_REQUEST
    assert protocol.request_of(wrong[:2], KEY) == protocol.NO_REQUEST
    assert protocol.request_of(message("Status", counter=0), KEY) == protocol.NO_REQUEST
    zeros = Envelope(replies.Failed("protocol", "why"), protocol.NO_REQUEST, "", 1)
    assert decode(encode(zeros, KEY), KEY) == zeros


def test_when_messages_are_counted_then_each_is_above_the_last():
    counter = Counter()
    assert [counter.next() for _ in range(3)] == [1, 2, 3]
    counter.check(2)
    counter.check(9)
    for used in (9, 2, 1, 0):
        with pytest.raises(errors.MessageReplayed):
            counter.check(used)
    counter.check(10)


def test_when_ids_are_drawn_then_they_are_hexadecimal_and_differ():
    drawn = {protocol.new_id() for _ in range(50)}
    assert len(drawn) == 50
    assert all(re.fullmatch("[0-9a-f]{32}", ident) for ident in drawn)


def test_when_a_request_is_repeated_then_it_is_the_same_job():
    again = decode(message("Submit", counter=9, request="1" * 32, session="2" * 32), KEY).message
    listed = decode(message("Submit", {**BODIES["Submit"], "frames": "1001,1002-1010"}), KEY)
    assert job_id(again) == job_id(listed.message) == job_id(SUBMIT)
    body = json.dumps(BODIES["Submit"], sort_keys=True, separators=(",", ":")).encode()
    assert job_id(SUBMIT) == hashlib.sha256(body).hexdigest()[:16]


@given(SUBMITS, SUBMITS)
def test_when_requests_differ_then_so_do_their_jobs(one, other):
    assert (job_id(one) == job_id(other)) is (to_json(one) == to_json(other))


def _submit(**settings):
    body = {**BODIES["Submit"], "settings": {**BODIES["Submit"]["settings"], **settings}}
    return decode(message("Submit", body), KEY).message


def test_when_a_request_agrees_with_itself_then_it_passes():
    protocol.check_submit(SUBMIT)
    protocol.check_submit(_submit(mask="S:\\mask.%04d.exr"))
    protocol.check_submit(_submit(references=["Anna=frame:7", "Anna=S:\\hero.exr"]))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"tasks": []}, "no task"),
        ({"tasks": ["bfr", "bfr"]}, "tasks names one twice"),
        ({"layers": ["matte", "matte"]}, "layers names one twice"),
        ({"mask": "mask.%04d.exr"}, "absolute path"),
        ({"references": ["frame:7", "anna.exr"]}, "absolute path"),
        ({"references": ["Anna=anna.exr"]}, "absolute path"),
        ({"references": ["Eva=frame:7"]}, "no face is called 'Eva'"),
        ({"detector": ""}, "absolute path"),
        ({"faces": ["1", "-2"]}, "face 1 is picked and face 2 left out"),
        ({"whole_frame": True}, "no face can be picked"),
    ],
)
def test_when_settings_contradict_themselves_then_they_are_refused(settings, why):
    with pytest.raises(errors.SettingsError, match=why):
        protocol.check_submit(_submit(**settings))


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [("frames", "1100-1101", errors.SettingsError), ("output", "out", errors.OutputError)],
)
def test_when_a_request_reaches_outside_then_it_is_refused(name, value, wrong):
    submit = decode(message("Submit", {**BODIES["Submit"], name: value}), KEY).message
    with pytest.raises(wrong):
        protocol.check_submit(submit)


@given(st.text(), st.none() | st.text(), st.none() | st.integers(-999, 999))
def test_when_any_error_is_sent_then_the_same_kind_is_raised(text, path, frame):
    error = errors.FrameCorrupt(text, frame=frame, path=path)
    sent = Envelope(protocol.failed(error, "0" * 16), REQUEST, SESSION, 1)
    arrived = protocol.raised(decode(encode(sent, KEY), KEY).message)
    assert type(arrived) is errors.FrameCorrupt
    assert arrived.frame == frame
    assert (arrived.path is None) is (path is None)


def test_when_an_error_says_too_much_then_it_is_cut():
    reply = protocol.failed(errors.PathRefused("\ud800\0" + "x" * 99999, path="/\udcff" * 9999))
    assert reply.message.startswith("\\ud800\\0x")
    assert (len(reply.message), len(reply.path)) == (65536, 4096)
    parts = encode(Envelope(reply, REQUEST, SESSION, 1), KEY)
    assert decode(parts, KEY).message == reply


def test_when_the_shot_has_handles_then_its_gaps_stay_gaps():
    shot = requests.Shot(SUBMIT.shot.plate, FrameRange.parse("10-14x2"), 2)
    assert str(shot.all_frames) == "8-10,12,14-16"
    assert requests.Shot(shot.plate, shot.frames).all_frames == shot.frames


def test_when_this_python_runs_the_script_then_it_prints_the_number():
    script = [sys.executable, run_vectors.__file__]
    ran = subprocess.run(script, capture_output=True, text=True, check=True, timeout=120)
    assert ran.stdout == f"{len(CASES)}\n"
