"""What several of these tests use: systemd's judgement, the command, a machine with both stores."""

import os
import shutil
import subprocess
import sys

import pytest

from app.cli.main import main
from app.config.variables import variable
from app.local.downloads import CLICKHOUSE_LIBRARY, fetch
from tests.conftest import missing
from tests.support.deploy import packages, stores
from tests.support.deploy.container import Container
from tests.support.deploy.figures import Figures
from tests.support.deploy.host import CODE
from tests.support.deploy.load import Visitors


@pytest.fixture
def analyze():
    """Run systemd-analyze on the units of one folder."""
    program = shutil.which("systemd-analyze") or missing("systemd-analyze")

    def run(unit, *arguments):
        return subprocess.run(
            [program, *arguments, unit],
            env={**os.environ, "SYSTEMD_UNIT_PATH": f"{unit.parent}:", "SYSTEMD_PAGER": "cat"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def hopline(settings, monkeypatch, capsys):
    """Run the command with the ordinary user; in this process, since there are many to run."""
    for name in settings.model_fields_set:
        monkeypatch.setenv(variable(name), str(getattr(settings, name)))

    def run(*arguments, codes=(0,)):
        monkeypatch.setattr(sys, "argv", ["hopline", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert (ended.value.code or 0) in codes, f"{arguments}: {said.err}{said.out}"
        return said.out

    return run


@pytest.fixture(scope="session")
def packages_folder(tmp_path_factory):
    """A folder that the processes of a run share."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "packages"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def package(packages_folder):
    """The Debian package."""
    return packages.built(packages_folder)


@pytest.fixture(scope="session")
def package_before(packages_folder):
    """The package of the version before."""
    return packages.built(packages_folder, packages.BEFORE)


@pytest.fixture(scope="module")
def machine(tmp_path_factory, cache_dir, as_root, packages_folder):
    """A machine whose services are stores and whatever a test installs."""
    for program in ("systemd-nspawn", "unshare", "nsenter", "dpkg-deb"):
        shutil.which(program) or missing(program)
    library = fetch(CLICKHOUSE_LIBRARY, cache_dir)
    binds = {
        str(packages.SEEN_AT): packages_folder,
        "/srv/deploy": packages.REPOSITORY / "deploy",
        **stores.binds(library),
    }
    with Container(tmp_path_factory.mktemp("machine") / "mounts", binds) as container:
        stores.start(container, library)
        yield container


@pytest.fixture(scope="module")
def figures(request):
    """What the tests of a file found: shown, and kept under the file's name."""
    found = Figures()
    yield found
    name = request.path.stem.removeprefix("test_")
    found.save(packages.REPOSITORY / "build" / f"{name}.json")
    sys.stdout.write(f"\n{found.table()}\n")


@pytest.fixture(scope="module")
def visitors(machine, tmp_path_factory):
    """Visitors of the link whose clicks are counted."""
    return Visitors(machine, tmp_path_factory.mktemp("load"), CODE)
