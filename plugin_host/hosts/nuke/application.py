"""The module ``nuke``, looked up when it is used: to import an adapter does nothing, anywhere.

Rules of this package:
    - Its modules import ``nuke`` from here, so that they load outside Nuke and never touch it then.
    - The stubs leave most arguments and many results of Nuke untyped; modules that call it say so
      at their top.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import nuke as nuke  # noqa: PLC0414 - exported  # pyright: ignore[reportMissingModuleSource]
    from nuke import Group as Group  # noqa: PLC0414  # pyright: ignore[reportMissingModuleSource]
    from nuke import Knob as Knob  # noqa: PLC0414  # pyright: ignore[reportMissingModuleSource]
    from nuke import Menu as Menu  # noqa: PLC0414  # pyright: ignore[reportMissingModuleSource]
    from nuke import Node as Node  # noqa: PLC0414  # pyright: ignore[reportMissingModuleSource]
else:

    class _Nuke:
        def __getattr__(self, name: str) -> Any:
            return getattr(importlib.import_module("nuke"), name)

    nuke = _Nuke()
