"""What a row will show in a field, told from the record without making the row.

Most records are no rule's business, and a row is dear to make. For the events that come most, these are the fields whose text
follows from one or two of the record's own, by the functions that the mapping itself uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import unescape

from sigma_xdr.schema import xdr_schema
from sigma_xdr.telemetry.scalars import text_of
from sigma_xdr.telemetry.shapes import NOT_WRITTEN
from sigma_xdr.telemetry.values import known, name_of, sound, without_directory

__all__ = ["ABOVE", "FORETOLD", "Foretelling", "Foretold", "written"]


#: A column that only other records fill: it is known when it is the record's turn (see ``mapper.Wanted``).
ABOVE = "InitiatingProcessParentFileName"


@dataclass(frozen=True)
class Foretold:
    """A field of a row's view, or a column, as far as its record tells.

    ``fields`` are the record's fields that it is made of, by :meth:`texts`. ``is_sure`` says that without them it is nothing;
    otherwise other records may fill it.
    """

    fields: tuple[str, ...]
    made: Callable[..., str]
    is_sure: bool

    def texts(self, *given: Any) -> Iterator[str] | None:
        """The texts of which the row shows one, given the record's fields; None: it may show anything.

        Some collectors leave text as XML escapes it, so it may be either.
        """
        first = given[0] if given else None
        if not isinstance(first, str):
            return iter(()) if first is None and self.is_sure else None
        if not known(first):
            return iter(()) if self.is_sure else None
        return self._each([text_of(value) for value in given])

    def plain(self, given: Sequence[Any]) -> str | None:
        """The only text, where that is plain to see: what :meth:`texts` says of nearly all records, sooner."""
        for value in given:
            if type(value) is not str or "&" in value or not value.isascii() or len(value) < 2:
                return None
        return self.made(*given) if given else None

    def _each(self, given: list[str]) -> Iterator[str]:
        yield self._sound(given)
        if any("&" in text for text in given):
            yield self._sound([unescape(text, {"&quot;": '"', "&apos;": "'"}) for text in given])

    def _sound(self, given: list[str]) -> str:
        text = self.made(*given)
        return text if text.isascii() else str(sound({"": text}).get("", ""))


def _same(text: str) -> str:
    return text


class Written(Foretold):
    """A record's own field, as rules see it that are asked of the record itself."""

    def texts(self, *given: Any) -> Iterator[str] | None:
        """The texts of which the record shows one; None: it may show anything."""
        [value] = given
        if value is None:
            return iter(())
        if type(value) is not str:
            return None
        return iter((value, unescape(value, {"&quot;": '"', "&apos;": "'"})) if "&" in value else (value,))

    def plain(self, given: Sequence[Any]) -> str | None:
        """The only text, where that is plain to see."""
        [value] = given
        return value if type(value) is str and "&" not in value else None


def written(names: Iterable[str]) -> Mapping[str, Foretold]:
    """Those of a record's fields that stand on its surface (see ``Record.surface``) as the record shows them."""
    return {name: Written((name,), _same, True) for name in names if name not in NOT_WRITTEN}


def _path(names: str, field: str) -> Mapping[str, Foretold]:
    """The path of what the row is about, under the names that it has as a whole; the last of the names has the file's alone."""
    *whole, short = names.split()
    foretold = dict.fromkeys(whole, Foretold((field,), _same, True))
    return {**foretold, short: Foretold((field,), name_of, True)}


def _initiating(names: str, field: str) -> Mapping[str, Foretold]:
    """The same of the process that acts: its path is in lower case, and other records may tell it."""
    *whole, short = names.split()
    foretold = dict.fromkeys(whole, Foretold((field,), str.lower, False))
    return {**foretold, short: Foretold((field,), name_of, False)}


def _line(names: str, field: str, image: str, is_sure: bool) -> Mapping[str, Foretold]:
    """A command line."""
    return dict.fromkeys(names.split(), Foretold((field, image), without_directory, is_sure))


_ACTING = "Image InitiatingProcessFolderPath InitiatingProcessFileName"
_PARENT = "ParentImage InitiatingProcessFolderPath InitiatingProcessFileName"
_VERSIONS = {
    "OriginalFileName": "ProcessVersionInfoOriginalFileName",
    "Description": "ProcessVersionInfoFileDescription",
    "Product": "ProcessVersionInfoProductName",
    "Company": "ProcessVersionInfoCompanyName",
}


@dataclass(frozen=True)
class Foretelling:
    """The row of a kind of records: its table and ActionType, and the fields that are foretold.

    ``besides`` are rows that there may be beside it: table, ActionType, and a field with the text that it then holds.
    """

    table: str
    action: str
    fields: Mapping[str, Foretold]
    besides: tuple[tuple[str, str, str, str], ...] = ()

    def names_on(self, logsource: Mapping[str, Any]) -> frozenset[str]:
        """The names of those fields that rules on a log source of the row see: on Defender's own tables the columns."""
        if str(logsource.get("service") or "").lower() != "defender-xdr":
            return frozenset(self.fields)
        return frozenset(self.fields.keys() & xdr_schema().table(self.table).columns.keys())


_BY_WMI = ("DeviceEvents", "ProcessCreatedUsingWmiQuery", "InitiatingProcessFileName", "wmiprvse.exe")

#: By a record's log and id.
FORETOLD: Mapping[tuple[str, int], Foretelling] = {
    ("sysmon", 1): Foretelling(
        "DeviceProcessEvents",
        "ProcessCreated",
        {
            **_path("Image FolderPath FileName", "Image"),
            **_line("CommandLine ProcessCommandLine", "CommandLine", "Image", True),
            **_initiating(_PARENT, "ParentImage"),
            **_line("ParentCommandLine InitiatingProcessCommandLine", "ParentCommandLine", "ParentImage", False),
            **{
                name: Foretold((field,), _same, True) for field, column in _VERSIONS.items() for name in (field, column)
            },
        },
        (_BY_WMI,),
    ),
    ("security", 4688): Foretelling(
        "DeviceProcessEvents",
        "ProcessCreated",
        {
            **_path("Image FolderPath FileName", "NewProcessName"),
            **_line("CommandLine ProcessCommandLine", "CommandLine", "NewProcessName", True),
            **_initiating(_PARENT, "ParentProcessName"),
            **{name: Foretold((), _same, True) for names in _VERSIONS.items() for name in names},
        },
        (_BY_WMI,),
    ),
    ("sysmon", 7): Foretelling(
        "DeviceImageLoadEvents",
        "ImageLoaded",
        {**_path("ImageLoaded FolderPath FileName", "ImageLoaded"), **_initiating(_ACTING, "Image")},
    ),
    ("sysmon", 11): Foretelling(
        "DeviceFileEvents",
        "FileCreated",
        {**_path("TargetFilename FolderPath FileName", "TargetFilename"), **_initiating(_ACTING, "Image")},
    ),
}
