import sys
from collections.abc import Callable

import pytest

Run = Callable[..., object]
PYTHON = sys.executable


@pytest.mark.parametrize(
    ("service", "argv"),
    [
        (
            "redirect",
            ["gunicorn", "-c", "python:app.redirect.gunicorn_conf", "app.redirect.wsgi:get_app()"],
        ),
        (
            "console",
            ["gunicorn", "-c", "python:app.console.gunicorn_conf", "app.console.wsgi:get_app()"],
        ),
        ("workers", ["workers"]),
    ],
)
def test_a_service_takes_the_place_of_the_command(
    hopline: Run, monkeypatch, service: str, argv: list[str]
) -> None:
    became: list[object] = []
    monkeypatch.setattr("os.execv", lambda *arguments: became.append(arguments))
    assert hopline(service).exit_code == 0
    assert became == [(PYTHON, [PYTHON, "-m", *argv])]


@pytest.mark.parametrize("service", ["redirect", "console", "workers"])
def test_a_service_with_a_bad_setting_does_not_start(
    hopline: Run, monkeypatch, service: str
) -> None:
    monkeypatch.setattr("os.execv", lambda *_: pytest.fail("it started"))
    monkeypatch.setenv("HOPLINE_BATCH_SIZE", "0")
    ended = hopline(service)
    assert ended.exit_code == 2
    assert "HOPLINE_BATCH_SIZE='0'" in ended.err
