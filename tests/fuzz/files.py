"""Spoilt files read as the engine reads them, in a process that may die of it.

    python -m tests.fuzz.files KIND FIRST SECONDS      one JSON line for each file

Rules of this file:
    - The line that announces a file is out before it is opened, so that the parent knows which
      one killed the process.
    - A file yields a right result or an error of the tree. Anything else is a finding, and so is
      a file that takes longer, or more memory, than a file of its claims may.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from engine.analysis import beauty_planes, proxy_picture
from engine.frame_io.colour import PlateColour
from engine.frame_io.colourspace import Resolved, resolve_colourspace
from engine.frame_io.exr_copy import encode_changes
from engine.frame_io.exr_rows import read_rows
from engine.frame_io.plates import frames_of, read_frame_of
from engine.guides import Mask, read_picture
from engine.image import Box
from plugin_host.errors import FaceplateError
from plugin_host.plate import Plate
from tests.fuzz.mutants import marks, mutant
from tests.fuzz.samples import KINDS

RAW = PlateColour(Resolved("raw", None, "requested"))
MOST_S, MOST_MIB = 20.0, 6 * 1024
"""What the largest frame that is read may take, unpacked once and drawn once."""


def verdict(path: Path, data: bytes) -> str:
    """Read a file every way there is; return ``ok`` or the code of the first refusal."""
    path.write_bytes(data)
    guide(path)
    try:
        plate = Plate.parse(str(path))
        frames = list(frames_of(plate))
        for frame in {frames[0], frames[-1]}:
            image, _ = read_frame_of(plate, frame)
            beauty_planes(image)
            proxy_picture(image, RAW, image.display_window)
        if path.suffix == ".exr":
            band = read_rows(data, range(5, 30))
            green = band.beauty.channels["G"].copy()
            green[0, 2:5] = green[0, 2:5] * 3 // 2 + 1
            encode_changes(band.with_beauty({"G": green}, {}), band)
        resolve_colourspace(None, image.beauty.attributes)
    except FaceplateError as error:
        return error.code
    return "ok"


def guide(path: Path) -> None:
    """Read a file as a mask and as a reference picture."""
    if path.suffix in {".mov", ".mp4", ".mxf"}:
        return
    mask = Mask(str(path), Box(0, 0, 63, 47))
    for read in (lambda: mask.plane(1), lambda: read_picture(str(path), RAW)):
        try:
            read()
        except FaceplateError:
            continue


def _peak_mib() -> int:
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    return 0


def main() -> None:
    kind, first, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    say = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # libraries print about torn files
    samples = KINDS[kind]()
    where = {name: marks(name.rpartition(".")[2], data) for name, data in samples.items()}
    names, end, number = sorted(samples), time.monotonic() + seconds, first
    with tempfile.TemporaryDirectory() as folder:
        while names and time.monotonic() < end:
            name = names[number % len(names)]
            suffix = name.rpartition(".")[2]
            data = mutant(suffix, samples[name], number // len(names), where[name])
            print(json.dumps({"number": number, "name": name}), file=say)
            Path("/proc/self/clear_refs").write_text("5", "ascii")
            before, begun = _peak_mib(), time.monotonic()
            path = Path(folder) / f"p{number}.0001.{suffix}"
            try:
                said = verdict(path, data)
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                said = f"raised {type(error).__name__}: {str(error)[:200]}"
            took, rose = time.monotonic() - begun, _peak_mib() - before
            if took > MOST_S or rose > MOST_MIB:
                said = f"took {took:.1f} s and {rose} MiB"
            print(json.dumps({"number": number, "name": name, "said": said}), file=say)
            path.unlink()
            number += 1


if __name__ == "__main__":
    main()
