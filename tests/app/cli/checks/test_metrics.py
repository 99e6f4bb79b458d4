import json
from pathlib import Path

import pytest

from app.cli.main import main

PAGE = Path(__file__).parents[4] / "docs" / "metrics.md"


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["hopline", "metrics", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code


def test_the_page_is_what_the_code_declares(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(monkeypatch, "--markdown")
    written = capsys.readouterr().out
    assert written == PAGE.read_text(), (
        "run `.venv/bin/hopline metrics --markdown > docs/metrics.md`"
    )


def test_programs_get_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(monkeypatch, "--json")
    listed = {metric["name"]: metric for metric in json.loads(capsys.readouterr().out)}
    assert listed["hopline_response_seconds"]["kind"] == "histogram"
    assert "fast" in listed["hopline_responses_total"]["labels"]["lane"]


def test_people_get_a_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(monkeypatch)
    assert "redirect\thopline_connections\tgauge\t" in capsys.readouterr().out
