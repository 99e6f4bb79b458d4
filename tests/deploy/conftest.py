"""One booted machine with both stores, on which the tests of a file follow each other."""

import shutil

import pytest

from app.local.downloads import CLICKHOUSE_LIBRARY, fetch
from tests.conftest import missing
from tests.support.deploy import packages, stores
from tests.support.deploy.container import Container


@pytest.fixture(scope="session")
def built_packages(tmp_path_factory):
    """The package of the version before, and of this one."""
    folder = tmp_path_factory.mktemp("packages")
    return packages.build(folder, packages.BEFORE), packages.build(folder)


@pytest.fixture(scope="module")
def machine(tmp_path_factory, cache_dir, as_root, built_packages):
    """A machine whose services are stores and whatever a test installs."""
    for program in ("systemd-nspawn", "unshare", "nsenter", "dpkg-deb"):
        shutil.which(program) or missing(program)
    library = fetch(CLICKHOUSE_LIBRARY, cache_dir)
    binds = {
        "/srv/packages": built_packages[0].parent,
        "/srv/deploy": packages.REPOSITORY / "deploy",
        **stores.binds(library),
    }
    with Container(tmp_path_factory.mktemp("machine") / "mounts", binds) as container:
        stores.start(container, library)
        yield container
