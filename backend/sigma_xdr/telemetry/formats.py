"""What a file is, told by its first bytes and never by its name."""

from __future__ import annotations

import codecs
import re
from enum import Enum, auto

from sigma_xdr.telemetry.csv_header import delimiter_of

__all__ = ["BLANKS", "HEAD", "Kind", "kind_of"]

#: How many bytes one looks at.
HEAD = 2**16
#: What stands around documents and says nothing; logs that a machine's crash cut off end in NULs.
BLANKS = b" \t\r\n\0"
_MAGIC = {
    b"\x1f\x8b": "GZIP",
    b"\x28\xb5\x2f\xfd": "ZSTD",
    b"PK\x03\x04": "ZIP",
    b"PK\x05\x06": "ZIP",
    b"ElfFile\x00": "EVTX",
    b"PAR1": "PARQUET",
    b"PARE": "PARQUET",
    codecs.BOM_UTF16_LE: "UTF16",
    codecs.BOM_UTF16_BE: "UTF16",
}
_JSON = re.compile(rb"\{[ \t\r]*(?:[\"}]|$)|\[[ \t\r]*(?:[\"{\[\]]|$)")


class Kind(Enum):
    """The formats that are read. ``JSON`` is lines, arrays and documents; ``UTF16`` is text in two bytes a character."""

    CSV = auto()
    EVTX = auto()
    GZIP = auto()
    JSON = auto()
    PARQUET = auto()
    UTF16 = auto()
    ZIP = auto()
    ZSTD = auto()


def kind_of(head: bytes) -> Kind | None:
    """What begins with these bytes, of which ``HEAD`` are enough; None for what isn't read. An empty file is JSON."""
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return Kind[name]
    lines = [line for line in head.removeprefix(codecs.BOM_UTF8).split(b"\n") if line.strip(BLANKS)]
    if not lines:
        return Kind.JSON
    like_json = [_JSON.match(line.strip(BLANKS)) is not None for line in lines]
    # a few lines of other text hide no events: programs write a banner before their JSON
    if like_json[0] or sum(like_json) * 4 >= len(lines) or lines[0].startswith(b"{"):
        return Kind.JSON
    return Kind.CSV if delimiter_of(lines[0].decode("utf-8", "replace")) else None
