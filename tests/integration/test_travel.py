"""An engine that sees nothing of the client's storage: its roots are elsewhere."""

from pathlib import Path

import numpy as np
import pytest

from plugin_host.errors import EngineBusy, PathRefused, PlateError, SettingsError
from plugin_host.replies import Finished
from plugin_host.requests import Deposit
from plugin_host.travel import send, shelf_of


@pytest.fixture
def secluded(engine_of, tmp_path):
    """An engine whose only folders are an empty root and its spool."""
    folder, empty = tmp_path / "there", tmp_path / "empty"
    folder.mkdir(mode=0o700)
    empty.mkdir()
    return engine_of("--roots", empty, "--spool", folder / "spool", folder=folder)


def restored(client, submit):
    job = client.submit(submit).job
    *_, finished = client.events(job)
    assert isinstance(finished, Finished)
    return {frame: client.fetch(job, frame) for frame in submit.frames}, finished


def here(tools, plate, tmp_path, frames="1001-1004", **settings):
    return tools.request(plate, tmp_path / "out", frames, shot="1001-1006", **settings)


def test_when_the_files_travel_then_the_frames_are_those_of_shared_storage(
    secluded, engine_of, plate, tmp_path, tools
):
    submit, told = here(tools, plate, tmp_path), []
    with secluded.client() as client:
        with pytest.raises(PathRefused):
            client.submit(submit)
        sent = send(client, submit, lambda *counts: told.append(counts))
        frames, _ = restored(client, sent)
        again = send(client, submit)
        assert again == sent
        client.discard(shelf_of(submit))
    assert told == [(done, 6) for done in range(1, 7)]
    assert not (tmp_path / "out").exists()
    assert not [*(tmp_path / "there" / "spool").iterdir()]
    with engine_of().client() as client:
        shared, _ = restored(client, submit)
    assert frames == shared


def test_when_it_is_sent_again_then_only_what_the_engine_lacks_goes(
    secluded, plate, tmp_path, tools
):
    submit, sent = here(tools, plate, tmp_path), []
    with secluded.client() as client:
        told = client._ask

        def ask(message, deadline_s=None, *buffers):
            sent.extend(message.name for _ in buffers if isinstance(message, Deposit))
            return told(message, deadline_s, *buffers)

        client._ask = ask
        there = send(client, submit).shot.plate
        assert len(sent) == 6
        sent.clear()
        (tmp_path / "there" / "spool" / shelf_of(submit) / "p.1003.exr").unlink()
        assert send(client, submit).shot.plate == there
        assert sent == ["p.1003.exr"]


def test_when_a_mask_and_pictures_belong_to_the_request_then_they_travel_too(
    secluded, plate, tmp_path, tools
):
    mask, picture = tmp_path / "p.exr", tmp_path / "Anna.exr"
    tools.write_frame(mask, 1, pixels=np.ones((48, 64, 3)))
    tools.write_frame(picture, 2)
    references = (str(picture), f"Anna={picture}", "frame:1002")
    submit = here(tools, plate, tmp_path, mask=str(mask), references=references)
    with secluded.client() as client:
        settings = send(client, submit).settings
    shelf = tmp_path / "there" / "spool" / shelf_of(submit)
    assert settings.mask == str(shelf / "mask-p.exr")
    first, second = shelf / "reference-0-Anna.exr", shelf / "reference-1-Anna.exr"
    assert settings.references == (str(first), f"Anna={second}", "frame:1002")
    for there, source in ((settings.mask, mask), (first, picture), (second, picture)):
        assert Path(there).read_bytes() == source.read_bytes()


def test_when_a_frame_is_not_there_then_the_engine_tells_of_it_and_none_is_said_at_once(
    secluded, tmp_path, tools
):
    pattern = tools.write_plate(tmp_path / "gap", [1001, 1002, 1004])
    with secluded.client() as client:
        submit = send(client, tools.request(pattern, tmp_path / "out", "1001-1004"))
        job = client.submit(submit).job
        *_, finished = client.events(job)
        assert [(error.frame, error.code) for error in finished.errors] == [(1003, "frame.missing")]
        with pytest.raises(PlateError, match="none of its frames"):
            send(client, tools.request(pattern, tmp_path / "out", "2001-2004"))


def test_when_a_job_runs_then_its_shelf_stays(secluded, long_plate, tmp_path, tools):
    submit = tools.request(long_plate, tmp_path / "out", "1001-1064")
    with secluded.client() as client:
        job = client.submit(send(client, submit)).job
        with pytest.raises(EngineBusy, match="still works"):
            client.discard(shelf_of(submit))
        client.cancel(job)


def test_when_the_engine_has_no_spool_then_it_says_what_would_help(engine, plate, tmp_path, tools):
    with engine.client() as client, pytest.raises(SettingsError, match="--spool DIR"):
        send(client, here(tools, plate, tmp_path))
