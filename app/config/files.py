"""Reader that takes settings from files: lines of NAME=VALUE, of `hopline up` and of people.

Rule: a value is what stands there, a ``$`` included. A line that can't be read is a setting that
would be lost, so it is named, and not repeated: there may be a password on it.
"""

from pathlib import Path

from dotenv.parser import Binding, parse_stream


class BadSettingFile(Exception):
    """A file of settings can't be used; the text names it and says why."""


def read_setting_file(path: Path) -> dict[str, str]:
    """Return the variables of a file, their names in capitals.

    Raises:
        FileNotFoundError: there is none.
        BadSettingFile: it can't be read, or not all of it.
    """
    try:
        # Editors of Windows begin a file with a byte order mark.
        with path.open(encoding="utf-8-sig") as text:
            bindings = list(parse_stream(text))
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(path) from None
    except UnicodeDecodeError:
        raise BadSettingFile(f"{path} can't be read: it is not UTF-8") from None
    except OSError as error:
        raise BadSettingFile(f"{path} can't be read: {error.strerror}") from None
    return dict(_variable(path, binding) for binding in bindings if binding.key or binding.error)


def _variable(path: Path, binding: Binding) -> tuple[str, str]:
    if binding.key is None or binding.value is None:
        text = binding.original.string
        blank = text[: len(text) - len(text.lstrip())]
        line = binding.original.line + blank.count("\n")
        raise BadSettingFile(f"{path}, line {line}: expected NAME=VALUE, quotes closed")
    return binding.key.upper(), binding.value
