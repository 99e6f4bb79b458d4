"""Command-line options that the benchmarks have in common."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path


def add_count(parser: ArgumentParser, name: str, default: int, text: str) -> None:
    """Add an option whose value is a whole number from 1 on."""
    parser.add_argument(name, type=_count, default=default, help=f"{text} (default: {default})")


def add_output(parser: ArgumentParser, contents: str) -> None:
    """Add the option that names the folder of what a run leaves behind."""
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build"),
        help=f"folder for {contents} (default: build)",
    )


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ArgumentTypeError(f"{text!r} is less than 1")
    return count
