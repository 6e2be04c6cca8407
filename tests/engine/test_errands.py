import select
import threading
from types import SimpleNamespace

import pytest

from engine import errands
from engine.errands import Errand, Errands
from plugin_host.errors import EngineBusy, FrameMissing
from plugin_host.replies import Failed, Stopped

DEADLINE_S = 20


def done(work, count):
    """Wait for so many results, and take them as a server does that sends nothing."""
    results = []
    while len(results) < count:
        assert select.select([work.output], [], [], DEADLINE_S)[0], "nothing comes"
        for result in work.results():
            work.sent(result.session, None)
            results.append(result)
    return results


def test_when_errands_are_asked_then_each_session_has_its_results_in_order():
    work = Errands()
    for number in range(6):
        session = "ab"[number % 2]
        work.ask(Errand(session, str(number), lambda n=number: (Stopped(), (bytes([n]),))))
    results = done(work, 6)
    for session in "ab":
        own = [int(result.request) for result in results if result.session == session]
        assert own == sorted(own)
    assert all(result.buffers == (bytes([int(result.request)]),) for result in results)
    assert not select.select([work.output], [], [], 0)[0]


@pytest.mark.parametrize(
    ("error", "code"), [(FrameMissing("gone"), "frame.missing"), (ValueError("odd"), "restorer")]
)
def test_when_an_errand_fails_then_that_is_the_reply(error, code):
    def fail():
        raise error

    work = Errands()
    work.ask(Errand("a", "1", fail))
    (result,) = done(work, 1)
    assert isinstance(result.message, Failed)
    assert result.message.code == code
    work.ask(Errand("a", "2", lambda: (Stopped(), ())))
    assert [result.request for result in done(work, 1)] == ["2"], "its thread goes on"


def test_when_a_result_has_not_left_then_the_next_waits_and_others_do_not():
    work, begun = Errands(), []

    def ask(session, request):
        work.ask(Errand(session, request, lambda: (begun.append(request), ())))

    ask("slow", "1")
    assert select.select([work.output], [], [], DEADLINE_S)[0]
    (first,) = work.results()
    leaving = SimpleNamespace(done=False)
    work.sent(first.session, leaving)
    ask("slow", "2")
    ask("quick", "3")
    assert work.advance(), "somebody has to read first"
    assert [result.request for result in done(work, 1)] == ["3"]
    assert begun == ["1", "3"]
    leaving.done = True
    assert not work.advance()
    assert [result.request for result in done(work, 1)] == ["2"]


def test_when_a_session_leaves_then_what_it_waits_for_is_not_done(monkeypatch):
    monkeypatch.setattr(errands, "MOST_WAITING", 2)
    work, gate, begun = Errands(), threading.Event(), []
    work.ask(Errand("a", "1", lambda: (gate.wait(DEADLINE_S), ())))
    for request in "23":
        work.ask(Errand("a", request, lambda: (begun.append(1), ())))
    with pytest.raises(EngineBusy):
        work.ask(Errand("a", "4", lambda: (None, ())))
    work.leave("a")
    gate.set()
    assert [result.request for result in done(work, 1)] == ["1"]
    assert not work.advance()
    assert begun == []
