"""What a store says when a partition is no longer ours."""


class StaleOwnerError(Exception):
    """Another reader has written this partition's checkpoint since we took it: we own it no more."""
