"""A shop whose wishlist has a new gallery."""
