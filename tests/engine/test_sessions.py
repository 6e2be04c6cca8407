from __future__ import annotations

import pytest

from engine import sessions
from engine.sessions import Sessions
from plugin_host.errors import MessageReplayed, SessionUnknown, SignatureMismatch
from plugin_host.protocol import Envelope, decode, failed
from plugin_host.replies import Stopped
from plugin_host.requests import Status

KEY = b"k" * 32
REQUEST = "a" * 32


def envelope(session, counter):
    return Envelope(Status(), REQUEST, session.id, counter)


def test_when_sessions_are_opened_then_each_has_its_own_id():
    known = Sessions(KEY)
    opened = [known.open(b"route")[0] for _ in range(20)]
    assert len({session.id for session in opened}) == len(known) == 20


def test_when_a_message_comes_then_its_session_learns_the_route():
    known = Sessions(KEY)
    session, _ = known.open(b"old")
    assert known.admit(envelope(session, 1), b"new") is session
    assert session.route == b"new"


def test_when_a_session_is_unknown_then_it_is_told_to_say_hello():
    known = Sessions(KEY)
    session, _ = Sessions(KEY).open(b"route")
    with pytest.raises(SessionUnknown, match="say Hello"):
        known.admit(envelope(session, 1), b"route")


@pytest.mark.parametrize("counter", [5, 4, 1])
def test_when_a_counter_does_not_rise_then_it_is_a_replay_and_the_route_stays(counter):
    known = Sessions(KEY)
    session, _ = known.open(b"route")
    known.admit(envelope(session, 5), b"route")
    with pytest.raises(MessageReplayed):
        known.admit(envelope(session, counter), b"thief")
    assert session.route == b"route"
    assert known.admit(envelope(session, 9), b"route") is session


def test_when_a_session_is_closed_then_it_is_unknown():
    known = Sessions(KEY)
    session, _ = known.open(b"route")
    known.close(session.id)
    known.close(session.id)
    assert known.get(session.id) is None
    with pytest.raises(SessionUnknown):
        known.admit(envelope(session, 1), b"route")


def test_when_there_are_too_many_then_the_least_recently_heard_is_forgotten(monkeypatch):
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 3)
    known = Sessions(KEY)
    first, second, third = (known.open(b"route")[0] for _ in range(3))
    known.admit(envelope(first, 1), b"route")
    fourth, forgotten = known.open(b"route")
    assert forgotten == [second]
    assert [known.get(s.id) for s in (first, second, third, fourth)] == [first, None, third, fourth]
    assert len(known) == 3


def test_when_replies_are_written_then_they_are_signed_and_counted():
    known = Sessions(KEY)
    session, _ = known.open(b"route")
    seen = []
    for _ in range(3):
        route, *parts = known.parts(session, REQUEST, Stopped(), [b"buffer"])
        assert route == b"route"
        seen.append(decode(parts, KEY))
        with pytest.raises(SignatureMismatch):
            decode(parts, b"x" * 32)
    assert [reply.counter for reply in seen] == [1, 2, 3]
    assert {(r.session, r.request, r.buffers) for r in seen} == {
        (session.id, REQUEST, (b"buffer",))
    }


def test_when_a_stranger_is_answered_then_no_session_is_named():
    route, *parts = Sessions(KEY).parts_for_stranger(
        b"route", REQUEST, failed(SessionUnknown("who?"))
    )
    reply = decode(parts, KEY)
    assert (route, reply.session, reply.request) == (b"route", "", REQUEST)
    assert reply.message.code == "protocol.session"
