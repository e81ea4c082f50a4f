"""What the tests of the integrations start from."""

import gc

import pytest


@pytest.fixture
def no_garbage_collection():
    """Let only the counts of references free objects."""
    gc.disable()
    yield
    gc.enable()
