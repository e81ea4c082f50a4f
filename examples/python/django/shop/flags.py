"""What flags are evaluated by."""


def context(request):
    """Take the user from a header; a real shop takes `request.user`, which is the default of Flagstaff."""
    return {"targetingKey": request.headers.get("X-User"), "country": request.headers.get("X-Country")}
