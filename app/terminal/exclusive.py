"""Lock that keeps a second command of its kind from running on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.processes.file_lock import try_lock
from app.processes.private_files import make_private
from app.terminal.output import Failure


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Keep a second replay of this machine from mixing up its notes with the first one's."""
    try:
        make_private(directory)
        file = (directory / "lock").open("ab")
    except OSError as error:
        raise Failure(f"{directory} can't be used: {error}") from None
    with file:
        if not try_lock(file.fileno()):
            raise Failure("another replay is running on this machine")
        yield
