"""Integrations with frameworks and libraries, each of which is imported only by programs that use it.

The package itself depends on none of them: to use `flagstaff.contrib.django`, install Django.
"""
