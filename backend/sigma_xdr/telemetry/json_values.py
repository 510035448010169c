"""JSON to Python data, fast, and the same whichever of two parsers reads it.

orjson reads what is plain JSON. What it refuses the standard library reads: ``NaN``, halves of surrogate pairs, bytes that are
no UTF-8 (they become U+FFFD), numbers beyond a double (they are infinite). Whole numbers of more than 64 bits are floats: orjson
makes them so, and no event has any.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from sigma_xdr.telemetry.formats import BLANKS

__all__ = ["DECODER", "NotJson", "json_of"]

_LONG, _UNSIGNED = -(2**63), 2**64


class NotJson(ValueError):
    """Why bytes are no JSON."""

    @classmethod
    def of(cls, error: ValueError | RecursionError) -> NotJson:
        """The reason that a parser's error gives."""
        if isinstance(error, RecursionError):
            return cls("the JSON nests too deep")
        return cls(f"the record is no JSON: {error.msg if isinstance(error, json.JSONDecodeError) else error}")


def json_of(data: bytes) -> Any:
    """The one document that the bytes hold. Raises NotJson."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    text = data.decode("utf-8", "replace").strip("\ufeff" + BLANKS.decode())
    try:
        return DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise NotJson.of(error) from None


def _integer(digits: str) -> int | float:
    if len(digits) < 19:
        return int(digits)
    return float(digits) if len(digits) > 20 or not _LONG <= int(digits) < _UNSIGNED else int(digits)


#: The standard library's decoder, with orjson's numbers.
DECODER = json.JSONDecoder(parse_int=_integer)
