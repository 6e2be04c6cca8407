from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from engine.inbox import LONG, MOST, MOST_LONG, MOST_SHORT, Inbox


def message(kind, number):
    return [b"FACEPL01", kind, str(number).encode()]


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.booleans()), max_size=300))
def test_when_messages_come_then_each_client_is_answered_in_order_and_none_is_lost(steps):
    inbox, sent, answered = Inbox(), defaultdict(list), defaultdict(list)
    for number, (route, long) in enumerate(steps):
        sent[route].append(message(LONG if long else b"Status", number))
        inbox.put(route, sent[route][-1])
    assert len(inbox) == len(steps)
    assert inbox.room == max(MOST - len(steps), 0)
    while inbox:
        turn = list(inbox.due())
        assert sum(one[1] == LONG for _, one in turn) <= MOST_LONG
        assert 0 < len(turn) <= MOST_SHORT + MOST_LONG
        for route, one in turn:
            answered[route].append(one)
    assert answered == sent
    assert list(inbox.due()) == []


def test_when_many_submit_then_who_asks_for_little_is_answered_first():
    inbox = Inbox()
    for number in range(64):
        inbox.put(b"%d" % number, message(LONG, number))
    inbox.put(b"asker", message(b"Status", 64))
    route, _ = next(inbox.due())
    assert route == b"asker"


def test_when_one_client_floods_then_others_have_their_turns():
    inbox = Inbox()
    for number in range(200):
        inbox.put(b"flood", message(b"Status", number))
    inbox.put(b"asker", message(b"Status", 0))
    assert [route for route, _ in inbox.due()][:2] == [b"flood", b"asker"]


def test_when_a_message_has_no_kind_then_it_is_answered_all_the_same():
    inbox = Inbox()
    inbox.put(b"stranger", [b""])
    inbox.put(b"stranger", [])
    assert [one for _, one in inbox.due()] == [[b""], []]
