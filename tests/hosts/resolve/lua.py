"""Lua scripts of the menu, run by LuaJIT inside this process.

As Resolve's Lua has it: methods are called with a colon, lists are tables from 1, dicts are tables
by key, None is nil.
"""

import importlib

from .api import Proxy


def load():
    """Return the interpreter; it is found once and for all."""
    return importlib.import_module("lupa.luajit21")


class _Object:
    """A proxy as Lua sees it."""

    def __init__(self, bridge, proxy):
        self._bridge = bridge
        self._proxy = proxy

    def __getattr__(self, name):
        method = getattr(self._proxy, name)
        if method is None:
            return None

        def call(this, *args):
            if this is not self:
                raise TypeError(f"{name} is called with a colon: object:{name}()")
            bridge = self._bridge
            return bridge.to_lua(method(*[bridge.to_python(value) for value in args]))

        return call


class _Bridge:
    """Values from one language to the other."""

    def __init__(self):
        self.lupa = load()
        self.runtime = self.lupa.LuaRuntime(unpack_returned_tuples=False)

    def to_lua(self, value):
        if isinstance(value, Proxy):
            return _Object(self, value)
        if isinstance(value, (list, tuple)):
            return self.runtime.table_from([self.to_lua(each) for each in value])
        if isinstance(value, dict):
            return self.runtime.table_from({k: self.to_lua(v) for k, v in value.items()})
        return value

    def to_python(self, value):
        if isinstance(value, _Object):
            return value._proxy
        if self.lupa.lua_type(value) != "table":
            return value
        keys = list(value.keys())
        if keys and keys == list(range(1, len(keys) + 1)):
            return [self.to_python(value[key]) for key in keys]
        return {key: self.to_python(value[key]) for key in keys}


def run(kit, path, done):
    """Run a Lua script; fill in what came of it."""
    try:
        bridge = _Bridge()
        names = bridge.runtime.globals()
        names["print"] = lambda *values: print("\t".join(map(_text, values)))  # noqa: T201
        for name, value in kit.globals().items():
            if isinstance(value, Proxy):
                names[name] = bridge.to_lua(value)
        names["Resolve"] = lambda: bridge.to_lua(kit.resolve)
        names["bmd"] = bridge.runtime.table_from(
            {
                "scriptapp": lambda name, *_: bridge.to_lua(kit.scriptapp(name)),
                "wait": lambda _: None,
            }
        )
        bridge.runtime.execute(path.read_text("utf-8"))
        done.globals = dict(names)
    except BaseException as error:  # noqa: BLE001 - the test looks at it
        done.error = error


def _text(value):
    return "nil" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
