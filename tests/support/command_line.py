"""The command, run in this process as a terminal would run it."""

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from app.cli.main import main


class Ended(NamedTuple):
    """How a command ended and what it wrote."""

    exit_code: int
    out: str
    err: str


@pytest.fixture
def hopline(
    redis_url: str,
    tmp_path: object,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Ended]:
    """Run `hopline` with arguments, on an empty Valkey."""
    monkeypatch.setenv("HOPLINE_REDIS_URL", redis_url)
    monkeypatch.setenv("HOPLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HOPLINE_PUBLIC_URL", "https://go.example.com/")

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["hopline", *arguments])
        exit_code = 0
        try:
            main()
        except SystemExit as end:
            exit_code = end.code or 0
        return Ended(exit_code, *capsys.readouterr())

    return run
