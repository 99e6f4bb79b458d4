"""Author of a change: a person at a terminal of this machine, or a program that holds a key."""

import os
import pwd
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something.

    Attributes:
        who: ``USER@HOST`` at a terminal, ``key:ID`` by HTTP.
        via: by what, e.g. ``hopline import`` or ``http``.
        name: of the key, for people.
        request_id: of the request, or of the run of a command that makes many changes.
    """

    who: str
    via: str
    name: str = ""
    request_id: str = ""


def local_author(via: str = "hopline", request_id: str = "") -> Author:
    """Return who runs this process: the user whom the system knows, whatever the environment says.

    Args:
        via: the command.
        request_id: of its run.
    """
    user_id = os.getuid()
    try:
        user = pwd.getpwuid(user_id).pw_name
    except KeyError:
        user = str(user_id)
    return Author(f"{user}@{socket.gethostname()}", via, request_id=request_id)
