"""An event without the names of whose it is, fit to be shown to the world as a test case.

Every secret that :mod:`sigma_xdr.drafting.secrets` finds is replaced in every text of the event, consistently, in whatever
spelling: other case, quotation marks or carets in between, JSON and URL escapes, JSON within text, Base64 and hex of UTF-16 or
UTF-8. Where a text holds a secret in a form that can't be replaced exactly, the text is cut out and ``TODO`` stands there.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sigma_xdr.drafting.secrets import SID, Secrets, sid_bytes

__all__ = ["Redacted", "redacted"]

#: What stands where a text was cut out.
CUT = "TODO-removed"
#: A shorter secret is replaced where it stands by itself, a longer one also within words.
_LONG = 5
#: How deep text in text is followed, and how much compressed data is looked at, in bytes.
_DEEPEST, _UNPACKED = 6, 1_000_000
#: Columns whose values are Microsoft's words, not the event's.
_WORDS = frozenset(
    (
        *("actiontype", "logontype", "channel", "eventid", "providername", "provider_name", "protocol", "remoteiptype"),
        *("localiptype", "tokenelevationtype", "integritylevel", "accounttype", "eventtype", "task", "opcode", "level"),
    )
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{12,}={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}")
_BYTES_OF_SID = re.compile(r"\{\s*1(?:\s*,\s*[0-9]{1,3}){11,67}\s*\}")
_NOISE = r"[\"'^`+]*"


@dataclass(frozen=True)
class Redacted:
    """An event without its secrets. ``notes`` say, field by field, what was cut out and what a person should look at."""

    event: Any
    notes: tuple[str, ...]


def redacted(event: Any) -> Redacted:
    """An event, as plain data, with every name of a host, account or network replaced. Keys of mappings stay as they are."""
    secrets = Secrets()
    for path, text in _leaves(event, ()):
        secrets.look_at_field(path, text)
        for view in _views(text):
            secrets.look_at_text(path, view)
    redactor = _Redactor(secrets.replacements)
    clean = redactor.value(event, ())
    return Redacted(clean, tuple(dict.fromkeys(redactor.notes)))


# --------------------------------------------------------------------------------------------------------------- looking


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Every text of an event with the names that lead to it; what is JSON within a text as well as the text."""
    if isinstance(value, Mapping):
        named = value.get("@Name", value.get("Name")) if "#text" in value or "@Name" in value else None
        for key, each in value.items():
            is_data = key == "#text" and isinstance(named, str)
            yield from _leaves(each, (*path, named if is_data and named else str(key)))
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, path)
    elif isinstance(value, str):
        yield ".".join(path), value
        if (inner := _json_in(value)) is not None and len(path) < 20:
            yield from _leaves(inner, path)


def _json_in(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, (dict, list)) else None


def _views(text: str, depth: int = 0) -> Iterator[str]:
    """A text, and what it says without escapes and noise, and in what is encoded in it."""
    yield text
    plain = _unescaped(text)
    if plain != text:
        yield plain
    bare = re.sub(r"[\"'^`]", "", plain)
    if bare != plain:
        yield bare
    if depth < _DEEPEST:
        for _, decode in _CODECS:
            for data in decode(text):
                for said in (_text_of(data), _text_of(_unpacked(data))):
                    if said is not None:
                        yield from _views(said[0], depth + 1)


def _unescaped(text: str) -> str:
    r"""A text without ``\u0061``, ``%61`` and doubled backslashes."""
    text = re.sub(r"\\{1,16}u([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)), text)
    text = re.sub(r"%([2-7][0-9A-Fa-f])", lambda found: chr(int(found[1], 16)), text)
    return re.sub(
        r"\\{2,}", lambda found: "\\" * (2 if found.start() == 0 or not text[found.start() - 1].isalnum() else 1), text
    )


def _text_of(data: bytes | None) -> tuple[str, str] | None:
    """What bytes say, and the encoding, if they are text."""
    if not data:
        return None
    for encoding in ("utf-16-le", "utf-8"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(char.isprintable() or char in "\r\n\t" for char in text) and (encoding == "utf-8" or _is_latin(text)):
            return text, encoding
    return None


def _is_latin(text: str) -> bool:
    """Two bytes of anything are some character of the East: such a text is believed where most of it is of the West."""
    return sum(ord(char) < 0x250 for char in text) * 4 >= len(text) * 3


def _unpacked(data: bytes) -> bytes | None:
    for form in (31, -15, 15):
        try:
            unpacked = zlib.decompressobj(form).decompress(data, _UNPACKED)
        except zlib.error:
            continue
        if len(unpacked) > 8:
            return unpacked
    return None


def _base64_in(text: str) -> Iterator[bytes]:
    for found in _BASE64.finditer(text):
        for start in _starts(found[0]):
            if (data := _from_base64(found[0][start:])) is not None:
                yield data


def _starts(blob: str) -> Iterator[int]:
    """Where Base64 may begin: a slash is one of its characters, and stands before it in addresses and paths."""
    yield from range(min(4, len(blob)))
    for found in list(re.finditer("/", blob))[:16]:
        if found.end() > 3:
            yield found.end()


def _from_base64(blob: str) -> bytes | None:
    bare = blob.rstrip("=")
    bare = bare[: len(bare) - (len(bare) % 4 == 1)]
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _hex_in(text: str) -> Iterator[bytes]:
    for found in _HEX.finditer(text):
        yield bytes.fromhex(found[0])


_CODECS: tuple[tuple[re.Pattern[str], Callable[[str], Iterator[bytes]]], ...] = (
    (_BASE64, _base64_in),
    (_HEX, _hex_in),
)


# -------------------------------------------------------------------------------------------------------------- replacing


class _Redactor:
    """Replaces the secrets of one event."""

    def __init__(self, replacements: Mapping[str, str]) -> None:
        self.notes: list[str] = []
        ordered = sorted(replacements, key=lambda text: (-len(text), text))
        self._instead = [replacements[text] for text in ordered]
        self._pattern = (
            re.compile("|".join(f"({_loose(text)})" for text in ordered), re.IGNORECASE) if ordered else None
        )
        bare = {form for text in ordered for form in (text, text.upper(), text.capitalize()) if len(text) >= _LONG}
        self._bytes = [form.lower().encode(encoding) for form in bare for encoding in ("utf-8", "utf-16-le")]

    def value(self, value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, Mapping):
            return {key: self.value(each, (*path, str(key))) for key, each in value.items()}
        if isinstance(value, list):
            return [self.value(each, path) for each in value]
        if not isinstance(value, str) or (path and path[-1].lower() in _WORDS):
            return value
        clean = self.text(value, path, 0)
        if any(self._holds(view) for view in _views(clean)):
            self._cut(path)
            return CUT
        return clean

    def text(self, text: str, path: tuple[str, ...], depth: int) -> str:
        """A text without secrets, and without those in what is encoded in it."""
        if (inner := _json_in(text)) is not None and depth < _DEEPEST:
            return _as_json(text, self._inner(inner, path, depth + 1))
        text = _BYTES_OF_SID.sub(self._sid, text)
        if depth < _DEEPEST:
            text = _HEX.sub(lambda found: self._hex(found[0], path, depth), text)
            text = _BASE64.sub(lambda found: self._blob(found[0], path, depth), text)
        return self._plain(text)

    def _inner(self, value: Any, path: tuple[str, ...], depth: int) -> Any:
        if isinstance(value, dict):
            return {key: self._inner(each, (*path, str(key)), depth) for key, each in value.items()}
        if isinstance(value, list):
            return [self._inner(each, path, depth) for each in value]
        return self.text(value, path, depth) if isinstance(value, str) else value

    def _plain(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(self._replacement, text)

    def _replacement(self, found: re.Match[str]) -> str:
        instead = self._instead[(found.lastindex or 1) - 1]
        return instead.upper() if found[0].isupper() else instead.lower() if found[0].islower() else instead

    def _holds(self, text: str) -> bool:
        return self._pattern is not None and self._pattern.search(text) is not None

    def _sid(self, found: re.Match[str]) -> str:
        """A SID as MOF writes it, byte by byte."""
        numbers = [int(number) for number in re.findall(r"[0-9]+", found[0])]
        parts = numbers[8:]
        if max(numbers) > 255 or len(parts) != numbers[1] * 4:
            return found[0]
        subs = [int.from_bytes(bytes(parts[at : at + 4]), "little") for at in range(0, len(parts), 4)]
        text = "-".join(("S", "1", str(int.from_bytes(bytes(numbers[2:8]), "big")), *map(str, subs)))
        if not SID.fullmatch(text):
            return found[0]
        clean = self._plain(text)
        if clean == text:  # it stood nowhere else: the machine's part names nobody once it is another's
            clean = "-".join(("S-1-5-21-1111111111-2222222222-3333333333", *text.split("-")[7:]))
        return "{" + ", ".join(map(str, sid_bytes(clean))) + "}"

    def _hex(self, blob: str, path: tuple[str, ...], depth: int) -> str:
        data = bytes.fromhex(blob)
        if (said := _text_of(data)) is not None:
            clean = self.text(said[0], path, depth + 1)
            if clean != said[0]:
                instead = clean.encode(said[1]).hex()
                return instead.upper() if blob.upper() == blob else instead
        return self._unless_it_shows(blob, [data], path)

    def _blob(self, blob: str, path: tuple[str, ...], depth: int) -> str:
        """Base64 of text without its secrets, as Base64 again; what else holds one is cut out."""
        decoded = [(start, data) for start in _starts(blob) if (data := _from_base64(blob[start:])) is not None]
        for start, data in decoded:
            if (said := _text_of(data)) is None:
                continue
            clean = self.text(said[0], path, depth + 1)
            if clean != said[0]:
                instead = base64.b64encode(clean.encode(said[1])).decode()
                bare = instead if blob.endswith("=") or len(blob) % 4 == 0 else instead.rstrip("=")
                return self._plain(blob[:start]) + bare
        return self._unless_it_shows(blob, [data for _, data in decoded], path)

    def _unless_it_shows(self, blob: str, decoded: list[bytes], path: tuple[str, ...]) -> str:
        for data in decoded:
            for each in (data, _unpacked(data)):
                if each and any(secret in each.lower() for secret in self._bytes):
                    self._cut(path)
                    return CUT
        if len(blob) >= 100 and not re.fullmatch(r"[0-9A-Fa-f]+", blob) and decoded and _text_of(decoded[0]) is None:
            self.notes.append(f"{_name(path)}: holds encoded data that was left as it is: look into it")
        return blob

    def _cut(self, path: tuple[str, ...]) -> None:
        self.notes.append(f"{_name(path)}: held a name in a form that can't be replaced, and was cut out")


def _name(path: tuple[str, ...]) -> str:
    return ".".join(path) or "the event"


def _loose(text: str) -> str:
    """A pattern for a secret in whatever spelling."""
    between = _NOISE if len(text) > 3 else ""
    pattern = between.join(map(_character, text))
    if text[:1].isdecimal():
        pattern = f"(?<![0-9]){pattern}"
    if text[-1:].isdecimal():
        pattern = f"{pattern}(?![0-9])"
    if len(text) >= _LONG:
        return pattern
    begins = r"(?:(?<![^\W_])|(?<=\\[nrtbf])|(?<=\\u[0-9a-f]{4})|(?<=%[0-9a-f]{2}))"
    return rf"{begins}{pattern}(?![^\W_])"


def _character(char: str) -> str:
    codes = {ord(each) for each in (char, *char.lower(), *char.upper())}
    escapes = [rf"\\{{1,16}}u{code:04x}" for code in sorted(codes) if code < 0x10000]
    escapes += [f"%{code:02x}" for code in sorted(codes) if code < 0x80]
    plain = r"\\{1,16}" if char == "\\" else re.escape(char)
    return f"(?:{'|'.join((plain, *escapes))})"


def _as_json(original: str, value: Any) -> str:
    """Data as JSON text in the original's own style, where that is one of the usual ones."""
    styles: tuple[dict[str, Any], ...] = (
        {"ensure_ascii": False, "separators": (",", ":")},
        {"ensure_ascii": False},
        {"separators": (",", ":")},
        {},
        {"ensure_ascii": False, "indent": 2},
        {"ensure_ascii": False, "indent": 4},
    )
    before = json.loads(original)
    if value == before:
        return original
    style = next((style for style in styles if json.dumps(before, **style) == original), styles[0])
    return json.dumps(value, **style)
