from pathlib import Path

import pytest

from app.health.host.permissions import (
    judge_credentials,
    judge_environment,
    permissions_checks,
    private_files_check,
)


@pytest.mark.parametrize(
    ("line", "mode", "state"),
    [
        ("HOPLINE_REDIS_URL=redis://hopline:secret@10.0.0.1/0", 0o644, "fail"),
        ("HOPLINE_REDIS_URL=redis://hopline:secret@10.0.0.1/0", 0o640, "ok"),
        ("HOPLINE_REDIS_URL=unix:///run/redis.sock?password=secret", 0o644, "fail"),
        ("HOPLINE_REDIS_URL=redis://10.0.0.1/0", 0o644, "ok"),
        ("#HOPLINE_REDIS_URL=redis://hopline:secret@10.0.0.1/0", 0o644, "ok"),
        ("HOPLINE_CONSOLE_TOKEN=secret-secret-secret", 0o644, "fail"),
        ("export HOPLINE_METRICS_TOKEN = 'secret-secret-secret'", 0o644, "fail"),
        ("HOPLINE_METRICS_TOKEN=secret-secret-secret", 0o640, "ok"),
        ("HOPLINE_METRICS_TOKEN=\nHOPLINE_BATCH_SIZE=1", 0o644, "ok"),
    ],
)
def test_a_password_that_everybody_can_read_is_told(
    tmp_path: Path, line: str, mode: int, state: str
) -> None:
    path = tmp_path / "hopline.env"
    path.write_text(f"# Settings\n{line}\n")
    path.chmod(mode)
    check = judge_environment(path)
    assert check.state == state
    assert "secret" not in check.text


def test_a_file_of_settings_that_is_no_utf_8_is_judged_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "hopline.env"
    path.write_bytes(b"# f\xfcr alle\nHOPLINE_CONSOLE_TOKEN=secret-secret-secret\n")
    assert judge_environment(path).state == "fail"


def test_a_folder_that_is_closed_to_us_is_closed_to_others(closed_folder: Path) -> None:
    assert private_files_check([closed_folder / "spool"]).state == "ok"


@pytest.mark.parametrize(("mode", "state"), [(0o755, "fail"), (0o710, "fail")])
def test_credentials_are_for_their_owner_alone(tmp_path: Path, mode: int, state: str) -> None:
    tmp_path.chmod(mode)
    assert judge_credentials(tmp_path).state == state
    tmp_path.chmod(0o700)
    assert judge_credentials(tmp_path).state == ("warn" if tmp_path.stat().st_uid else "ok")


def test_what_is_not_there_is_not_judged(tmp_path: Path) -> None:
    assert list(permissions_checks(tmp_path / "no.env", tmp_path / "none")) == []


def test_a_folder_of_clicks_that_others_can_look_into_is_found(tmp_path):
    spool = tmp_path / "spool"
    assert private_files_check([spool]).state == "ok"
    spool.mkdir(mode=0o700)
    assert private_files_check([spool]).state == "ok"
    spool.chmod(0o750)
    check = private_files_check([spool])
    assert (check.state, check.mend) == ("warn", f"chmod -R go= {spool}")
