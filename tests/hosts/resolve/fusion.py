"""What Fusion's scripts have beside `resolve`: dialogs, windows, compositions, `bmd`.

The stubs say nothing of these. `dir()` of a tool leaves out methods that it has; what is set as
the first thing after `Lock()` reads back and is not rendered.
"""

import types

from .api import Proxy, api


class Fusion(Proxy):
    """The `fusion` and `app` of scripts."""

    @api()
    def GetResolve(self):
        return self._kit.resolve

    @api()
    def UIManager(self):
        if self._kit.free and self._kit.version >= (19, 1):
            self._kit.raise_modal("fusion.UIManager")
            return None
        return Widgets(self._kit)

    @api()
    def RequestDir(self, path=""):
        return self._kit.answer("RequestDir")

    @api()
    def RequestFile(self, path="", name="", prefs=None):
        return self._kit.answer("RequestFile")

    @api()
    def GetCurrentComp(self):
        return FusionComp(self._kit, self._kit.composition) if self._kit.page == "fusion" else None


class Composition:
    """The truth of a composition."""

    def __init__(self):
        self.locked = False
        self.written = False
        self.tools = []


class Tool:
    """The truth of a tool: what its inputs read, and what they render."""

    def __init__(self, name, composition):
        self.name = name
        self.composition = composition
        self.reads = {}
        self.renders = {}


class FusionComp(Proxy):
    """A composition."""

    @api()
    def Lock(self):
        self._truth.locked, self._truth.written = True, False

    @api()
    def Unlock(self):
        self._truth.locked = False

    @api()
    def AddTool(self, id, x=0, y=0):
        tool = Tool(id, self._truth)
        self._truth.tools.append(tool)
        return FusionTool(self._kit, tool)


class FusionTool(Proxy):
    """A tool of a composition."""

    @api()
    def GetAttrs(self):
        return {"TOOLS_RegID": self._truth.name}

    @api(hidden=True)
    def SetInput(self, name, value, time=0):
        tool, composition = self._truth, self._truth.composition
        tool.reads[name] = value
        if composition.written or not composition.locked:
            tool.renders[name] = value
        composition.written = True

    @api(hidden=True)
    def GetInput(self, name, time=0):
        return self._truth.reads.get(name)


class Widgets:
    """The UIManager: every name makes a widget, which is remembered as it was asked for."""

    def __init__(self, kit):
        self._kit = kit

    def __getattr__(self, kind):
        return lambda *args: (kind, args)


class Window:
    """A window that a script opened; its loop ends as if the user closed it at once."""

    def __init__(self, kit, options, content):
        self.options, self.content, self.visible = options, content, False
        self.On = types.SimpleNamespace()
        kit.windows.append(self)

    def Show(self):
        self.visible = True

    def Hide(self):
        self.visible = False


def bmd(kit):
    """Return the module that scripts find as `bmd`."""
    module = types.ModuleType("bmd")
    module.scriptapp = kit.scriptapp
    module.UIDispatcher = lambda _ui: types.SimpleNamespace(
        AddWindow=lambda options, content=None: Window(kit, options, content),
        RunLoop=lambda: 0,
        ExitLoop=lambda _code=0: None,
    )
    return module
