"""The shop with its flags set by a test: no server, no network."""

import os

import django
import pytest
from django.test import Client

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
django.setup()


def test_the_gallery_opens_with_its_flag(flags):
    assert Client().get("/gallery").status_code == 404
    assert "as a list" in Client().get("/").text
    flags["wishlist-gallery"] = True
    assert Client().get("/gallery").text == "The gallery"
    assert "with a gallery" in Client().get("/").text


@pytest.mark.flags({"wishlist-max-items": 100})
def test_a_long_wishlist():
    assert "Up to 100 items" in Client().get("/").text
