"""What is loaded and pinned; in a process of its own, since both last for a process."""

import subprocess
import sys

from tests.engine.plates import SPACE, write_plate

SCRIPT = """
import sys
from threading import Thread
from engine.__main__ import main
from engine.compute import pin
from engine.restorers import load_restorer
from engine.worker import describe_restorers, load_beforehand

assert len(describe_restorers().restorers) > 3
assert main(["restore", *sys.argv[1:], "--restorer", "temporal-denoise", "--whole-frame"]) == 0
assert pin(3, "auto") == "auto"
assert not {"torch", "diffusers"} & set(sys.modules)

loading = Thread(target=load_beforehand)
loading.start()
loading.join()
assert "torch" in sys.modules
lite = load_restorer("lite", "auto")
import cv2, torch
assert (cv2.getNumThreads(), torch.get_num_threads()) == (3, 3)
assert lite.device == ("cuda:0" if torch.cuda.is_available() else "cpu")
assert pin(2, "auto") == lite.device
assert torch.get_num_threads() == 2
assert "diffusers" not in sys.modules
"""


def test_when_no_network_is_asked_then_torch_is_not_loaded_and_later_it_has_as_many_threads(
    tmp_path,
):
    plate = write_plate(tmp_path, range(1, 3))
    words = [plate.pattern, "--colourspace", SPACE, "--output", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", SCRIPT, *words], check=False)
    assert done.returncode == 0
