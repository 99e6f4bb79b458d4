"""Driver that speaks ClickHouse's native protocol: the only file that imports clickhouse-driver.

On import the driver computes each day from 1900 to 2299, in both directions: 80 ms and 23 MB in
each process. Told to be lazy, it computes a day when one comes up, and keeps it
(``clickhouse_driver/columns/datecolumn.py``; the variable is spelled like this).
"""

import os

os.environ.setdefault("CLICKHOUSE_DRIVER_LASY_DATE_LUT", "1970-01-01:1970-01-01")

from clickhouse_driver import Client, errors
from clickhouse_driver.connection import Connection
from clickhouse_driver.util.helpers import parse_url

__all__ = ["Client", "Connection", "errors", "parse_url"]
