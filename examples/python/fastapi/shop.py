"""A shop whose wishlist has a new gallery: `uvicorn shop:app`."""

import os
from functools import cache

from fastapi import FastAPI
from flagstaff import Client
from flagstaff.contrib.fastapi import CurrentFlags, FlagsMiddleware, flags_lifespan, require_flag


@cache
def client():
    """Make the client, once: a test that sets its own flags never calls this."""
    return Client(os.environ["FLAGSTAFF_URL"], os.environ["FLAGSTAFF_KEY"])


def context(scope):
    """Take the user from a header."""
    headers = dict(scope["headers"])
    return {"targetingKey": headers.get(b"x-user", b"").decode() or None}


app = FastAPI(lifespan=flags_lifespan(client))
app.add_middleware(FlagsMiddleware, client=client, context=context)


@app.get("/")
async def wishlist(flags: CurrentFlags):
    """Show the wishlist."""
    return {"gallery": flags["wishlist-gallery"], "limit": flags.integer("wishlist-max-items", 20)}


@app.get("/gallery", dependencies=[require_flag("wishlist-gallery", detail="The gallery is not open yet")])
async def gallery():
    """Show the gallery, which does not exist while its flag is off."""
    return "The gallery"
