"""The task with its flags set by a test: no server, no broker, no network."""

import pytest
from tasks import fill_gallery, write_email


def test_the_email_follows_the_flag(flags):
    assert write_email.apply().get() == "Look at your list"
    flags["wishlist-gallery"] = True
    assert write_email.apply().get() == "Look at your gallery"


def test_the_gallery_is_filled_once_it_is_open(flags):
    assert fill_gallery.apply().get() == "The gallery is not open yet"
    flags["wishlist-gallery"] = True
    assert fill_gallery.apply().get() == "The gallery is filled"


@pytest.mark.flags({"wishlist-gallery": True})
def test_with_a_marker():
    assert write_email() == "Look at your gallery"
