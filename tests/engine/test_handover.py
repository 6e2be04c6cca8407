from hashlib import sha256
from types import SimpleNamespace

import pytest

from engine.handover import Handover
from engine.sessions import Session
from engine.spool import Spool
from plugin_host.errors import EngineBusy, SettingsError, UnknownJob
from plugin_host.protocol import Envelope, new_id
from plugin_host.replies import Echoed
from plugin_host.requests import Attach, Deposit, Echo, Fetch, Into

LOCAL, REMOTE = (Session("s", bytes([socket]) + b"route") for socket in (0, 1))


class Errands:
    """Does nothing, and remembers what it was asked for."""

    def __init__(self):
        self.asked = []

    def ask(self, errand):
        self.asked.append(errand)

    def waiting(self, session):
        return len([errand for errand in self.asked if errand.session == session])


@pytest.fixture
def handover(tmp_path):
    made = Handover({}, (), Errands(), Spool(str(tmp_path / "spool")))
    yield made
    made._rings.sweep(lambda _: None)


def asked(handover, message, *buffers, session=LOCAL):
    handover.ask(session, Envelope(message, new_id(), session.id, 1, buffers))
    return handover._errands.asked[-1].work


def test_when_an_echo_waits_then_another_with_buffers_is_refused(handover):
    work = asked(handover, Echo(), b"large")
    assert work() == (Echoed(), (b"large",))
    with pytest.raises(EngineBusy, match="large"):
        asked(handover, Echo(), b"more")
    asked(handover, Echo())


def test_when_a_file_waits_then_another_is_refused(handover):
    deposit = Deposit("0" * 32, "a.exr", sha256(b"frame").hexdigest())
    work = asked(handover, deposit, b"frame")
    assert work()[0].there
    with pytest.raises(EngineBusy, match="large"):
        asked(handover, deposit, b"frame")
    asked(handover, deposit)


def test_when_the_client_is_on_another_machine_then_it_gets_no_ring(handover):
    with pytest.raises(SettingsError, match="another machine"):
        asked(handover, Attach(1), session=REMOTE)()


def test_when_nobody_knows_the_job_then_it_says_so(handover):
    for into in (None, Into(0)):
        with pytest.raises(UnknownJob):
            asked(handover, Fetch("0" * 16, 1, into))


def test_when_a_session_is_gone_then_its_ring_goes_at_the_next_sweep(handover):
    asked(handover, Attach(1))()
    handover.sweep(lambda _: SimpleNamespace())
    assert handover._rings.get("s") is not None
    handover._swept = 0.0
    handover.sweep(lambda _: None)
    assert handover._rings.get("s") is None
