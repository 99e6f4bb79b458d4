from tests.support.command_line import hopline

__all__ = ["hopline"]
