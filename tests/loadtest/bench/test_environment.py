import platform

import pytest

from loadtest.bench import environment
from loadtest.bench.placement import Placement

VERSION = platform.python_version()


@pytest.mark.parametrize(
    ("arguments", "built"),
    [
        ("'--enable-optimizations' '--with-lto'", f"{VERSION} (PGO and LTO)"),
        ("'--enable-optimizations'", f"{VERSION} (PGO)"),
        ("'--prefix=/usr'", VERSION),
        (None, VERSION),
    ],
)
def test_the_interpreter_is_named_with_how_it_was_built(monkeypatch, arguments, built):
    monkeypatch.setattr(environment.sysconfig, "get_config_var", lambda _: arguments)
    assert environment.interpreter().endswith(built)


def test_what_the_figures_are_from_is_written_down():
    found = environment.environment([0, 1], Placement((0,), (1,), (1,)), "Valkey 9.1")
    assert found["versions"]["redis server"] == "Valkey 9.1"
    assert found["versions"]["gunicorn"]
    assert found["placement"]["server"] == [0]
    assert found["kernel"]
