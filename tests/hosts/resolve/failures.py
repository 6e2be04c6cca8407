"""What a real Resolve punishes by hanging, freezing or worse; here it ends the test at once.

They are no `Exception`s: a script that catches everything must not survive what would have cost
the user the session.
"""


class HostFailure(BaseException):
    """The host application would have been lost, or harmed."""


class Hang(HostFailure):
    """The call never returns."""


class Frozen(HostFailure):
    """The application no longer answers."""


class Resident(HostFailure):
    """A script did not leave: it ran beyond its deadline, or left a thread that would."""


class NotListed(HostFailure):
    """This edition does not offer the script in Workspace > Scripts."""
