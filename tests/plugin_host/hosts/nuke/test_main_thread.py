"""The way from a worker to the main thread, and back with result or error."""

import threading

from plugin_host.errors import DeadlineExceeded
from plugin_host.hosts.nuke import main_thread
from plugin_host.hosts.nuke.main_thread import must_ask, on_main, tell_main
from tests.hosts.nuke import NukeKit


def on_worker(kit, work, *, pump=True):
    """Return what some work returned on a thread of its own, or its error."""
    came = []

    def call():
        try:
            came.append(work())
        except BaseException as error:  # noqa: BLE001 - it is what comes back
            came.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    if pump:
        kit.run_until(lambda: not thread.is_alive())
    else:
        thread.join(10)
    return came[0]


def test_when_a_worker_asks_then_the_main_thread_answers(kit):
    ident = on_worker(kit, lambda: on_main(threading.get_ident))
    assert ident == threading.get_ident()


def test_when_a_call_fails_then_the_worker_has_the_error_and_nuke_does_not(kit):
    error = on_worker(kit, lambda: on_main(lambda: 1 // 0))
    assert isinstance(error, ZeroDivisionError)
    assert kit.errors == []


def test_when_the_main_thread_itself_asks_then_it_does_not_wait_for_itself(kit):
    assert not must_ask()
    assert on_main(lambda: 3) == 3


def test_when_there_is_no_window_then_calls_are_direct():
    with NukeKit(gui=False):
        told = []
        tell_main(lambda: told.append(1))
        assert told == [1]
        assert on_main(lambda: 3) == 3
        came = []  # nobody would ever answer a script's own thread
        thread = threading.Thread(target=lambda: came.append(on_main(lambda: 4)), daemon=True)
        thread.start()
        thread.join(10)
        assert came == [4]


def test_when_the_main_thread_never_comes_then_the_call_is_given_up_and_never_made(
    kit, monkeypatch
):
    monkeypatch.setattr(main_thread, "BEGIN_S", 0.05)
    made = []
    error = on_worker(kit, lambda: on_main(lambda: made.append(1)), pump=False)
    assert isinstance(error, DeadlineExceeded)
    assert "dialog" in str(error)
    kit.pump()
    assert made == []


def test_when_a_call_does_not_end_then_the_worker_is_told(kit, monkeypatch):
    monkeypatch.setattr(main_thread, "END_S", 0.05)
    gone_on = threading.Event()
    came = []

    def work():
        try:
            on_main(lambda: gone_on.wait(10))
        except DeadlineExceeded as error:
            came.append(error)
        gone_on.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    kit.run_until(lambda: came)
    assert "get ready" in str(came[0])
    thread.join(10)


def test_when_a_worker_only_tells_then_it_does_not_wait(kit):
    told = []
    on_worker(kit, lambda: tell_main(lambda: told.append(threading.get_ident())), pump=False)
    assert told == []
    kit.pump()
    assert told == [threading.get_ident()]
