"""What the documents point to is there: files, headings, commands and their options."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli.main import COMMANDS, load_command
from app.config.settings import Settings
from app.config.variables import variable

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
]

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_TYPED = re.compile(r"^ *[$#] (.*)$", re.MULTILINE)
_IN_TEXT = re.compile(r"`([^`]*)`")
_VARIABLE = re.compile(r"\bHOPLINE_[A-Z_]*[A-Z]\b")
#: Where one command of a line ends and the next begins.
_BETWEEN = {"|", "||", "&&", ";", ">", "<"}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(text: str) -> str:
    """Return a document without its blocks of code."""
    return _FENCE.sub("", text)


def anchors(text: str) -> set[str]:
    """Return what its headings are called in links, as GitHub does."""
    titles = (title.lower() for title in _HEADING.findall(prose(text)))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def leads_somewhere(document: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    found = document.parent / path if path else document
    return found.exists() and (not anchor or anchor in anchors(found.read_text()))


def command_lines(text: str) -> Iterator[str]:
    """Yield what a document has typed, in blocks of code and between backquotes."""
    for _, block in _FENCE.findall(text):
        yield from _TYPED.findall(block.replace("\\\n", " "))
    yield from _IN_TEXT.findall(prose(text))


def invocations(line: str) -> Iterator[list[str]]:
    """Yield the arguments of each `hopline` in a line."""
    words = shlex.split(line, comments=True)
    for place, word in enumerate(words):
        is_command = all(before != "apt" for before in words[:place])
        if re.fullmatch(r"([\w./]*/)?hopline", word) and is_command:
            rest = words[place + 1 :]
            end = next((at for at, one in enumerate(rest) if one in _BETWEEN), len(rest))
            yield rest[:end]


def complaint(arguments: list[str]) -> str:
    """Return what is wrong with the arguments of `hopline`, or nothing."""
    if not arguments or arguments[0].startswith("-"):
        return "" if arguments in ([], ["--help"], ["--version"]) else "no such option"
    if arguments[0] not in COMMANDS:
        return "no such command"
    command, rest = load_command(arguments[0]), arguments[1:]
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        names = rest.pop(0).split("|")
        unknown = [name for name in names if name not in command.commands]
        if unknown:
            return f"no such command: {unknown}"
        command = command.commands[names[0]]
    return unknown_options(command, rest)


def unknown_options(command: typer.core.TyperCommand, words: list[str]) -> str:
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    return " ".join(sorted(given - known - {"--help"}))


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = _LINK.findall(prose(document.read_text()))
    inside = [target for target in targets if not re.match(r"\w+:", target)]
    assert [target for target in inside if not leads_somewhere(document, target)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_command_exists_with_its_options(document: Path) -> None:
    wrong = {
        shlex.join(arguments): complaint(arguments)
        for line in command_lines(document.read_text())
        if re.search(r"(^|[ /])hopline( |$)", line)
        for arguments in invocations(line)
    }
    assert {line: found for line, found in wrong.items() if found} == {}


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_setting_exists(document: Path) -> None:
    known = {variable(name) for name in Settings.model_fields}
    named = set(_VARIABLE.findall(document.read_text()))
    assert named - known == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = list(command_lines(document.read_text()))
    named = {found[1] for line in lines if (found := re.match(r"make ([a-z][a-z-]*)", line))}
    assert named - targets == set()


def help_lines(command: Any) -> Iterator[str]:
    """Yield the lines of the help of a command and of those below it."""
    yield from (line.strip() for line in (command.help or "").splitlines())
    for below in getattr(command, "commands", {}).values():
        yield from help_lines(below)


def test_every_example_of_the_help_exists_with_its_options() -> None:
    lines = [line for name in COMMANDS for line in help_lines(load_command(name))]
    examples = [line for line in lines if line.startswith("hopline ")]
    assert len(examples) > 15
    wrong = [line for line in examples for arguments in invocations(line) if complaint(arguments)]
    assert wrong == []


def test_the_documents_are_read_at_all() -> None:
    typed = [
        shlex.join(arguments)
        for document in DOCUMENTS
        for line in command_lines(document.read_text())
        if "hopline " in line
        for arguments in invocations(line)
    ]
    assert "links add 'https://example.com/a?b=c' --code demo1" in typed
    assert "links rm" in typed
    assert len(set(typed)) > 30


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("hopline links ad x", True),
        ("hopline replay --form x", True),
        ("hopline frobnicate", True),
        ("hopline replay --since 1h | cat --frob", False),
        ("hopline dead list|frob", True),
        ("HOPLINE_X=1 hopline up --demo", False),
    ],
)
def test_what_does_not_exist_is_noticed(line: str, wrong: bool) -> None:
    assert any(complaint(arguments) for arguments in invocations(line)) is wrong
