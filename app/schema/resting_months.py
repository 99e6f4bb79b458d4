"""Settings by which ClickHouse merges a month into one part when nothing is added to it any more.

A part that was merged holds no click twice, and ClickHouse reads a partition that is one such part
without merging it under FINAL; which partitions are is known anew for each query. So a late click
re-opens its month by being there, and a day later the month is one part again. ClickHouse does that
itself, in the background, where there is room on the disk, of replicas on one for all. Of sums
nothing is merged as they are read, but of fewer parts less is read.
"""

from app.schema.servers import Servers
from app.schema.table_settings import keep_settings

#: Long enough that what comes late in the first hours of a month costs one merge.
REST_SECONDS = 86_400
_MERGED_AT_REST = {
    "min_age_to_force_merge_seconds": REST_SECONDS,
    # Else parts of the month that still grows are merged again and again.
    "min_age_to_force_merge_on_partition_only": 1,
}


def merge_resting_months(servers: Servers) -> None:
    """Have months of clicks and of sums merged as soon as they rest.

    While a host is away, it may be that the sums are not there yet, and they can wait.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the servers say.
    """
    sums = () if servers.away else ("click_sums", "click_values")
    for table in (servers.own("clicks"), *sums):
        keep_settings(servers, table, _MERGED_AT_REST)
