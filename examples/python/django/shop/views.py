"""The pages of the shop."""

from django.http import HttpResponse
from django.shortcuts import render
from flagstaff.contrib.django import flag_required


def wishlist(request):
    """Show the wishlist, with or without its gallery: the template asks."""
    return render(request, "wishlist.html", {"limit": request.flags.integer("wishlist-max-items", 20)})


@flag_required("wishlist-gallery", message="The gallery is not open yet")
def gallery(_request):
    """Show the gallery, which does not exist while its flag is off."""
    return HttpResponse("The gallery")
