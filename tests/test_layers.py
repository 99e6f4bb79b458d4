"""Imports point downward, and each kind of process loads only what it needs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: From top to bottom. A module may import its own layer and those below it; of the services, each
#: is a layer to itself.
LAYERS = (
    ("app.cli",),
    ("app.local",),
    ("app.redirect", "app.console", "workers"),
    ("app.backup",),
    (
        "app.bots",
        "app.console_metrics",
        "app.dead_letters",
        "app.erasure",
        "app.exposure",
        "app.gunicorn_errors",
        "app.gunicorn_http",
        "app.gunicorn_logs",
        "app.health",
        "app.ledger",
        "app.ledger_metrics",
        "app.link_files",
        "app.link_import",
        "app.link_list",
        "app.link_options",
        "app.link_plain",
        "app.link_store",
        "app.metric_list",
        "app.metrics",
        "app.redirect_metrics",
        "app.reports",
        "app.request_ids",
        "app.store_metrics",
        "app.tallies",
        "app.worker_state",
    ),
    ("app.schema",),
    ("app.redis_server",),
    ("app.clickhouse", "app.redis", "app.redis_connection"),
    (
        "app.aof_rewrite",
        "app.addresses",
        "app.click",
        "app.clickhouse_codes",
        "app.codes",
        "app.dead_letter",
        "app.doors",
        "app.http_rules",
        "app.instance",
        "app.keys",
        "app.links",
        "app.log_formats",
        "app.logs",
        "app.masking",
        "app.memory_marks",
        "app.notify",
        "app.private_files",
        "app.processes",
        "app.setting_files",
        "app.setting_list",
        "app.setting_types",
        "app.settings",
        "app.targets",
        "app.times",
        "app.unblocked_stderr",
        "app.trusted_peers",
        "app.urls",
        "app.version",
        "app.watchdog",
    ),
)
SERVICES = LAYERS[2]


def source_files() -> list[Path]:
    return sorted(path for folder in ("app", "workers") for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in source_files()}


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
        yield from (name for name in names if name in MODULES and name != "app")


def place(module: str) -> tuple[int, str]:
    """Return the layer of a module, counted from the top, and the layer's part that it is in."""
    for depth, parts in enumerate(LAYERS):
        for part in parts:
            if module == part or module.startswith(f"{part}."):
                return depth, part
    raise AssertionError(f"{module} stands in no layer")


PACKAGES = [module for module, path in MODULES.items() if path.name == "__init__.py"]
INSIDE = [module for module in MODULES if module not in PACKAGES]


@pytest.mark.parametrize("module", INSIDE)
def test_imports_point_downward(module: str) -> None:
    depth, part = place(module)
    for imported in imports(MODULES[module]):
        other_depth, other_part = place(imported)
        assert other_depth >= depth, f"{module} imports {imported}, which stands above it"
        if part in SERVICES and other_part in SERVICES:
            assert part == other_part, f"{module} imports {imported} of another service"


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_nothing(package: str) -> None:
    nodes = ast.walk(ast.parse(MODULES[package].read_text()))
    assert not [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def test_every_layer_is_there() -> None:
    """So that a renamed module can't leave a rule behind that checks nothing."""
    assert {place(module)[1] for module in INSIDE} == {part for parts in LAYERS for part in parts}


def test_load_tests_know_the_product_only_to_seed_it() -> None:
    """How programs are started is no part of what the product is."""
    for path in (ROOT / "loadtest").rglob("*.py"):
        if path.stem != "seed":
            assert [name for name in imports(path) if name != "app.processes.child"] == [], path


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
        ("workers.boot", {"falcon", "gevent", "gunicorn", "typer"}),
        ("workers.supervisor", {"falcon", "gevent", "gunicorn", "typer"}),
        ("app.redirect.wsgi", {"clickhouse_driver", "redis", "typer", "rich"}),
        ("app.redirect.worker", {"clickhouse_driver", "redis", "typer", "rich"}),
        ("app.console.wsgi", {"gevent", "typer", "rich"}),
        ("app.click", {"redis", "pydantic", "orjson"}),
        ("app.redis", {"redis", "pydantic"}),
        # It is the generator's own lateness that makes a run void.
        ("loadtest.locustfile", {"matplotlib", "numpy"}),
        ("app.cli.main", {"redis", "clickhouse_driver", "pydantic", "gevent", "falcon"}),
    ],
)
def test_a_process_loads_only_what_it_needs(module: str, unwanted: set[str]) -> None:
    assert _loaded_by(module) & unwanted == set()
