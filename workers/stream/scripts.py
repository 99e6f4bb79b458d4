"""Loader that reads the Lua scripts of the workers."""

from importlib import resources


def script(name: str) -> str:
    """Return the text of one of the Lua scripts, each of which says what its keys are."""
    return resources.files("workers.stream").joinpath("lua", f"{name}.lua").read_text()
