import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli.services.settings import describe
from app.config.loading import load
from app.config.settings import Settings
from app.config.variables import variable

Run = Callable[..., object]


def test_every_setting_is_shown_with_its_value(hopline: Run, monkeypatch) -> None:
    monkeypatch.setenv("HOPLINE_CODE_LENGTH", "9")
    ended = hopline("settings")
    assert ended.exit_code == 0
    for name in Settings.model_fields:
        assert f"{variable(name)}\t" in ended.out
    assert "HOPLINE_CODE_LENGTH\t9\t" in ended.out


def test_a_terminal_gets_each_meaning_below_its_setting(hopline: Run, monkeypatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    lines = hopline("settings").out.splitlines()
    at = lines.index("HOPLINE_CODE_LENGTH=7")
    assert lines[at + 1].rstrip() == "    Characters of a short code that Hopline makes up."


def test_json_has_variable_value_default_and_sentence(hopline: Run) -> None:
    shown = json.loads(hopline("settings", "--json").out)
    (length,) = [one for one in shown if one["variable"] == "HOPLINE_CODE_LENGTH"]
    assert length == {
        "variable": "HOPLINE_CODE_LENGTH",
        "value": "7",
        "default": "7",
        "sentence": "Characters of a short code that Hopline makes up.",
    }


def test_secrets_are_masked(hopline: Run, monkeypatch) -> None:
    monkeypatch.setenv("HOPLINE_CONSOLE_TOKEN", "geheim-geheim-geheim")
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", "clickhouse://me:geheim@db:9000/hopline")
    for arguments in (["settings"], ["settings", "--json"]):
        ended = hopline(*arguments)
        assert "geheim" not in ended.out + ended.err
        assert "clickhouse://me:***@db:9000/hopline" in ended.out


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("HOPLINE_CONSUMRS", ": did you mean HOPLINE_CONSUMERS?"),
        ("HOPLINE_REDIS_UR", ": did you mean HOPLINE_REDIS_URL?"),
        ("HOPLINE_QQQQQQQQQQQQQQQQQQQQQQQQQQ", ""),
    ],
)
def test_unknown_variables_are_pointed_out(hopline: Run, monkeypatch, name: str, hint: str) -> None:
    monkeypatch.setenv(name, "x")
    ended = hopline("settings")
    assert ended.exit_code == 0
    assert ended.err == f"hopline: {name} is no setting{hint}\n"


def test_every_setting_is_described_with_secrets_masked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Else a `hopline up` that runs on this machine would have its say.
    monkeypatch.setenv("HOPLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HOPLINE_CONSOLE_TOKEN", "geheim-geheim-geheim")
    monkeypatch.setenv("HOPLINE_REDIS_URL", "redis://u:geheim@h/0")
    described = {one.variable: one for one in describe(load())}
    assert list(described) == [variable(name) for name in Settings.model_fields]
    assert described["HOPLINE_CONSOLE_TOKEN"].value == "***"
    assert described["HOPLINE_REDIS_URL"].value == "redis://u:***@h/0"
    assert described["HOPLINE_ALLOW_PRIVATE_TARGETS"].value == "true"
    assert described["HOPLINE_BATCH_SIZE"].default == "100"
    assert described["HOPLINE_GEOIP_PATH"].value == ""
