"""Imports point downward, and each kind of process loads only what it needs."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: Packages from top to bottom: a module imports its own package and those of the lines below.
LAYERS = (
    ("app.cli",),
    ("app.cli.checks", "app.cli.clicks", "app.cli.console", "app.cli.links"),
    ("app.cli.services", "app.cli.stores"),
    ("app.local",),
    ("app.redirect", "app.console", "workers", "workers.explain", "workers.visits"),
    ("app.console.yourls",),
    ("app.console.pages",),
    ("app.console.pages.operations",),
    ("app.console.pages.links", "app.console.pages.reference"),
    ("app.console.pages.questions",),
    ("app.console.pages.reports", "app.console.live"),
    ("app.console.pages.site",),
    ("app.console.api.clicks",),
    ("app.console.api.links.bulk", "app.console.rates", "app.console.shlink"),
    (
        "app.console.api.links",
        "app.console.api.dead_letters",
        "app.console.api.webhooks",
        "app.console.shlink.protocol",
    ),
    ("app.console.api", "app.redirect.server.gunicorn", "workers.supervisor", "workers.replay"),
    ("workers.webhooks",),
    ("app.redirect.clicks", "app.redirect.links", "app.redirect.server", "workers.consumer"),
    ("app.redirect.spool", "workers.monitor", "workers.enrich"),
    ("app.redirect.visits", "app.redirect.redis.cluster", "workers.stream", "workers.clickhouse"),
    ("workers.enrich.facts", "workers.enrich.places", "workers.enrich.source"),
    ("app.redirect.redis", "workers.process"),
    ("app.redirect.tasks",),
    ("app.reports.reading",),
    ("app.reports.statement",),
    ("app.reports.sums",),
    ("app.health.system",),
    ("app.exports", "app.live", "app.health.clickhouse", "app.health.host", "app.health.redis"),
    ("app.backup", "app.erasure", "app.explain", "app.health", "app.reports", "app.links.files"),
    ("app.webhooks",),
    ("app.audit", "app.gunicorn", "app.keys", "app.links.index"),
    ("app.links", "app.dead_letters", "app.metrics"),
    ("app.changes", "app.sums"),
    ("app.schema", "app.logs", "app.terminal"),
    ("app.config",),
    ("app.stores.redis", "app.stores.clickhouse"),
    ("app.stores",),
    ("app.clicks", "app.http", "app.processes", "app.qr", "app.verdicts"),
    ("app",),
)
#: Kinds of process, which never import each other.
SERVICES = ("app.redirect", "app.console", "workers")
DEPTHS = {package: depth for depth, row in enumerate(LAYERS) for package in row}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {
    module_name(path): path
    for top in ("app", "workers")
    for path in (ROOT / top).rglob("*.py*")
    if path.suffix in (".py", ".pyi")
}
PACKAGES = [module for module, path in MODULES.items() if path.name == "__init__.py"]
INSIDE = sorted(MODULES.keys() - set(PACKAGES))


def package_of(module: str) -> str:
    return module if module in PACKAGES else module.rpartition(".")[0]


def service_of(package: str) -> str | None:
    return next((top for top in SERVICES if f"{package}.".startswith(f"{top}.")), None)


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of ours that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else str(node.module) for name in below]
        else:
            continue
        yield from (name for name in names if name in MODULES)


def test_every_package_stands_in_one_layer() -> None:
    assert sorted(package for row in LAYERS for package in row) == sorted(PACKAGES)


@pytest.mark.parametrize("module", INSIDE)
def test_imports_point_downward(module: str) -> None:
    package = package_of(module)
    for imported in imports(MODULES[module]):
        other = package_of(imported)
        if other != package:
            assert DEPTHS[other] > DEPTHS[package], f"{module} imports {imported}: not below it"
            services = {service_of(package), service_of(other)} - {None}
            assert len(services) < 2, f"{module} imports {imported} of another service"
        assert module.startswith("workers.") or not imported.startswith("workers"), module


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_nothing(package: str) -> None:
    nodes = ast.walk(ast.parse(MODULES[package].read_text()))
    assert not [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_say_what_they_are_by_names_that_exist(package: str) -> None:
    text = ast.get_docstring(ast.parse(MODULES[package].read_text())) or ""
    assert re.match(r".{20,}\.$", text.partition("\n")[0])
    for role, name in re.findall(r":(\w+):`~?([\w.]+)`", text):
        module, _, rest = (name, "", "") if role == "mod" else name.rpartition(".")
        assert module in MODULES, name
        assert not rest or hasattr(import_module(module), rest), name


def test_few_modules_stand_loose() -> None:
    loose = [module for module in INSIDE if module.count(".") == 1]
    assert sorted(loose) == ["app.times", "app.version", "workers.__main__"]


def test_one_module_loads_the_driver_of_clickhouse() -> None:
    """It makes the driver load in a fifth of the time, if nobody has loaded it before."""
    pattern = re.compile(r"^\s*(?:from|import) clickhouse_driver", re.MULTILINE)
    importers = [name for name, path in MODULES.items() if pattern.search(path.read_text())]
    assert importers == ["app.stores.clickhouse.driver"]


def test_load_tests_know_the_product_only_to_seed_it() -> None:
    """How programs are started is no part of what the product is."""
    for path in (ROOT / "loadtest").rglob("*.py"):
        if path.stem != "seed":
            assert set(imports(path)) - {"app.processes", "app.processes.child"} == set(), path


def test_what_load_tests_share_with_the_product_knows_nothing_of_it() -> None:
    assert list(imports(MODULES["app.processes.child"])) == []


def _loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules, sep='\\n')"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(ended.stdout.splitlines())


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("workers.consumer.bootstrap", {"falcon", "gevent", "gunicorn", "typer"}),
        ("workers.supervisor.program", {"falcon", "gevent", "gunicorn", "typer"}),
        # Every consumer imports it anew.
        ("workers.__main__", {"redis", "clickhouse_driver", "workers.supervisor.program"}),
        ("app.redirect.wsgi", {"clickhouse_driver", "redis", "typer", "rich"}),
        ("app.redirect.server.gunicorn.worker", {"clickhouse_driver", "redis", "typer", "rich"}),
        ("app.console.wsgi", {"gevent", "typer", "rich"}),
        ("app.clicks.click", {"redis", "pydantic", "orjson"}),
        ("app.stores.redis.errors", {"redis", "pydantic"}),
        # It is the generator's own lateness that makes a run void.
        ("loadtest.locustfile", {"matplotlib", "numpy"}),
        ("app.cli.main", {"redis", "clickhouse_driver", "pydantic", "gevent", "falcon"}),
    ],
)
def test_a_process_loads_only_what_it_needs(module: str, unwanted: set[str]) -> None:
    assert _loaded_by(module) & unwanted == set()
