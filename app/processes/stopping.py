"""Event that is set once this process has been asked to end, for threads that would go on."""

import threading

IS_STOPPING = threading.Event()
