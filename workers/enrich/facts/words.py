"""Reader that takes the patterns of a table apart."""


def words(text: str) -> list[str]:
    """Return the patterns of a table: one a line, or more of them with `` | `` between."""
    return [word for line in text.strip().splitlines() for word in line.strip().split(" | ")]
