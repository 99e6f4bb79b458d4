"""A backup on disk: a directory of compressed JSON lines and a list of what must be in it.

Rule 1: the directory takes its name when it is whole, so a backup that broke off is none. What it
        has written keeps another name, and the next try goes on behind its last whole file.
Rule 2: nothing is read from an archive before all of its files were compared with the list.
Rule 3: a version reads its own format and older ones, and refuses newer ones.
"""

import gzip
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from app.version import __version__

FORMAT = 1
_MANIFEST = "backup.json"
#: The same of a backup that isn't whole.
_BEGUN = "begun.json"
#: Of text, read at once.
_CHUNK_BYTES = 4 << 20
#: The fastest: the next level takes twice as long and saves a tenth.
_COMPRESSION_LEVEL = 1


class BadArchive(Exception):
    """The directory is no backup, or not the one that was made; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an archive.

    Attributes:
        name: of the file, without ``.jsonl.gz``.
        lines: how many there are.
        sha256: of the compressed file, in hexadecimal.
    """

    name: str
    lines: int
    sha256: str


@dataclass(slots=True)
class Manifest:
    """What an archive holds.

    Attributes:
        columns: of a click's line, in their order.
        made_at: ISO 8601, in UTC.
        hopline: the version that made it.
    """

    columns: list[str]
    made_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    hopline: str = __version__
    format: int = FORMAT
    parts: list[Part] = field(default_factory=list)

    def lines(self, kind: str) -> int:
        """Return how many lines there are in the parts whose names begin with a word."""
        return sum(part.lines for part in self.parts if part.name.startswith(kind))


class ArchiveWriter:
    """Fills a directory, part by part; what is in it already stays."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self._directory = directory
        self.manifest = manifest

    def add(self, name: str, lines: Iterable[Any]) -> None:
        """Write a part; each line is a value that JSON can hold."""
        self.add_text(name, (orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in lines))

    def add_text(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a part of whole lines that are JSON."""
        path = _path(self._directory, name)
        count = 0
        with gzip.open(path, "wb", compresslevel=_COMPRESSION_LEVEL) as file:
            for chunk in chunks:
                file.write(chunk)
                count += chunk.count(b"\n")
        self.manifest.parts.append(Part(name, count, _sha256(path)))
        self.keep(_BEGUN)

    def last(self, kind: str) -> tuple[Part, bytes] | None:
        """Return the last part whose name begins with a word, and the last of its lines.

        None where there is no such part yet.
        """
        parts = [part for part in self.manifest.parts if part.name.startswith(kind)]
        if not parts:
            return None
        part, line = parts[-1], b""
        for chunk in read_text(self._directory, part):
            line = chunk[chunk.rfind(b"\n", 0, -1) + 1 :]
        return part, line

    def keep(self, name: str) -> None:
        """Write the manifest into a file of this name; a kill leaves the old one or the new one."""
        new = self._directory / f"{name}.new"
        new.write_bytes(orjson.dumps(asdict(self.manifest), option=orjson.OPT_INDENT_2))
        new.replace(self._directory / name)


@contextmanager
def new_archive(directory: Path, columns: list[str]) -> Iterator[ArchiveWriter]:
    """Make an archive, or go on with one; it stands there when the block ends without an exception.

    Raises:
        BadArchive: the directory exists.
        OSError: it can't be written.
    """
    if directory.exists():
        raise BadArchive(f"{directory} exists already: name a directory that doesn't")
    unfinished = directory.with_name(f"{directory.name}.part")
    writer = ArchiveWriter(unfinished, _begun(unfinished, columns) or Manifest(columns))
    if not writer.manifest.parts:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        unfinished.mkdir(mode=0o700)
    try:
        yield writer
        writer.keep(_MANIFEST)
        unfinished.rename(directory)
        # Not before: who is killed between the two would begin again, with all parts there.
        (directory / _BEGUN).unlink(missing_ok=True)
    finally:
        if not writer.manifest.parts:
            shutil.rmtree(unfinished, ignore_errors=True)


def _begun(unfinished: Path, columns: list[str]) -> Manifest | None:
    """Return what a backup that broke off has written; None where it is of no use."""
    try:
        manifest = _read_manifest(unfinished, _BEGUN)
        _require_parts(unfinished, manifest)
    except BadArchive:
        return None
    return manifest if manifest.columns == columns else None


def open_archive(directory: Path) -> Manifest:
    """Return what an archive holds, once every file of it is known to be as it was written.

    Raises:
        BadArchive: one is not, or this is no archive that this version can read.
    """
    manifest = _read_manifest(directory, _MANIFEST)
    _require_parts(directory, manifest)
    return manifest


def read_part(directory: Path, part: Part) -> Iterator[Any]:
    """Yield the lines of a part."""
    with gzip.open(_path(directory, part.name), "rb") as file:
        yield from map(orjson.loads, file)


def read_text(directory: Path, part: Part) -> Iterator[bytes]:
    """Yield the lines of a part as they are, some MiB of whole lines at a time."""
    rest = b""
    with gzip.open(_path(directory, part.name), "rb") as file:
        while read := file.read(_CHUNK_BYTES):
            end = read.rfind(b"\n") + 1
            if end:
                yield rest + read[:end]
                rest = b""
            rest += read[end:]
    if rest:
        yield rest


def _require_parts(directory: Path, manifest: Manifest) -> None:
    for part in manifest.parts:
        path = _path(directory, part.name)
        if not path.is_file():
            raise BadArchive(f"{path} is missing")
        if _sha256(path) != part.sha256:
            raise BadArchive(f"{path} is damaged: its checksum is not the one in {_MANIFEST}")


def _read_manifest(directory: Path, name: str) -> Manifest:
    path = directory / name
    try:
        plain = orjson.loads(path.read_bytes())
        if plain["format"] > FORMAT:
            raise BadArchive(f"{directory} needs the Hopline that made it: {plain['hopline']}")
        parts = [Part(**part) for part in plain.pop("parts")]
        return Manifest(**plain, parts=parts)
    except OSError as error:
        raise BadArchive(f"{directory} is no backup: {error.strerror}: {path.name}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise BadArchive(f"{path} can't be read: {error}") from None


def _path(directory: Path, name: str) -> Path:
    return directory / f"{name}.jsonl.gz"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
