"""What the commands of the code under test come to."""

from app.redirect.redis.resp import decode_command


def entry_of(command: bytes) -> dict[bytes, bytes]:
    """Return the fields of the entry that an XADD makes."""
    arguments = decode_command(command)
    fields = arguments[arguments.index(b"*") + 1 :]
    return dict(zip(fields[::2], fields[1::2], strict=True))


def spooled(number: int, size: int = 10) -> tuple[bytes, bytes]:
    """Return a click's id and command as the spool holds them, told apart by a number."""
    return number.to_bytes(16, "big"), b"x" * size
