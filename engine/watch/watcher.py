"""The rounds of a watcher: look what lies there, begin what is whole, follow what was begun.

Rules of this file:
    - All that is remembered is on disk; a watcher may be killed at any instant, and the next one
      goes on. What a process knows besides is since when a drop has been still.
    - Who looks for long looks less often: looking takes a fifth of the time at most.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine import logs
from engine.watch.claim import Claims
from engine.watch.drops import drops, scan
from engine.watch.requests import plates_of, wishes
from engine.watch.room import Room
from engine.watch.state import State, States
from engine.watch.stillness import Seen, digest, is_given_up, is_still, seen, torn
from engine.watch.work import Work
from plugin_host.errors import EngineUnreachable, FaceplateError, FrameWriteFailed, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from engine.watch.drops import Drop, Entry
    from plugin_host.client import EngineClient
    from plugin_host.path_map import PathMap

_log = logging.getLogger("faceplate.watch")
_SHARE = 4  # of the time that a look took, to pass before the next one
_PULSE_S = 0.5
_PAUSE_S = 30.0  # until it is tried again, where no engine was reached or the disk was full
_TELL_S = 1.0  # between two states of a drop that is being restored
_STOPPED = "the watcher was stopped; the next one goes on"
_EVENTS = 256  # heard of one drop before the next has its turn


@dataclass(frozen=True, slots=True)
class How:
    """How a folder is watched.

    Attributes:
        roots: Real paths that drops may reach: the watch folder, and the configured ones.
        paths: What this machine calls the folders of those who write job files.
        every_s: Seconds between two looks.
        settle_s: Seconds that a drop is still for before it counts as whole.
        at_once: How many drops are restored at once.
    """

    roots: Sequence[str]
    paths: PathMap
    every_s: float = 5.0
    settle_s: float = 20.0
    at_once: int = 1


class Watcher:
    """Restores what is dropped into a folder.

    Args:
        folder: The folder, a real path.
        how: How it is watched.
        engine: Opens a session with the engine; starts one where none runs.
        clock: Seconds that only rise.
        sleep: Waits for so many.
        listing: Lists the folder.
    """

    def __init__(
        self,
        folder: Path,
        how: How,
        engine: Callable[[], EngineClient],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        listing: Callable[[str], list[Entry]] = scan,
    ) -> None:
        self._folder, self._how, self._engine = folder, how, engine
        self._clock, self._sleep, self._listing = clock, sleep, listing
        self._claims, self._states = Claims(folder, clock), States(folder)
        self._seen: dict[str, Seen] = {}
        self._whole: dict[str, Seen] = {}  # whose files were all found to be complete
        self._active: dict[str, Work] = {}
        self._told_at: dict[str, float] = {}
        self._again_at: dict[str, float] = {}  # whose frames could not be written
        self._client: EngineClient | None = None
        self._pause_until = 0.0
        self.stopping = self.failed = self.unreachable = False

    def run(self) -> None:
        """Watch until told to stop."""
        while not self.stopping:
            begun = self._clock()
            try:
                self.look()
            except OutputError as error:  # a file server that is away comes back
                _log.error("%s [%s]", error, error.code)
            end = self._clock() + max(self._how.every_s, _SHARE * (self._clock() - begun))
            while not self.stopping and self._clock() < end:
                before = len(self._active)
                self.follow()
                if len(self._active) < before:
                    break  # another may begin
                if not before:
                    self._sleep(min(_PULSE_S, max(end - self._clock(), 0.0)))
        self._take_leave()

    def run_once(self) -> None:
        """Restore what is whole now, and leave.

        Raises:
            OutputError: The folder cannot be listed.
        """
        self.look()
        end = self._clock() + self._how.settle_s
        while self._clock() < end and not self.stopping:
            self.follow()
            self._sleep(min(_PULSE_S, max(end - self._clock(), 0.0)))
        while not self.stopping:
            self.look()
            if not self._active:
                break
            while self._active and not self.stopping:
                self.follow()
        self._take_leave()

    # looking

    def look(self) -> None:
        """See what lies there; begin what is whole, as far as there is room.

        Raises:
            OutputError: The folder cannot be listed.
        """
        try:
            entries = self._listing(str(self._folder))
            plates = plates_of(drops(entries, {}), self._folder, self._how.roots, self._how.paths)
            found = {drop.name: drop for drop in drops(entries, plates)}
            self._seen = {n: seen(self._seen.get(n), d, self._clock()) for n, d in found.items()}
        except OSError as error:
            what = f"the watch folder cannot be listed: {error.strerror}"
            raise OutputError(what, path=str(self._folder)) from None
        room = Room(self._folder, self._how.roots)
        for drop in found.values():
            with logs.about(drop=drop.name):
                try:
                    if drop.name not in self._active and not self.stopping:
                        self._consider(drop, room)
                except OSError as error:  # something lies in its state's place, or the disk is full
                    self._give_up(drop.name, error)

    def _consider(self, drop: Drop, room: Room) -> None:
        """Begin a drop, or say what it waits for."""
        content = digest(drop.files if drop.refused else drop.media)
        state = self._states.read(drop.name)
        if state is not None and state.is_settled(content, room.digest):
            return
        why = self._waits_for(drop)
        if why:
            if not self._claims.is_held(drop.name):
                self._states.write(drop.name, State(why=why, total=len(drop.media)))
            return
        again_at = max(self._pause_until, self._again_at.get(drop.name, 0.0))
        if len(self._active) >= self._how.at_once or self._clock() < again_at:
            return
        if self._claims.take(drop.name):
            state = self._states.read(drop.name)
            if state is not None and state.is_settled(content, room.digest):
                self._claims.let_go(drop.name)  # another was faster, and is done
            else:
                self._begin(drop, room, State(content=content, room=room.digest))

    def _waits_for(self, drop: Drop) -> str:
        """Return why a drop is not whole yet; empty where it is."""
        now, known = self._clock(), self._seen[drop.name]
        if not is_still(drop, known, now, self._how.settle_s):
            return "files are coming, or came a moment ago"
        if drop.refused or self._whole.get(drop.name) == known:
            return ""
        why = torn(self._folder, drop, self._keep_claims)
        if why and not is_given_up(known, now, self._how.settle_s):
            return why
        self._whole[drop.name] = known
        return ""

    def _begin(self, drop: Drop, room: Room, state: State) -> None:
        root, roots = self._folder, self._how.roots
        try:
            if drop.refused:
                raise OutputError(drop.refused)
            layers = [room.layer()] if drop.kind != "job" else []  # a job says all itself
            if drop.kind == "folder":
                layers.insert(0, Room(root / drop.name, roots).layer())
            asked = wishes(drop, root, roots, layers, self._how.paths)
            if self._client is None:
                self._client = self._engine()
        except EngineUnreachable as error:
            self._pause(drop.name, error)
        except FaceplateError as error:
            self._end(drop.name, replace(state, state="failed", why=f"{error} [{error.code}]"))
        else:
            pulse_s = _PULSE_S / self._how.at_once
            work = Work(
                drop.name, asked, self._client, state, root=root, roots=roots, pulse_s=pulse_s
            )
            _log.info("begun, %d frames", work.state.total)
            self._active[drop.name] = work
            self._states.write(drop.name, work.state)

    # following

    def _keep_claims(self) -> None:
        """Keep what is restored meanwhile; who has lost a claim hears of it in `follow`."""
        for name in self._active:
            with suppress(OSError):
                self._claims.keep(name)

    def follow(self) -> None:
        """Hear what the engine has done; waits a moment where that is nothing."""
        for name, work in list(self._active.items()):
            with logs.about(drop=name):
                try:
                    self._follow(name, work)
                except OSError as error:
                    work.cancel()
                    self._give_up(name, error)

    def _follow(self, name: str, work: Work) -> None:
        happened: bool | None = True
        try:
            if not self._claims.keep(name):
                _log.warning("another watcher has taken it over")
                del self._active[name]
                return
            for _ in range(_EVENTS):
                happened = work.advance()
                if not happened:
                    break
        except (EngineUnreachable, FrameWriteFailed) as error:
            self._pause(name, error)
            return
        if happened is None:
            self._end(name, work.state)
        elif self._clock() - self._told_at.get(name, 0.0) >= _TELL_S:
            self._told_at[name] = self._clock()
            self._states.write(name, work.state)

    # ending

    def _end(self, name: str, state: State) -> None:
        """Say how a drop ended, and leave it."""
        self._states.write(name, state)
        self._leave(name)
        bad = state.state == "failed" or any(plate.get("bad") for plate in state.plates)
        self.failed |= bad
        level = logging.WARNING if bad else logging.INFO
        _log.log(level, "%s, %d frames: %s", state.state, state.done, state.why or "all is well")

    def _give_up(self, name: str, error: OSError) -> None:
        """Leave a drop whose state cannot be written; the next look tries again."""
        _log.error("cannot be dealt with: %s [%s]", error.strerror, error.filename)
        self._leave(name)
        self.failed = True

    def _pause(self, name: str, error: FaceplateError) -> None:
        """Leave a drop as it is, since there is no engine to do it, or no room for its frames."""
        _log.error("%s [%s]", error, error.code)
        until = self._clock() + _PAUSE_S
        if isinstance(error, FrameWriteFailed):
            self._again_at[name], self.failed = until, True
        else:
            self._pause_until, self.unreachable = until, True
            if self._client is not None:
                self._client.close()
                self._client = None
        self._leave(name)
        self._states.write(name, State(why=f"{error} [{error.code}]; it is tried again"))

    def _take_leave(self) -> None:
        """End what runs, and say that it goes on when somebody watches again."""
        for name, work in list(self._active.items()):
            work.cancel()
            with suppress(OSError):
                self._states.write(name, replace(work.state, state="waiting", why=_STOPPED))
            self._leave(name)
        if self._client is not None:
            self._client.close()

    def _leave(self, name: str) -> None:
        self._active.pop(name, None)
        self._told_at.pop(name, None)
        self._claims.let_go(name)
