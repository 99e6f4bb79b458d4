from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.health.host.machine import (
    disk_check,
    geoip_check,
    is_of_this_machine,
    judge_disk,
    judge_service,
    judge_spool,
    judge_sqlite,
)

MIB = 1 << 20
NOW = datetime(2026, 6, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "state", "said"),
    [
        (200, "ok", "ready at 127.0.0.1:8080"),
        (503, "fail", "not ready"),
        (404, "fail", "something else answers at 127.0.0.1:8080: status 404"),
        (-1, "fail", "something else answers at 127.0.0.1:8080: it speaks no HTTP, or hangs up"),
        (0, "fail", "nothing answers at 127.0.0.1:8080"),
    ],
)
def test_a_service_is_judged_by_its_answer(status: int, state: str, said: str) -> None:
    check = judge_service("redirect", "127.0.0.1:8080", status, is_ours=True)
    assert check.state == state
    assert said in check.text
    assert bool(check.mend) == (state != "ok")


def test_a_redirect_that_is_ready_and_refused_by_redis_is_told_of() -> None:
    body = b'{"ready":true,"redis":"refuses: NOPERM User x has no permissions","spool":"well"}'
    check = judge_service("redirect", "127.0.0.1:8080", 200, is_ours=True, body=body)
    assert (check.state, "spool: Redis refuses: NOPERM User x has" in check.text) == ("fail", True)
    for well in (b'{"redis":"well"}', b'{"redis":true}', b"refuses"):
        check = judge_service("redirect", "127.0.0.1:8080", 200, is_ours=True, body=well)
        assert check.state == "ok"


@pytest.mark.parametrize("status", [200, 503])
def test_a_service_of_another_installation_is_not_taken_for_ours(status: int) -> None:
    check = judge_service("console", "127.0.0.1:8081", status, is_ours=False)
    assert check.state == "fail"
    assert "no part of this installation" in check.text
    assert "HOPLINE_CONSOLE_BIND" in check.mend


@pytest.mark.parametrize(
    ("free_mib", "wanted_mib", "state"),
    [(2000, 1024, "ok"), (1000, 1024, "warn"), (1000, 0, "ok"), (200, 0, "fail")],
)
def test_a_disk_is_judged_by_what_may_come(free_mib: int, wanted_mib: int, state: str) -> None:
    assert judge_disk("spool disk", Path("/x"), free_mib * MIB, wanted_mib * MIB).state == state


def test_a_folder_still_to_be_made_is_judged_by_the_disk_it_will_be_on(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert disk_check("spool disk", folder, 0).text.endswith(f"free at {folder}")
    assert disk_check("spool disk", folder, 1 << 60).state == "warn"


def test_a_path_through_a_file_is_no_folder_to_write_in(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert "can't be written" in disk_check("spool disk", file, 0).text


def test_a_folder_that_is_closed_to_us_can_not_be_written(closed_folder: Path) -> None:
    check = disk_check("spool disk", closed_folder / "a" / "spool", 0)
    assert check.state == "fail"
    assert "can't be written" in check.text


def test_a_country_database_names_its_kind_and_date(country_database: Path) -> None:
    check = geoip_check((country_database,), NOW)
    assert check.state == "ok"
    assert " of 20" in check.text


def test_a_country_database_of_last_year_is_old(country_database: Path) -> None:
    check = geoip_check((country_database,), datetime(2030, 1, 1, tzinfo=UTC))
    assert check.state == "warn"
    assert "after 90 days" in check.text


def test_without_a_country_database_countries_are_unknown() -> None:
    assert geoip_check((), NOW).state == "warn"


def test_what_is_no_country_database_is_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "no.mmdb"
    assert geoip_check((file,), NOW).state == "fail"
    file.write_text("nothing of the kind")
    assert geoip_check((file,), NOW).state == "fail"


@pytest.mark.parametrize(
    ("version", "is_spared"),
    [((3, 6, 23), False), ((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False)],
)
def test_a_sqlite_with_a_known_fault_is_named(version, is_spared):
    check = judge_sqlite(version)
    assert check.state == "ok"
    assert ("must not reset" in check.text) == is_spared


def test_clicks_that_wait_in_the_spool_are_told_of(tmp_path):
    assert judge_spool(tmp_path, 0).state == "ok"
    check = judge_spool(tmp_path, 1_234)
    assert check.state == "warn"
    assert check.text.startswith(f"1,234 clicks wait in {tmp_path} until")


def test_clicks_that_went_with_a_deleted_spool_are_a_failure(tmp_path):
    check = judge_spool(tmp_path, 5, lost=1_234)
    assert check.state == "fail"
    assert "was deleted while no redirect worker ran, and 1,234 clicks with it" in check.text
    assert f"rm {tmp_path}.waiting" in check.mend


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1.2.3"])
def test_an_address_of_this_machine_is_known(host: str) -> None:
    assert is_of_this_machine(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid", "not an address"])
def test_another_machine_is_not_taken_for_this_one(host: str) -> None:
    assert not is_of_this_machine(host)
