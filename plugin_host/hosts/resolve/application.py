"""The running Resolve: its edition, project and timelines; what a visit must leave as it was.

Rules of this file:
    - The edition is asked before anything else. Nothing that only Studio has is ever called: on the
      free edition one such call opens a window, and until it is clicked away all calls fail.
      UIManager is among them from 19.1 on; Faceplate uses none, on no edition.
    - Headless, saving a project that has no name never returns: it is not asked to.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generator, Mapping, NamedTuple

from plugin_host.errors import FaceplateError
from plugin_host.hosts.resolve.api import present

if TYPE_CHECKING:
    from plugin_host.hosts.resolve.api import (
        Folder,
        Item,
        MediaPool,
        Project,
        ProjectManager,
        Resolve,
        Timeline,
    )

OLDEST = (18,)
NO_PYTHON_WHEN_FREE = (21, 1)  # Lua alone is left there
SUBFRAMES = (20,)  # offsets with fractions
BIN = "Faceplate"
UNTITLED = "Untitled Project"


class Edition(NamedTuple):
    """Which Resolve this is.

    Attributes:
        version: Its numbers, as many as it says.
        studio: Whether it is Studio.
    """

    version: tuple[int, ...]
    studio: bool

    @classmethod
    def of(cls, resolve: Resolve) -> Edition:
        """Ask.

        Raises:
            FaceplateError: It does not answer, or is too old.
        """
        product = resolve.GetProductName()
        said = [part for part in resolve.GetVersion() or () if str(part).isdigit()]
        if not product or not said:
            raise FaceplateError(
                "Resolve does not answer: a window of its own may wait for a click; close it, or "
                "restart Resolve, and run the script again"
            )
        edition = cls(tuple(int(part) for part in said), "studio" in product.lower())
        if edition.version < OLDEST:
            raise FaceplateError(f"{edition} is too old; Resolve 18 and later are supported")
        return edition

    @property
    def has_python(self) -> bool:
        """Whether Workspace > Scripts lists Python scripts."""
        return self.studio or self.version < NO_PYTHON_WHEN_FREE

    def __str__(self) -> str:
        numbers = ".".join(str(number) for number in self.version[:3])
        return f"DaVinci Resolve {'Studio ' * self.studio}{numbers}"


class Application:
    """A Resolve that answers, with a project open.

    Args:
        resolve: What the script was given, or what `scriptapp` returned.

    Raises:
        FaceplateError: It does not answer, is too old, or has no project open.
    """

    def __init__(self, resolve: Resolve) -> None:
        self.resolve = resolve
        self.edition = Edition.of(resolve)
        self.projects: ProjectManager = _there(resolve.GetProjectManager(), "project manager")
        if self.projects.GetCurrentDatabase() is None:
            raise FaceplateError("Resolve has lost its database; restart it, and try again")
        self.project: Project = _there(self.projects.GetCurrentProject(), "project")
        self.pool: MediaPool = _there(self.project.GetMediaPool(), "media pool")

    @property
    def timeline(self) -> Timeline:
        """The timeline that is shown.

        Raises:
            FaceplateError: None is.
        """
        return _there(self.project.GetCurrentTimeline(), "timeline")

    def timelines(self) -> list[Timeline]:
        """Return all timelines of the project."""
        count = self.project.GetTimelineCount() or 0
        return present([self.project.GetTimelineByIndex(i) for i in range(1, count + 1)])

    def show(self, timeline: Timeline) -> None:
        """Make a timeline the current one.

        Raises:
            FaceplateError: Resolve stayed where it was.
        """
        self.project.SetCurrentTimeline(timeline)
        if self.timeline.GetUniqueId() != timeline.GetUniqueId():
            raise FaceplateError(f"Resolve does not open the timeline {timeline.GetName()!r}")

    def remove(self, timeline: Timeline) -> None:
        """Delete a timeline of ours, whatever page it takes.

        Raises:
            FaceplateError: It is still there.
        """
        name, ours = timeline.GetName(), timeline.GetUniqueId()
        self.pool.DeleteTimelines([timeline])
        if ours in [each.GetUniqueId() for each in self.timelines()]:
            self.resolve.OpenPage("edit")
            self.pool.DeleteTimelines([timeline])
        if ours in [each.GetUniqueId() for each in self.timelines()]:
            raise FaceplateError(f"Resolve does not delete the timeline {name!r}; delete it")

    def save(self) -> bool:
        """Save the project; whether it was."""
        name, names = self.project.GetName(), self.projects.GetProjectListInCurrentFolder() or ()
        page = self.resolve.GetCurrentPage()
        has_window = page is not None and bool(self.resolve.OpenPage(page))
        if name == UNTITLED or (name not in names and not has_window):
            return False
        return bool(self.projects.SaveProject())

    @contextmanager
    def as_it_was(self) -> Generator[None, None, None]:
        """Restore the user's timeline and page at the end; `in_our_bin` restores the bin."""
        page = self.resolve.GetCurrentPage()
        timeline = self.project.GetCurrentTimeline()
        try:
            yield
        finally:
            if timeline is not None:
                self.project.SetCurrentTimeline(timeline)
            if page is not None and self.resolve.GetCurrentPage() != page:
                self.resolve.OpenPage(page)

    @contextmanager
    def in_our_bin(self) -> Generator[Folder, None, None]:
        """Make our bin the current one, where imports go, and the user's again at the end.

        Raises:
            FaceplateError: Resolve did not make it current.
        """
        before, root = self.pool.GetCurrentFolder(), self.pool.GetRootFolder()
        ours = [f for f in present(root and root.GetSubFolderList()) if f.GetName() == BIN]
        folder: Folder | None = ours[0] if ours else self.pool.AddSubFolder(root, BIN)
        try:
            if folder is not None:
                self.pool.SetCurrentFolder(folder)
            now = self.pool.GetCurrentFolder()
            if folder is None or now is None or now.GetUniqueId() != folder.GetUniqueId():
                raise FaceplateError(f"Resolve does not open the bin {BIN!r} for the result")
            yield folder
        finally:
            if before is not None:
                self.pool.SetCurrentFolder(before)


def video_items(timeline: Timeline) -> list[tuple[int, Item]]:
    """Return all that lies on the video tracks, each with its track, from the lowest."""
    count = timeline.GetTrackCount("video") or 0
    return [
        (track, item)
        for track in range(1, count + 1)
        for item in present(timeline.GetItemListInTrack("video", track))
    ]


def connect(names: Mapping[str, Any]) -> Application:
    """Return the Resolve that a script of its menu runs in.

    Args:
        names: The script's globals, among which Resolve puts itself.

    Raises:
        FaceplateError: The script runs elsewhere, or Resolve does not answer.
    """
    resolve = names.get("resolve")
    for name in ("app", "fusion", "fu"):
        if resolve is None and names.get(name) is not None:
            resolve = names[name].GetResolve()  # what Fusion has, its `dir()` need not tell
    if resolve is None and names.get("bmd") is not None:
        resolve = names["bmd"].scriptapp("Resolve")
    if resolve is None:
        raise FaceplateError("run this from Resolve's menu Workspace > Scripts")
    return Application(resolve)


def _there(thing: Any, what: str) -> Any:
    if thing is None:
        raise FaceplateError(f"Resolve has no {what} open; open one, and run the script again")
    return thing
