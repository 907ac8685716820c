"""Why something cannot be done, with what to do about it."""

from collector.assets.errors import AssetError


class RefusalError(AssetError):
    """A cluster, a space or an asset refused; nothing of the asset in question was changed.

    Attributes:
        what: the reason in one sentence without its full stop, in the server's words where it gave any.
        where: what refused: an address, or an asset such as ``index template logs-aoai.logs``.
        fix: what the reader does next, as one sentence without its full stop.
    """

    def __init__(self, what: str, *, where: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.fix}"
