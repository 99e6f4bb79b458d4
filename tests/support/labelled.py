"""Labelled sets: files of texts, what is to be said of each, and of which kind it is."""

from pathlib import Path


def labelled(path: Path) -> list[tuple[str, str]]:
    """Return texts and what is to be said of each, of a file with a line for each."""
    lines = path.read_text().splitlines()[1:]
    return [(text, expected) for text, expected, _kind in (line.split("\t") for line in lines)]
