from __future__ import annotations

import struct
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plugin_host import zmtp_codec
from plugin_host.errors import MessageMalformed, MessageOversized, ProtocolError, VersionMismatch
from plugin_host.zmtp_codec import HANDSHAKE, MAX_MESSAGE, MAX_PART, MAX_PARTS, Decoder, encode

MIB = 1024 * 1024


def greeting(*, padding=bytes(8), major=3, minor=0, mechanism=b"NULL", as_server=0):
    version = bytes([major, minor])
    mechanism = mechanism.ljust(20, b"\0")
    return b"\xff" + padding + b"\x7f" + version + mechanism + bytes([as_server]) + bytes(31)


def command(name, data=b"", flags=4):
    body = bytes([len(name)]) + name + data
    if len(body) > 255:
        return bytes([flags | 2]) + struct.pack(">Q", len(body)) + body
    return bytes([flags, len(body)]) + body


def ready(**properties):
    data = b""
    for name, value in properties.items():
        key = name.replace("_", "-").encode()
        data += bytes([len(key)]) + key + struct.pack(">I", len(value)) + value
    return command(b"READY", data)


ROUTER = greeting() + ready(Socket_Type=b"ROUTER", Identity=b"")


def wire(message):
    """Written from the grammar of RFC 23, apart from the code under test."""
    stream = b""
    for index, part in enumerate(message):
        more = int(index < len(message) - 1)
        if len(part) < 256:
            stream += struct.pack(">BB", more, len(part)) + part
        else:
            stream += struct.pack(">BQ", more | 2, len(part)) + part
    return stream


def decoded(*pieces):
    """Return every message, and the error that ended the stream."""
    decoder = Decoder()
    messages = []
    try:
        for piece in pieces:
            messages += decoder.feed(piece)
        messages += decoder.feed(b"")
    except ProtocolError as error:
        return messages, (type(error), error.message)
    return messages, None


def split(data, cuts):
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


PARTS = (
    st.binary(max_size=12) | st.integers(250, 260).map(bytes) | st.integers(4090, 4100).map(bytes)
)
MESSAGES = st.lists(st.lists(PARTS, min_size=1, max_size=5), max_size=6)
CUTS = st.lists(st.integers(0, 1 << 16), max_size=40)


def test_when_the_handshake_is_written_then_it_is_that_of_the_specification():
    worked_example = (
        b"\x04\x29\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00"
    )
    assert greeting() + worked_example == HANDSHAKE


@given(MESSAGES)
def test_when_a_message_is_encoded_then_its_bytes_follow_the_grammar(messages):
    for message in messages:
        assert b"".join(encode(message)) == wire(message)


def test_when_a_part_is_large_then_it_is_not_copied_to_be_sent():
    large = bytes(MIB)
    assert any(piece is large for piece in encode([b"kind", large, b"end"]))


@given(MESSAGES, CUTS)
def test_when_the_stream_is_cut_anywhere_then_the_messages_are_the_same(messages, cuts):
    stream = ROUTER + b"".join(map(wire, messages))
    assert decoded(*split(stream, cuts)) == (messages, None)


def test_when_the_stream_comes_octet_by_octet_then_the_messages_are_the_same():
    messages = [[b""], [b"a", bytes(255), bytes(256)], [b"", b""]]
    stream = ROUTER + b"".join(map(wire, messages))
    assert decoded(*(stream[i : i + 1] for i in range(len(stream)))) == (messages, None)


@given(st.sampled_from([b"", greeting(), ROUTER]), st.binary(max_size=200), CUTS)
@example(ROUTER, wire([b"good"]) + b"\x80", [])
@example(ROUTER, b"\x02" + b"\xff" * 8, [])
def test_when_the_bytes_are_hostile_then_they_end_alike_however_cut(start, noise, cuts):
    # `decoded` lets everything through that is no ProtocolError
    stream = start + noise
    assert decoded(*split(stream, cuts)) == decoded(stream)


@pytest.mark.parametrize(
    ("stream", "error", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", VersionMismatch, "does not speak ZMTP"),
        (b"SSH-2.0-", VersionMismatch, "does not speak ZMTP"),
        (b"\xff" + bytes(8) + b"\x7e", VersionMismatch, "does not speak ZMTP"),
        (b"\xff" + bytes(8) + b"\x7f\x01", VersionMismatch, "ZMTP 1"),
        (b"\xff" + bytes(8) + b"\x7f\x02", VersionMismatch, "ZMTP 2"),
        (greeting(mechanism=b"CURVE"), VersionMismatch, "CURVE"),
        (greeting(mechanism=b"NULLS"), VersionMismatch, "NULLS"),
        (greeting(mechanism=b"NULL\0X"), VersionMismatch, "NULL is needed"),
        (greeting() + command(b"ERROR", b"\x03400"), ProtocolError, "refused.*400"),
        (ROUTER + command(b"ERROR", b"\x04gone"), ProtocolError, "refused.*gone"),
        (greeting() + command(b"ERROR", b"\x09short"), MessageMalformed, "ends before"),
        (greeting() + command(b"ERROR"), MessageMalformed, "ends before"),
        (greeting() + ready(Socket_Type=b"PUB"), MessageMalformed, "PUB"),
        (
            greeting() + command(b"READY", b"\x00\x00\x00\x00\x00"),
            MessageMalformed,
            "without a name",
        ),
        (greeting() + command(b"READY", b"\x01a\x00\x00"), MessageMalformed, "ends before"),
        (greeting() + command(b"READY", b"\x01a\xff\xff\xff\xff"), MessageMalformed, "ends before"),
        (greeting() + b"\x04\x00", MessageMalformed, "ends before"),
        (greeting() + b"\x04\x03\x05AB", MessageMalformed, "ends before"),
        (greeting() + wire([b"early"]), MessageMalformed, "before READY"),
        (ROUTER + command(b"PING", flags=5), MessageMalformed, "0x05"),
        *(
            (ROUTER + bytes([1 << bit]), MessageMalformed, f"0x{1 << bit:02x}")
            for bit in range(3, 8)
        ),
        (ROUTER + b"\x06" + struct.pack(">Q", MIB), MessageOversized, "command"),
        (ROUTER + b"\x02" + struct.pack(">Q", MAX_PART + 1), MessageOversized, "part of"),
        (ROUTER + b"\x02" + struct.pack(">Q", (1 << 64) - 1), MessageOversized, "part of"),
        (ROUTER + b"\x01\x00" * (MAX_PARTS + 1), MessageOversized, "64 parts"),
    ],
)
def test_when_a_peer_breaks_the_rules_then_the_error_names_it(stream, error, words):
    decoder = Decoder()
    with pytest.raises(error, match=words) as caught:
        decoder.feed(stream)
    assert caught.type is error
    with pytest.raises(error, match=words):
        decoder.feed(ROUTER)


@pytest.mark.parametrize(
    "stream",
    [
        greeting(padding=b"\x00" * 7 + b"\x01") + ready(Socket_Type=b"ROUTER"),
        greeting(major=3, minor=1) + ready(Socket_Type=b"ROUTER"),
        greeting(major=4) + ready(Socket_Type=b"ROUTER"),
        greeting(as_server=1) + ready(Socket_Type=b"ROUTER"),
        greeting() + ready(Socket_Type=b"DEALER", Identity=b"\x00\x01"),
        greeting() + ready(Socket_Type=b"REP"),
        greeting() + ready(SOCKET_TYPE=b"ROUTER", X_Name=b"engine"),
        greeting() + ready(),
        greeting() + command(b"HELLO", b"later") + ready(Socket_Type=b"ROUTER"),
        greeting() + ready(X_Long=bytes(300), Socket_Type=b"ROUTER"),
        ROUTER + command(b"SUBSCRIBE", bytes(300)) + command(b"PING", b"\0\0"),
    ],
)
def test_when_a_peer_uses_its_freedom_then_it_is_understood(stream):
    decoder = Decoder()
    assert decoder.feed(stream) == []
    assert decoder.ready
    assert decoder.feed(wire([b"a", b"b"])) == [[b"a", b"b"]]


def test_when_the_handshake_is_half_done_then_the_decoder_is_not_ready():
    decoder = Decoder()
    decoder.feed(ROUTER[:-1])
    assert not decoder.ready
    decoder.feed(ROUTER[-1:])
    assert decoder.ready


def test_when_a_fault_follows_a_message_then_the_message_comes_first():
    decoder = Decoder()
    assert decoder.feed(ROUTER + wire([b"good"]) + b"\xff") == [[b"good"]]
    with pytest.raises(MessageMalformed):
        decoder.feed(b"")


def test_when_a_command_stands_between_parts_then_the_message_is_whole():
    stream = ROUTER + b"\x01\x01a" + command(b"PING", b"\0\0") + b"\x00\x01b"
    assert decoded(stream) == ([[b"a", b"b"]], None)


def test_when_a_short_part_comes_in_a_long_form_then_it_is_understood():
    assert decoded(ROUTER + b"\x02" + struct.pack(">Q", 1) + b"a") == ([[b"a"]], None)


def test_when_the_parts_sum_above_the_limit_then_the_message_is_refused(monkeypatch):
    monkeypatch.setattr(zmtp_codec, "MAX_MESSAGE", 600)
    assert decoded(ROUTER + wire([bytes(300), bytes(300)]))[1] is None
    with pytest.raises(MessageOversized, match="601 bytes"):
        Decoder().feed(ROUTER + wire([bytes(300), bytes(301)]))
    with pytest.raises(MessageOversized, match="601 bytes"):
        encode([bytes(300), bytes(301)])


def test_when_too_much_is_encoded_then_it_is_refused(monkeypatch):
    assert MAX_MESSAGE == 2 * MAX_PART
    with pytest.raises(MessageMalformed, match="at least one"):
        encode([])
    with pytest.raises(MessageOversized, match="64 parts"):
        encode([b""] * (MAX_PARTS + 1))
    monkeypatch.setattr(zmtp_codec, "MAX_PART", 1000)
    with pytest.raises(MessageOversized, match="part of 1001"):
        encode([bytes(1001)])


def test_when_a_large_part_is_only_announced_then_no_memory_is_taken():
    decoder = Decoder()
    decoder.feed(ROUTER)
    tracemalloc.start()
    decoder.feed(b"\x02" + struct.pack(">Q", MAX_PART) + b"first octets")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MIB


def test_when_a_large_part_is_collected_then_it_is_held_once():
    decoder = Decoder()
    decoder.feed(ROUTER + b"\x02" + struct.pack(">Q", 32 * MIB))
    chunk = bytes(MIB)
    tracemalloc.start()
    messages = [message for _ in range(32) for message in decoder.feed(chunk)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert messages == [[bytes(32 * MIB)]]
    assert peak < 1.3 * 32 * MIB


def received(decoder, stream, step):
    """Return the messages of a stream, given over as a socket would: into `room` where it is."""
    messages = []
    while stream:
        room = decoder.room()
        piece, stream = stream[:step], stream[step:]
        if room is None:
            messages += decoder.feed(piece)
        else:
            count = min(len(room), len(piece))
            room[:count] = piece[:count]
            messages += decoder.placed(count)
            stream = piece[count:] + stream
    return messages


LARGE_MESSAGES = st.lists(
    st.lists(
        st.sampled_from([b"", b"x" * 255, b"y" * 999, b"ab" * 500, b"abcd" * 800]), min_size=1
    ),
    min_size=1,
    max_size=6,
)


@given(LARGE_MESSAGES, st.integers(1, 5000), st.booleans())
def test_when_large_parts_are_read_in_place_then_the_messages_are_the_same(messages, step, hold):
    decoder = Decoder()
    decoder.feed(ROUTER)
    held, expected = [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zmtp_codec, "LARGE", 1000)
        for message in messages:
            got = received(decoder, wire(message), step)
            held, expected = ([*held, *got], [*expected, message]) if hold else (got, [message])
            assert held == expected


def test_when_nobody_looks_at_a_large_part_then_its_memory_is_used_again():
    part = bytes(range(256)) * 8192
    decoder = Decoder()
    decoder.feed(ROUTER)
    addresses = []
    for _ in range(4):
        ((view,),) = received(decoder, wire([part]), 65536)
        addresses.append(id(view.obj))
        view.release()
    assert len(set(addresses)) == 1
    rooms = []
    decoder.feed(wire([part])[:9])
    rooms.append(decoder.room())
    assert len(rooms[0]) == len(part)


def test_when_a_large_part_is_looked_at_then_what_comes_next_does_not_change_it():
    decoder = Decoder()
    decoder.feed(ROUTER)
    parts = [bytes([n]) * (MIB + n) for n in range(5)]
    views = [received(decoder, wire([part]), 65536)[0][0] for part in parts]
    assert views == parts
    kept = decoder._memory._kept
    assert len(kept) <= 2


def test_when_a_part_is_very_large_then_its_memory_is_not_kept(monkeypatch):
    monkeypatch.setattr(zmtp_codec, "MOST_KEPT", 2 * MIB)
    decoder = Decoder()
    decoder.feed(ROUTER)
    received(decoder, wire([bytes(5 * MIB)]), 65536)
    received(decoder, wire([bytes(MIB)]), 65536)
    assert [len(memory) for memory in decoder._memory._kept] == [MIB]
