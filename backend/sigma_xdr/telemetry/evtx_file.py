"""EVTX files, read by a process of their own, which can be stopped.

A single changed byte sends PyPI's ``evtx`` 0.14 round in circles for ever, and whoever hands in a file can change it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

__all__ = ["evtx_documents"]

#: How long one record may take, in seconds; it takes a ten-thousandth.
PATIENCE = 60.0
_PROGRAM = Path(__file__).with_name("evtx_process.py")


def evtx_documents(file: IO[bytes]) -> Iterator[tuple[str, bool]]:
    """The records of an open EVTX file as JSON text with True; in place of one that can't be read, why, with False."""
    with _Reader(file) as reader:
        while (header := reader.line()) and len(parts := header.split()) == 2:
            text = reader.take(int(parts[1])).decode("utf-8", "replace")
            yield text, parts[0] == b"R"
    if reader.stopped:
        yield f"the file is damaged: its next record takes more than {PATIENCE:g} seconds", False
    elif reader.code != 0:
        yield "the file is damaged: its parser broke off", False


class _Reader:
    """The process, and a watch that stops it when it is waited for too long."""

    def __init__(self, file: IO[bytes]) -> None:
        self.stopped = False
        self.code: int | None = None
        self._waiting_since: float | None = None
        self._done = threading.Event()
        file.seek(0)
        os.lseek(file.fileno(), 0, os.SEEK_SET)  # the process reads behind Python's buffer
        command = [sys.executable, "-P", str(_PROGRAM)]
        self._process = subprocess.Popen(
            command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=2**16
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        self._watch = threading.Thread(target=self._watching, daemon=True)

    def line(self) -> bytes:
        """The next line; nothing at the end."""
        return self._waited(lambda: self._output.readline(64))

    def take(self, count: int) -> bytes:
        """So many of the next bytes."""
        return self._waited(lambda: self._output.read(count))

    def _waited(self, read: Callable[[], bytes]) -> bytes:
        self._waiting_since = time.monotonic()
        try:
            return read()
        finally:
            self._waiting_since = None

    def _watching(self) -> None:
        while not self._done.wait(min(1.0, PATIENCE / 4)):
            since = self._waiting_since
            if since is not None and time.monotonic() - since > PATIENCE:
                self.stopped = True
                self._process.kill()
                return

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if kind is not None:
            self._process.kill()  # whoever reads has enough
        self._output.close()
        self.code = self._process.wait()
        self._watch.join()
