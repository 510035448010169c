"""Which rules are asked of an event: those whose log source it belongs to, each log source with its own scanner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sigma_xdr.evaluator import Event
from sigma_xdr.evaluator.transformations import Site
from sigma_xdr.scan.scanner import Scanner

__all__ = ["Route", "Routes"]

T = TypeVar("T")
#: What an event looks like to a log source; None: it is none of its events.
See = Callable[[T, Mapping[str, Any]], Event | None]

_PARTS = ("product", "category", "service")


@dataclass(frozen=True, eq=False)
class Route:
    """A log source, and the rules on it by their positions among all rules."""

    logsource: Mapping[str, Any]
    positions: Sequence[int]
    scanner: Scanner


class Routes(Generic[T]):
    """Rules by their log sources.

    ``rules`` are documents, ``see`` shows an event to a log source. Events of one kind belong to the same log sources, or to fewer
    of them: ``kind`` says what kind an event is, and the first of a kind finds out. A log source's scanner is made when the
    first of its events comes. Raises EvaluatorError, then, for a rule that can't be judged.
    """

    def __init__(
        self,
        rules: Sequence[Mapping[str, Any]],
        see: See[T],
        kind: Callable[[T], Hashable],
        filters: Iterable[Any] = (),
        site: Site | None = None,
    ) -> None:
        self._rules = rules
        self._see = see
        self._kind = kind
        self._filters = tuple(filters)
        self._site = site
        self._by_source: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for position, rule in enumerate(rules):
            self._by_source[_source_key(rule)].append(position)
        self._made: dict[tuple[str, ...], Route] = {}
        self._routes: dict[Hashable, tuple[Route, ...]] = {}

    def hits(self, event: T) -> Iterator[tuple[int, Event]]:
        """The positions of the rules that match an event, in order, each with the event as the rule's log source shows it."""
        routes = self.routes(event)
        found = [
            (route.positions[index], seen)
            for route in routes
            if (seen := self._see(event, route.logsource)) is not None
            for index in route.scanner.scan(seen)
        ]
        return iter(found if len(routes) == 1 else sorted(found, key=_position))

    def routes(self, event: T) -> tuple[Route, ...]:
        """The log sources that events of this kind may belong to."""
        kind = self._kind(event)
        known = self._routes.get(kind)
        if known is None:
            known = self._routes[kind] = tuple(
                self._route(key)
                for key, positions in self._by_source.items()
                if self._see(event, self._rules[positions[0]]["logsource"]) is not None
            )
        return known

    def _route(self, key: tuple[str, ...]) -> Route:
        if key not in self._made:
            positions = self._by_source[key]
            rules = [self._rules[position] for position in positions]
            scanner = Scanner(rules, self._filters, self._site)
            self._made[key] = Route(rules[0]["logsource"], positions, scanner)
        return self._made[key]


def _source_key(rule: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(rule["logsource"].get(part) or "").lower() for part in _PARTS)


def _position(found: tuple[int, Event]) -> int:
    return found[0]
