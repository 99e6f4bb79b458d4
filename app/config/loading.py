"""Loader that reads the settings from environment, files and credentials, or says what is wrong."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import ValidationError

from app.config.files import BadSettingFile, read_setting_file
from app.config.settings import Settings
from app.config.variables import (
    PREFIX,
    SettingsError,
    default_data_dir,
    path_set_in,
    show_given,
    variable,
)

#: In the data directory, while `hopline up` runs: where its services and stores answer.
RUNNING_FILE = "running.env"


def load() -> Settings:
    """Read the settings: the environment, HOPLINE_SETTINGS_FILE, what a running `hopline up` wrote.

    Last come systemd's credentials (https://systemd.io/CREDENTIALS/), files named like the
    variables in small letters: passwords that no other process can read, as it could a variable.

    Raises:
        SettingsError: naming each variable that can't be used, its value and what was expected, or
            the file that is missing.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY") or None
    set_already = {name.upper() for name, value in os.environ.items() if value}
    named = {variable(field): field for field in Settings.model_fields}
    given = {
        named[name]: value
        for name, value in _filed().items()
        if value and name in named and name not in set_already
    }
    return _read(Settings, _secrets_dir=credentials, **given)


def load_or_exit() -> Settings:
    """Read the settings for a service; one that can't be used ends the process with exit code 2."""
    try:
        return load()
    except SettingsError as error:
        sys.stderr.write(f"hopline: {error}\n")
        sys.exit(2)


def load_environment(**given: object) -> Settings:
    """Read the settings from the environment alone; what is given stands before it.

    `model_fields_set` of the result tells which were set at all.

    Raises:
        SettingsError: as :func:`load`.
    """
    return _read(Settings, **given)


def _read(make: Callable[..., Settings], **given: object) -> Settings:
    try:
        return make(**given)
    except ValidationError as error:
        raise SettingsError("\n".join(_complaints(error))) from None


def _filed() -> dict[str, str]:
    """Return the variables of all files; of two that set the same, the later one counts."""
    settings_file = path_set_in("settings_file")
    try:
        running = _running(default_data_dir() / RUNNING_FILE)
        return {**running, **(read_setting_file(settings_file) if settings_file else {})}
    except FileNotFoundError:
        given = show_given("settings_file", os.environ.get(variable("settings_file")))
        raise SettingsError(f"{given}: there is no such file") from None
    except BadSettingFile as error:
        raise SettingsError(str(error)) from None


def _running(path: Path) -> dict[str, str]:
    try:
        return read_setting_file(path)
    except FileNotFoundError:
        return {}
    except BadSettingFile:
        if path_set_in("data_dir") is None:
            return {}  # a home that is not ours, and nobody said that it is for us
        raise


def unknown_variables() -> list[str]:
    """Return the HOPLINE_ variables that no setting reads, most likely typing errors.

    Raises:
        SettingsError: a file in which some may be can't be read.
    """
    known = {variable(name) for name in Settings.model_fields}
    names = {*os.environ, *_filed()}
    return sorted(name for name in names if name.startswith(PREFIX) and name not in known)


def _complaints(error: ValidationError) -> Iterator[str]:
    for fault in error.errors():
        name = str(fault["loc"][0])
        need = fault["msg"].removeprefix("Value error, ")
        yield f"{show_given(name, fault['input'])}: {need[:1].lower()}{need[1:]}"
