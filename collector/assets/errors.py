"""What can go wrong with assets."""


class AssetError(Exception):
    """An asset could not be built, read or installed; the message says which one and gives the server's reason."""


class AssetsUnreadableError(AssetError):
    """The server is there but does not let these credentials look: whether assets are missing cannot be told."""
