"""Which of the asked frames are delivered now, and what is said of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.first_look import changed_since, differs
from engine.frame_io.plates import read_frame_of
from plugin_host.errors import FrameError

if TYPE_CHECKING:
    from engine.analysis import ShotAnalysis
    from engine.clips import Clips
    from engine.delivery import Delivery
    from engine.report import Report
    from engine.take import Receipt, Take
    from plugin_host.requests import Submit


class Asked:
    """The frames that a request asks for.

    Args:
        submit: The request.
        take: What is delivered already.
        clips: Knows the frames that cannot be restored.
        report: Hears of every frame that is not pending.
        delivery: Delivers the plate's own frames, where the request wants those.
        analysis: What the shot was when the take was begun.
    """

    def __init__(
        self,
        submit: Submit,
        take: Take,
        clips: Clips,
        report: Report,
        delivery: Delivery,
        *,
        analysis: ShotAnalysis,
    ) -> None:
        self._submit, self._take, self._clips = submit, take, clips
        self._report, self._delivery, self._analysis = report, delivery, analysis

    def pending(self) -> tuple[set[int], set[int]]:
        """Return the frames to be delivered now, and those that count on nothing kept of them.

        All others are spoken of.
        """
        pending: set[int] = set()
        anew: set[int] = set()
        for frame in self._submit.frames:
            receipt = self._take.receipt(frame)
            error = self._clips.error(frame, self._submit.shot.plate)
            changed = receipt and changed_since(self._take, self._submit, self._analysis, frame)
            again = self._is_again(frame, receipt)
            if changed:
                self._report.failed(frame, changed)
            elif receipt and not again and (error is None or receipt.status == "source"):
                self._report.kept(frame, receipt, error)
            elif error is None:
                pending.add(frame)
                anew.update((frame,) if again else ())
            elif not self._report.stopped:
                self._give_up(frame, error)
        return pending, anew

    def _is_again(self, frame: int, receipt: Receipt | None) -> bool:
        redo = self._submit.redo
        return redo == "all" or bool(
            redo == "differing" and receipt and differs(self._take.frame_path(frame), receipt)
        )

    def _give_up(self, frame: int, error: FrameError) -> None:
        """Deal with a bad frame as the request's policy says."""
        if self._submit.on_error == "source":
            try:
                image, digest = read_frame_of(self._submit.shot.plate, frame)
            except FrameError:
                pass
            else:
                delivered = self._delivery.deliver_source(image, frame, digest)
                self._report.delivered(delivered, error)
                return
        self._report.failed(frame, error)
