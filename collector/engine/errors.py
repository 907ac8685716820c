"""The one error of this room."""


class EngineError(Exception):
    """The engine cannot be prepared or started; the message says why and what to do."""
