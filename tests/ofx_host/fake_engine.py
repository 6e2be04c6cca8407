"""An engine that shows what a test gives it, and lies where it is told to.

It speaks the protocol through `plugin_host.protocol`, on a socket of its own, in a thread.
"""

import hashlib
import secrets
import threading
import time

import numpy as np
import zmq

from engine.connection import write_connection
from plugin_host.errors import EngineBusy, FaceplateError, FrameMissing, SettingsError
from plugin_host.frame_replies import Deposited, Looked, PixelsText
from plugin_host.protocol import Counter, Envelope, decode, encode, failed, job_id, request_of
from plugin_host.replies import (
    Accepted,
    Cancelled,
    Description,
    Reported,
    RestorerText,
    Welcome,
)
from plugin_host.requests import (
    Cancel,
    Credit,
    Deposit,
    Describe,
    Hello,
    Look,
    Status,
    Submit,
)

MATTE = "faceplate.matte"


class FakeEngine:
    """An engine.

    Attributes:
        frames: Pixels ``(H, W, 4)`` by frame number, or by take and number, float32, the top
            row first.
        window: Length and overlap of its restorer's windows.
        ready: Whether it has loaded.
        busy: Whether it has too much to do to look.
        mattes: Mattes ``(H, W)`` by frame number.
        data: Data window's corners, inclusive, by frame; else the pixels begin at 0.
        display: Display windows, likewise.
        spoil: Called with the parts of each answer but the Welcome; returns those to send.
        delay_s: Before each answer to a Look.
        keeps: Whether it keeps files.
        asked: The requests that came.
    """

    def __init__(self, folder):
        self.path = folder / "connection.json"
        self.frames, self.mattes, self.data, self.display = {}, {}, {}, {}
        self.spoil = lambda parts: parts
        self.delay_s = 0.0
        self.keeps, self.ready, self.busy = True, True, False
        self.window = 8, 0
        self.asked = []
        self.files = {}
        self.folder = folder
        self._stop = threading.Event()
        self.start()

    def start(self):
        """Listen."""
        self._stop.clear()
        self._key, self._id = secrets.token_bytes(32), secrets.token_hex(8)
        self._socket = zmq.Context.instance().socket(zmq.ROUTER)
        self._socket.linger = 0
        port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        write_connection(self.path, f"tcp://127.0.0.1:{port}", self._key, self._id)
        self._sessions = {}
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self):
        """Be gone, the connection file too."""
        self._stop.set()
        self._thread.join()
        self.path.unlink(missing_ok=True)

    def said(self, kind):
        """Return the requests of a kind that came."""
        return [message for message in self.asked if isinstance(message, kind)]

    def _run(self):
        while not self._stop.is_set():
            if self._socket.poll(20):
                identity, *parts = self._socket.recv_multipart()
                self._answer(identity, parts)
        self._socket.close()

    def _answer(self, identity, parts):
        envelope = Envelope(None, request_of(parts, self._key), "", 1, ())
        try:
            envelope = decode(parts, self._key)
            self.asked.append(envelope.message)
            if isinstance(envelope.message, Credit):
                return
            reply, buffers = self._reply(envelope)
        except FaceplateError as error:
            reply, buffers = failed(error), ()
        session = reply.session if isinstance(reply, Welcome) else envelope.session
        counter = self._sessions.setdefault(session, Counter())
        parts = encode(
            Envelope(reply, envelope.request, session, counter.next(), buffers), self._key
        )
        if not isinstance(reply, Welcome):
            parts = self.spoil(list(parts))
        if parts is not None:
            self._socket.send_multipart([identity, *parts])

    def _reply(self, envelope):
        answer = {
            Hello: self._welcome,
            Describe: self._describe,
            Look: self._look,
            Status: lambda _: Reported(self._id, True, "", 1, ()),
            Submit: self._submit,
            Cancel: lambda cancel: Cancelled(cancel.job, 3),
            Deposit: lambda deposit: self._deposit(deposit, envelope.buffers),
        }.get(type(envelope.message))
        if answer is None:
            raise SettingsError(f"no {type(envelope.message).__name__} here")
        told = answer(envelope.message)
        return told if isinstance(told, tuple) else (told, ())

    def _welcome(self, _):
        session, names = secrets.token_hex(16), ("temporal-denoise",)
        return Welcome(self._id, session, "0", self.ready, names, 10**6, 2**29)

    def _describe(self, _):
        length, overlap = self.window
        told = RestorerText(
            "temporal-denoise", "", ("bfr",), "chained", length, overlap, (), False, (), "", ""
        )
        return Description((told,))

    def _submit(self, submit):
        window = submit.output.partition("/windows/")[2] or "p"
        return Accepted(job_id(submit), len(list(submit.frames)), f"/takes/{window}.take")

    def _deposit(self, deposit, buffers):
        if not self.keeps:
            raise SettingsError("this engine keeps no files of clients: start it with --spool")
        if buffers:
            self.files[deposit.name] = bytes(buffers[0])
        return Deposited(f"/spool/{deposit.name}", deposit.name in self.files)

    def _look(self, look):
        time.sleep(self.delay_s)
        if self.busy:
            raise EngineBusy("64 frames were asked for and are not read yet")
        matte = look.into.channels == (MATTE,)
        shown = self.mattes if matte else self.frames
        pixels = shown.get((look.take, look.frame), shown.get(look.frame))
        if pixels is None and matte:
            raise SettingsError(f"no channel {MATTE}")
        if pixels is None:
            raise FrameMissing("not there", frame=look.frame)
        height, width, channels = (*pixels.shape, 1)[:3]
        data = np.ascontiguousarray(pixels, np.float32).tobytes()
        window = self.data.get(look.frame, (0, 0, width - 1, height - 1))
        text = PixelsText(
            slot=None,
            size=len(data),
            channels=look.into.channels,
            samples="float",
            data_window=window,
            display_window=self.display.get(look.frame, window),
            row_bytes=4 * channels * width,
            pixel_bytes=4 * channels,
            channel_bytes=4,
        )
        digest = hashlib.sha256(data).hexdigest()
        return Looked(look.take, look.frame, "restored", digest, text), (data,)
