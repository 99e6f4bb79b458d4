"""Hook that lets schemathesis send JSON lines, in which imports are, beside JSON and CSV."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def json_lines(_context: schemathesis.SerializationContext, value: object) -> bytes:
    """Return rows in JSON lines; what is no list is one row."""
    rows = value if isinstance(value, list) else [value]
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
