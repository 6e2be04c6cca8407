"""The seams of a take that nobody has measured: their neighbours were delivered after them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from engine.analysis import ShotAnalysis
from engine.clips import Clips
from engine.frame_io.colour import PlateColour
from engine.guides import guide_hashes
from engine.restorer import check_settings
from engine.restorers import build_restorer
from engine.seams import measure_seams
from engine.take import Take
from plugin_host.errors import SettingsError
from plugin_host.requests import Submit

if TYPE_CHECKING:
    from engine.stored_take import StoredTake


def measure_late(stored: StoredTake) -> None:
    """Measure every seam whose frame is delivered by now.

    Raises:
        SettingsError: The restorer, a guide or the analysis is not there.
        TakeConflict: Another release began the take.
        FrameError: The plate or a delivered frame cannot be read.
    """
    shot, settings = stored.shot, stored.settings
    info = build_restorer(settings.restorer).info
    submit = Submit(shot, shot.frames, settings, str(stored.folder.parent))
    take = Take(submit, info, guide_hashes(settings, shot))
    found = take.analysis()
    try:
        analysis = ShotAnalysis.from_json(found or {})
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError):
        raise SettingsError("the shot's analysis is not there", path=str(take.folder)) from None
    if analysis.colour is None:
        raise SettingsError("no frame of the shot is usable", path=str(take.folder))
    colour = PlateColour(analysis.colour, info.curve)
    clips = Clips(analysis, info, settings, colour, check_settings(info, settings))
    deque(measure_seams(take, analysis, clips), maxlen=0)
