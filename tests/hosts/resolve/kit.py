"""The application in place of Resolve: what a test starts, sets up, and looks into.

with Kit(tmp_path, version="21.1", edition="free", locale="es") as kit:
    item = kit.scene().clip("plate", 1001, 1010)
    kit.run_script(path)
"""

import os
import sys
import types
from pathlib import Path

from . import application, clock, fusion, item, media, model, project, scripts, timeline
from .language import STATUS
from .lies import Lies
from .render_queue import Queue
from .scene import Scene

_PROXIES = {
    model.Folder: media.Folder,
    model.Media: media.MediaPoolItem,
    model.Item: item.TimelineItem,
    model.Timeline: timeline.Timeline,
    model.Project: project.Project,
}
_RATES = ("23.976", "24", "25", "29.97", "30", "47.952", "48", "50", "59.94", "60", "119.88", "120")


class Kit:
    """A fake Resolve.

    Args:
        folder: Where its files go.
        version: "18.6.6", "19.0", "19.1.3", "20.3.2", "21.0.4", "21.1", ...
        edition: "studio" or "free".
        locale: Language of what it says, a key of `language.STATUS`.
        headless: Started with -nogui.
        external: The preference "External scripting using": "none", "local" or "network".
        lies: Switches of `lies.DEFAULTS`.

    Attributes:
        lies: The same switches.
        calls: Every call so far: (class, method, args, kwargs).
        violations: What was done to others' work.
        modal: Why a window stands in the way, or None.
        failure: The `HostFailure` that happened, whoever caught it, or None.
    """

    def __init__(
        self,
        folder,
        version="20.3.2",
        edition="studio",
        locale="en",
        headless=False,
        external="local",
        **lies,
    ):
        if edition not in ("studio", "free") or locale not in STATUS:
            raise ValueError(f"no such edition or language: {edition}, {locale}")
        self.folder = Path(str(folder))
        self.version = tuple(int(part) for part in version.split("."))
        self.build = 5
        self.free = edition == "free"
        self.locale, self.headless, self.external = locale, headless, external
        self.lies = Lies(**lies)
        self.calls, self.violations, self.modals, self.windows = [], [], [], []
        self.answers = {}
        self.modal = self.failure = None
        self.closed = self.wedged = False
        self.page = "edit"
        self.project = model.Project()
        self.composition = fusion.Composition()
        self.queue = Queue(self)
        self._before = None

    # --- the objects that scripts get ---

    @property
    def resolve(self):
        """A new `resolve`."""
        return application.Resolve(self, self)

    @property
    def fusion(self):
        """A new `fusion`."""
        return fusion.Fusion(self, self)

    def project_manager(self):
        """Return a new project manager; of a wedged session, one that answers nothing."""
        return project.ProjectManager(self, None if self.wedged else self)

    def media_pool(self):
        """Return a new media pool."""
        return media.MediaPool(self, self.project)

    def wrap(self, truth):
        """Return a new proxy of a model object; None of None."""
        return None if truth is None else _PROXIES[type(truth)](self, truth)

    def phantom(self):
        """Return an item that is not there."""
        return item.TimelineItem(self, None)

    def timeline_of(self, wanted):
        """Return the timeline that an item lies on."""
        for each in self.project.timelines:
            if wanted in each.every_item():
                return each
        raise LookupError(f"{wanted.name} lies on no timeline")

    def rate_text(self, rate):
        """Return a rate as Resolve writes it."""
        return next((t for t in _RATES if clock.rate_of(t) == rate), str(float(rate)))

    def globals(self):
        """Return what a script of the menu finds without importing anything."""
        app = self.fusion
        return {
            "resolve": self.resolve,
            "project": self.project_manager().GetCurrentProject(),
            "fusion": app,
            "fu": app,
            "app": app,
            "bmd": fusion.bmd(self),
        }

    def scriptapp(self, name, host=None):
        """Return the application to an external script, or None where it may not."""
        if self.closed or self.free or self.external == "none":
            return None
        if host not in (None, "", "localhost", "127.0.0.1") and self.external != "network":
            return None
        return {"Resolve": self.resolve, "Fusion": self.fusion}.get(name)

    # --- what the user does ---

    def raise_modal(self, reason):
        """Open the window that sells the Studio edition."""
        self.modal = reason
        self.modals.append(reason)

    def click_modal(self):
        """Close that window, as only a human can."""
        self.modal = None

    def answer(self, dialog):
        """Return what the user chooses in a dialog: `kit.answers["RequestDir"] = ["/shots"]`."""
        waiting = self.answers.get(dialog) or []
        return waiting.pop(0) if waiting else None

    def foreign_job(self):
        """Add a render job of somebody else; return it."""
        settings = dict(self.queue.settings, TargetDir=str(self.folder / "theirs"))
        mine, self.queue.settings = self.queue.settings, settings
        job = self.queue.add(self.project.timeline, mine=False)
        self.queue.settings = mine
        return job

    def save(self):
        """Save, as the user does by a key."""
        project.placing.save(self.project)

    def scene(self, **options):
        """Return a scene to put clips into; options as of `Scene`."""
        return Scene(self, **options)

    def snapshot(self):
        """Return what a script should leave as it was, to compare before and after."""
        now = self.project
        tracks = [
            (each.name, number, track.enabled, track.locked)
            for each in now.timelines
            for number, track in enumerate(each.video, 1)
        ]
        return {
            "page": self.page,
            "bin": now.folder.name,
            "timeline": now.timeline and now.timeline.name,
            "timelines": sorted(each.name for each in now.timelines),
            "tracks": tracks,
            "playhead": now.timeline and now.timeline.playhead,
            "jobs": [job.id for job in self.queue.jobs],
            "presets": sorted(self.queue.user_presets),
            "render": {n: self.queue.settings[n] for n in ("format", "codec", "mode")},
        }

    # --- scripts ---

    @property
    def scripts_folder(self):
        """Where its Scripts folder is."""
        return self.folder / "Fusion" / "Scripts"

    def listed_scripts(self):
        """Return what Workspace > Scripts offers, as paths below the Scripts folder."""
        return scripts.listed(self)

    def run_script(self, path, deadline=60.0, environment=None, isolated=False):
        """Run a script as Workspace > Scripts does; see `scripts.run`."""
        return scripts.run(self, path, deadline, environment, isolated)

    def __enter__(self):
        """Put the modules where external scripts look for them."""
        modules = {}
        for name in ("DaVinciResolveScript", "fusionscript"):
            modules[name] = types.ModuleType(name)
            modules[name].scriptapp = self.scriptapp
        self._before = {name: sys.modules.get(name) for name in modules}, dict(os.environ)
        sys.modules.update(modules)
        os.environ["RESOLVE_SCRIPT_API"] = str(self.folder / "Developer" / "Scripting")
        os.environ["RESOLVE_SCRIPT_LIB"] = str(self.folder / "libs" / "fusionscript.so")
        return self

    def __exit__(self, *error):
        before, environment = self._before
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module
        os.environ.clear()
        os.environ.update(environment)
