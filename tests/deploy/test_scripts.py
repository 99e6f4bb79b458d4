"""The shell scripts of deploy/, without a host to change."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import missing

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SCRIPTS = [
    DEPLOY / "install.sh",
    DEPLOY / "build_deb.sh",
    DEPLOY / "locked.sh",
    DEPLOY / "pip.sh",
    DEPLOY / "hopline",
    *(DEPLOY / "debian").glob("p*"),
    ROOT / "tests" / "platforms" / "first_hour.sh",
]


@pytest.fixture
def install(tmp_path):
    """Run install.sh."""

    def run(*arguments):
        return subprocess.run(
            [DEPLOY / "install.sh", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=tmp_path,
        )

    return run


@pytest.fixture
def wheelhouse(tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    for version in ("0.9.0", "0.10.0"):
        (folder / f"hopline-{version}-py3-none-any.whl").touch()
    return folder


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shellcheck_finds_nothing(script):
    shellcheck = shutil.which("shellcheck") or missing("shellcheck")
    done = subprocess.run(
        [shellcheck, script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout


def test_a_dry_run_says_what_it_would_do_and_does_nothing(install, wheelhouse, as_root):
    done = install("--dry-run", "--wheelhouse", str(wheelhouse))
    assert done.returncode == 0, done.stderr
    assert "would run: /usr/bin/python3 -m venv /opt/hopline/0.10.0\n" in done.stdout
    assert "would run: mv -T /opt/hopline/current.new /opt/hopline/current\n" in done.stdout
    assert not Path("/opt/hopline").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--wheelhouse", "/nowhere"], "there is no wheelhouse /nowhere"),
        (["--wheelhouse", "/etc"], "no hopline-*.whl in /etc"),
        (["--python", "/bin/false"], "/bin/false is missing or older than 3.11"),
        (["rollback"], "there is no other version to go back to"),
        (["rollback", "0.0.1"], "version 0.0.1 is not here"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_changed(install, as_root, arguments, complaint):
    done = install(*arguments)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "would run" not in done.stdout
    assert not Path("/opt/hopline").exists()


@pytest.mark.parametrize("arguments", [["--wrong"], ["launch"], ["--python"]])
def test_wrong_usage_is_told_apart(install, arguments):
    done = install(*arguments)
    assert done.returncode == 2
    assert "usage: install.sh" in done.stderr


def test_an_ordinary_user_is_sent_away(as_root):
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", DEPLOY / "install.sh"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert (done.returncode, done.stderr) == (1, "install.sh: run it as root\n")


@pytest.fixture
def wrapper(tmp_path):
    """Run the installed command with files of the test's in the place of the host's."""
    stand_in = tmp_path / "stand-in"
    stand_in.write_text('#!/bin/sh\nenv | grep HOPLINE_ | sort\necho "$@"\n')
    stand_in.chmod(0o755)
    script = tmp_path / "hopline"
    text = (DEPLOY / "hopline").read_text().replace("/etc/hopline", str(tmp_path))
    script.write_text(text.replace("/opt/hopline/current/bin/hopline", str(stand_in)))
    script.chmod(0o755)

    def run(*arguments, **variables):
        done = subprocess.run(
            [script, *arguments],
            env={"PATH": os.environ["PATH"], **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout.splitlines()

    return run


ALWAYS = [
    "HOPLINE_DATA_DIR=/var/lib/hopline/redirect",
    "HOPLINE_REDIRECT_BIND=unix:/run/hopline/redirect.sock",
]


def test_the_command_has_the_services_settings_and_roots_passwords(wrapper, tmp_path):
    (tmp_path / "hopline.env").write_text(
        "# a comment\n#HOPLINE_GROUP=unset\nHOPLINE_BATCH_SIZE=7\nHOPLINE_PUBLIC_URL=\n"
        "HOPLINE_OWN_HOSTS=\"a.example, b.example\"\nHOPLINE_STREAM='clicks'\nPATH=/nowhere\n"
    )
    (tmp_path / "credentials/admin").mkdir(parents=True)
    (tmp_path / "credentials/admin/redis_url").write_text("redis://u:a=b@h/0\n")
    assert wrapper("stats", "a b") == [
        "HOPLINE_BATCH_SIZE=7",
        *ALWAYS[:1],
        "HOPLINE_OWN_HOSTS=a.example, b.example",
        *ALWAYS[1:],
        "HOPLINE_REDIS_URL=redis://u:a=b@h/0",
        "HOPLINE_STREAM=clicks",
        "stats a b",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "HOPLINE_STREAM=clicks",
        "HOPLINE_GROUP=\r\nHOPLINE_STREAM=clicks\r\n",
        "  HOPLINE_STREAM = 'clicks' \n",
        "HOPLINE_STREAM=x\nHOPLINE_GROUP=x\nHOPLINE_STREAM=clicks\nHOPLINE_GROUP=\n",
        "\tHOPLINE_STREAM=clicks  \n; HOPLINE_GROUP=x\nHOPLINE_G-P=x\n# HOPLINE_G=x",
    ],
)
def test_the_command_reads_lines_as_systemd_does(wrapper, tmp_path, text):
    (tmp_path / "hopline.env").write_text(text, newline="")
    lines = {line for line in wrapper("doctor") if line.partition("=")[2]}
    assert lines == {*ALWAYS, "HOPLINE_STREAM=clicks"}


def test_what_an_editor_left_beside_a_password_is_no_setting(wrapper, tmp_path):
    folder = tmp_path / "credentials/admin"
    folder.mkdir(parents=True)
    for name in ("redis_url", "redis_url~", "redis_url.bak", "#redis_url#"):
        (folder / name).write_text(f"redis://{name[:9]}/0\n")
    assert wrapper("doctor") == [*ALWAYS, "HOPLINE_REDIS_URL=redis://redis_url/0", "doctor"]


def test_the_callers_variables_go_first(wrapper, tmp_path):
    (tmp_path / "hopline.env").write_text("HOPLINE_DATA_DIR=/from/the/file\n")
    assert "HOPLINE_DATA_DIR=/mine" in wrapper(HOPLINE_DATA_DIR="/mine")
    assert "HOPLINE_DATA_DIR=/from/the/file" in wrapper()


def test_the_command_works_without_any_file(wrapper):
    assert wrapper("doctor") == [*ALWAYS, "doctor"]
