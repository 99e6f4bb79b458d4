"""Thread that looks or acts beside a test, as long as a context lasts."""

import threading
from typing import Self


class Background:
    """Base of what goes on beside a run; :meth:`_work` ends soon after ``_is_over`` is set."""

    def __init__(self) -> None:
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _work(self) -> None:
        raise NotImplementedError
