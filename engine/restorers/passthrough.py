"""`passthrough`: returns what it was given.

It is the worked example of a restorer, and the proof that the corridor changes no pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.restorer import TASKS, Clip, Restored, RestorerInfo, check_reference

if TYPE_CHECKING:
    from engine.reference import TemporalReference

INFO = RestorerInfo(
    name="passthrough",
    title="Passthrough",
    tasks=TASKS,
    link="chained",
    window=8,
    licence="Apache-2.0",
    source="docs/architecture.md",
    content_agnostic=True,
    guides=("reference", "mask"),
)


class Passthrough:
    """Restores nothing; carries a reference that has seen the clip's frames."""

    info = INFO

    def restore(self, clip: Clip, reference: TemporalReference) -> Restored:
        """Return the clip's pixels as they are."""
        check_reference(INFO, clip, reference)
        return Restored(clip.pixels, reference.followed_by(clip.frames[-1], {}))
