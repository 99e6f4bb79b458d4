"""Checks that find passwords and visitors' clicks which other users of the host could read."""

import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.health.check import Check, fail, ok, warn
from app.processes.private_files import is_open_to_others

ENVIRONMENT_FILE = Path("/etc/hopline/hopline.env")
CREDENTIALS = Path("/etc/hopline/credentials")

#: A password in a URL, or a token.
_PASSWORD = re.compile(
    r"^[ \t]*(?:export[ \t]+)?HOPLINE_"
    r"(?:\w+[ \t]*=.*(?:://[^/@\s]*:[^/@\s]+@|password=)|\w+_TOKEN[ \t]*=[ \t]*[^\s#])",
    re.MULTILINE,
)


def permissions_checks(
    environment_file: Path = ENVIRONMENT_FILE, credentials: Path = CREDENTIALS
) -> Iterator[Check]:
    """Yield the findings about the files in which settings and passwords are."""
    if environment_file.exists():
        yield judge_environment(environment_file)
    if credentials.exists():
        yield judge_credentials(credentials)


def private_files_check(directories: Iterable[Path]) -> Check:
    """Judge whether others can look into directories that hold clicks; missing ones are well."""
    name = "private files"
    opened = [str(one) for one in directories if _is_open(one)]
    if opened:
        mend = f"chmod -R go= {' '.join(opened)}"
        return warn(name, f"others can look into {', '.join(opened)}", mend)
    return ok(name, "clicks and logs on this machine are closed to others")


def _is_open(directory: Path) -> bool:
    try:
        return is_open_to_others(directory)
    except OSError:
        return False  # it isn't there, or is closed to us as well


def judge_environment(path: Path) -> Check:
    """Judge whether others can read a password in the environment file."""
    name = "environment file"
    is_open = bool(path.stat().st_mode & stat.S_IROTH)
    try:
        text = path.read_text(errors="replace")
    except PermissionError:
        return ok(name, f"{path} is closed to others")
    if _PASSWORD.search(text) and is_open:
        mend = "move it to a file in /etc/hopline/credentials, or chmod 0640"
        return fail(name, f"everybody can read the password in {path}", mend)
    return ok(name, f"no password in {path} that others can read")


def judge_credentials(folder: Path) -> Check:
    """Judge whether only the owner can look into the folder of credentials."""
    name = "credentials"
    status = folder.stat()
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return fail(name, f"others can look into {folder}", f"chmod 0700 {folder}")
    if status.st_uid:
        return warn(name, f"{folder} is not root's", f"chown root: {folder}")
    return ok(name, f"only root can look into {folder}")
