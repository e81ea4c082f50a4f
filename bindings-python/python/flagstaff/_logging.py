"""The loggers of this package; by default nothing is printed.

Not imported before a client starts or an evaluation is logged: `logging` takes as long to import as this package does.
"""

import logging

get_logger = logging.getLogger

get_logger("flagstaff").addHandler(logging.NullHandler())
