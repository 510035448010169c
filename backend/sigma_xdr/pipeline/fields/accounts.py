r"""Accounts: Sysmon's ``DOMAIN\name`` over Defender's two columns, both in lower case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sigma.types import SigmaExists, SigmaFieldReference, SigmaNull, SigmaRegularExpression, SigmaType

from sigma_xdr.pipeline.fields.base import ColumnsMapping, Context, FieldProblem
from sigma_xdr.pipeline.items import Expression, Mapped, SameOrNothing, all_of, any_of, item, text_item
from sigma_xdr.pipeline.patterns import Pattern, Shape

__all__ = ["Account"]


@dataclass(frozen=True)
class Account(ColumnsMapping):
    r"""``DOMAIN\name`` in a domain's column and a name's.

    Neither part holds a backslash, so the pattern's own one is where they meet; a pattern with two can't hold. A row without
    a name holds no account.
    """

    domain: str
    name: str
    sid: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Domain, name and SID."""
        return (self.domain, self.name, self.sid)

    @property
    def _joined(self) -> Expression:
        return Expression(f'strcat({self.domain}, "\\\\", {self.name})')

    def key(self, context: Context) -> str:
        """Domain and name joined; nothing where there is no name, which makes no group."""
        return Expression(f'iff(isempty({self.name}), "", {self._joined})')

    def text(self, patterns: Sequence[Pattern], context: Context) -> Mapped:
        """Patterns by what they ask of the name, of the domain, or of both."""
        names: list[Pattern] = []
        parts: list[Mapped] = []
        for pattern in patterns:
            if pattern.cased:
                raise FieldProblem(
                    "lost-case", f"'{context.field}' can't be cased: Defender stores accounts in lower case"
                )
            if pattern.literals == ("-",) and pattern.shape is not Shape.WILDCARD:  # Windows' unknown account
                names.append(Pattern(()))
            if pattern.shape is Shape.ANY or not pattern.parts:
                names.append(pattern)
            elif pattern.shape is Shape.WILDCARD:
                parts.append(self._in_joined(pattern.to_sigma(), context))
            elif pattern.parts != ("-",):
                parts.append(self._domain_and_name(pattern, context))
        if names:
            parts.insert(0, text_item(self.name, dict.fromkeys(names), context.source))
        return any_of(parts)

    def _domain_and_name(self, pattern: Pattern, context: Context) -> Mapped:
        domain, backslash, name = pattern.literal.partition("\\")
        shape = pattern.shape
        if not backslash:
            if shape is Shape.EQUALS:
                of_sid = f"ask {self.sid}: '{pattern.literal}'"
                of_name = f"write '*\\{pattern.literal}', or |endswith: '\\{pattern.literal}'"
                raise FieldProblem(
                    "never-matches",
                    f"'{context.field}' is DOMAIN\\name; '{pattern.to_sigma()}' alone never equals it",
                    of_sid if pattern.literal.upper().startswith("S-1-") else of_name,
                )
            in_domain = text_item(self.domain, [pattern], context.source)
            in_name = text_item(self.name, [pattern], context.source)
            return {Shape.STARTSWITH: in_domain, Shape.ENDSWITH: in_name}.get(shape, any_of([in_domain, in_name]))
        if "\\" in name or (not name and shape in (Shape.EQUALS, Shape.ENDSWITH)):
            raise FieldProblem(
                "never-matches",
                f"'{context.field}' is DOMAIN\\name with one backslash; '{pattern.to_sigma()}' never fits",
            )
        open_left = shape in (Shape.CONTAINS, Shape.ENDSWITH)
        open_right = shape in (Shape.CONTAINS, Shape.STARTSWITH)
        name_like = Pattern.literal_of(Shape.STARTSWITH if open_right else Shape.EQUALS, name)
        domain_like = Pattern.literal_of(Shape.ENDSWITH if open_left else Shape.EQUALS, domain)
        asked = [
            text_item(column, [part], context.source)
            for column, part in ((self.name, name_like), (self.domain, domain_like))
            if part.shape is not Shape.ANY
        ]
        return all_of(asked) if asked else self.present(context)

    def empty(self, context: Context) -> Mapped:
        """No name."""
        return item(self.name, [SigmaNull()], context.source)

    def present(self, context: Context) -> Mapped:
        """A name."""
        return item(self.name, [SigmaExists(True)], context.source)

    def other(self, value: SigmaType, context: Context) -> Mapped:
        """A regex runs on domain and name joined."""
        if isinstance(value, SigmaRegularExpression):
            context.warn_of_case(self.name, value)
            return self._in_joined(value, context)
        return super().other(value, context)

    def _in_joined(self, value: SigmaType, context: Context) -> Mapped:
        """Domain and name joined, where there is a name: the backslash between them is none of a row's."""
        return all_of([self.present(context), item(self._joined, [value], context.source)])

    def equals_field(self, reference: SigmaFieldReference, context: Context) -> Mapped:
        """Another account: the same domain and the same name."""
        other = context.resolve(reference.field)
        if not isinstance(other, Account) or reference.starts_with or reference.ends_with:
            return super().equals_field(reference, context)
        return all_of(
            [
                item(self.name, [SigmaFieldReference(other.name)], context.source),
                item(self.domain, [SameOrNothing(other.domain)], context.source),
            ]
        )
