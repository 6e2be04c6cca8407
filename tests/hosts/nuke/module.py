"""The modules `nuke` and `nukescripts` as scripts import them, for one version and mode."""

import os
import types

from . import api, callbacks, colours, files, groups, knobs, nodes, rendering, scripts, threads
from . import interface as ui
from .ranges import FrameRange, FrameRanges
from .undo import Undo

EXECUTABLE = "/opt/Nuke%d.%dv%d/Nuke%d.%d"


class CancelledError(Exception):
    """Nuke's name for a cancelled render in its own code; scripts see RuntimeError."""


class GlobalsEnvironment(dict):
    """`nuke.env`: what this Nuke is."""


def knob_classes():
    """Return the knob classes, by name."""
    found = {
        n: c
        for n, c in {**scripts.KNOBS, "Knob": knobs.Knob}.items()
        if n.endswith(("_Knob", "Knob"))
    }
    return {n: c for n, c in found.items() if isinstance(c, type)}


def nuke(session, edition="nukex"):
    """Return the module `nuke`."""
    major, minor, release = session.version
    version = f"{major}.{minor}v{release}"
    made = types.ModuleType("nuke", f"A fake of Nuke {version}.")
    names = vars(made)
    names.update(knob_classes())
    names.update({"Node": nodes.Node, "Group": groups.Group, "Root": groups.Root})
    names.update({"BackdropNode": groups.BackdropNode, "Format": nodes.Format, "Info": nodes.Info})
    names["Layer"] = nodes.Layer
    names.update({"FrameRange": FrameRange, "FrameRanges": FrameRanges, "Undo": Undo})
    names.update(api.FUNCTIONS)
    names.update(api.SHOWN)
    names.update(callbacks.functions())
    for call in (
        rendering.execute,
        rendering.executeMultiple,
        rendering.cancel,
        rendering.executing,
    ):
        names[call.__name__] = threads.main_thread_only(call)
    names["executeInMainThread"] = threads.executeInMainThread
    names["executeInMainThreadWithResult"] = threads.executeInMainThreadWithResult
    names["getColorspaceList"] = threads.main_thread_only(colours.getColorspaceList)
    names.update(knobs.FLAG)
    names.update(REPLACE=files.REPLACE, VIEW_NAMES=files.VIEW_NAMES)
    names.update(INPUTS=nodes.INPUTS, HIDDEN_INPUTS=nodes.HIDDEN_INPUTS)
    names.update(EXPRESSIONS=nodes.EXPRESSIONS, CancelledError=CancelledError)
    names.update(TABBEGINGROUP=1, TABENDGROUP=-1, TABKNOB=0, TABBEGINCLOSEDGROUP=2)
    executable = EXECUTABLE % (major, minor, release, major, minor)
    names.update(
        nodes=api.Nodes(),
        GUI=session.gui,
        INTERACTIVE=session.gui,
        NUKE_VERSION_MAJOR=major,
        NUKE_VERSION_MINOR=minor,
        NUKE_VERSION_RELEASE=release,
        NUKE_VERSION_STRING=version,
        EXE_PATH=executable,
        THREADS=os.cpu_count() or 1,
        rawArgs=[],
        untitled="Untitled",
        env=GlobalsEnvironment(
            {
                "nc": edition == "nc",
                "nukex": edition in ("nukex", "studio"),
                "studio": edition == "studio",
                "indie": edition == "indie",
                "gui": session.gui,
                "interactive": session.gui,
                "PluginExt": ".so",
                "ExecutablePath": executable,
                "threads": os.cpu_count() or 1,
                "numCPUs": os.cpu_count() or 1,
                "NukeVersionMajor": major,
                "NukeVersionMinor": minor,
                "NukeVersionRelease": release,
                "NukeVersionString": version,
                "LINUX": True,
                "WIN32": False,
                "MACOS": False,
            }
        ),
    )
    if session.version >= (17, 1):
        flags = {name: 1 << index for index, name in enumerate(ui.FLAGS_OF_TASKS)}
        flags["kDefaultFlags"] = flags["kUserCanCancel"] | flags["kShowTimeToGo"]
        names["ProgressTask"] = type("ProgressTask", (ui.ProgressTask,), flags)
    return made


def nukescripts(nuke_module):
    """Return the module `nukescripts`: the few of its functions that adapters use."""
    made = types.ModuleType("nukescripts", "A fake of Nuke's own scripts.")

    def executeDeferred(call, args=(), kwargs={}):
        nuke_module.executeInMainThread(call, args, kwargs)

    def findNextNodeName(name):
        number = 1
        while nuke_module.toNode(name + str(number)) is not None:
            number += 1
        return name + str(number)

    def clear_selection_recursive(group=None):
        for node in nuke_module.allNodes(group=group, recurseGroups=True):
            node.setSelected(False)

    made.executeDeferred = executeDeferred
    made.executeInMainThread = nuke_module.executeInMainThread
    made.executeInMainThreadWithResult = nuke_module.executeInMainThreadWithResult
    made.findNextNodeName = threads.main_thread_only(findNextNodeName)
    made.clear_selection_recursive = threads.main_thread_only(clear_selection_recursive)
    return made
