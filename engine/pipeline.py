"""The heart: restore the asked frames of a shot, window by window, track by track.

    analyse the shot once -> for each window of the grid that is needed:
        read -> cut clips out -> restore(clip, reference) -> keep the reference
        -> blend, paste, write, receipt -> say so

Rules of this file:
    - What a step computes depends on the shot, the settings and the reference it reads, never on
      what was asked for. See plan.py.
    - A frame is written once, its receipt after it, and only then it is spoken of.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from engine.analysis import ShotAnalysis, read_frame
from engine.asked import Asked
from engine.clips import Clips
from engine.delivery import Delivered, Delivery, WriteBehind, blend
from engine.first_look import analysis_for, summary
from engine.frame_io.colour import PlateColour
from engine.frugal import restore_within_memory
from engine.guides import guide_hashes
from engine.plan import Step, anchors, required, steps_of
from engine.reader import Reader
from engine.report import Report
from engine.restorer import Watched, check_settings
from engine.results import Results
from engine.schedule import schedule
from engine.seams import keep_seam, measure_seams
from engine.take import Take
from engine.windowing import windows
from plugin_host.errors import (
    FrameError,
    JobCancelled,
    RestorerFailed,
)
from plugin_host.protocol import check_submit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from engine.clips import Change, Delta, Look
    from engine.image import Image
    from engine.reference import TemporalReference
    from engine.restorer import Restorer
    from engine.windowing import Window
    from plugin_host.replies import Analysed, Finished, Progress
    from plugin_host.requests import Submit

AT_LEAST_AHEAD = 4  # frames; else as many as the next window needs, and none where memory is short


def restore_shot(
    submit: Submit,
    restorer: Restorer,
    *,
    job: str,
    emit: Callable[[Analysed | Progress], None],
    cancelled: Callable[[], bool] = lambda: False,
    ready: Callable[[Restorer], Restorer] = lambda restorer: restorer,
) -> Finished:
    """Restore what a request asks for and is not in its take yet.

    Args:
        submit: The request.
        restorer: The method.
        job: Name of the job, for what is emitted.
        emit: Called for each frame when its receipt is on disk, or when it has failed; before
            that, where the shot is not analysed yet, for each frame looked through.
        cancelled: Asked before every frame of the analysis and every window; in a window, before
            every step of a restorer that can be watched.
        ready: Called once with the restorer, when there is something to restore; returns it able
            to: what is delivered already is told without loading anything.

    Returns:
        What was delivered, with the errors of single frames.

    Raises:
        RequestRefused: The request contradicts itself, the restorer, the plate or the take.
        RestorerFailed: The restorer could not go on.
        FrameWriteFailed: The output cannot be written any more.
        FrameError: A frame vanished, or is no longer the one that the take was begun with.
        JobCancelled: `cancelled` said so; what is delivered stays.
    """
    check_submit(submit)
    parameters = check_settings(restorer.info, submit.settings)
    take = Take(submit, restorer.info, guide_hashes(submit.settings, submit.shot))
    report = Report(job, submit, take, emit)
    with report.stage("analyse"):
        analysis = analysis_for(take, submit, partial(_heard, report, cancelled))
    if analysis.colour is None:
        report.all_failed(analysis.error(frame, submit.shot.plate) for frame in submit.frames)
        return report.finished()
    if submit.until == "analysis":
        return report.finished(f"the take holds the shot's analysis: {summary(analysis)}")
    colour = PlateColour(analysis.colour, restorer.info.curve)
    clips = Clips(analysis, restorer.info, submit.settings, colour, parameters)
    run = _Run(submit, restorer, take, clips, report, analysis=analysis)
    run.ready, run.cancelled = ready, cancelled
    return report.finished(*run.anchor() if submit.until == "anchor" else run.deliver())


def _heard(report: Report, cancelled: Callable[[], bool], done: int) -> None:
    """Tell that so many frames were looked through, and end it where nobody wants them."""
    if cancelled():
        raise JobCancelled("cancelled while the shot was analysed; nothing was delivered")
    report.analysed(done)


def _watched(restorer: Restorer, cancelled: Callable[[], bool]) -> Restorer:
    watched = isinstance(restorer, Watched)
    return restorer.watched(partial(_stop_if, cancelled)) if watched else restorer


def _stop_if(cancelled: Callable[[], bool], *_: int) -> None:
    if cancelled():
        raise JobCancelled("cancelled; what was delivered is kept")


class _Run:
    """One request being carried out."""

    cancelled: Callable[[], bool]
    ready: Callable[[Restorer], Restorer] | None  # of what is not ready yet

    def __init__(
        self,
        submit: Submit,
        restorer: Restorer,
        take: Take,
        clips: Clips,
        report: Report,
        *,
        analysis: ShotAnalysis,
    ) -> None:
        self.submit, self.restorer, self.take = submit, restorer, take
        self.analysis, self.clips, self.report = analysis, clips, report
        info = self.info = restorer.info
        self.plate = submit.shot.plate
        self.grid = windows(tuple(submit.shot.all_frames), info.window, info.overlap)
        self.steps = {
            track: steps_of(track, clips.usable(track), self.grid, info)
            for track in clips.transforms
        }
        self.results = Results(take)
        self.vanished: set[int] = set()  # frames of which another took away what was kept
        self.references: dict[int, tuple[int, TemporalReference]] = {}  # the last of each track
        header = {
            "faceplate/restorer": info.name,
            "faceplate/weights": info.weights or "none",
            "faceplate/settings": take.settings_hash,
            "faceplate/take": take.id,
        }
        self.delivery = Delivery(take, submit.settings, clips, header)

    def deliver(self) -> list[str]:
        """Deliver what is asked for; return what is to be said of what is not over yet."""
        asked = Asked(
            self.submit, self.take, self.clips, self.report, self.delivery, analysis=self.analysis
        )
        pending, anew = asked.pending()
        while pending and not self.report.stopped:
            self.restore(self._chosen(pending, anew), pending)
            pending, anew, self.vanished = self.vanished, self.vanished, set()
        self.results.forget_delivered()  # also what a killed request left after its last receipt
        seams = [*measure_seams(self.take, self.analysis, self.clips)]
        for seam in seams:
            self.report.note(str(seam) if seam.codes is not None else "")
        return [str(seam) for seam in seams if seam.codes is None]

    def anchor(self) -> list[str]:
        """Compute the references that tracks begin with and others need; return a sentence."""
        steps = [step for track in self.steps.values() for step in anchors(track)]
        missing = [s for s in steps if self.take.reference(s.track, s.window) is None]
        self.restore(missing, set())
        words = "the take holds the first references that other windows need"
        return [f"{words}: {len(steps)} of {len(self.steps)} tracks, {len(missing)} made now"]

    def restore(self, steps: Iterable[Step], pending: set[int]) -> None:
        """Go through windows in the grid's order; deliver each pending frame."""
        plan = schedule(steps, pending, self.grid)
        ahead = max(AT_LEAST_AHEAD, self.info.window - self.info.overlap)
        heroes = self.clips.hero_frames
        looks: dict[int, Look] = {}
        with (
            Reader(partial(self._read, plan.tracks), [*heroes, *plan.order], ahead) as reader,
            WriteBehind(self.report.outcome, ahead) as writer,
        ):
            if self.ready and any(turn.steps for turn in plan.turns):  # while frames are read
                self.restorer = _watched(self.ready(self.restorer), self.cancelled)
                self.ready = None
            self.clips.set_heroes({frame: reader.get(frame).image for frame in heroes})
            for turn in plan.turns:
                _stop_if(self.cancelled)
                looks.update((f, reader.get(f)) for f in turn.reads if f not in looks)
                for step in turn.steps:
                    self._compute(step, looks, pending)
                for frame in turn.due:
                    if deliver := self._delivery_of(frame, looks[frame].image):
                        writer.begin(deliver)
                looks = {f: look for f, look in looks.items() if plan.last[f] > turn.window}
                self.results.let_go(turn.window)

    def _chosen(self, pending: set[int], anew: set[int]) -> Iterator[Step]:
        """Yield the steps that pending frames need; those `anew` count on nothing kept."""
        for track, steps in self.steps.items():
            of_window = {step.window: step.frames for step in steps}
            yield from required(
                steps,
                pending,
                has_pixels=lambda w, t=track, of=of_window: (
                    anew.isdisjoint(of[w])
                    and self.results.are_kept(t, w, pending.intersection(of[w]))
                ),
                has_reference=lambda w, t=track: self.take.reference(t, w) is not None,
                asked=self.submit.frames,
                warm_up=self.submit.settings.warm_up if self.info.link == "chained" else 0,
            )

    def _compute(self, step: Step, looks: Mapping[int, Look], pending: set[int]) -> None:
        """Restore one window of one track; keep its reference and what nobody asked for yet."""
        clip = self.clips.clip(step, looks)
        with self.report.stage("restore"):
            restored, self.restorer = restore_within_memory(
                self.restorer, clip, self._reference(step), self.report.note
            )
        if not np.isfinite(restored.pixels).all():
            raise RestorerFailed(f"{self.info.name} returned NaN in window {step.window}")
        if any(other.needs == step.window for other in self.steps[step.track]):
            self.take.store_reference(step.track, step.window, restored.reference)
            self.references[step.track] = (step.window, restored.reference)
        change = self.clips.change(clip, restored)
        if step.approximate and any(f in self.submit.shot.frames for f in step.warm_up[-1:]):
            self.report.note(keep_seam(self.take, step, change.only(step.warm_up[-1:])))
        self.results.add(step.track, step.window, change)
        unasked = tuple(
            frame
            for frame in step.frames
            if frame in self.submit.shot.frames
            and frame not in pending
            and self.clips.error(frame, self.plate) is None
            and self.take.receipt(frame) is None
        )
        if unasked:
            self.results.keep(step.track, step.window, change.only(unasked))

    def _reference(self, step: Step) -> TemporalReference:
        if step.needs is None:
            return self.info.begin(step.track, self.submit.settings.seed)
        window, reference = self.references.get(step.track, (None, None))
        if window != step.needs:  # made by an earlier run
            reference = self.take.reference(step.track, step.needs)
            if reference is not None:
                self.references[step.track] = (step.needs, reference)
        if reference is None:
            raise RestorerFailed(
                f"the reference after window {step.needs} of track {step.track} is gone from "
                f"{self.take.folder}; ask again"
            )
        return reference

    def _delivery_of(self, frame: int, image: Image) -> Callable[[], Delivered | FrameError] | None:
        parts = self._parts_of(frame)
        if parts is None:  # what was kept is gone: another engine was first, if all is well
            receipt, path = self.take.receipt(frame), self.take.frame_path(frame)
            if receipt:
                return lambda: Delivered(frame, receipt.status, path, receipt.note)
            self.vanished.add(frame)
            return None

        def deliver() -> Delivered | FrameError:
            with self.report.stage("write"):
                overlap, source = self.info.overlap, self.analysis.sources[frame]
                deltas = {track: blend(frame, found, overlap) for track, found in parts.items()}
                return self.delivery.attempt(image, frame, deltas, source)

        return deliver

    def _parts_of(self, frame: int) -> dict[int, list[tuple[Window, Change | Delta]]] | None:
        """Return what each track's windows change in a frame; None where that has vanished."""
        parts: dict[int, list[tuple[Window, Change | Delta]]] = {}
        for step in (step for steps in self.steps.values() for step in steps):
            if frame in step.frames:
                found = self.results.get(step.track, step.window, frame)
                if found is None:
                    return None
                parts.setdefault(step.track, []).append((self.grid[step.window], found))
        return parts

    def _read(self, tracks: Mapping[int, Sequence[int]], frame: int) -> Look:
        with self.report.stage("read"):
            image = read_frame(self.plate, frame, self.analysis, self.clips.rows(frame))
        with self.report.stage("crop"):
            return self.clips.look(image, frame, tracks.get(frame, ()))
