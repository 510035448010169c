"""Literals that Microsoft's parser takes and can't read: it binds them as zero."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from sigma_xdr.kql.checker.outline import Outline, ScalarLiteral
from sigma_xdr.kql.checker.problem import Finding

_WHOLE_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,25}|0[xX][0-9a-fA-F]{1,20})")
_BITS = {"long": 63, "int": 31}
#: By type, the parser's zero, and the texts that Kusto reads although the parser, as JavaScript, makes a zero of them
#: (Microsoft's documentation of the scalar types).
_ZEROS = {
    "bool": ("False", re.compile(r"(?i)false|true|0|1")),
    "real": ("0", re.compile(r"(?i)[+-]?(?:[0.]+(?:e[+-]?[0-9]+)?|inf|nan)")),
    "decimal": ("0", re.compile(r"(?i)[+-]?[0.]+(?:e[+-]?[0-9]+)?")),
    "timespan": ("00:00:00", re.compile(r"(?i)-?[0-9.:]+\s*[a-z]*")),
    "guid": ("00000000-0000-0000-0000-000000000000", re.compile(r"[0-]+")),
}
_WRITTEN = re.compile(r"(?s)[a-z]+\s*\(\s*(.*?)\s*\)")


def bad_literal(outline: Outline) -> Iterator[Finding]:
    """``datetime(2024-13-45)``, ``bool(x)``, a long beyond 64 bits: the service refuses what the parser reads as zero."""
    for literal in outline.literals:
        if literal.value is None or literal.type == "dynamic":
            continue
        if not _readable(literal):
            message = f"{literal.text[:60]} is no {literal.type} that Kusto can read"
            yield Finding("bad-literal", "error", message, literal.span)


def _readable(literal: ScalarLiteral) -> bool:
    written = _WRITTEN.fullmatch(literal.text)
    text = written[1] if written else literal.text
    if literal.type in _BITS:
        limit = 2 ** _BITS[literal.type]
        return bool(_WHOLE_NUMBER.fullmatch(text)) and -limit <= int(text, 0 if "x" in text.lower() else 10) < limit
    if literal.type == "datetime":
        return not str(literal.value).startswith("01/01/0001 ") or _is_iso(text)
    if literal.type not in _ZEROS:
        return True
    zero, meant = _ZEROS[literal.type]
    return literal.value != zero or bool(meant.fullmatch(text))


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return text in ("min", "max")
    return True
