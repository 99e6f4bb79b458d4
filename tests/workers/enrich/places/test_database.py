"""A database's file, and whatever becomes of it while consumers read."""

import logging
import multiprocessing
import os
from pathlib import Path

import pytest

from tests.support.workers.place_files import write_places
from workers.enrich.places.database import BadPlaceDatabase, PlaceDatabase

ADDRESS = "192.0.2.7"


def write(path, country):
    return write_places(path, {"192.0.2.0/24": {"country_code": country}})


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "country.mmdb", "DE")


@pytest.fixture
def database(path, tmp_path):
    return PlaceDatabase(path, tmp_path)


def country(database):
    return database.find(ADDRESS)[0].country


def looks(database):
    """Look twice, as a file that has just changed may still be written."""
    return [database.look(), database.look()]


def test_the_file_that_takes_its_place_answers_from_then_on(database, path):
    assert looks(database) == [False, False]
    write(path, "FR")
    assert looks(database) == [False, True]
    assert country(database) == "FR"
    assert looks(database) == [False, False]


def test_a_file_that_is_gone_goes_on_answering(database, path, caplog):
    path.unlink()
    assert looks(database) == [False, False]
    assert (country(database), database.is_usable) == ("DE", False)
    looks(database)
    assert caplog.text.count("is gone") == 1
    write(path, "FR")
    assert looks(database) == [False, True]
    assert (country(database), database.is_usable) == ("FR", True)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9])
def test_a_file_of_which_half_is_written_changes_nothing(database, path, tmp_path, share, caplog):
    whole = write(tmp_path / "other.mmdb", "FR").read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    assert looks(database) == [False, False]
    assert (country(database), database.is_usable) == ("DE", False)
    looks(database)
    assert caplog.text.count("can't be read") == 1
    path.write_bytes(whole)
    assert looks(database) == [False, True]
    assert country(database) == "FR"


def test_a_file_that_is_still_written_is_left_alone(database, path):
    for country_of_then in ("FR", "IT", "ES"):
        write(path, country_of_then)
        assert not database.look()
    assert database.look()
    assert country(database) == "ES"


def _read_while_it_is_cut(path, folder):
    database = PlaceDatabase(path, folder)
    os.truncate(path, 0)
    os._exit(0 if country(database) == "DE" else 1)


def test_a_file_that_is_cut_short_in_its_place_kills_nobody(path, tmp_path):
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=_read_while_it_is_cut, args=(path, tmp_path))
    process.start()
    process.join(60)
    assert process.exitcode == 0


def test_where_there_is_no_room_for_its_copy_it_is_in_memory(path, tmp_path):
    database = PlaceDatabase(path, tmp_path / "absent")
    os.truncate(path, 0)
    assert country(database) == "DE"


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_it_leaves_no_file_behind(database, path, tmp_path):
    before = open_files()
    for country_of_then in ("FR", "IT", "ES"):
        write(path, country_of_then)
        assert looks(database) == [False, True]
    assert open_files() == before
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_file_nothing_is_known_until_there_is_one(tmp_path, caplog):
    path = tmp_path / "absent.mmdb"
    with caplog.at_level(logging.WARNING):
        database = PlaceDatabase(path, tmp_path)
    assert (country(database), database.version, database.is_usable) == ("", "", False)
    assert "absent.mmdb is missing" in caplog.text
    write(path, "FR")
    assert looks(database) == [False, True]
    assert country(database) == "FR"


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path):
    path = tmp_path / "country.mmdb"
    path.write_bytes(b"not a database")
    with pytest.raises(BadPlaceDatabase, match=r"country\.mmdb"):
        PlaceDatabase(path, tmp_path)


def test_a_name_that_is_no_utf8_makes_its_address_unknown_alone(tmp_path):
    networks = {"192.0.2.0/24": {"city": "XXXXXXXX"}, "198.51.100.0/24": {"country_code": "BR"}}
    path = write_places(tmp_path / "city.mmdb", networks)
    path.write_bytes(path.read_bytes().replace(b"XXXXXXXX", b"\xff\xfe" * 4))
    database = PlaceDatabase(path, tmp_path)
    assert database.find(ADDRESS)[0].city == ""
    assert database.find("198.51.100.7")[0].country == "BR"
