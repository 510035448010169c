r"""A text value on its way through the modifiers that change it: one in, the patterns that it stands for out.

Decided here, where the specification is silent:

- UTF-16 that no Base64 encodes is looked for as text with NULs in it, so it has to be ASCII, without a byte order mark.
- Base64 minds case: in another case it is another text.
- A placeholder is filled in after all modifiers: they change the rule's own text, not the site's.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from math import prod

from sigma_xdr.evaluator.patterns import DASHES, Part, Placeholder, Wild, joined, parse
from sigma_xdr.evaluator.problems import ValueProblem

__all__ = ["TRANSFORMATIONS", "Site", "filled", "marked", "transformed"]

#: The values of a site's placeholders by name.
Site = Mapping[str, Sequence[str]]

#: What ``windash`` finds: a dash that begins a word and doesn't follow one (Sigma's modifier appendix, as pySigma reads it).
_DASH = re.compile(r"\B[-/]\b")
_PLACEHOLDER = re.compile(r"(\\%)|%([^%*?]+)%")
_UTF16 = {"wide": "utf-16-le", "utf16le": "utf-16-le", "utf16": "utf-16-le", "utf16be": "utf-16-be"}
_BYTE_ORDER_MARK = "\ufeff"
#: Most texts that one value stands for.
_MOST = 10_000


@dataclass(frozen=True)
class _Value:
    """A text between two modifiers; ``encoding`` is the UTF-16 that its literals are still to be written in."""

    parts: tuple[Part, ...]
    cased: bool = False
    encoding: str | None = None


def transformed(text: str, modifiers: Sequence[str], site: Site) -> list[tuple[tuple[Part, ...], bool]]:
    """The patterns that a value stands for after its modifiers, each with whether it minds case.

    Raises ValueProblem.
    """
    values = [_Value(parse(text))]
    for name in modifiers:
        values = [changed for value in values for changed in TRANSFORMATIONS[name](value, name)]
        if len(values) > _MOST:
            raise _too_many(name)
    return [(parts, value.cased) for value in values for parts in filled(_written(value), site, parse)]


def _too_many(name: str) -> ValueProblem:
    return ValueProblem("too-many-values", f"'{name}' makes more than {_MOST:,} texts of one", "split the value")


def _around(before: tuple[Part, ...], after: tuple[Part, ...]) -> Callable[[_Value, str], Iterator[_Value]]:
    """What puts wildcards around a value."""

    def put(value: _Value, _: str) -> Iterator[_Value]:
        yield replace(value, parts=joined((*before, *value.parts, *after)))

    return put


def _cased(value: _Value, _: str) -> Iterator[_Value]:
    yield replace(value, cased=True)


# --------------------------------------------------------------------------------------------------------------- dashes


def _windash(value: _Value, name: str) -> Iterator[_Value]:
    """Each dash that begins an option stands for all of them."""
    if value.encoding:
        raise ValueProblem("modifier-order", f"'{name}' has to come before the encoding")
    parts: list[Part] = []
    for part in value.parts:
        parts += _split(part, _DASH, lambda _: Wild.DASH) if isinstance(part, str) else (part,)
    yield replace(value, parts=joined(parts))


def _split(text: str, regex: re.Pattern[str], part_of: Callable[[re.Match[str]], Part]) -> Iterator[Part]:
    """A literal, with other parts where the expression was found."""
    end = 0
    for match in regex.finditer(text):
        yield text[end : match.start()]
        yield part_of(match)
        end = match.end()
    yield text[end:]


def _spelled_out(value: _Value, name: str) -> Iterator[str]:
    """The texts of a value without wildcards, one for each way to write its dashes."""
    if any(isinstance(part, Placeholder) for part in value.parts):
        raise ValueProblem("modifier-order", f"'{name}' would encode the placeholder that 'expand' fills in later")
    if not {Wild.MANY, Wild.ONE}.isdisjoint(value.parts):
        raise ValueProblem(
            "not-encodable", f"'{name}' can't encode wildcards", r"escape a * or ? that is meant: \* or \?"
        )
    if len(DASHES) ** value.parts.count(Wild.DASH) > _MOST:
        raise _too_many(name)
    choices = [DASHES if part is Wild.DASH else (str(part),) for part in value.parts]
    return map("".join, product(*choices))


# ------------------------------------------------------------------------------------------------------------- encoding


def _utf16(value: _Value, name: str) -> Iterator[_Value]:
    if value.encoding:
        raise ValueProblem("modifier-order", f"'{name}' would encode what is UTF-16 already", "leave one out")
    mark = (_BYTE_ORDER_MARK,) if name == "utf16" else ()
    yield replace(value, parts=joined((*mark, *value.parts)), encoding=_UTF16[name])


def _base64(value: _Value, name: str) -> Iterator[_Value]:
    for text in _spelled_out(value, name):
        yield _Value((b64encode(_bytes(text, value, name)).decode(),), cased=True)


def _base64offset(value: _Value, name: str) -> Iterator[_Value]:
    """What is in the Base64 of any text that holds the value: of the characters, six bits each, those that it alone
    decides, when it begins zero, one and two bytes after a group of three.
    """
    for text in _spelled_out(value, name):
        data = _bytes(text, value, name)
        for before in range(3):
            first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
            yield _Value((b64encode(b" " * before + data).decode()[first:last],), cased=True)


def _bytes(text: str, value: _Value, name: str) -> bytes:
    try:
        data = text.encode(value.encoding or "utf-8")
    except UnicodeEncodeError:
        raise ValueProblem("not-encodable", f"'{name}' can't encode half a character") from None
    if len(data) < 2:
        message = f"'{name}' of less than two bytes is in nearly every text"
        raise ValueProblem("not-encodable", message, "give it at least two characters")
    return data


def _written(value: _Value) -> tuple[Part, ...]:
    """The parts, their literals in UTF-16 where that was asked for."""
    if not value.encoding:
        return value.parts
    literals = [part for part in value.parts if isinstance(part, str)]
    if not all(map(str.isascii, literals)):
        message = "as UTF-16 the value is no text that an event could hold"
        raise ValueProblem("not-encodable", message, "add base64 or base64offset, or keep to ASCII")
    return tuple(part.encode(value.encoding).decode("ascii") if isinstance(part, str) else part for part in value.parts)


# --------------------------------------------------------------------------------------------------------- placeholders


def marked(text: str) -> Iterator[Part]:
    r"""A literal with its ``%name%`` marked; ``\%`` is a plain percent."""
    return _split(text, _PLACEHOLDER, lambda found: "%" if found[1] else Placeholder(found[2]))


def _expand(value: _Value, name: str) -> Iterator[_Value]:
    if value.encoding:
        raise ValueProblem("modifier-order", f"'{name}' has to come before the encoding")
    parts = chain.from_iterable(marked(part) if isinstance(part, str) else (part,) for part in value.parts)
    yield replace(value, parts=joined(list(parts)))


def filled(parts: Sequence[Part], site: Site, read: Callable[[str], tuple[Part, ...]]) -> Iterator[tuple[Part, ...]]:
    """The parts with each of a site's values, as ``read`` understands them, in the place of every placeholder.

    Raises ValueProblem for a placeholder that the site says nothing of.
    """
    choices: list[list[tuple[Part, ...]]] = []
    for part in parts:
        if isinstance(part, Placeholder) and not site.get(part.name):
            message = f"the site file gives no values for %{part.name[:60]}%"
            raise ValueProblem("missing-placeholder", message, f"add a list under '{part.name[:60]}' to the site file")
        choices.append([read(text) for text in site[part.name]] if isinstance(part, Placeholder) else [(part,)])
    if prod(map(len, choices)) > _MOST:
        raise _too_many("expand")
    return (joined(list(chain.from_iterable(choice))) for choice in product(*choices))


#: The modifiers that change a text, by name: each gives the values that a value becomes.
TRANSFORMATIONS: Mapping[str, Callable[[_Value, str], Iterator[_Value]]] = {
    "contains": _around((Wild.MANY,), (Wild.MANY,)),
    "startswith": _around((), (Wild.MANY,)),
    "endswith": _around((Wild.MANY,), ()),
    "cased": _cased,
    "windash": _windash,
    "expand": _expand,
    "base64": _base64,
    "base64offset": _base64offset,
    **dict.fromkeys(_UTF16, _utf16),
}
