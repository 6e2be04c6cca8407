"""The client against a peer of a few lines that answers, is silent, or lies, over a real socket.

What it does with a real engine stands in tests/integration.
"""

from __future__ import annotations

import hashlib
import threading

import pytest
import zmq

from plugin_host import client as module
from plugin_host.client import EngineClient
from plugin_host.connection import Connection
from plugin_host.errors import (
    DeadlineExceeded,
    EngineBusy,
    EngineUnreachable,
    FrameCorrupt,
    JobCancelled,
    MessageReplayed,
    ProtocolError,
    RestorerFailed,
    SignatureMismatch,
    UnknownJob,
)
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.protocol import Envelope, decode, encode, failed, new_id, request_of
from plugin_host.replies import (
    Accepted,
    Cancelled,
    Failed,
    Fetched,
    Finished,
    Progress,
    Reported,
    Stopped,
    Welcome,
)
from plugin_host.requests import Credit, Fetch, Hello, Settings, Shot, Status, Stop, Submit

KEY = b"k" * 32
JOB = "0123456789abcdef"
FRAMES = FrameRange.parse("1-3")
SUBMIT = Submit(
    Shot(Plate.parse("/plate/p.%04d.exr"), FRAMES), FRAMES, Settings("passthrough"), "/out"
)
STATUS = Reported("engine", True, "idle", 1, ())


def progress(frame):
    return Progress(JOB, frame, 3, frame, "restored", f"/out/{frame}.exr")


FINISHED = Finished(JOB, "/out/p.take", 3, 0, {"total": 1})
ACCEPTED = Accepted(JOB, 3, "/out/p.take")


class Peer(threading.Thread):
    """Answers each request with what `answer(peer, envelope)` returns: messages or whole envelopes.

    It must be told to end, and then tells what went wrong on its thread.
    """

    def __init__(self, answer, engine="engine", address="tcp://127.0.0.1:*", key=KEY):
        super().__init__(daemon=True)
        self.answer, self.engine, self.key = answer, engine, key
        self.heard, self.session, self.counter, self.error = [], new_id(), 0, None
        self.context = zmq.Context()
        self.router = self.context.socket(zmq.ROUTER)
        self.router.setsockopt(zmq.LINGER, 0)
        self.router.bind(address)
        self.address = self.router.getsockopt_string(zmq.LAST_ENDPOINT)
        self.ended = threading.Event()
        self.start()

    @property
    def connection(self):
        return Connection(self.address, self.key, self.engine, 1)

    def run(self):
        try:
            while not self.ended.is_set():
                if self.router.poll(20):
                    self._hear(*self.router.recv_multipart())
        except Exception as error:  # noqa: BLE001 - raised again in `end`
            self.error = error
        self.router.close()
        self.context.term()

    def _hear(self, route, *parts):
        try:
            envelope = decode(parts, self.key)
        except SignatureMismatch as error:  # of who knew the engine before this one
            refusal = Envelope(failed(error), request_of(parts, self.key), "", 1)
            self.router.send_multipart([route, *encode(refusal, self.key)])
            return
        self.heard.append(envelope)
        for message in self.answer(self, envelope):
            self.counter += 1
            whole = (
                message
                if isinstance(message, Envelope)
                else Envelope(message, envelope.request, self.session, self.counter)
            )
            self.router.send_multipart([route, *encode(whole, self.key)])

    def welcome(self):
        return Welcome(self.engine, self.session, "1", True, ("passthrough",), 1, 1)

    def end(self):
        self.ended.set()
        self.join(10)
        if self.error is not None:
            raise self.error


@pytest.fixture
def peer_of():
    peers = []

    def start(answers, engine="engine", **how):
        """`answers`: kind of request to messages, or to a function of peer and envelope."""

        def answer(peer, envelope):
            if isinstance(envelope.message, Hello) and Hello not in answers:
                return [peer.welcome()]
            given = answers.get(type(envelope.message), [])
            return given(peer, envelope) if callable(given) else given

        peers.append(Peer(answer, engine, **how))
        return peers[-1]

    yield start
    for peer in peers:
        peer.end()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(module, "SILENCE_S", 0.2)


def replace_key(connection):
    return Connection(connection.address, KEY, connection.engine, connection.pid)


def client_of(peer, **how):
    return EngineClient(peer.connection, "test", **{"deadline_s": 10.0, **how})


def test_when_a_session_is_opened_then_requests_carry_it_and_count(peer_of):
    peer = peer_of({Status: [STATUS]})
    with client_of(peer) as client:
        assert client.status() == client.status() == STATUS
        assert client.engine == "engine"
    hello, first, second = peer.heard
    assert (hello.session, hello.message.client) == ("", "test")
    assert first.session == second.session == peer.session
    assert [e.counter for e in peer.heard] == [1, 1, 2] or second.counter > first.counter


def test_when_the_engine_does_not_answer_then_the_deadline_ends_the_wait(peer_of):
    with client_of(peer_of({Hello: []}), deadline_s=0.3) as client, pytest.raises(DeadlineExceeded):
        client.status()


def test_when_a_pulse_is_asked_for_then_who_listens_is_woken_though_nothing_happens(peer_of):
    peer = peer_of({Submit: [ACCEPTED], Status: [STATUS]})
    with client_of(peer) as client:
        client.submit(SUBMIT)
        events = client.events(JOB, pulse_s=0.01)
        assert [next(events) for _ in range(3)] == [None] * 3
        while not any(isinstance(heard.message, Status) for heard in peer.heard):
            assert next(events) is None  # a silent engine is asked after all


def test_when_another_jobs_events_come_without_end_then_who_listens_is_woken_all_the_same(
    peer_of, monkeypatch
):
    told = iter([Envelope(progress(1), new_id(), "", 0)] * 9)
    with client_of(peer_of({Submit: [ACCEPTED]})) as client:
        client.submit(SUBMIT)
        monkeypatch.setattr(client, "_receive", lambda *_: next(told))
        assert next(client.events(JOB, pulse_s=0.0)) is None


def test_when_a_pulse_is_asked_for_and_the_engine_is_gone_then_it_is_said(peer_of):
    peer = peer_of({Submit: [ACCEPTED], Status: []})
    with client_of(peer, deadline_s=0.3) as client:
        client.submit(SUBMIT)
        with pytest.raises(DeadlineExceeded):
            list(client.events(JOB, pulse_s=0.01))


def test_when_nobody_listens_then_it_says_that_there_is_no_connection():
    connection = Connection("tcp://127.0.0.1:9", KEY, "engine", 1)
    with (
        EngineClient(connection, deadline_s=0.3) as client,
        pytest.raises(EngineUnreachable, match="no connection"),
    ):
        client.status()


def test_when_another_kind_of_reply_comes_then_it_is_named(peer_of):
    with (
        client_of(peer_of({Status: [Stopped()]})) as client,
        pytest.raises(ProtocolError, match="Stopped came where Reported was due"),
    ):
        client.status()


def test_when_the_engine_forgot_the_session_then_the_client_opens_another(peer_of):
    forgotten = []

    def answer(peer, envelope):
        if forgotten:
            return [STATUS]
        forgotten.append(envelope.session)
        lost = Failed("protocol.session", "say Hello")
        return [Envelope(lost, envelope.request, "", 1)]

    peer = peer_of({Status: answer})
    with client_of(peer) as client:
        assert client.status() == STATUS
    kinds = [type(envelope.message) for envelope in peer.heard]
    assert kinds == [Hello, Status, Hello, Status]


def test_when_the_engine_never_keeps_a_session_then_the_client_gives_up(peer_of):
    def answer(_, envelope):
        return [Envelope(Failed("protocol.session", "no"), envelope.request, "", 1)]

    with (
        client_of(peer_of({Status: answer})) as client,
        pytest.raises(ProtocolError, match="does not keep"),
    ):
        client.status()


def test_when_a_reply_is_played_again_then_it_is_refused(peer_of):
    def answer(peer, envelope):
        return [Envelope(STATUS, envelope.request, peer.session, 7)]

    with client_of(peer_of({Status: answer})) as client:
        client.status()
        with pytest.raises(MessageReplayed):
            client.status()


def test_when_replies_of_a_former_session_arrive_then_they_are_passed_over(peer_of):
    def answer(_, envelope):
        return [Envelope(progress(1), new_id(), "f" * 32, 1), STATUS]

    with client_of(peer_of({Status: answer})) as client:
        assert client.status() == STATUS


def test_when_the_engine_is_busy_then_no_other_engine_is_looked_for(peer_of):
    asked = []
    peer = peer_of({Submit: [failed(EngineBusy("later"))]})

    def again():
        asked.append(True)
        return peer.connection

    with client_of(peer, again=again) as client, pytest.raises(EngineBusy, match="later"):
        client.submit(SUBMIT)


def test_when_events_come_then_each_frame_is_told_once_and_the_end_last(peer_of):
    events = [progress(1), progress(2), progress(1), progress(3), FINISHED]
    peer = peer_of({Submit: [ACCEPTED, *events]})
    with client_of(peer) as client:
        heard = list(client.events(client.submit(SUBMIT).job))
    assert heard == [progress(1), progress(2), progress(3), FINISHED]


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (Cancelled(JOB, 1), JobCancelled),
        (Failed("restorer", "broke", JOB), RestorerFailed),
        (Failed("restorer.of_tomorrow", "broke", JOB), RestorerFailed),
    ],
)
def test_when_a_job_ends_badly_then_the_engines_error_is_raised(peer_of, last, error):
    with client_of(peer_of({Submit: [ACCEPTED, progress(1), last]})) as client:
        events = client.events(client.submit(SUBMIT).job)
        assert next(events) == progress(1)
        with pytest.raises(error):
            next(events)
        with pytest.raises(UnknownJob):
            next(client.events(JOB))


def test_when_the_job_is_slow_and_the_engine_lives_then_the_client_waits_beyond_its_deadline(
    peer_of,
):
    """A restorer may need minutes for a window; only an engine that is silent is gone."""
    asked = []

    def status(peer, envelope):
        asked.append(envelope)
        if len(asked) < 8:
            return [STATUS]
        peer.counter += 1
        ended = Envelope(FINISHED, peer.heard[1].request, peer.session, peer.counter + 100)
        peer.counter += 101
        return [ended, STATUS]

    peer = peer_of({Submit: [ACCEPTED], Status: status})
    with client_of(peer, deadline_s=1.0) as client:
        assert list(client.events(client.submit(SUBMIT).job)) == [FINISHED]
    assert len(asked) == 8


def test_when_the_engine_falls_silent_then_the_deadline_ends_the_events(peer_of):
    with client_of(peer_of({Submit: [ACCEPTED]}), deadline_s=0.5) as client:
        job = client.submit(SUBMIT).job
        with pytest.raises(DeadlineExceeded):
            next(client.events(job))


def test_when_another_engine_takes_over_then_every_job_is_submitted_there(peer_of):
    first = peer_of({Submit: [ACCEPTED, progress(1)]})
    answers = {Status: [STATUS], Submit: [ACCEPTED, progress(1), progress(2), FINISHED]}
    second = peer_of(answers, "second")
    with client_of(first, again=lambda: second.connection, deadline_s=0.5) as client:
        heard = list(client.events(client.submit(SUBMIT).job))
        assert client.engine == "second"
    assert heard == [progress(1), progress(2), FINISHED]
    assert [type(e.message) for e in second.heard][-1] is Submit


@pytest.mark.parametrize("during", [False, True])
def test_when_an_engine_is_restarted_at_the_same_address_then_the_request_is_repeated_at_once(
    peer_of, tmp_path, during
):
    address, asked = f"ipc://{tmp_path}/s", threading.Event()

    def ask(_peer, _envelope):
        asked.set()
        return [] if during else [STATUS]

    first = peer_of({Status: ask}, address=address)
    found = []

    def restart():
        asked.wait(10)
        first.end()
        found.append(peer_of({Status: [STATUS]}, "second", address=address, key=b"n" * 32))

    def again():
        restarting.join()
        return found[0].connection

    restarting = threading.Thread(target=restart)
    with client_of(first, again=again, deadline_s=10000.0) as client:
        if not during:
            client.status()
        restarting.start()
        if not during:
            restarting.join()
        assert client.status() == STATUS
        assert client.engine == "second"


def test_when_the_engine_has_another_key_and_no_other_is_found_then_it_is_said(peer_of):
    peer = peer_of({Status: [STATUS]}, key=b"n" * 32)
    known = replace_key(peer.connection)
    for again in (None, lambda: known):
        with (
            EngineClient(known, "test", deadline_s=10.0, again=again) as client,
            pytest.raises(SignatureMismatch, match="connection file"),
        ):
            client.status()


def test_when_again_finds_the_same_silent_engine_then_the_wait_ends(peer_of):
    peer = peer_of({Submit: [ACCEPTED]})
    with client_of(peer, again=lambda: peer.connection, deadline_s=0.5) as client:
        job = client.submit(SUBMIT).job
        with pytest.raises(DeadlineExceeded):
            next(client.events(job))


def test_when_many_events_are_handled_then_credits_are_given_back_in_time(peer_of):
    many = [Progress(JOB, n, 400, n, "restored", "/out/x.exr") for n in range(1, 251)]
    peer = peer_of({Submit: [ACCEPTED, *many, FINISHED]})
    with client_of(peer) as client:
        assert len(list(client.events(client.submit(SUBMIT).job))) == 251
        client._exchange(Hello("wait"), 10.0)
    given = [e.message.amount for e in peer.heard if isinstance(e.message, Credit)]
    assert given == [module.CREDITS // 2]
    assert peer.heard[0].message.credits == module.CREDITS


def test_when_other_jobs_fill_the_room_then_it_is_given_back_and_they_are_kept(peer_of):
    """An engine has no more room for the job that is listened to until it is given some."""
    other = "f" * 16
    requests = {}

    def submit(peer, envelope):
        job = [JOB, other][len(requests)]
        requests[job] = envelope.request
        return [Accepted(job, 3, "/out/p.take"), *([progress(1)] * module.CREDITS * (job == JOB))]

    def credit(peer, _):
        peer.counter += 2
        events = [progress(2), FINISHED]
        return [
            Envelope(event, requests[other], peer.session, peer.counter - 1 + at)
            for at, event in enumerate(events)
        ]

    peer = peer_of({Submit: submit, Credit: credit})
    with client_of(peer) as client:
        for_later, now = (client.submit(SUBMIT).job for _ in range(2))
        assert list(client.events(now)) == [progress(2), FINISHED]
        assert next(client.events(for_later)) == progress(1)
    assert [e.message.amount for e in peer.heard if isinstance(e.message, Credit)] == [
        module.CREDITS
    ]


def test_when_a_fetched_frame_is_not_what_its_digest_says_then_it_is_refused(peer_of):
    data = b"exr bytes"

    def answer(peer, envelope):
        digest = hashlib.sha256(data if envelope.message.frame == 1 else b"other").hexdigest()
        fetched = Fetched(JOB, envelope.message.frame, digest)
        return [Envelope(fetched, envelope.request, peer.session, peer.counter, (data,))]

    with client_of(peer_of({Fetch: answer})) as client:
        assert client.fetch(JOB, 1) == data
        with pytest.raises(FrameCorrupt) as refused:
            client.fetch(JOB, 2)
        assert refused.value.frame == 2


def test_when_the_engine_is_stopped_then_it_says_so(peer_of):
    with client_of(peer_of({Stop: [Stopped()]})) as client:
        assert client.stop() == Stopped()
