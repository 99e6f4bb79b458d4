import subprocess
import sys

import pytest

from app.verdicts.modes import read_modes
from workers.enrich.versions import code_of, rules_version, steps_digest

CODE = """
WORDS = ("a", "b")


def step(text: str) -> bool:
    return text in WORDS
"""


@pytest.mark.parametrize(
    "other",
    [
        '"""Step that tells."""' + CODE,
        CODE.replace("    return", '    """Tell."""\n    # why\n    return'),
        CODE.replace('("a", "b")', '(\n    "a",\n    "b",\n)'),
    ],
)
def test_what_is_only_said_of_code_makes_no_other_version(other):
    assert code_of(other) == code_of(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"b"', '"c"'),
        ('"b"', '""'),
        ('"b"', "None"),
        ('"b"', 'b"b"'),
        (" in ", " not in "),
        ("WORDS", "OTHERS"),
        ('("a", "b")', '("a", "b", "c")'),
    ],
)
def test_another_word_or_rule_makes_another_version(old, new):
    assert code_of(CODE.replace(old, new)) != code_of(CODE)


def test_a_table_is_part_of_the_version(monkeypatch, tmp_path):
    before = steps_digest.__wrapped__()
    package = tmp_path / "steps"
    package.mkdir()
    (package / "__init__.py").touch()
    table = package / "networks.tsv"
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("workers.enrich.versions._STEPS", ("steps",))
    digests = {before}
    for text in ("", "1.2.3.0/24\tdatacentre\n", "1.2.4.0/24\tdatacentre\n"):
        table.write_text(text)
        digests.add(steps_digest.__wrapped__())
    assert len(digests) == 4


def test_what_an_operator_sets_is_told_apart_from_what_a_release_brings():
    usual = read_modes(())
    versions = [
        rules_version(usual, ()),
        rules_version(usual, ("192.0.2.0/24",)),
        rules_version(read_modes(["headless=shadow"]), ()),
    ]
    assert len(set(versions)) == 3
    assert {one.partition("+")[0] for one in versions} == {steps_digest()}
    networks = ("192.0.2.0/24", "198.51.100.0/24")
    assert rules_version(usual, networks) == rules_version(usual, networks[::-1])


def test_every_process_has_the_same_version():
    code = "from workers.enrich.versions import steps_digest; print(steps_digest())"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.strip() == steps_digest()
