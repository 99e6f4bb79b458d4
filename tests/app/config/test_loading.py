from pathlib import Path

import pytest

from app.config import variables
from app.config.loading import RUNNING_FILE, load, unknown_variables
from app.config.settings import Settings
from app.config.variables import SettingsError, variable


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.setenv("HOPLINE_DATA_DIR", str(tmp_path))


def test_every_bad_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPLINE_BATCH_SIZE", "0")
    monkeypatch.setenv("HOPLINE_CONSUMERS", "0")
    with pytest.raises(SettingsError) as refused:
        load()
    assert {line.partition("=")[0] for line in str(refused.value).splitlines()} == {
        "HOPLINE_BATCH_SIZE",
        "HOPLINE_CONSUMERS",
    }


def test_a_running_installation_is_found_through_its_file(tmp_path: Path) -> None:
    (tmp_path / RUNNING_FILE).write_text("HOPLINE_REDIS_URL=redis://127.0.0.1:7001/0\n")
    assert load().redis_url == "redis://127.0.0.1:7001/0"


def test_the_environment_goes_before_the_running_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / RUNNING_FILE).write_text(
        "HOPLINE_REDIS_URL=redis://127.0.0.1:7001/0\nHOPLINE_BATCH_SIZE=7\n"
    )
    monkeypatch.setenv("HOPLINE_REDIS_URL", "redis://elsewhere:6379/0")
    assert load().redis_url == "redis://elsewhere:6379/0"
    assert load().batch_size == 7


def test_a_settings_file_stands_between_the_environment_and_what_up_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / RUNNING_FILE).write_text("HOPLINE_BATCH_SIZE=7\nHOPLINE_BLOCK_MS=70\n")
    file = tmp_path / "workers.env"
    file.write_text("HOPLINE_BATCH_SIZE=8\nHOPLINE_INSERT_ROWS=80\n")
    monkeypatch.setenv("HOPLINE_SETTINGS_FILE", str(file))
    monkeypatch.setenv("HOPLINE_INSERT_ROWS", "90")
    settings = load()
    assert (settings.block_ms, settings.batch_size, settings.insert_rows) == (70, 8, 90)


def test_a_settings_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPLINE_SETTINGS_FILE", "/nowhere/workers.env")
    with pytest.raises(SettingsError, match=r"HOPLINE_SETTINGS_FILE='/nowhere/workers\.env'"):
        load()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("HOPLINE_CONSOLE_TOKEN=geheim-${HOME}-geheim", "geheim-${HOME}-geheim"),
        ("HOPLINE_CONSOLE_TOKEN='geheim ${HOME}#geheim'  # the old one", "geheim ${HOME}#geheim"),
        ('HOPLINE_CONSOLE_TOKEN="geheim-$1-\\"geheim\\""', 'geheim-$1-"geheim"'),
        ("export HOPLINE_CONSOLE_TOKEN = geheim-geheim-#1 # the old one", "geheim-geheim-#1"),
        ("\ufeffHOPLINE_CONSOLE_TOKEN=geheim-geheim-11\r", "geheim-geheim-11"),
        ("HOPLINE_CONSOLE_TOKEN=", None),
    ],
)
def test_a_value_in_a_settings_file_is_what_stands_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, value: str | None
) -> None:
    file = tmp_path / "workers.env"
    file.write_text(f"{line}\n# a comment\n", newline="")
    monkeypatch.setenv("HOPLINE_SETTINGS_FILE", str(file))
    assert load().console_token == value


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"HOPLINE_BATCH_SIZE=7\n\n\n geheim geheim\n", "line 4: expected NAME=VALUE"),
        (b"HOPLINE_CONSOLE_TOKEN='geheim-geheim-geheim\n", "line 1: expected NAME=VALUE"),
        (b"\nHOPLINE_CONSOLE_TOKEN\n", "line 2: expected NAME=VALUE"),
        (b"HOPLINE_CONSOLE_TOKEN=geheim-geh\xe4im-geheim\n", "it is not UTF-8"),
    ],
)
def test_a_line_that_can_not_be_read_is_named_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, complaint: str
) -> None:
    file = tmp_path / "workers.env"
    file.write_bytes(content)
    monkeypatch.setenv("HOPLINE_SETTINGS_FILE", str(file))
    with pytest.raises(SettingsError, match=complaint) as refused:
        load()
    assert str(refused.value).startswith(str(file))
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("name", ["settings_file", "data_dir"])
def test_a_home_of_nobody_in_what_is_read_first_is_a_bad_value(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(variable(name), "~nobody-of-this-name/place")
    with pytest.raises(SettingsError, match=variable(name)):
        load()


def test_a_folder_is_no_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPLINE_SETTINGS_FILE", str(tmp_path))
    with pytest.raises(SettingsError, match="can't be read: Is a directory"):
        load()


def test_a_running_file_that_is_not_ours_to_read_is_named_where_its_folder_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / RUNNING_FILE).mkdir()
    with pytest.raises(SettingsError, match=rf"{RUNNING_FILE} can't be read"):
        load()
    monkeypatch.delenv("HOPLINE_DATA_DIR")
    monkeypatch.setattr(variables.platformdirs, "user_data_dir", lambda _: str(tmp_path))
    assert load().data_dir == tmp_path


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as systemd makes it for LoadCredential=hopline:FOLDER."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


def test_a_credential_of_systemd_is_a_setting(credentials: Path) -> None:
    (credentials / "hopline_redis_url").write_text("redis://hopline:geheim@h:6379/0\n")
    assert load().redis_url == "redis://hopline:geheim@h:6379/0"


def test_a_variable_goes_before_a_credential(
    credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (credentials / "hopline_console_token").write_text("from-the-credentials")
    monkeypatch.setenv("HOPLINE_CONSOLE_TOKEN", "from-the-environment")
    assert load().console_token == "from-the-environment"


def test_a_bad_credential_is_named_and_its_password_kept(credentials: Path) -> None:
    (credentials / "hopline_redis_url").write_text("http://hopline:geheim@h")
    with pytest.raises(SettingsError, match=r"HOPLINE_REDIS_URL='http://\*\*\*'"):
        load()


def test_unknown_variables_are_found_in_the_environment_and_in_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "workers.env"
    file.write_text("HOPLINE_REDIS_ULR=x\nHOPLINE_BLOCK_MS=1\nPATH=/\n")
    monkeypatch.setenv("HOPLINE_SETTINGS_FILE", str(file))
    monkeypatch.setenv("HOPLINE_BATCHSIZE", "1")
    assert unknown_variables() == ["HOPLINE_BATCHSIZE", "HOPLINE_REDIS_ULR"]
