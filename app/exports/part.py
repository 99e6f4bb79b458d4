"""Part of an export that is being written, from which a later run can go on.

Rule: beside ``FILE.part`` stands ``FILE.part.json``, which says what was asked, and up to where the
      part is whole and on disk. What stands behind is cut off when the export goes on. The file
      takes its name when it is whole.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import orjson

from app.exports.clicks import Cursor, Row, cursor_of

#: After how many blocks what was written is seen to be on disk: a million rows take eight of them.
_BLOCKS_BETWEEN = 16


class Form(Protocol):
    """How rows are written; positions are those of the file, in bytes."""

    def begin(self) -> bytes:
        """Return what an export begins with."""

    def block(self, rows: Sequence[Row]) -> bytes:
        """Return rows in this form, or hold them back."""

    def flush(self, position: int, /) -> bytes:
        """Return what was held back, as it stands at this position."""

    def end(self, position: int, /) -> bytes:
        """Return what is held back and what an export ends with."""

    def state(self) -> list[Any]:
        """Return what has to be remembered of what was written, as JSON can hold it."""

    def go_on(self, state: list[Any], /) -> None:
        """Go on behind what was written earlier."""


class BrokenPart(Exception):
    """There is no part to go on from, or one in the way; the text says what to do."""


@dataclass(slots=True)
class Progress:
    """How far a part has got.

    Attributes:
        question: what was asked, for whoever goes on.
        after: place of the last click, '' before the first.
        state: what the form remembers.
    """

    question: dict[str, Any]
    rows: int = 0
    size_bytes: int = 0
    after: str = ""
    state: list[Any] = field(default_factory=list)


class Part:
    """File that is being written.

    Args:
        target: what it will be called; where a symbolic link leads is replaced, and the link stays.

    Raises:
        BrokenPart: that is a device, a pipe or a folder, which no file may take the place of.
        OSError: it can't be written.
    """

    def __init__(self, target: Path) -> None:
        if target.exists() and not target.is_file():
            raise BrokenPart(f"{target} is no file: leave out --to, and write to it with >")
        target = target.resolve()
        self._target = target
        self.path = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")

    @property
    def is_done(self) -> bool:
        """Whether it was whole, and has its name."""
        return self._target.exists() and not self.path.exists()

    def begin(self, question: dict[str, Any]) -> Progress:
        """Return the beginning of a new part.

        Raises:
            BrokenPart: an earlier one is there.
        """
        if self._note.exists() and self.path.exists():
            raise BrokenPart(f"{self.path} is there already: go on with --resume, or delete it")
        return Progress(question)

    def progress(self) -> Progress:
        """Return how far an earlier part had got.

        Raises:
            BrokenPart: there is none, or less of it than it says.
        """
        try:
            found = Progress(**orjson.loads(self._note.read_bytes()))
            held_bytes = self.path.stat().st_size
        except FileNotFoundError:
            raise BrokenPart(f"{self.path} is not there: nothing to resume") from None
        except (orjson.JSONDecodeError, TypeError):
            raise BrokenPart(f"{self._note} can't be read: delete it, and begin anew") from None
        if held_bytes < found.size_bytes:
            raise BrokenPart(f"{self.path} was cut off: delete it, and begin anew")
        return found

    def write(self, form: Form, blocks: Iterator[list[Row]], progress: Progress) -> Iterator[int]:
        """Write the rows behind what there is, and yield how many each time; then name the file."""
        form.go_on(progress.state)
        with self.path.open("r+b" if progress.size_bytes else "wb") as file:
            file.truncate(progress.size_bytes)
            file.seek(progress.size_bytes)
            if not progress.size_bytes:
                file.write(form.begin())
                self._keep(file, form, progress)
            for number, rows in enumerate(blocks, 1):
                file.write(form.block(rows))
                progress.rows += len(rows)
                progress.after = str(cursor_of(rows[-1]))
                if number % _BLOCKS_BETWEEN == 0:
                    self._keep(file, form, progress)
                yield len(rows)
            file.write(form.end(file.tell()))
            _sync(file)
        self.path.replace(self._target)
        self._note.unlink()

    def _keep(self, file: BinaryIO, form: Form, progress: Progress) -> None:
        file.write(form.flush(file.tell()))
        _sync(file)
        progress.size_bytes, progress.state = file.tell(), form.state()
        new = self._note.with_suffix(".new")
        new.write_bytes(orjson.dumps(asdict(progress)))
        new.replace(self._note)


def stream(
    form: Form, blocks: Iterator[list[Row]], output: BinaryIO, *, is_first: bool
) -> Iterator[Cursor]:
    """Write rows to an output that only goes on; yield the place of the last one each time.

    Args:
        is_first: whether nothing was written before, and the form's beginning belongs before them.
    """
    for data, place in pieces(form, blocks, is_first=is_first):
        output.write(data)
        if place:
            output.flush()
            yield place
    output.flush()


def pieces(
    form: Form, blocks: Iterator[list[Row]], *, is_first: bool
) -> Iterator[tuple[bytes, Cursor | None]]:
    """Yield rows in a form, and the place of the last one that they lead to, None where none does.

    Args:
        is_first: as :func:`stream`.
    """
    position = 0
    if is_first:
        head = form.begin()
        position += len(head)
        yield head, None
    for number, rows in enumerate(blocks, 1):
        data = form.block(rows)
        if number % _BLOCKS_BETWEEN == 0:
            data += form.flush(position + len(data))
        position += len(data)
        yield data, cursor_of(rows[-1])
    yield form.end(position), None


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
