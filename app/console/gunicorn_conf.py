"""How gunicorn runs the console: one process, a thread for each request at work."""

from app import settings

_settings = settings.load()

proc_name = "hopline-console"
bind = _settings.console_bind
worker_class = "gthread"
workers = 1
threads = _settings.console_threads
graceful_timeout = int(_settings.drain_seconds)
loglevel = _settings.log_level.lower()
# Every gunicorn of a user would open the same socket, and nothing here speaks to it.
control_socket_disable = True
