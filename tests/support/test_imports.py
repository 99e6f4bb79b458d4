"""Modules that tests share change nothing by being imported: the next test wouldn't know of it."""

import ast
from pathlib import Path

import pytest

SHARED = sorted(Path(__file__).parent.rglob("*.py"))


def changed(source: str) -> list[str]:
    """Return what a module's import sets of other objects, as it is spelled."""
    return [
        ast.unparse(target)
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Attribute | ast.Subscript)
    ]


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.stem)
def test_an_import_changes_nothing_of_others(path):
    assert changed(path.read_text()) == []


def test_a_change_of_others_is_noticed_unless_it_is_a_programs_own():
    own = 'if __name__ in ("__main__", "__mp_main__"):\n    Enricher.enrich = deadly\n'
    assert changed(f"mine = 1\n{own}") == []
    assert changed("Enricher.enrich = deadly\n") == ["Enricher.enrich"]
