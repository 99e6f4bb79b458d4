import platform

import pytest

from loadtest.common import environment

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
