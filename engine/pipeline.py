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

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from engine.analysis import ShotAnalysis, analyse_shot, read_frame
from engine.clips import Clips, Delta
from engine.delivery import Delivered, Delivery, WriteBehind, blend
from engine.frame_io.colour import PlateColour
from engine.frame_io.plates import frames_of, read_frame_of
from engine.guides import guide_hashes
from engine.plan import Step, required, steps_of
from engine.reader import Reader
from engine.report import Report
from engine.restorer import check_settings
from engine.results import Results
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
    from collections.abc import Callable, Mapping, Sequence

    from engine.image import Image
    from engine.reference import TemporalReference
    from engine.restorer import Restorer
    from plugin_host.replies import Analysed, Finished, Progress
    from plugin_host.requests import Submit

READ_AHEAD = 4  # frames; enough to hide a read behind a restore, little enough for 4K
WRITE_BEHIND = 4  # frames


def restore_shot(
    submit: Submit,
    restorer: Restorer,
    *,
    job: str,
    emit: Callable[[Analysed | Progress], None],
    cancelled: Callable[[], bool] = lambda: False,
) -> Finished:
    """Restore what a request asks for and is not in its take yet.

    Args:
        submit: The request.
        restorer: The method.
        job: Name of the job, for what is emitted.
        emit: Called for each frame when its receipt is on disk, or when it has failed; before
            that, where the shot is not analysed yet, for each frame looked through.
        cancelled: Asked before every frame of the analysis and every window.

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
        analysis = _analysis(take, submit, report, cancelled)
    if analysis.colour is None:
        report.all_failed(analysis.error(frame, submit.shot.plate) for frame in submit.frames)
        return report.finished()
    colour = PlateColour(analysis.colour, restorer.info.curve)
    clips = Clips(analysis, restorer.info, submit.settings, colour, parameters)
    run = _Run(submit, restorer, take, clips, report, analysis=analysis)
    pending = run.pending()
    if pending and not report.stopped:
        run.restore(pending, cancelled)
    run.results.forget_delivered()  # also what a killed request left after its last receipt
    for sentence in measure_seams(take, analysis, clips, colour):
        report.note(sentence)
    return report.finished()


def _analysis(
    take: Take, submit: Submit, report: Report, cancelled: Callable[[], bool]
) -> ShotAnalysis:
    stored = take.analysis()
    if stored is not None:
        # What cannot be read back counts as not there.
        with suppress(AttributeError, LookupError, TypeError, ValueError):
            return ShotAnalysis.from_json(stored)
    frames_of(submit.shot.plate)

    def heard(done: int) -> None:
        if cancelled():
            raise JobCancelled("cancelled while the shot was analysed; nothing was delivered")
        report.analysed(done)

    analysis = analyse_shot(submit.shot, find_faces=not submit.settings.whole_frame, heard=heard)
    take.store_analysis(analysis.to_json())
    return analysis


class _Run:
    """One request being carried out."""

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
        self.references: dict[int, tuple[int, TemporalReference]] = {}  # the last of each track
        header = {
            "faceplate/restorer": info.name,
            "faceplate/weights": info.weights or "none",
            "faceplate/settings": take.settings_hash,
            "faceplate/take": take.id,
        }
        self.delivery = Delivery(take, submit.settings, clips, header)

    # what is to be done

    def pending(self) -> set[int]:
        """Return the asked frames that are to be delivered now; speak of all the others."""
        pending: set[int] = set()
        for frame in self.submit.frames:
            receipt, error = self.take.receipt(frame), self.clips.error(frame, self.plate)
            if receipt is not None and (error is None or receipt.status == "source"):
                self.report.kept(frame, receipt, error)
            elif error is None:
                pending.add(frame)
            elif not self.report.stopped:
                self._give_up(frame, error)
        return pending

    def _give_up(self, frame: int, error: FrameError) -> None:
        """Deal with a bad frame as the request's policy says."""
        if self.submit.on_error == "source":
            try:
                image, digest = read_frame_of(self.plate, frame)
            except FrameError:
                pass
            else:
                self.report.delivered(self.delivery.deliver_source(image, frame, digest), error)
                return
        self.report.failed(frame, error)

    # doing it

    def restore(self, pending: set[int], cancelled: Callable[[], bool]) -> None:
        """Go through the needed windows in the grid's order; deliver each pending frame."""
        chosen = self._choose(pending)
        last = {frame: window.index for window in self.grid for frame in window.frames}
        indices = sorted({*chosen, *(last[frame] for frame in pending)})
        due = {i: sorted(f for f in pending if last[f] == i) for i in indices}
        reads = {i: _read_by(chosen.get(i, ()), due[i]) for i in indices}
        order = list(dict.fromkeys(frame for index in indices for frame in reads[index]))
        still_read = {frame: index for index in indices for frame in reads[index]}
        images: dict[int, Image] = {}
        with (
            Reader(self._read, [*self.clips.hero_frames, *order], READ_AHEAD) as reader,
            WriteBehind(self.report.outcome, WRITE_BEHIND) as writer,
        ):
            self.clips.set_heroes({f: reader.get(f) for f in self.clips.hero_frames})
            for index in indices:
                if cancelled():
                    raise JobCancelled("cancelled; what was delivered is kept")
                images.update((f, reader.get(f)) for f in reads[index] if f not in images)
                for step in chosen.get(index, ()):
                    self._compute(step, images, pending)
                for frame in due[index]:
                    writer.begin(self._delivery_of(frame, images[frame]))
                images = {f: image for f, image in images.items() if still_read[f] > index}
                self.results.let_go(index)

    def _choose(self, pending: set[int]) -> dict[int, list[Step]]:
        chosen: dict[int, list[Step]] = {}
        for track, steps in self.steps.items():
            of_window = {step.window: step.frames for step in steps}
            for step in required(
                steps,
                pending,
                has_pixels=lambda w, t=track, of=of_window: self.results.are_kept(
                    t, w, pending.intersection(of[w])
                ),
                has_reference=lambda w, t=track: self.take.reference(t, w) is not None,
                warm_up=self.submit.settings.warm_up,
            ):
                chosen.setdefault(step.window, []).append(step)
        return chosen

    def _compute(self, step: Step, images: Mapping[int, Image], pending: set[int]) -> None:
        """Restore one window of one track; keep its reference and what nobody asked for yet."""
        with self.report.stage("crop"):
            clip = self.clips.clip(step, images)
        with self.report.stage("restore"):
            restored = self.restorer.restore(clip, self._reference(step))
        if not np.isfinite(restored.pixels).all():
            raise RestorerFailed(f"{self.info.name} returned NaN in window {step.window}")
        if any(other.needs == step.window for other in self.steps[step.track]):
            self.take.store_reference(step.track, step.window, restored.reference)
            self.references[step.track] = (step.window, restored.reference)
        with self.report.stage("crop"):
            delta = self.clips.delta(clip, restored, step.frames)
            if step.approximate and any(f in self.submit.shot.frames for f in step.warm_up[-1:]):
                before = self.clips.delta(clip, restored, step.warm_up[-1:])
                self.report.note(keep_seam(self.take, step, before))
        self.results.add(step.track, step.window, delta)
        unasked = tuple(
            frame
            for frame in step.frames
            if frame in self.submit.shot.frames
            and frame not in pending
            and self.clips.error(frame, self.plate) is None
            and self.take.receipt(frame) is None
        )
        if unasked:
            self.results.keep(step.track, step.window, delta.only(unasked))

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

    def _delivery_of(self, frame: int, image: Image) -> Callable[[], Delivered | FrameError]:
        deltas: dict[int, Delta] = {}
        for track, steps in self.steps.items():
            parts = [
                (self.grid[step.window], self.results.get(track, step.window))
                for step in steps
                if frame in step.frames
            ]
            if parts:
                deltas[track] = blend(frame, parts, self.info.overlap)

        def deliver() -> Delivered | FrameError:
            with self.report.stage("write"):
                source = self.analysis.sources[frame]
                return self.delivery.attempt(image, frame, deltas, source)

        return deliver

    def _read(self, frame: int) -> Image:
        with self.report.stage("read"):
            return read_frame(self.plate, frame, self.analysis)


def _read_by(steps: Sequence[Step], due: Sequence[int]) -> list[int]:
    """Return the frames that a window's steps and deliveries read, ascending."""
    return sorted({*due, *(f for step in steps for f in (*step.warm_up, *step.frames))})
