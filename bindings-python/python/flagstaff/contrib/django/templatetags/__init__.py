"""The template tags of Flagstaff."""
