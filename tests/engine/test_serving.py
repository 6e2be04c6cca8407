import os

from engine.serving import leave_to_the_users_own
from engine.settings import resolve_settings


def test_when_an_engine_is_beside_the_users_own_then_it_takes_no_port_and_no_spool_of_that(
    tmp_path, monkeypatch
):
    file = tmp_path / "faceplate.toml"
    file.write_text(
        'address = "tcp://127.0.0.1:4001"\nlisten = "tcp://0.0.0.0:4002"\n'
        f"spool = '{tmp_path}'\nthreads = 3\n"
    )
    monkeypatch.setattr(os, "environ", {"FACEPLATE_CONFIG": str(file)})
    leave_to_the_users_own()
    found = resolve_settings({}, os.environ)
    assert (found.address, found.listen, found.spool) == ("tcp://127.0.0.1:*", "", "")
    assert found.threads == 3
