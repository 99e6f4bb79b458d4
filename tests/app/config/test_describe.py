import pytest

from app.config.describe import describe
from app.config.loading import load
from app.config.settings import Settings, variable


def test_every_setting_is_described_with_secrets_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPLINE_CONSOLE_TOKEN", "geheim-geheim-geheim")
    monkeypatch.setenv("HOPLINE_REDIS_URL", "redis://u:geheim@h/0")
    described = {one.variable: one for one in describe(load())}
    assert list(described) == [variable(name) for name in Settings.model_fields]
    assert described["HOPLINE_CONSOLE_TOKEN"].value == "***"
    assert described["HOPLINE_REDIS_URL"].value == "redis://u:***@h/0"
    assert described["HOPLINE_ALLOW_PRIVATE_TARGETS"].value == "true"
    assert described["HOPLINE_BATCH_SIZE"].default == "100"
    assert described["HOPLINE_GEOIP_PATH"].value == ""
