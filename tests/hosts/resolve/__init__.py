"""A stand-in for DaVinci Resolve; `README.md` says what of it is known, and from where."""

from .failures import Frozen, Hang, HostFailure, NotListed, Resident
from .kit import Kit

__all__ = ["Frozen", "Hang", "HostFailure", "Kit", "NotListed", "Resident"]
