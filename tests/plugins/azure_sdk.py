"""What tests that open the Azure SDKs' connections forgive them.

The SDKs use aiohttp in ways that it deprecates, and leave connections behind when they could not be opened.
"""

import gc
from collections.abc import Iterator
from typing import Final

import pytest

SDK_HABITS: Final = (
    pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The .proxy_auth. parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.usefixtures("leftovers_of_the_sdk"),
)
"""Marks for a module of such tests."""


@pytest.fixture
def leftovers_of_the_sdk() -> Iterator[None]:
    """Have what the SDK left behind collected within the test that left it, where its warnings are known."""
    yield
    gc.collect()
