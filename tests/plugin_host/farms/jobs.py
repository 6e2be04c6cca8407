"""Jobs to be written as the files of a scheduler."""

from plugin_host.farm import Declaration, farm_job
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.requests import Settings, Shot, Submit

GIB = 1 << 30
ANCHORED = Declaration("anchored", 14, 4, vram=16 * GIB)
CHAINED = Declaration("chained", 8)
EVIL = '/pl a\'te/$(touch x)`y`;"q"&\\'
"""A folder that no shell, key-value file or XML file takes for itself."""


def request(frames="1001-1100", *, folder="/plates", output="/out", shot=None, **settings):
    """Return a request."""
    asked = FrameRange.parse(frames)
    whole = asked if shot is None else FrameRange.parse(shot)
    plate = Plate.parse(f"{folder}/p.%04d.exr", "lin_rec709_scene")
    return Submit(Shot(plate, whole), asked, Settings("svfr", **settings), output)


def job_of(asked, declared=ANCHORED, chunk=12, **how):
    """Return the job of a request."""
    return farm_job(asked, declared, chunk, **how)


def restored_by(words):
    """Return the frames that `faceplate farm-session task` restores by these arguments."""
    from plugin_host.chunks import Grid, owned  # noqa: PLC0415

    said = dict(word[2:].split("=", 1) for word in words if word.startswith("--") and "=" in word)
    grid = Grid(FrameRange.parse(said["grid"]), int(said["stride"]), int(said["overlap"]))
    return owned(FrameRange.parse(said["frames"]), FrameRange.parse(said["asked"]), grid)
