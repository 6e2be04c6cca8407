"""A plain re-creation of the per-frame transport that Foundry published with nuke-ML-server.

Written from its description: a connection for each request; 12 ASCII digits, zero padded, then one
message of protobuf's wire format; the answer's digits count themselves too, and it is read in
pieces of 1024 bytes until the server closes. A frame is planar float32 RGB, bottom row first. The
server takes one request at a time, gathers it as `bytes`, hands the model ``(H, W, C)`` arrays, top
row first, and the model here returns what it is given. Field numbers are ours, since only the
layout counts; the per-element loops of the published C++ client are left out, to its advantage.

    python -m bench.per_frame        listens, and prints its port
"""

from __future__ import annotations

import socket
import socketserver
import sys
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

HEADER = 12
_VARINT, _BYTES = 0, 2  # protobuf's wire types
_INFERENCE, _MODEL, _IMAGE = 2, 1, 2
_WIDTH, _HEIGHT, _CHANNELS, _PIXELS = 1, 2, 3, 4


def round_trip(port: int, planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Send a frame and return what comes back, ``(3, H, W)`` float32, top row first."""
    body = _tagged(_INFERENCE, _tagged(_MODEL, b"identity") + _tagged(_IMAGE, _image(planes)))
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"%012d" % len(body) + body)
        while piece := connection.recv(1024):
            received += piece
    answer = dict(_fields(bytes(received[HEADER:])))[_INFERENCE]
    return _planes(dict(_fields(answer))[_IMAGE])


class Handler(socketserver.BaseRequestHandler):
    """Answers one request."""

    def handle(self) -> None:
        """Read it, run the model, write the answer."""
        body = self._exactly(int(self._exactly(HEADER)))
        inference = dict(_fields(dict(_fields(body))[_INFERENCE]))
        pixels = np.transpose(_planes(inference[_IMAGE]), (1, 2, 0))
        returned = np.ascontiguousarray(np.transpose(_identity(pixels), (2, 0, 1)))
        answer = _tagged(_INFERENCE, _tagged(_IMAGE, _image(returned)))
        self.request.sendall(b"%012d" % (len(answer) + HEADER) + answer)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += self.request.recv(count - len(data))
        return data


def _identity(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.array(pixels)


def _image(planes: NDArray[np.float32]) -> bytes:
    channels, height, width = planes.shape
    sizes = [(_WIDTH, width), (_HEIGHT, height), (_CHANNELS, channels)]
    written = b"".join(_varint(field << 3 | _VARINT) + _varint(value) for field, value in sizes)
    return written + _tagged(_PIXELS, planes[:, ::-1].tobytes())


def _planes(image: bytes) -> NDArray[np.float32]:
    fields = dict(_fields(image))
    shape = (fields[_CHANNELS], fields[_HEIGHT], fields[_WIDTH])
    return np.frombuffer(fields[_PIXELS], np.float32).reshape(shape)[:, ::-1]


def _tagged(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        value, position = _read_varint(data, position)
        if tag & 7 == _BYTES:
            yield tag >> 3, data[position : position + value]
            position += value
        else:
            yield tag >> 3, value


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        digit = data[position]
        value |= (digit & 127) << shift
        shift, position = shift + 7, position + 1
        if digit < 128:
            return value, position


def main() -> None:
    """Serve until killed."""
    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
