"""Which records are worth making rows of: those whose rows some rule has a chance with.

What a rule needs is looked for in what the mapping foretells of the row. The gate lets through whatever isn't foretold, so that
no row is missed; what passes is mapped and judged as ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sigma_xdr.scan.choosing import MOST_CHOSEN, choice_of
from sigma_xdr.scan.fields import Field
from sigma_xdr.scan.literals import Clause, Literal
from sigma_xdr.scan.rarity import is_memorable
from sigma_xdr.telemetry.mapping import Foretold

__all__ = ["Gate", "gate"]

#: How many values, of how many characters at most, a field's meaning is remembered of.
_REMEMBERED, _LONGEST = 8192, 1024

#: Whether a record with these fields may matter.
Gate = Callable[[Callable[[str], Any]], bool]


def gate(rules: Iterable[Sequence[Clause]], foretold: Mapping[str, Foretold]) -> Gate | None:
    """What tells whether a record matters to some of the rules, each given as its clauses; None: every record does.

    It takes the function that gets a field's value by its name.
    """
    asked = [[clause for clause in clauses if _is_foretold(clause, foretold)] for clauses in rules]
    if not all(asked):
        return None
    width = len(asked)
    free = 0
    bits: dict[str, dict[Literal, int]] = defaultdict(lambda: defaultdict(int))
    for number, clauses in enumerate(choice_of(asked).clauses):
        for slot in range(MOST_CHOSEN):
            bit = 1 << (slot * width + number)
            if slot >= len(clauses):
                free |= bit
                continue
            for literal in clauses[slot].literals:
                bits[str(literal.field)][literal] |= bit
    meanings = [
        _Meaning(name, bits[name], foretold[name]).look for name in sorted(bits, key=is_memorable, reverse=True)
    ]
    all_rules = (1 << width) - 1

    def passes(get: Callable[[str], Any]) -> bool:
        found = free
        for look in meanings:
            found |= look(get)
        return bool(found & found >> width & found >> 2 * width & all_rules)

    return passes


def _is_foretold(clause: Clause, foretold: Mapping[str, Foretold]) -> bool:
    return all(isinstance(each.value, str) and each.field in foretold for each in clause.literals)


class _Meaning:
    """What a field means to the rules: the bits of the literals that the row shows in it."""

    def __init__(self, name: str, bits: Mapping[Literal, int], foretold: Foretold) -> None:
        self._field = Field(name, bits, (), 0)
        self._texts = foretold.texts
        self._plain = foretold.plain
        self._names = foretold.fields
        self._anything = 0
        for each in bits.values():
            self._anything |= each
        self._known: dict[Any, int] = {}
        self.look: Callable[[Callable[[str], Any]], int] = (
            self._remembered if is_memorable(name) and len(self._names) == 1 else self._fresh
        )

    def _remembered(self, get: Callable[[str], Any]) -> int:
        value = get(self._names[0])
        try:
            return self._known[value]
        except KeyError:
            return self._remember(value)
        except TypeError:  # a list, or an object
            return self._anything

    def _remember(self, value: Any) -> int:
        meaning = self._meaning((value,))
        if not isinstance(value, str) or len(value) <= _LONGEST:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[value] = meaning
        return meaning

    def _fresh(self, get: Callable[[str], Any]) -> int:
        given = [get(name) for name in self._names]
        text = self._plain(given)
        return self._meaning(given) if text is None else self._field.text(text)

    def _meaning(self, given: Sequence[Any]) -> int:
        texts = self._texts(*given)
        if texts is None:
            return self._anything
        bits = 0
        for text in texts:
            bits |= self._field.text(text)
        return bits
