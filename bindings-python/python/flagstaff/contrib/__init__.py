"""Integrations with frameworks and libraries, each of which is imported only by programs that ask for it.

The package itself depends on none of them: to use `flagstaff.contrib.django`, install Django.
"""
