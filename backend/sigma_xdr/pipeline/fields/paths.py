r"""Fields that hold the path of a file: Image, ParentImage, TargetFilename, ImageLoaded and their like.

Defender keeps a file's name in one column and its path in another. Which rows hold the name in the path as well is
different from table to table, and from year to year (public sample rows and hunting queries show both):

- ``whole``: the path column always ends with the file's name (FolderPath of process, file and image-load events).
- otherwise rows hold either the directory alone or the whole path (InitiatingProcessFolderPath; FolderPath in
  DeviceEvents). Every pattern is then put so that it holds in both kinds of row.

The file's name comes first where it decides alone: ``endswith '\x.exe'`` is the name ``x.exe``, which the term index serves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sigma.types import SigmaExists, SigmaFieldReference, SigmaNull, SigmaRegularExpression, SigmaType

from sigma_xdr.pipeline.fields.base import ColumnsMapping, Context, FieldProblem
from sigma_xdr.pipeline.items import Expression, Mapped, all_of, any_of, item, text_item
from sigma_xdr.pipeline.patterns import Pattern, Shape

__all__ = ["FileName", "FilePath"]


@dataclass(frozen=True)
class FilePath(ColumnsMapping):
    """A file's path in a column for its name and one for its path.

    ``lower_case``: Defender stores both in lower case, so ``cased`` can't be answered.
    """

    name: str
    path: str
    whole: bool
    lower_case: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Name and path."""
        return (self.name, self.path)

    def key(self, context: Context) -> str:
        """The file's name: the one part that all rows hold alike."""
        return self.name

    def text(self, patterns: Sequence[Pattern], context: Context) -> Mapped:
        """Names together, then paths."""
        if self.lower_case and any(pattern.cased for pattern in patterns):
            raise FieldProblem(
                "lost-case", f"'{context.field}' can't be cased: Defender stores {self.path} in lower case"
            )
        names: list[Pattern] = []
        paths: list[Pattern] = []
        bare: list[Pattern] = []
        for pattern in patterns:
            name = _name_alone(pattern)
            if name is None:
                paths.append(pattern)
            elif pattern.shape is Shape.EQUALS and pattern.parts:
                bare.append(pattern)
            else:
                names.append(name)
        parts: list[Mapped] = [text_item(self.name, names, context.source)] if names else []
        if bare:
            no_path = any_of(
                [item(self.path, [SigmaNull()], context.source), text_item(self.path, bare, context.source)]
            )
            parts.append(all_of([text_item(self.name, bare, context.source), no_path]))
        if paths and self.whole:
            parts.append(text_item(self.path, paths, context.source))
        elif paths:
            parts += self._either(paths, context)
        return any_of(parts)

    def _either(self, patterns: Sequence[Pattern], context: Context) -> list[Mapped]:
        """The patterns in rows that hold the whole path and in rows that hold the directory alone."""
        anywhere: list[Pattern] = []
        in_name: list[Pattern] = []
        split: list[Mapped] = []
        built: list[Pattern] = []
        pathless: list[Pattern] = []
        for pattern in patterns:
            directory, _, name = pattern.literal.rpartition("\\")
            cut = _CUTS.get(pattern.shape)
            if cut is None:
                built.append(pattern)
            elif "\\" not in pattern.literal:
                anywhere.append(pattern)
                if pattern.shape is Shape.CONTAINS:
                    in_name.append(pattern)
                elif ":" not in pattern.literal:
                    pathless.append(pattern)
            else:
                whole, parts = cut(pattern, directory, name)
                anywhere += whole
                split += [self._directory_and_name(*part, context) for part in parts]
        result: list[Mapped] = []
        if in_name:
            result.append(text_item(self.name, in_name, context.source))
        if anywhere:
            result.append(text_item(self.path, anywhere, context.source))
        result += split
        if pathless:
            no_path = item(self.path, [SigmaNull()], context.source)
            result.append(all_of([text_item(self.name, pathless, context.source), no_path]))
        if built:
            result.append(text_item(self._built, built, context.source))
        return result

    def _directory_and_name(self, directories: tuple[Pattern, ...], name: Pattern, context: Context) -> Mapped:
        parts: list[Mapped] = [text_item(self.name, [name], context.source)]
        if directories:
            parts.append(text_item(self.path, directories, context.source))
        return all_of(parts)

    @property
    def _built(self) -> Expression:
        """The whole path in either kind of row, as an expression: for what plain operators can't split."""
        if self.whole:
            return Expression(self.path)
        return Expression(
            f'case(isempty({self.path}), {self.name}, {self.path} endswith strcat("\\\\", {self.name}), {self.path}, '
            f'strcat({self.path}, "\\\\", {self.name}))'
        )

    def empty(self, context: Context) -> Mapped:
        """No name."""
        return item(self.name, [SigmaNull()], context.source)

    def present(self, context: Context) -> Mapped:
        """A name."""
        return item(self.name, [SigmaExists(True)], context.source)

    def other(self, value: SigmaType, context: Context) -> Mapped:
        """A regex runs on the whole path."""
        if isinstance(value, SigmaRegularExpression):
            if self.lower_case:
                context.warn_of_case(self.path, value)
            return item(self.path if self.whole else self._built, [value], context.source)
        return super().other(value, context)

    def equals_field(self, reference: SigmaFieldReference, context: Context) -> Mapped:
        """Another path."""
        other = context.resolve(reference.field)
        if not isinstance(other, FilePath):
            return super().equals_field(reference, context)
        value = SigmaFieldReference(
            other.path if other.whole else other._built, reference.starts_with, reference.ends_with
        )
        return item(self.path if self.whole else self._built, [value], context.source)


@dataclass(frozen=True)
class FileName(ColumnsMapping):
    """A field that is a path in Windows' records and a bare file name in Defender's: a grandparent's image."""

    name: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The name."""
        return (self.name,)

    def key(self, context: Context) -> str:
        """The name."""
        return self.name

    def text(self, patterns: Sequence[Pattern], context: Context) -> Mapped:
        """Only what asks for a name can be answered."""
        names = [_name_alone(pattern) for pattern in patterns]
        for pattern, name in zip(patterns, names, strict=True):
            if name is None:
                raise FieldProblem(
                    "path-of-name",
                    f"'{context.field}' is a bare file name in Defender ({self.name}); "
                    f"'{pattern.to_sigma()}' asks for its path",
                    r"ask for the name: |endswith: '\name.exe'",
                )
        return text_item(self.name, [name for name in names if name is not None], context.source)

    def empty(self, context: Context) -> Mapped:
        """No name."""
        return item(self.name, [SigmaNull()], context.source)

    def present(self, context: Context) -> Mapped:
        """A name."""
        return item(self.name, [SigmaExists(True)], context.source)


def _name_alone(pattern: Pattern) -> Pattern | None:
    r"""What the pattern asks of the file's name, where that decides alone; None where the path is needed.

    ``*\x.exe`` is the name ``x.exe``; ``*x.exe`` a name that ends so; a value without any backslash or wildcard is a
    process that has no path (``System``): where there is a path column, the caller asks for that too.
    """
    literal = pattern.literal
    if pattern.shape is Shape.ENDSWITH and literal.startswith("\\") and "\\" not in literal[1:] and literal[1:]:
        return Pattern((literal[1:],), pattern.cased)
    if pattern.shape is Shape.ANY or (pattern.shape in (Shape.ENDSWITH, Shape.EQUALS) and "\\" not in literal):
        return pattern
    return None


# How a pattern with a backslash reads in rows that hold the whole path or the directory alone: what to ask of the path
# column by itself, and pairs of what to ask of the path column (any of these) and of the name. A name holds no
# backslash, so the last one of the pattern is the only place where directory and name can meet.
_Part = tuple[tuple[Pattern, ...], Pattern]
_Cut = tuple[list[Pattern], list[_Part]]


def _cut_equals(pattern: Pattern, directory: str, name: str) -> _Cut:
    both = (pattern, Pattern((directory,), pattern.cased)) if directory else (pattern,)
    return ([], [(both, Pattern((name,), pattern.cased))]) if name else ([pattern], [])


def _cut_startswith(pattern: Pattern, directory: str, name: str) -> _Cut:
    if not directory:
        return [pattern], []
    start = Pattern.literal_of(Shape.STARTSWITH, name, pattern.cased) if name else None
    alone = Pattern((directory,), pattern.cased)
    return ([pattern], [((alone,), start)]) if start else ([pattern, alone], [])


def _cut_endswith(pattern: Pattern, directory: str, name: str) -> _Cut:
    both = (pattern, Pattern.literal_of(Shape.ENDSWITH, directory, pattern.cased))
    return ([], [(both, Pattern((name,), pattern.cased))]) if name else ([pattern], [])


def _cut_contains(pattern: Pattern, directory: str, name: str) -> _Cut:
    ends = Pattern.literal_of(Shape.ENDSWITH, directory, pattern.cased)
    if not name:
        return ([pattern, ends], []) if directory else ([pattern], [])
    start = Pattern.literal_of(Shape.STARTSWITH, name, pattern.cased)
    return [pattern], [((ends,), start)] if directory else [((), start)]


_CUTS: dict[Shape, Callable[[Pattern, str, str], _Cut]] = {
    Shape.EQUALS: _cut_equals,
    Shape.STARTSWITH: _cut_startswith,
    Shape.ENDSWITH: _cut_endswith,
    Shape.CONTAINS: _cut_contains,
}
