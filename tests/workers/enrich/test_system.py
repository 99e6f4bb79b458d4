from pathlib import Path

import pytest

from tests.support.labelled import labelled
from workers.enrich.system import Systems

LABELLED = labelled(Path(__file__).parent / "systems.tsv")


@pytest.fixture(scope="module")
def systems() -> Systems:
    return Systems()


def test_systems_are_named_as_the_world_names_them(systems):
    assert len(LABELLED) >= 200
    assert {text: systems.read(text).name for text, _ in LABELLED} == dict(LABELLED)


@pytest.mark.parametrize("maker", ["Sony", "Madeupname", "x"])
def test_a_maker_is_no_system(systems, maker):
    assert systems.read(f"HbbTV/1.2.1 (;{maker};KDL32W650A;PKG4.000EUA;2013;) Presto") == ("", "")
