"""What is installed is all of the product: every package, every data file, what is compiled."""

import configparser
import re
import subprocess
import sys
import tarfile
from pathlib import Path

from setuptools import find_packages

ROOT = Path(__file__).parents[2]
SOURCES = [
    path.relative_to(ROOT)
    for folder in ("app", "workers")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
]


def options():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def packages():
    include = options()["options.packages.find"]["include"].split()
    return set(find_packages(str(ROOT), include=include))


def test_every_folder_with_modules_is_a_package():
    holding = {".".join(path.parent.parts) for path in SOURCES if path.suffix == ".py"}
    assert "app.redirect.server" in holding
    assert holding == packages()


def test_every_data_file_is_named():
    patterns = re.split(r",\s*", options()["options.package_data"]["*"])
    known = packages()
    for path in SOURCES:
        if path.suffix not in (".py", ".c", ".so"):
            package = next(each for each in path.parents if ".".join(each.parts) in known)
            assert any(path.relative_to(package).match(pattern) for pattern in patterns), path


def test_everything_that_is_compiled_is_named():
    setup = (ROOT / "setup.py").read_text()
    for path in SOURCES:
        if path.suffix == ".c":
            assert f'"{path}"' in setup


def test_a_source_archive_holds_all_that_git_knows(tmp_path):
    command = [sys.executable, "setup.py", "--quiet", "sdist", "--formats=tar", "--dist-dir"]
    subprocess.run([*command, tmp_path], cwd=ROOT, check=True, capture_output=True, timeout=100)
    (archive,) = tmp_path.iterdir()
    with tarfile.open(archive) as packed:
        held = {name.partition("/")[2] for name in packed.getnames()}
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    known = {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}
    assert {name for name in known - held if not name.startswith((".ci/", ".git"))} == set()


#: The Debian package of each program that the units run and that isn't ours.
PACKAGED_IN = {"/bin/kill": "procps"}


def test_the_package_depends_on_what_its_units_run():
    units = (ROOT / "deploy" / "systemd").rglob("*.*")
    text = "\n".join(path.read_text() for path in units if path.is_file())
    programs = set(re.findall(r"^Exec\w+=[-+!@:]*(\S+)", text, re.MULTILINE))
    others = {program for program in programs if not program.startswith("/opt/hopline/")}
    assert {PACKAGED_IN[program] for program in others} <= depended_on("Depends")


def test_the_package_brings_nothing_along_that_it_can_do_without():
    assert depended_on("Recommends") == set()
    assert {"nginx", "caddy", "redis-server"} <= depended_on("Suggests")


def depended_on(field):
    """Return the names of packages in a field of the package's control file."""
    control = (ROOT / "deploy" / "debian" / "control").read_text()
    found = re.search(rf"^{field}:(.*)$", control, re.MULTILINE)
    return set(re.findall(r"[a-z][a-z0-9.+-]+(?=\s*(?:[(|,]|$))", found[1])) if found else set()
