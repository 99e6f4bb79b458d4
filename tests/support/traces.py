"""Search for what is left of an address: in every file, however it is spelled, and in tables."""

import base64
import gzip
import ipaddress
from pathlib import Path
from typing import Any


def spellings(address: str) -> dict[str, bytes]:
    """Return an address as a program may have written it, by a name for each way."""
    parsed = ipaddress.ip_address(address)
    mapped = parsed if parsed.version == 6 else ipaddress.IPv6Address(f"::ffff:{parsed}")
    # Of an IPv4 address alone four bytes are too few to be told from others'.
    packed = mapped.packed[-6:] if parsed.version == 4 else parsed.packed
    texts = {"text": str(parsed), "in full": parsed.exploded, "upper case": parsed.exploded.upper()}
    found = {name: text.encode() for name, text in texts.items()}
    found |= {"packed": packed, "packed, low end first": packed[::-1], "hex": packed.hex().encode()}
    found["HEX"] = packed.hex().upper().encode()
    for name, raw in (("text", found["text"]), ("packed", packed)):
        found |= {f"base64 of {name} at {at}": _in_base64(raw, at) for at in range(3)}
    return found


def traces_in(raw: bytes, address: str) -> list[str]:
    """Return the names of the spellings that stand in some bytes."""
    return [name for name, spelling in spellings(address).items() if spelling in raw]


def files_with(address: str, *places: Path) -> list[str]:
    """Return the files that an address stands in, below some directories."""
    files = [path for place in places for path in (place, *place.rglob("*")) if path.is_file()]
    return [str(path) for path in sorted(set(files)) if traces_in(contents(path), address)]


def tables_of(client: Any) -> bytes:
    """Return what all tables of a ClickHouse hold, its own logs too, as text.

    Files of its parts are compressed, in which a search for bytes finds little.
    """
    client.execute("SYSTEM FLUSH LOGS")
    tables = client.execute(
        "SELECT database, name FROM system.tables WHERE engine LIKE '%MergeTree'"
        " OR name IN ('mutations', 'errors', 'processes', 'warnings')"
    )
    settings = {"strings_as_bytes": True}
    rows = [
        client.execute(f"SELECT toString(tuple(*)) FROM `{database}`.`{name}`", settings=settings)
        for database, name in tables
    ]
    return b"\n".join(text for table in rows for (text,) in table)


def _in_base64(raw: bytes, at: int) -> bytes:
    """Return the letters that are the same whatever stands around, if so many bytes precede."""
    letters = base64.b64encode(bytes(at) + raw + bytes(3))
    return letters[-(-at * 8 // 6) : (at + len(raw)) * 8 // 6]


def contents(path: Path) -> bytes:
    """Return what a file holds, also what is packed there; nothing once it is gone."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return b""  # a temporary file that is done with
    return raw + gzip.decompress(raw) if path.suffix == ".gz" else raw
