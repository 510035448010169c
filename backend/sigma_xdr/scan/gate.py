"""Which records are worth making rows of: those whose rows some rule may select.

What a rule needs is looked for in what the mapping foretells of the row, and where all of it is there, the rule's condition is
judged as far as it asks for what is foretold. The gate lets through whatever isn't foretold, so that no row is missed; what passes
is mapped and judged as ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sigma_xdr.evaluator.comparisons import Empty, Null, Regex, Text
from sigma_xdr.scan.bounds import possible
from sigma_xdr.scan.choosing import MOST_CHOSEN, choice_of
from sigma_xdr.scan.fields import Field
from sigma_xdr.scan.functions import Function, NotPlain, TooLarge, View, function_of
from sigma_xdr.scan.literals import Clause, Literal
from sigma_xdr.scan.rarity import is_memorable
from sigma_xdr.scan.trees import Leaf, Tree
from sigma_xdr.telemetry.mapping import ABOVE, Foretold, Wanted

__all__ = ["Gate", "Need", "gate"]

#: How many values, of how many characters at most, a field's meaning is remembered of.
_REMEMBERED, _LONGEST = 8192, 1024
#: How many sets of rules that have a chance together are remembered.
_SETS = 4096
#: Comparisons that are judged on what is foretold.
_OF_A_TEXT = (Text, Regex, Null, Empty)

Get = Callable[[str], Any]
#: Whether a record may matter, by the function that gets a field's value by its name.
Gate = Callable[[Get], Wanted]


@dataclass(frozen=True)
class Need:
    """What a rule needs of a row: its clauses, and its condition (None: any that has the clauses).

    ``names`` are the fields that the rule sees as they are foretold. ``has_above``: what ``ABOVE`` will be can be told later.
    """

    clauses: Sequence[Clause]
    tree: Tree | None
    names: Collection[str]
    has_above: bool = False


def gate(rules: Iterable[Need], foretold: Mapping[str, Foretold]) -> Gate | None:
    """What tells whether a record matters to some of the rules; None: every record does."""
    asked, judges = [], []
    for rule in rules:
        asked.append([clause for clause in rule.clauses if _is_foretold(clause, foretold)])
        judges.append(_judge(rule))
        if not asked[-1] and judges[-1] == (None, None):
            return None
    width, free = len(asked), 0
    bits: dict[str, dict[Literal, int]] = defaultdict(lambda: defaultdict(int))
    for number, clauses in enumerate(choice_of(asked).clauses):
        for slot in range(MOST_CHOSEN):
            bit = 1 << (slot * width + number)
            if slot >= len(clauses):
                free |= bit
                continue
            for literal in clauses[slot].literals:
                bits[str(literal.field)][literal] |= bit
    meanings = [_Meaning(name, bits[name], foretold[name]) for name in sorted(bits, key=_is_quick, reverse=True)]
    return _function(meanings, free, width, _Chances(judges, foretold))


def _is_foretold(clause: Clause, foretold: Mapping[str, Foretold]) -> bool:
    return all(isinstance(each.value, str) and each.field in foretold for each in clause.literals)


def _is_quick(name: str) -> tuple[bool, str]:
    return is_memorable(name), name


#: What a rule asks of the fields that are foretold (None: nothing), and what it asks of them and of ``ABOVE`` (None: no more).
_Judge = tuple[Function | None, Function | None]


def _judge(rule: Need) -> _Judge:
    """What a rule asks."""
    if rule.tree is None:
        return None, None

    def is_known(leaf: Leaf) -> bool:
        return leaf.field in rule.names and isinstance(leaf.test, _OF_A_TEXT)

    asks_above = False

    def is_known_later(leaf: Leaf) -> bool:
        nonlocal asks_above
        is_above = rule.has_above and leaf.field == ABOVE and isinstance(leaf.test, _OF_A_TEXT)
        asks_above |= is_above
        return is_above or is_known(leaf)

    later = _function_of(possible(rule.tree, is_known_later))
    return _function_of(possible(rule.tree, is_known)), later if asks_above else None


def _function_of(bound: Tree | bool) -> Function | None:
    if isinstance(bound, bool):
        return None if bound else lambda _: False
    try:
        return function_of(bound)
    except TooLarge:
        return None


class _Chances:
    """Whether one of the rules with a chance, a bit each, may select a record's row."""

    def __init__(self, judges: Sequence[_Judge], foretold: Mapping[str, Foretold]) -> None:
        self._judges = judges
        self._foretold = foretold
        self._known: dict[int, tuple[_Judge, ...]] = {}

    def __call__(self, chances: int, get: Get) -> Wanted:
        judges = self._known.get(chances)
        if judges is None:
            if len(self._known) >= _SETS:
                self._known.clear()
            judges = tuple(judge for number, judge in enumerate(self._judges) if chances >> number & 1)
            self._known[chances] = judges
        view = _Foreseen(get, self._foretold)
        later: list[Function] = []
        try:
            for now, then in judges:
                if now is None or now(view):
                    if then is None:
                        return True
                    later.append(then)
        except NotPlain:
            return True
        return self._later(get, later) if later else False

    def _later(self, get: Get, judges: Sequence[Function]) -> Callable[[str], bool]:
        """What is asked when it is known what stands in ``ABOVE``."""

        def may_match(above: str) -> bool:
            view = _Foreseen(get, self._foretold, above)
            try:
                return any(judge(view) for judge in judges)
            except NotPlain:
                return True

        return may_match


class _Foreseen(View):
    """A row's fields as they are foretold. Raises NotPlain for a field of which more than one text is."""

    __slots__ = ("_exact", "_foretold", "_get")

    def __init__(self, get: Get, foretold: Mapping[str, Foretold], above: str = "") -> None:
        super().__init__({})
        self._one_nothing = True
        self._get = get
        self._foretold = foretold
        self._exact = {ABOVE: above}

    def exact(self, name: str) -> str:
        """A field as the row will show it."""
        known = self._exact.get(name)
        if known is None:
            known = self._exact[name] = self._told(name)
        return known

    def _told(self, name: str) -> str:
        field = self._foretold[name]
        given = [self._get(each) for each in field.fields]
        text = field.plain(given)
        if text is not None:
            return text
        texts = field.texts(*given)
        if texts is None or len(found := list(texts)) > 1:
            raise NotPlain
        return found[0] if found else ""

    def has(self, test: Any, name: str | None) -> bool:
        """What asks for more than the text can't be judged yet."""
        raise NotPlain


class _Meaning:
    """What a field means to the rules: the bits of the literals that the row shows in it."""

    def __init__(self, name: str, bits: Mapping[Literal, int], foretold: Foretold) -> None:
        self._field = Field(name, bits, (), 0)
        self._texts = foretold.texts
        self._plain = foretold.plain
        self.names = foretold.fields
        self.is_quick = is_memorable(name) and len(self.names) == 1
        self.anything = 0
        for each in bits.values():
            self.anything |= each
        self.known: dict[str, int] = {}

    def remember(self, value: str) -> int:
        """What a text means that isn't known yet. It is then, unless it is very long."""
        meaning = self.meaning((value,))
        if len(value) <= _LONGEST:
            if len(self.known) >= _REMEMBERED:
                self.known.clear()
            self.known[value] = meaning
        return meaning

    def fresh(self, get: Get) -> int:
        """What the fields of a record mean."""
        given = [get(name) for name in self.names]
        text = self._plain(given)
        return self.meaning(given) if text is None else self._field.text(text)

    def meaning(self, given: Sequence[Any]) -> int:
        """What the given values mean."""
        texts = self._texts(*given)
        if texts is None:
            return self.anything
        bits = 0
        for text in texts:
            bits |= self._field.text(text)
        return bits


# ------------------------------------------------------------------------------------------------------ the function's source

#: The function's parts. It is generated, because a loop over the fields takes half as long again; it holds no text of a rule.
_HEAD = """
def passes(get):
    found = free
"""
_QUICK = """
    value = get(name_{number})
    if type(value) is str:
        meaning = known_{number}(value)
        if meaning is None:
            meaning = remember_{number}(value)
        found |= meaning
    else:
        found |= meaning_{number}((value,))
"""
_FRESH = """
    chance = found | left_{number}
    if not chance & chance >> width & chance >> 2 * width & rules:
        return False
    found |= fresh_{number}(get)
"""
_TAIL = """
    found &= found >> width & found >> 2 * width & rules
    return chances(found, get) if found else False
"""


def _function(meanings: Sequence[_Meaning], free: int, width: int, chances: Callable[[int, Get], Wanted]) -> Gate:
    """One function that looks at each field in turn; at those that take longer only where a rule still has a chance."""
    names: dict[str, Any] = {"free": free, "width": width, "rules": (1 << width) - 1, "chances": chances}
    parts = [_HEAD]
    left = 0
    for number, meaning in reversed(list(enumerate(meanings))):
        left |= meaning.anything
        names |= {
            f"known_{number}": meaning.known.get,
            f"remember_{number}": meaning.remember,
            f"meaning_{number}": meaning.meaning,
            f"fresh_{number}": meaning.fresh,
            f"left_{number}": left,
        }
        if meaning.is_quick:
            names[f"name_{number}"] = meaning.names[0]
    parts += [(_QUICK if meaning.is_quick else _FRESH).format(number=number) for number, meaning in enumerate(meanings)]
    exec("".join([*parts, _TAIL]), names)
    passes: Gate = names["passes"]
    return passes
