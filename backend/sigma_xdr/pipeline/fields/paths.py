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

from sigma.conditions import ConditionAND
from sigma.types import SigmaExists, SigmaFieldReference, SigmaNull, SigmaRegularExpression, SigmaType

from sigma_xdr.pipeline.fields.base import ColumnsMapping, Context, FieldProblem
from sigma_xdr.pipeline.items import Expression, Mapped, NegatedDetection, all_of, any_of, item, text_item
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
        for pattern in patterns:
            cut = _CUTS[pattern.shape](pattern) if pattern.shape in _CUTS else None
            if cut is None:
                built.append(pattern)
                continue
            anywhere += cut.path
            in_name += cut.name
            split += [self._directory_and_name(part, context) for part in cut.parts]
        result: list[Mapped] = []
        if in_name:
            result.append(text_item(self.name, in_name, context.source))
        if anywhere:
            result.append(text_item(self.path, anywhere, context.source))
        result += split
        if built:
            result.append(text_item(self._built, built, context.source))
        return result

    def _directory_and_name(self, part: _Part, context: Context) -> Mapped:
        asked: list[Mapped] = [text_item(self.path, part.path, context.source)]
        if part.name is not None:
            asked.insert(0, text_item(self.name, [part.name], context.source))
        if part.not_name is not None:
            unlike = text_item(self.name, [part.not_name], context.source)
            asked.append(NegatedDetection([unlike], context.source, ConditionAND))
        return all_of(asked)

    @property
    def _built(self) -> Expression:
        """The whole path in either kind of row, as an expression: for what plain operators can't split."""
        if self.whole:
            return Expression(self.path)
        return Expression(
            f"case(isempty({self.path}), {self.name}, "
            f'strcat("\\\\", {self.path}) endswith strcat("\\\\", {self.name}), {self.path}, '
            f'strcat({self.path}, iff({self.path} endswith "\\\\", "", "\\\\"), {self.name}))'
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


# --------------------------------------------------------------------------- the whole path, or the directory and the name


@dataclass(frozen=True)
class _Part:
    """The path column fits any of these, the name this one, and isn't that one."""

    path: tuple[Pattern, ...]
    name: Pattern | None = None
    not_name: str | None = None


@dataclass(frozen=True)
class _Cut:
    """What a pattern asks of the path column, or of the name, or of both: at least one has to hold.

    It reads alike whether the path column holds the whole path or the directory alone. A name holds no backslash, so the
    pattern's last one is the only place where directory and name can meet. A path that ends in the row's own name is a
    whole one: where the pattern's directory could be taken for that, ``not_name`` keeps them apart.
    """

    path: tuple[Pattern, ...] = ()
    name: tuple[Pattern, ...] = ()
    parts: tuple[_Part, ...] = ()


def _cut_equals(pattern: Pattern) -> _Cut | None:
    directory, _, name = pattern.literal.rpartition("\\")
    if not name and pattern.literal:
        return None  # no file's path, but a directory alone may be written so
    if not directory:
        return _Cut(path=(pattern,))
    if _last(directory).lower() == name.lower():
        return None
    alone = _alone(Shape.EQUALS, directory, pattern.cased)
    return _Cut(parts=(_Part((pattern, *alone), Pattern((name,), pattern.cased)),))


def _cut_startswith(pattern: Pattern) -> _Cut | None:
    directory, _, name = pattern.literal.rpartition("\\")
    last = _last(directory)
    alone = _alone(Shape.EQUALS, directory, pattern.cased)
    if not last:
        pathless = (_Part((Pattern(()),), pattern),) if "\\" not in pattern.literal and ":" not in name else ()
        return _Cut(path=(pattern,), parts=pathless)
    if not name and ":" in last:
        return _Cut(path=(pattern, alone[0]))
    start = Pattern.literal_of(Shape.STARTSWITH, name, pattern.cased) if name else None
    taken = last.lower().startswith(name.lower())
    return _Cut(path=(pattern,), parts=(_Part(alone, start, last if taken else None),))


def _cut_endswith(pattern: Pattern) -> _Cut | None:
    directory, _, name = pattern.literal.rpartition("\\")
    last = _last(directory)
    if not name or not last:
        return _Cut(path=(pattern,))
    if name.lower() == last.lower() or ("\\" not in directory and name.lower().endswith(last.lower())):
        return None
    ends = _alone(Shape.ENDSWITH, directory, pattern.cased)
    return _Cut(parts=(_Part((pattern, *ends), Pattern((name,), pattern.cased)),))


def _cut_contains(pattern: Pattern) -> _Cut | None:
    directory, backslash, name = pattern.literal.rpartition("\\")
    if not backslash:
        return _Cut(path=(pattern,), name=(pattern,))
    start = Pattern.literal_of(Shape.STARTSWITH, name, pattern.cased) if name else None
    if not directory:
        return _Cut(path=(pattern,), name=(start,) if start else ())
    last = _last(directory)
    if not last:
        return _Cut(path=(pattern,))
    if "\\" not in directory and ":" not in directory:
        return None
    ends = _alone(Shape.ENDSWITH, directory, pattern.cased)
    taken = last.lower().startswith(name.lower()) and ":" not in last
    return _Cut(path=(pattern,), parts=(_Part(ends, start, last if taken else None),))


def _alone(shape: Shape, directory: str, cased: bool) -> tuple[Pattern, ...]:
    """A directory by itself; of a drive's root nobody has shown whether rows had its backslash."""
    written = (directory, directory + "\\") if directory.endswith(":") else (directory,)
    return tuple(Pattern.literal_of(shape, text, cased) for text in written)


def _last(directory: str) -> str:
    """The last part of a directory."""
    return directory.rpartition("\\")[2]


_CUTS: dict[Shape, Callable[[Pattern], _Cut | None]] = {
    Shape.EQUALS: _cut_equals,
    Shape.STARTSWITH: _cut_startswith,
    Shape.ENDSWITH: _cut_endswith,
    Shape.CONTAINS: _cut_contains,
}
