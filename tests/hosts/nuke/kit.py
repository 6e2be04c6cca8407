"""What a test holds: a running fake Nuke, its event loop, its user.

with NukeKit(version=(16, 0, 1), gui=True) as kit:
    import nuke
    ...
    kit.run_until(lambda: job.done())
"""

import os
import sys
import time

from . import callbacks, classes, colours, module, qt, session, threads, undo

NAMES = ("nuke", "nukescripts")
PYTHON_OF = {13: (3, 7), 14: (3, 9), 15: (3, 10), 16: (3, 11), 17: (3, 11)}


class NukeKit:
    """A fake Nuke, installed in `sys.modules` while the context lasts; the thread is the main one.

    `version` is (major, minor, release); `gui` False is terminal mode (`nuke -t`); `edition` is
    nuke, nukex, studio, indie or nc; `config` a configuration of colours.CONFIGS, with None for
    Nuke's own colour management.
    """

    def __init__(self, version=(13, 2, 8), gui=True, edition="nukex", config=None, fps=24.0):
        self.session = session.Session(version, gui)
        self._options = edition, config, fps
        self._before = {}
        self._path = None

    def __enter__(self):
        edition, config, fps = self._options
        session.begin(self.session)
        self.session.undo = undo.History()
        root = classes.new_root()
        root["fps"]._value = fps
        if config is not None:
            self.use_colours(config)
        self.nuke = module.nuke(self.session, edition)
        made = {"nuke": self.nuke, "nukescripts": module.nukescripts(self.nuke)}
        made.update(qt.modules(self.session.major))
        self._path = list(sys.path)
        theirs = dict.fromkeys(NAMES)
        theirs.update(qt.loaded())
        for name in set(made) | set(theirs):
            self._before[name] = sys.modules.pop(name, None)
        sys.modules.update(made)
        self._made = made
        self.session.undo.done[:] = []
        self.session.modified = False
        return self

    def __exit__(self, kind, value, traceback):
        for name in self._made:
            sys.modules.pop(name, None)
        for name, module_ in self._before.items():
            if module_ is not None:
                sys.modules[name] = module_
        sys.path[:] = self._path
        session.end(self.session)

    # the event loop

    def pump(self):
        """Run what waits for the main thread; return how many calls that were."""
        return threads.pump(self.session)

    def run_until(self, condition, deadline_s=30.0):
        """Pump until a condition holds; return what it returned."""
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            self.pump()
            result = condition()
            if result:
                return result
            time.sleep(0.005)
        raise AssertionError(f"not within {deadline_s:g} s: {condition!r}; {self.errors!r}")

    # the user

    def answer(self, kind, *answers):
        """Plan what the user answers: message, ask, getFilename, panel (a dict), ..."""
        self.session.answers[kind] += answers

    def choose(self, path, menu="Nuke"):
        """Choose a line of a menu: "Faceplate/Restore selected"."""
        item = self.session.menus[menu].findItem(path)
        if item is None:
            raise AssertionError(f"no menu line {path!r} in {self.menu_lines(menu)}")
        item.invoke()

    def menu_lines(self, menu="Nuke"):
        """Return every line of a menu, with slashes."""

        def lines(item, before):
            for one in item._items:
                yield before + one._name
                if hasattr(one, "_items"):
                    yield from lines(one, before + one._name + "/")

        found = self.session.menus.get(menu)
        return list(lines(found, "")) if found is not None else []

    def press(self, node, knob):
        """Press a button on a node."""
        node[knob].execute()

    def edit(self, node, knob, value):
        """Change a knob as the user would; knobChanged runs."""
        node[knob].setValue(value)

    def cancel_tasks(self):
        """Press Cancel on every open progress bar."""
        for task in self.session.tasks:
            task.cancelled = not task.closed or task.cancelled

    def cancel_render_at(self, frame):
        """Press Cancel when a render comes to a frame; None is never."""
        self.session.cancel_at = frame

    def label(self, node):
        """Return what is drawn on a node: what autolabel callbacks say, else name and label."""
        self.session.this.append((node, None))
        try:
            made = self.nuke.autolabel()
        finally:
            self.session.this.pop()
        if made is not None:
            return made
        return "\n".join(filter(None, (node.name(), node["label"].evaluate())))

    def use_colours(self, config, working=None, custom_path=""):
        """Set the project's colour management: a name of colours.CONFIGS; working may be a role."""
        root = self.session.root
        root["colorManagement"]._value = "Nuke" if config == "nuke-default" else "OCIO"
        root["OCIO_config"]._value = config
        root["customOCIOConfigPath"]._value = custom_path
        root["workingSpaceLUT"]._value = working or colours.CONFIGS[config][0]

    # start-up

    def start(self, *folders):
        """Start up as Nuke does: init.py of each folder of the path, then menu.py with a GUI."""
        for folder in folders:
            self.nuke.pluginAppendPath(str(folder))
        if self.session.gui:
            from .scripts import run_file

            for folder in self.session.plugin_path:
                run_file(os.path.join(folder, "menu.py"))

    # what a test looks at

    @property
    def shown(self):
        """Every message, question and panel: (kind, text, detail)."""
        return self.session.shown

    @property
    def messages(self):
        """The texts of nuke.message."""
        return [one.text for one in self.session.shown if one.kind == "message"]

    @property
    def errors(self):
        """Exceptions that Nuke would have printed and swallowed: callbacks, queued calls."""
        return self.session.errors

    @property
    def printed(self):
        """What went to the terminal."""
        return self.session.printed

    @property
    def tasks(self):
        """Every progress bar, with progress, messages, cancelled, closed."""
        return self.session.tasks

    @property
    def renders(self):
        """Every frame that a Write wrote: (node, view, frame, path)."""
        return self.session.renders

    @property
    def undo_blocks(self):
        """Blocks that can be undone, oldest first: name, changes."""
        return self.session.undo.done

    @property
    def opened(self):
        """Addresses that were handed to the desktop."""
        return self.session.opened

    def fire(self, event, node, knob=None):
        """Fire an event's callbacks, such as UpdateUI."""
        return callbacks.fire(event, node, knob)
