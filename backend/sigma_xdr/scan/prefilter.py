"""Which rules have a chance with an event: one search a field for all the literals of all rules.

Each rule has up to ``MOST_CHOSEN`` clauses, and each clause a bit: in whole numbers as wide as there are rules, one such stretch
of bits a clause. What is found in a field sets the bits of the clauses that it fulfils; a rule has a chance if all of its own are
set. A field's literals are found by one Aho-Corasick automaton in one pass over the text, whatever their number. Of most fields the
same values come again and again; what one means is remembered, and with it, in a further stretch, the rules that it rules out by
what they ask of that field alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sigma_xdr.evaluator import Event
from sigma_xdr.evaluator.events import event_of
from sigma_xdr.scan.choosing import MOST_CHOSEN, choice_of
from sigma_xdr.scan.fields import LONGEST_AT_ONCE, Alone, Field
from sigma_xdr.scan.literals import Literal
from sigma_xdr.scan.predicates import Predicate
from sigma_xdr.scan.rarity import is_memorable

__all__ = ["Hits", "Judge", "prefiltered"]

#: The rules that match an event, or a raw event's fields, by their positions.
Hits = Callable[[Event | Mapping[str, Any]], tuple[int, ...]]
#: The same, of those rules that have a chance, a bit each.
Judge = Callable[[int, Event | Mapping[str, Any]], tuple[int, ...]]


def prefiltered(rules: Sequence[Predicate], judge: Judge) -> Hits:
    """What asks ``judge`` only if there are rules with a chance; a rule without literals always has one."""
    width = len(rules)
    choice = choice_of([rule.clauses for rule in rules])
    looked_at = {name for clauses in choice.clauses for clause in clauses for name in clause.fields}
    free = 0
    bits: dict[str | None, dict[Literal, int]] = defaultdict(lambda: defaultdict(int))
    alone: dict[str | None, list[Alone]] = defaultdict(list)
    for number, (rule, clauses) in enumerate(zip(rules, choice.clauses, strict=True)):
        needed: dict[str | None, int] = defaultdict(int)
        for slot in range(MOST_CHOSEN):
            bit = 1 << (slot * width + number)
            if slot >= len(clauses):
                free |= bit
                continue
            for literal in clauses[slot].literals:
                bits[literal.field][literal] |= bit
            if len(clauses[slot].fields) == 1:
                needed[next(iter(clauses[slot].fields))] |= bit
        for name, trees in rule.alone.items():
            if name in looked_at or not clauses:
                alone[name].append(Alone(1 << number, needed[name], trees))
    names = sorted({*bits, *alone}, key=lambda name: (name not in choice.first, str(name)))
    fields = [Field(name, bits[name], alone[name], width) for name in names]
    return _function(fields, sum(name in choice.first for name in names), free, width, judge)


# ------------------------------------------------------------------------------------------------------ the function's source

#: The function's parts. It is generated, because a loop over the fields takes half as long again; it holds no text of a rule.
_HEAD = """
def hits(event):
    get = (event.fields if isinstance(event, Event) else event).get
    found = free
"""
_REMEMBERED = """
    value = get(name_{number})
    if type(value) is str:
        meaning = known_{number}(value)
        if meaning is None:
            meaning = remember_{number}(value)
        if meaning:
            found |= meaning
    elif {is_something}:
        found |= otherwise_{number}(value, event)
"""
_SEARCHED = """
    value = get(name_{number})
    if type(value) is str:
        if value.isascii() and len(value) <= longest:
            for index, _, _ in find_{number}({text}.encode(), True):
                found |= bits_{number}[index]
        else:
            found |= text_{number}(value)
    elif {is_something}:
        found |= otherwise_{number}(value, event)
"""
_KEYWORDS = """
    found |= anything_{number}(event_of(event).everywhere)
"""
_UNLESS_IN_VAIN = """
    if not found & rules:
        return ()
"""
_TAIL = """
    return judge(found & found >> width & found >> 2 * width & ~(found >> 3 * width) & rules, event)
"""


def _function(fields: Sequence[Field], first: int, free: int, width: int, judge: Judge) -> Hits:
    """One function that looks at each field in turn: at so many ``first``, then only where a rule still has a chance at the others.
    ``free`` are the bits of the clauses that rules haven't.
    """
    names: dict[str, Any] = {
        "Event": Event,
        "event_of": event_of,
        "free": free,
        "judge": judge,
        "longest": LONGEST_AT_ONCE,
        "rules": (1 << width) - 1,
        "width": width,
    }
    parts = []
    for number, field in enumerate(fields):
        parts.append(_part(number, field))
        names |= {
            f"name_{number}": field.name,
            f"known_{number}": field.memo.get,
            f"remember_{number}": field.remember,
            f"find_{number}": field.find,
            f"bits_{number}": field.bits,
            f"text_{number}": field.text,
            f"anything_{number}": field.anything,
            f"otherwise_{number}": field.otherwise,
        }
    exec("".join([_HEAD, *parts[:first], _UNLESS_IN_VAIN, *parts[first:], _TAIL]), names)
    hits: Hits = names["hits"]
    return hits


def _part(number: int, field: Field) -> str:
    """What looks at a field."""
    if field.name is None:
        return _KEYWORDS.format(number=number)
    is_something = "True" if "." in field.name else "value is not None"
    if is_memorable(field.name) or field.numbers:
        return _REMEMBERED.format(number=number, is_something=is_something)
    text = 'f"\\0{value.lower()}\\0"' if field.has_ends else "value.lower()"
    return _SEARCHED.format(number=number, is_something=is_something, text=text)
