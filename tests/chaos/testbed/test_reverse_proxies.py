import json
import shutil
import subprocess

import pytest

from tests.chaos.testbed import reverse_proxies
from tests.chaos.visitors.client_log import REFERRER
from tests.conftest import missing


@pytest.fixture
def nginx(tmp_path):
    _ = shutil.which("nginx") or missing("nginx")
    return reverse_proxies.nginx(tmp_path / "nginx", 8001, 8002)


@pytest.fixture
def caddy(tmp_path):
    _ = shutil.which("caddy") or missing("caddy")
    return reverse_proxies.caddy(tmp_path / "caddy", 8001, 8002)


def test_nginx_takes_the_reference_configuration_with_our_addresses(nginx):
    done = subprocess.run([*nginx.program.argv, "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_caddy_takes_the_reference_configuration_with_our_addresses(caddy):
    name, _, *options = caddy.program.argv
    done = subprocess.run(
        [name, "validate", *options],
        env=caddy.program.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_log_of_nginx_names_who_was_redirected(nginx, tmp_path):
    lines = [f"302 {REFERRER}7", f"502 {REFERRER}8", "302 -", f"301 {REFERRER}9"]
    (tmp_path / "nginx/access.log").write_text("\n".join(lines))
    assert list(nginx.read_log()) == [7, 9]


def test_the_log_of_caddy_names_who_was_redirected(caddy, tmp_path):
    entries = [(302, [f"{REFERRER}7"]), (502, [f"{REFERRER}8"]), (302, [""])]
    lines = [
        json.dumps({"status": status, "request": {"headers": {"Referer": referrers}}})
        for status, referrers in entries
    ]
    (tmp_path / "caddy/access.log").write_text("\n".join(lines))
    assert list(caddy.read_log()) == [7]
