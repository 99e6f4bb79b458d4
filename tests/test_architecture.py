"""The map of the code is that of the code: paths, names, keys and tables are there."""

import inspect
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from app.config.settings import Settings
from app.schema.migrations import tables
from app.schema.sums import SUM_TABLES
from app.stores import keys

ROOT = Path(__file__).parent.parent
MAP = ROOT / "docs" / "architecture.md"
RECORDS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))

#: What has happened, which may name what is gone.
_HISTORY = {"CHANGELOG.md"}
_PATH = r"(?:app|workers|loadtest|tests|deploy|docs)/[\w./-]*"
_IN_TEXT = re.compile(rf"`({_PATH})`")
#: A path, and right behind it names of what is defined there.
_NAMED = re.compile(rf"`({_PATH}\.py)`((?:,? `\w+`(?!\.))+)")
_EXAMPLES = {
    "webhook_id": "ID",
    "code": "CODE",
    "bucket": "NUMBER",
    "tag": "TAG",
    "day": "DAY",
    "stream": Settings.model_fields["stream"].default,
    "group": Settings.model_fields["group"].default,
    "dead_stream": Settings.model_fields["dead_stream"].default,
    "name": "NAME",
    "policy": "POLICY",
    "caller": "KEY",
}


def documents() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in found.stdout.splitlines() if name not in _HISTORY]


def named(text: str) -> list[tuple[str, str]]:
    """Return each path of a text with each name that stands behind it."""
    return [
        (path, name)
        for path, names in _NAMED.findall(text)
        for name in re.findall(r"`(\w+)`", names)
    ]


def defines(path: str, name: str) -> bool:
    pattern = rf"^(?:class|def) {name}\b|^{name}\b.* = "
    return re.search(pattern, (ROOT / path).read_text(), re.MULTILINE) is not None


def spelled(module: ModuleType) -> set[str]:
    """Return every key that a module spells, with examples in the place of arguments."""
    constants = {
        value
        for name, value in vars(module).items()
        if name.startswith(("LINK_", "API_", "WEBHOOK")) and not name.endswith("_PREFIX")
    }
    makers = [
        maker
        for name, maker in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_")
    ]
    made = {
        maker(*(_EXAMPLES[parameter] for parameter in inspect.signature(maker).parameters))
        for maker in makers
    }
    return constants | made


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_is_there(document: Path) -> None:
    paths = set(_IN_TEXT.findall(document.read_text()))
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_every_name_is_defined_where_the_map_says() -> None:
    found = named(MAP.read_text())
    assert len(found) > 40
    assert [(path, name) for path, name in found if not defines(path, name)] == []


def test_a_name_that_is_gone_is_noticed() -> None:
    text = "`app/stores/keys.py` `link_key`, `nothing_of_that_name`, and `app/links/link.py` `Link`"
    assert [each for each in named(text) if not defines(*each)] == [
        ("app/stores/keys.py", "nothing_of_that_name")
    ]


def test_every_key_and_stream_is_in_its_table() -> None:
    rows = set(re.findall(r"^\| `([^`]+)` \|", MAP.read_text(), re.MULTILINE))
    streams = {_EXAMPLES["stream"], _EXAMPLES["dead_stream"]}
    assert (spelled(keys) | streams) - rows == set()


def test_every_table_is_in_its_table() -> None:
    rows = set(
        re.findall(r"^\| `(\w+)` \| (?:Replac|Summ)ingMergeTree", MAP.read_text(), re.MULTILINE)
    )
    assert rows == {*tables(), *SUM_TABLES, "migrations"}


def test_every_record_is_in_the_index_once() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    linked = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", index)
    assert sorted(linked) == [path.name for path in RECORDS]
    numbers = [path.name[:4] for path in RECORDS]
    assert len(numbers) == len(set(numbers)) > 10


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_every_record_says_what_would_change_it(record: Path) -> None:
    headings = re.findall(r"^## (.+)$", record.read_text(), re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "What would change it"]
