"""A program of its own: the EVTX file on its standard input, as JSON documents on its standard output.

Each document is a line ``R LENGTH`` (a record) or ``E LENGTH`` (why a record can't be read), and so many bytes of UTF-8.
"""

from __future__ import annotations

import sys

from evtx import PyEvtxParser

__all__: list[str] = []


def _main() -> None:
    try:
        records = PyEvtxParser(sys.stdin.buffer).records_json()
    except (RuntimeError, OSError, ValueError) as error:
        _tell(b"E", f"the EVTX file can't be read: {_first_line(error)}")
        return
    while True:
        try:
            record = next(records, None)
        except (RuntimeError, OSError, ValueError) as error:
            _tell(b"E", f"the record can't be read: {_first_line(error)}")
            continue
        if record is None:
            return
        _tell(b"R", record["data"])


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def _tell(kind: bytes, text: str) -> None:
    data = text.encode("utf-8", "replace")
    sys.stdout.buffer.write(b"%s %d\n%s" % (kind, len(data), data))
    sys.stdout.buffer.flush()  # what comes before a record on which the parser hangs must not be lost


if __name__ == "__main__":
    _main()
