"""The one error of this room."""


class DemoError(Exception):
    """The demo cannot go on; the message says why and, where something helps, what to do."""
