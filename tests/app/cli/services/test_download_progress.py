import io

import pytest
import typer
from rich.console import Console

from app.cli.services.download_progress import fetch_shown
from app.local.downloads import Download

PART = Download(
    title="a part",
    package="part",
    version="1",
    integrity="sha512-",
    file="part.bin",
    packed_bytes=12_345_678,
    file_bytes=1,
    otherwise="",
)


@pytest.fixture(params=[True, False], ids=["terminal", "pipe"])
def terminal(request):
    return Console(file=io.StringIO(), force_terminal=request.param, width=100)


@pytest.fixture
def slow_npm(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\nexec sleep 60\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def test_what_is_in_the_cache_is_not_spoken_of(tmp_path, terminal):
    path = PART.path(tmp_path)
    path.parent.mkdir()
    path.touch()
    assert fetch_shown(PART, tmp_path, terminal, lambda: False) == path
    assert terminal.file.getvalue() == ""


def test_what_is_fetched_is_said_with_its_size_and_can_be_stopped(tmp_path, terminal, slow_npm):
    with pytest.raises(typer.Abort):
        fetch_shown(PART, tmp_path, terminal, lambda: True)
    assert "fetching a part: 12 MB, once" in terminal.file.getvalue()
