"""The units without a systemd that runs them."""

import re
import shutil
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.config.variables import variable

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = DEPLOY / "systemd"
SERVICES = ("hopline-redirect", "hopline-console", "hopline-workers", "hopline-migrate")
#: systemd-analyze's scale ends at 10; it counts in tenths.
MOST_EXPOSURE = 1.5

everything = pytest.mark.parametrize(
    "path",
    sorted(path for path in UNITS.rglob("*") if path.is_file()),
    ids=lambda path: path.name,
)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_exposed_little(analyze, service):
    threshold = f"--threshold={int(MOST_EXPOSURE * 10)}"
    unit = UNITS / f"{service}.service"
    judged = analyze(unit, "security", "--offline=yes", "--no-pager", threshold)
    assert judged.returncode == 0, judged.stdout
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert float(exposure[1]) <= MOST_EXPOSURE


def test_the_judgement_would_notice_a_sandbox_with_a_hole(analyze, tmp_path):
    """So that a systemd-analyze that says yes to everything can't pass for a sandbox."""
    shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "hopline-.service.d")
    unit = tmp_path / "hopline-redirect.service"
    assert analyze(unit, "security", "--offline=yes", "--threshold=15").returncode != 0


@everything
def test_every_directive_has_a_comment(path):
    """One comment may stand for the directives right below it."""
    for block in re.split(r"\n\s*\n|\n(?=\[)", path.read_text()):
        lines = [line for line in block.splitlines() if line and not line.startswith("[")]
        if lines and not all(line.startswith("#") for line in lines):
            first = next(line for line in lines if "=" in line or line.startswith("#"))
            is_plain = first.startswith(("#", "Description=", "Documentation="))
            assert is_plain, f"{path.name}: {first}"


@everything
def test_every_variable_is_a_setting(path):
    known = {variable(name) for name in Settings.model_fields}
    assert set(re.findall(r"HOPLINE_[A-Z_]+", path.read_text())) <= known


@pytest.mark.parametrize("service", SERVICES[:3])
def test_a_stop_is_longer_than_the_drain(service, make_settings):
    text = (UNITS / f"{service}.service").read_text()
    stop_seconds = int(re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)[1])
    assert stop_seconds > 2 * make_settings().drain_seconds


def test_every_user_of_a_service_is_made():
    made = set(
        re.findall(r"^u\s+(\S+)", (DEPLOY / "sysusers.d/hopline.conf").read_text(), re.MULTILINE)
    )
    used = {
        re.search(r"^User=(.*)$", (UNITS / f"{service}.service").read_text(), re.MULTILINE)[1]
        for service in SERVICES
    }
    assert used == made == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_systemd_finds_nothing_wrong_with_a_service(analyze, tmp_path, service):
    """The installed program is not here; another stands in its place."""
    for path in UNITS.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(UNITS)
            copy.parent.mkdir(exist_ok=True)
            text = path.read_text().replace("/opt/hopline/current/bin/hopline", "/bin/true")
            copy.write_text(text)
    verified = analyze(tmp_path / f"{service}.service", "verify", "--man=no")
    ours = [line for line in verified.stderr.splitlines() if "hopline" in line]
    assert not ours, "\n".join(ours)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_outlives_a_child_that_the_kernel_kills_for_memory(service):
    assert shown(service)["OOMPolicy"] == "continue"


@pytest.mark.parametrize("service", SERVICES[:3])
def test_a_service_starts_again_after_every_end_that_is_no_stop(service):
    assert shown(service)["Restart"] == "always"


@pytest.mark.parametrize("service", SERVICES[:3])
def test_a_service_can_not_take_the_memory_of_the_stores(service):
    assert 20 <= int(shown(service)["MemoryMax"].removesuffix("%")) <= 60


def shown(service):
    """Return the directives of a service, those of the common drop-in last, as systemd does."""
    files = (UNITS / f"{service}.service", *sorted((UNITS / "hopline-.service.d").iterdir()))
    lines = "\n".join(path.read_text() for path in files)
    return dict(re.findall(r"^(\w+)=(.*)$", lines, re.MULTILINE))
