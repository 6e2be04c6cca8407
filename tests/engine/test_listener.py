import stat
import sys

import pytest
import zmq

from engine.listener import Listener, listen
from engine.settings import EngineSettings
from plugin_host.errors import SettingsError
from plugin_host.zmtp import Dealer

unix = pytest.mark.skipif(sys.platform == "win32", reason="no ipc")
DEADLINE_S = 20.0


@pytest.fixture
def context():
    with zmq.Context() as context:
        yield context


@unix
def test_when_a_large_part_comes_then_it_is_not_copied_and_can_be_sent_back(context, tmp_path):
    parts = [b"head", b"small" * 100, bytes(range(256)) * 4096]
    settings = EngineSettings(address=f"ipc://{tmp_path}/engine")
    with Listener(context, settings, tmp_path / "c.json", {}) as listener:
        (router,) = listener.sockets
        with Dealer(listener.address) as dealer:
            dealer.send(parts, DEADLINE_S)
            assert router.poll(DEADLINE_S * 1000)
            ((route, got),) = listener.waiting({router: zmq.POLLIN}, 9)
            assert got == parts
            assert [type(part) for part in got] == [bytes, bytes, memoryview]
            assert listener.send([route, *got]) is not None
            assert dealer.receive(DEADLINE_S) == parts
            del got


@unix
def test_when_it_listens_on_ipc_then_the_socket_is_its_users_alone(context, tmp_path):
    with listen(context, f"ipc://{tmp_path}/engine"):
        assert stat.S_IMODE((tmp_path / "engine").stat().st_mode) & 0o077 == 0


@unix
def test_when_others_can_write_beside_an_ipc_socket_then_it_is_refused(context, tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(SettingsError, match="chmod go-w"):
        listen(context, f"ipc://{tmp_path}/engine")
    with pytest.raises(SettingsError, match="cannot listen"):
        listen(context, f"ipc://{tmp_path}/none/engine")
