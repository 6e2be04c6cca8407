"""The hosts that tests start."""

from tests.hosts.resolve.fixtures import resolve_kit

__all__ = ["resolve_kit"]
