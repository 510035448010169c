"""A parsed query: Microsoft's grammar as a tree, and what is asked of its nodes.

The tree is ANTLR's, of the grammar that duckdb-kql carries; a node's *kind* is the name of its grammar rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb_kql

from sigma_xdr.engine.escapes import literal_value
from sigma_xdr.engine.problem import EngineError, problem

__all__ = [
    "NAMES",
    "Problem",
    "Query",
    "children",
    "is_name",
    "is_token",
    "kind",
    "meaning",
    "name_of",
    "parsed",
    "text_of",
]

#: The kinds of a name.
NAMES = frozenset({"IdentifierName", "KeywordName", "EscapedName"})

#: Longest piece of a query that a message repeats, in characters.
_SHOWN = 60


@dataclass(frozen=True)
class Problem:
    """A construct that isn't run, and the token at which it begins."""

    token: Any
    message: str
    hint: str | None = None

    @property
    def place(self) -> dict[str, int]:
        """Line from 1, column from 0, and the token's length."""
        return {"line": self.token.line, "column": self.token.column, "length": len(self.token.text)}


@dataclass
class Query:
    """A query's text, its tree, and what its let statements have said so far."""

    kql: str
    tree: Any
    #: Let names, and the nodes after the equals sign.
    lets: dict[str, list[Any]] = field(default_factory=dict)
    #: Let names of rows whose columns were chosen.
    shaped: set[str] = field(default_factory=set)
    #: Let names of a union's rows: some may lack a column that others have.
    mixed: set[str] = field(default_factory=set)

    def constant(self, node: Any) -> Any:
        """The literal that an expression is, or that its name stands for; the expression's own node otherwise."""
        node = meaning(node)
        if is_name(node) and len(value := self.lets.get(name_of(node), [])) == 1:
            return meaning(value[0])
        return node

    def shown(self, node: Any) -> str:
        """An expression as the query has it, in one line and not too long."""
        text = " ".join(self.kql[node.start.start : node.stop.stop + 1].split())
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def parsed(kql: str) -> Query:
    """The query's tree. Raises EngineError for what isn't KQL, or is nested too deeply, and for a control command."""
    try:
        tree = duckdb_kql.parse(kql).tree
    except duckdb_kql.KqlSyntaxError as error:
        first = error.diagnostics[0]
        message = f"the query doesn't parse: {first.message.partition(' expecting ')[0]}"
        raise EngineError(problem(kql, message, line=first.span.line, column=first.span.column)) from None
    except RecursionError:
        raise EngineError(problem(kql, "the query is nested too deeply")) from None
    if tree is None:
        raise EngineError(problem(kql, "a control command is no query", line=1))
    return Query(kql, tree)


def kind(node: Any) -> str:
    """The name of a node's grammar rule."""
    return type(node).__name__.removesuffix("Context")


def children(node: Any) -> list[Any]:
    """A node's rules and tokens; none of a token."""
    return list(getattr(node, "children", None) or [])


def is_token(node: Any) -> bool:
    """Whether a node is a token of the text, not a rule."""
    return hasattr(node, "symbol")


def meaning(node: Any) -> Any:
    """The node that a chain of single children leads to: an expression's own operator, literal or name."""
    while len(below := children(node)) == 1 and not is_token(below[0]):
        node = below[0]
    return node


def is_name(node: Any) -> bool:
    """Whether an expression is nothing but a name."""
    return kind(meaning(node)) in NAMES


def text_of(node: Any) -> str:
    """A node's text without the spaces between its tokens."""
    found: str = node.getText()
    return found


def name_of(node: Any) -> str:
    """A name as it is meant: of ``['a b']`` what stands in the quotes."""
    text = text_of(node)
    return literal_value(text[1:-1]) if text.startswith("[") else text
