"""A request as the steps of a render farm's job, whichever farm it is.

    Analyse -> [Anchor] -> Restore -> Verify

    Analyse   cuts, faces and tracks, once a shot
    Anchor    the reference that all windows of an ``anchored`` restorer read; others have none
    Restore   the asked frames in chunks: side by side, or one after the other where each window
              reads its left neighbour's reference and no approximate start is asked for
    Verify    every receipt, the sha256 of every frame, the seams

What a scheduler of its own kind is told is made from these values elsewhere. Here is all that
needs to be known of Faceplate for it.

Rules of this file:
    - A task may be run again, or twice at once: what is delivered is not done again.
    - Chunks that run side by side end where windows begin, so that few windows are made twice.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Callable, Sequence

from plugin_host.chunks import Grid, chunks
from plugin_host.errors import SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.task_words import FRAMES, Argument, FarmParameter, Token, arguments_of

if TYPE_CHECKING:
    from plugin_host.requests import Submit

SESSION = "farm-session"
"""The command of `faceplate` that serves tasks on a farm's machine."""
_REDO = {"differing": "--verify", "all": "--force"}


@dataclass(frozen=True)
class Declaration:
    """What a restorer says of itself, as far as a farm needs it; see `RestorerInfo`.

    Attributes:
        link: ``independent``, ``warmed``, ``anchored`` or ``chained``.
        window: Frames in a window.
        overlap: Frames shared by neighbouring windows.
        warm_up: Preceding frames that a ``warmed`` window also reads.
        vram: Device memory in bytes; 0 where it needs no accelerator.
    """

    link: str
    window: int
    overlap: int = 0
    warm_up: int = 0
    vram: int = 0


@dataclass(frozen=True)
class FarmStep:
    """Tasks that run the same command line.

    Attributes:
        name: A word.
        arguments: What follows `faceplate`; see `VERB` and `FRAMES`.
        tasks: The frames of each task in order; empty for one task without `FRAMES`.
        after: Names of the steps that must have succeeded.
        serial: Whether each task must wait for the one before it.
        vram: Device memory in bytes that a machine must have; 0 for none.
        cores: Processor cores of it that a task uses.
    """

    name: str
    arguments: tuple[Argument, ...]
    tasks: tuple[FrameRange, ...] = ()
    after: tuple[str, ...] = ()
    serial: bool = False
    vram: int = 0
    cores: int = 1

    @property
    def frames(self) -> FrameRange | None:
        """All frames that are divided among the tasks; None for a single task without frames."""
        return FrameRange(f for task in self.tasks for f in task) if self.tasks else None

    @property
    def chunk(self) -> int:
        """Frames of the longest task; 0 for a single task without frames."""
        return max(map(len, self.tasks), default=0)

    def command_line(self, fill: Callable[[Token], str]) -> tuple[str, ...]:
        """Return the arguments as text.

        Args:
            fill: Says what stands in place of a token.
        """
        return tuple(
            "".join(fill(piece) if isinstance(piece, Token) else piece for piece in argument)
            for argument in self.arguments
        )


@dataclass(frozen=True)
class FarmJob:
    """One shot on a farm.

    Attributes:
        name: The plate's.
        request: What is asked for.
        steps: In an order in which they may run.
        parameters: The paths that the arguments name.
        command: The program `faceplate` as the farm's machines find it, with what precedes its
            arguments.
        grid: The windows of the restorer.
        notes: What the one who submits should know.
    """

    name: str
    request: Submit
    steps: tuple[FarmStep, ...]
    parameters: tuple[FarmParameter, ...]
    command: tuple[str, ...]
    grid: Grid
    notes: tuple[str, ...] = ()

    def value(self, token: Token) -> str:
        """Return the path that a token of this job stands for on the machine of the request.

        Raises:
            KeyError: It is `VERB` or `FRAMES`, which a task fills, or of another job.
        """
        return {one.name: one.value for one in self.parameters}[token.name]

    def divided(self, step: FarmStep) -> tuple[str, ...]:
        """Return what leads a step's arguments where the scheduler chooses each task's frames.

        `faceplate farm-session task` takes whole windows of them.
        """
        frames, stride, overlap = self.grid
        given = {"asked": step.frames, "grid": frames, "stride": stride, "overlap": overlap}
        return (SESSION, "task", *(f"--{name}={value}" for name, value in given.items()))


def command_of(text: str) -> tuple[str, ...]:
    """Return the words of a command such as ``env A=b '/my tools/faceplate'``.

    Quotes part words as in a shell; a backslash stands for itself, as on Windows.

    Raises:
        SettingsError: A quote does not end.
    """
    words = shlex.shlex(text, posix=True, punctuation_chars=False)
    words.whitespace_split, words.commenters, words.escape = True, "", ""
    try:
        return tuple(words)
    except ValueError:
        raise SettingsError(f"the program {text!r} has a quote that does not end") from None


def farm_job(
    request: Submit,
    declared: Declaration,
    chunk: int,
    *,
    command: Sequence[str] = ("faceplate",),
    cores: int = 2,
) -> FarmJob:
    """Divide a request into the steps and tasks of a farm's job.

    Args:
        request: Complete and checked.
        declared: What its restorer declares.
        chunk: Frames in a task; more where that makes whole windows.
        command: See `FarmJob`.
        cores: That a restoring task uses; the engine's setting `threads`.

    Raises:
        SettingsError: `chunk` is below 1, `command` is empty, or the request ends before its frames
            are restored.
    """
    if request.until != "end":
        raise SettingsError("a farm's job has steps of its own; leave --until out")
    if chunk < 1:
        raise SettingsError(f"a chunk of {chunk} frames; the smallest is 1")
    if not command:
        raise SettingsError("name the program that the farm's machines run, such as faceplate")
    serial = declared.link == "chained" and not request.settings.warm_up
    grid = Grid(request.shot.all_frames, declared.window - declared.overlap, declared.overlap)
    frames = request.frames
    tasks = tuple(frames.split(chunk)) if serial else chunks(frames, grid, chunk)
    whole, parameters = arguments_of(request)
    needs = {"vram": declared.vram, "cores": cores}
    first: tuple[Argument, ...] = (*whole, (f"--frames={frames}",), ("--until",))
    steps = [FarmStep("Analyse", (*first, ("analysis",)), cores=cores)]
    if declared.link == "anchored":
        anchor = FarmStep("Anchor", (*first, ("anchor",)), after=("Analyse",))
        steps.append(replace(anchor, **needs))
    if request.redo != "missing":
        whole = (*whole, (_REDO[request.redo],))
    restore = FarmStep("Restore", (*whole, ("--frames=", FRAMES)), tasks, (steps[-1].name,))
    steps.append(replace(restore, serial=serial, **needs))
    take: Argument = (Token("Output"), f"/{request.shot.plate.stem}.take")
    verify = (("take",), ("verify",), take, (f"--frames={frames}",))
    steps.append(FarmStep("Verify", (*verify, ("--plate=", *whole[1])), after=("Restore",)))
    notes = _notes(declared, chunk, grid.stride, request, tasks)
    name = request.shot.plate.stem
    return FarmJob(name, request, tuple(steps), parameters, tuple(command), grid, notes)


def _notes(
    declared: Declaration, chunk: int, stride: int, request: Submit, tasks: Sequence[FrameRange]
) -> tuple[str, ...]:
    restorer, warm_up = request.settings.restorer, request.settings.warm_up
    notes: list[str] = []
    if declared.link == "chained" and not warm_up:
        notes.append(
            f"every window of {restorer} reads its left neighbour's reference: its tasks run one "
            "after the other. --warm-up N lets them run side by side, approximately"
        )
        return tuple(notes)
    if declared.link == "chained":
        notes.append(
            f"approximate: every task but the first begins {warm_up} frames early, anew, in place "
            "of its left neighbour's reference; the seams are measured"
        )
    longest = max(map(len, tasks))
    if longest > chunk:
        notes.append(
            f"tasks end where windows of {restorer} begin: up to {longest} frames each, not {chunk}"
        )
    elif stride > 1 and len(tasks) > 1:
        notes.append(f"tasks end where windows of {restorer} begin, every {stride} frames")
    return tuple(notes)
