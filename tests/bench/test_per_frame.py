import socketserver
import threading

import numpy as np

from bench.per_frame import HEADER, Handler, _fields, _image, round_trip


def test_when_a_frame_is_sent_then_the_same_comes_back():
    planes = np.random.default_rng(1).normal(0, 1, (3, 40, 60)).astype(np.float32)
    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            np.testing.assert_array_equal(round_trip(server.server_address[1], planes), planes)
        finally:
            server.shutdown()
            thread.join()


def test_when_a_frame_is_written_then_it_is_planar_with_its_bottom_row_first():
    planes = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    fields = dict(_fields(_image(planes)))
    assert [fields[n] for n in (1, 2, 3)] == [2, 2, 3]
    assert np.frombuffer(fields[4], np.float32)[:4].tolist() == [2, 3, 0, 1]
    assert HEADER == 12
