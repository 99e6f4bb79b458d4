"""Databases of places that tests write."""

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet


def write_places(path: Path, records: dict[str, dict[str, Any]], **options: Any) -> Path:
    """Write a database of records by their networks; put it in the place of an older one."""
    options = {"ip_version": 6, "ipv4_compatible": True, "database_type": "Test"} | options
    writer = MMDBWriter(**options)
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    fresh = path.with_suffix(".new")
    writer.to_db_file(str(fresh))
    return fresh.rename(path)
