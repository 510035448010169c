"""Values that change nothing beside another value of the same list."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from sigma.types import SigmaCasedString, SigmaCIDRExpression, SigmaExpansion, SigmaString, SigmaType

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.lints.items import Item, items_of
from sigma_xdr.review.lints.linted import LintedRule
from sigma_xdr.review.lints.wildcards import Glob, covers, glob_of

__all__ = ["value_without_effect"]

#: Longest list that is compared each with each, and most characters of its values with wildcards inside: those take longer.
_MOST_VALUES, _MOST_CHARACTERS = 400, 2_000

#: A value in a form that can be compared: texts with their case, or networks.
_Form = tuple[tuple[bool, Glob] | IPv4Network | IPv6Network, ...]


def value_without_effect(linted: LintedRule) -> Iterator[Diagnostic]:
    """A value whose every match another value of the list finds as well; with ``all``, one that another one says already."""
    for item in items_of(linted):
        every = "All" in item.modifiers
        forms = [_form(value) for value in item.item.value]
        if len(forms) > _MOST_VALUES or sum(map(_size, forms)) > _MOST_CHARACTERS:
            continue
        for index, form in enumerate(forms):
            other = _stronger(forms, index, every) if form else None
            if other is not None:
                idle, strong = _written(item, index), _written(item, other)
                message = f"'{idle}' changes nothing beside '{strong}'"
                why = f"whatever holds '{strong}' holds it" if every else f"'{strong}' finds all that it finds"
                hint = f"delete it: {why}"
                yield linted.finding("value-without-effect", message, hint, *item.keys, index)


def _written(item: Item, index: int) -> str:
    """A value as it stands in the rule."""
    value = (item.item.original_value or item.item.value)[index]
    text = str(value)
    return text if len(text) <= 60 else text[:60] + "…"


def _form(value: SigmaType) -> _Form:
    """What can be compared of a value; nothing where it can't be."""
    match value:
        case SigmaExpansion():
            forms = [_form(each) for each in value.values]
            return tuple(part for form in forms for part in form) if all(forms) else ()
        case SigmaCIDRExpression():
            return (value.network,)
        case SigmaString() if not value.contains_placeholder():
            cased = isinstance(value, SigmaCasedString)
            return ((cased, glob_of(value, cased)),)
    return ()


def _size(form: _Form) -> int:
    return sum(len(part[1].parts) for part in form if isinstance(part, tuple) and part[1].text is None)


def _stronger(forms: list[_Form], index: int, every: bool) -> int | None:
    """The other value beside which one changes nothing; None if there is none. Equal ones aren't told: SigmaHQ's validator does."""
    form = forms[index]
    for other, against in enumerate(forms):
        if other == index or not against:
            continue
        general, special = (form, against) if every else (against, form)
        if _covers(general, special) and not _covers(special, general):
            return other
    return None


def _covers(general: _Form, special: _Form) -> bool:
    return all(any(_includes(wide, narrow) for wide in general) for narrow in special)


def _includes(
    wide: tuple[bool, Glob] | IPv4Network | IPv6Network, narrow: tuple[bool, Glob] | IPv4Network | IPv6Network
) -> bool:
    match wide, narrow:
        case (bool(wide_case), Glob() as wide_glob), (bool(narrow_case), Glob() as narrow_glob):
            return wide_case == narrow_case and covers(wide_glob, narrow_glob)
        case IPv4Network() as outer, IPv4Network() as inner:
            return inner.subnet_of(outer)
        case IPv6Network() as outer6, IPv6Network() as inner6:
            return inner6.subnet_of(outer6)
    return False
