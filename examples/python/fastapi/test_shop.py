"""The shop with its flags set by a test: no server, no network."""

import pytest
from fastapi.testclient import TestClient
from shop import app


def test_the_gallery_opens_with_its_flag(flags):
    requests = TestClient(app)
    assert requests.get("/gallery").status_code == 404
    assert requests.get("/").json() == {"gallery": False, "limit": 20}
    flags["wishlist-gallery"] = True
    assert requests.get("/gallery").json() == "The gallery"


@pytest.mark.flags({"wishlist-max-items": 100})
def test_a_long_wishlist():
    assert TestClient(app).get("/").json()["limit"] == 100
