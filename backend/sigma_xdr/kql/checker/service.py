"""Microsoft's Kusto language service in a V8 inside this process."""

from __future__ import annotations

import ctypes
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from sigma_xdr.errors import CheckerUnavailable, Diagnostic
from sigma_xdr.schema import Schema

if TYPE_CHECKING:
    from py_mini_racer import MiniRacer

_HERE = Path(__file__).parent
#: Bridge.NET's run time comes first: the language service is C# compiled to JavaScript.
_SCRIPTS = (
    _HERE / "language_service" / "bridge.min.js",
    _HERE / "language_service" / "Kusto.Language.Bridge.min.js",
    _HERE / "outline.js",
)

#: Seconds that one query may take; a detection takes some 10 ms, an ``in`` list of 0.5 MB 2 s.
_PATIENCE = 5
#: Bytes of JavaScript heap. V8 ends the whole process at its own limit (1.5 GB): ours must come first.
_MEMORY = 1_000_000_000


class OutlineFailed(Exception):
    """The language service gave no answer; the message says why, in words that end "… the query"."""


class LanguageService:
    """The language service with the tables of a schema. Not to be used by two threads at once.

    V8 starts with the first call, or with :meth:`start` before it, and again after a query that it choked on.
    """

    def __init__(self, schema: Schema) -> None:
        self._tables = [
            [table.name, [[column.name, column.type.value] for column in table.columns.values()]]
            for table in schema.tables.values()
        ]
        self._v8: MiniRacer | None = None
        self._process = os.getpid()

    def start(self) -> MiniRacer:
        """V8 with everything loaded, started where it isn't. Raises CheckerUnavailable."""
        if self._v8 is None:
            scripts = [_script(path) for path in _SCRIPTS]
            v8 = _v8()
            v8.set_hard_memory_limit(_MEMORY)
            try:
                for script in (*scripts, f"sigmaXdr.start({json.dumps(self._tables)})"):
                    v8.eval(f"{script}\n;0")
            except Exception as failure:  # a file that isn't what it should be can fail in any way
                v8.close()
                _unavailable(f"the language service can't be started: {failure}".splitlines()[0], "install sigma-xdr")
            self._v8 = v8
        return self._v8

    def outline(self, kql: str) -> str:
        """The outline of a query as JSON. Raises CheckerUnavailable, and OutlineFailed where there is no answer."""
        v8 = self.start()
        from py_mini_racer import JSEvalException, JSOOMException, JSTimeoutException

        try:
            return str(v8.eval(f"sigmaXdr.outline({json.dumps(kql)})", timeout_sec=_PATIENCE))
        except JSEvalException as failure:
            # What a broken-off call leaves behind in the service's caches is unknown: it is never used again. Closing V8
            # before the call has really ended is noisy; this waits for the end.
            with suppress(JSEvalException):
                v8.eval("0", timeout_sec=_PATIENCE)
            self.close()
            if isinstance(failure, JSTimeoutException):
                raise OutlineFailed(f"gave up after {_PATIENCE} s on the query") from None
            if isinstance(failure, JSOOMException):
                raise OutlineFailed(f"used up its {_MEMORY // 1_000_000} MB on the query") from None
            raise OutlineFailed(f"broke on the query ({str(failure).splitlines()[0]})") from None

    def close(self) -> None:
        """Ends V8; in a forked child, which has the object and not the thread, only forgets it."""
        v8, self._v8 = self._v8, None
        if v8 is not None and self._process == os.getpid():
            v8.close()


def _script(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        _unavailable(f"Microsoft's Kusto language service isn't installed: {path.name} is missing", "install sigma-xdr")


def _v8() -> MiniRacer:
    try:
        from py_mini_racer import MiniRacer

        v8 = MiniRacer()
    except Exception as failure:  # what a missing or foreign native library raises differs by platform
        _unavailable(f"the JavaScript engine can't be started: {failure}", "install mini-racer")
    # Only close() may end it. Its finalizer hangs where V8's thread can't answer: while Python ends, or in a forked child.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(v8))
    return v8


def _unavailable(message: str, remedy: str) -> NoReturn:
    raise CheckerUnavailable(
        Diagnostic("checker-unavailable", message, f"{remedy} again with pip, on a machine that reaches PyPI and npm")
    ) from None
