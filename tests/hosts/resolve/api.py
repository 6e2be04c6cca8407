"""What every object of the scripting API is: a thin proxy that is never what it seems.

Rules of this file:
    - Every call makes new proxies; two of one thing are not equal. Ids are.
    - Any attribute can be had, so `hasattr` is always True; `dir()` tells the truth.
    - A proxy of something that is not there answers None, whatever it is asked, and "" for its id.
    - On the free edition a Studio call raises a window, and until it is clicked away every call of
      every object fails.
"""

import functools

from .failures import HostFailure


def api(since=None, studio=False, hidden=False):
    """Mark a method as one of the API's.

    Args:
        since: The first version that has it, as a tuple.
        studio: The free edition refuses it with a window.
        hidden: `dir()` does not tell of it.
    """

    def mark(method):
        method.api_since = since or ()
        method.api_studio = studio
        method.api_hidden = hidden
        return method

    return mark


def unknown(kit):
    """Return what a name that the API does not have is."""
    return None if kit.lies.unknown == "none" else _nothing


def _nothing(*args, **kwargs):
    return None


class Proxy:
    """Base of the API's objects.

    Args:
        kit: The application.
        truth: The model object behind; None for a phantom.
    """

    def __init__(self, kit, truth=None):
        object.__setattr__(self, "_kit", kit)
        object.__setattr__(self, "_truth", truth)

    def __getattribute__(self, name):
        if name.startswith("_"):
            return object.__getattribute__(self, name)
        kit = object.__getattribute__(self, "_kit")
        method = getattr(type(self), name, None)
        if getattr(method, "api_since", None) is None or method.api_since > kit.version:
            return unknown(kit)
        return functools.wraps(method)(functools.partial(self._call, method))

    def __setattr__(self, name, value):
        raise TypeError(f"the API's objects have no attributes of the caller's: {name!r}")

    def __dir__(self):
        kit = self._kit
        return sorted(
            name
            for name, method in _methods(type(self))
            if not method.api_hidden and method.api_since <= kit.version
        )

    def __repr__(self):
        return f"<{type(self).__name__} (0x0000000000000000) [App: 'Resolve' on 127.0.0.1]>"

    @property
    def _exists(self):
        return self._truth is not None and not getattr(self._truth, "gone", False)

    def _call(self, method, *args, **kwargs):
        name = method.__name__
        kit = self._kit
        kit.calls.append((type(self).__name__, name, args, kwargs))
        if kit.closed or kit.modal:
            return _failure(name)
        if method.api_studio and kit.free:
            kit.raise_modal(f"{type(self).__name__}.{name}")
            return _failure(name)
        if not self._exists:
            return "" if name == "GetUniqueId" else None
        try:
            return method(self, *args, **kwargs)
        except HostFailure as failure:
            kit.failure = failure  # a script may catch everything, Lua's pcall does
            raise


def _failure(name):
    return None if name.startswith("Get") or name == "Fusion" else False


def _methods(cls):
    for name in dir(cls):
        method = getattr(cls, name)
        if not name.startswith("_") and getattr(method, "api_since", None) is not None:
            yield name, method


def defined(cls):
    """Return the API's methods of a class, by name."""
    return dict(_methods(cls))
