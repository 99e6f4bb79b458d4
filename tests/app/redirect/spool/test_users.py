import sqlite3
import subprocess
import sys

from app.redirect.spool.users import user_of

_OPEN = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode = WAL")
database.execute("CREATE TABLE t (a)")
print(flush=True)
sys.stdin.read()
"""


def test_a_process_that_has_the_database_open_is_seen_and_one_that_is_gone_is_not(tmp_path):
    path = tmp_path / "spool.db"
    command = [sys.executable, "-c", _OPEN, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
        user.stdout.readline()
        assert user_of(path) == user.pid
        user.kill()
    assert (tmp_path / "spool.db-wal").exists()
    assert user_of(path) is None


def test_who_only_reads_it_is_no_user(tmp_path):
    path = tmp_path / "spool.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (a)")
    database.close()
    with subprocess.Popen(
        ["sh", "-c", f"exec 5<{path}; echo; read _"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        reader.stdout.readline()
        assert user_of(path) is None
        reader.stdin.close()
