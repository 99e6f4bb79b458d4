"""deploy/hopline.env names every setting, and changes none as it stands."""

from pathlib import Path

from dotenv import dotenv_values

from app.cli.services.settings import NO_FIXED_DEFAULT, describe
from app.config.settings import Settings
from app.config.variables import variable

ENV_FILE = Path(__file__).parents[2] / "deploy" / "hopline.env"


def test_it_is_what_the_command_writes(capsys, monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.setattr("sys.argv", ["hopline", "settings", "--env-file"])
    from app.cli.main import app  # noqa: PLC0415

    app(standalone_mode=False)
    expected = capsys.readouterr().out
    assert ENV_FILE.read_text() == expected, (
        "run `.venv/bin/hopline settings --env-file > deploy/hopline.env`"
    )


def test_it_sets_nothing_until_somebody_edits_it():
    assert dotenv_values(ENV_FILE) == {}


def test_every_line_is_right_once_its_hash_is_gone(tmp_path, make_settings):
    uncommented = tmp_path / "hopline.env"
    text = ENV_FILE.read_text().replace("\n#HOPLINE_", "\nHOPLINE_")
    uncommented.write_text(text)
    values = {name: value for name, value in dotenv_values(uncommented).items() if value}
    defaults = {
        one.variable: one.default
        for one in describe(make_settings())
        if one.default not in ("", NO_FIXED_DEFAULT)
    }
    assert values == defaults
