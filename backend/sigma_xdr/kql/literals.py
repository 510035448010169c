"""KQL literals: text that no value can leave."""

from __future__ import annotations

from sigma_xdr.kql.characters import is_invisible
from sigma_xdr.kql.predicate import Value

__all__ = ["comment", "literal", "string_literal"]

#: What Kusto's quoted strings escape by a letter (Kusto's documentation, "The string data type").
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def literal(value: Value) -> str:
    """A value as a KQL literal of its own type."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return string_literal(value)


def string_literal(text: str) -> str:
    r"""Text as a KQL string: verbatim (``@"C:\Windows"``) where it has backslashes and can be, escaped elsewhere.

    What can't be seen is escaped as ``\uXXXX``. Raises ValueError for what has no such escape: a lone surrogate, and invisible
    characters above U+FFFF.
    """
    if (text.isascii() and text.isprintable()) or not any(map(is_invisible, text)):
        if "\\" not in text and '"' not in text:
            return f'"{text}"'
        for quote in ('"', "'"):
            if "\\" in text and quote not in text:
                return f"@{quote}{text}{quote}"
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if not is_invisible(char):
        return char
    if ord(char) > 0xFFFF or 0xD800 <= ord(char) <= 0xDFFF:
        raise ValueError(f"U+{ord(char):04X} can't be written in a KQL string")
    return f"\\u{ord(char):04X}"


def comment(text: str) -> str:
    """Text as one comment line, in visible ASCII alone: a title can't start a line of its own."""
    visible = "".join(char if " " <= char <= "~" else char.encode("unicode_escape").decode("ascii") for char in text)
    return f"// {visible}".rstrip()
