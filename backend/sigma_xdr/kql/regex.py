r"""Regular expressions that Kusto and the local engines read alike.

Kusto runs the syntax of Rust's regex crate (Microsoft's documentation, "Regex syntax"); DuckDB and the evaluator run
RE2. Both have to compile a pattern here, and what only looks the same is refused before: ``\<`` is the start of a word
in Kusto and a plain ``<`` in RE2, ``[a&&b]`` an intersection in one and three characters in the other.

Three differences stay, because ruling them out would rule out most patterns: ``\d``, ``\w``, ``\s`` and ``\b`` know
Unicode in Kusto and ASCII in RE2 (where ``\s`` has no vertical tab either); ``\p{…}`` follows the engine's version of
Unicode; and ``$`` is the very end of the text in both, while Python, and with it pySigma's check of the rule, would let
a newline follow.
"""

from __future__ import annotations

import re

import re2

__all__ = ["RegexProblem", "check_kusto_regex", "escape_regex", "finds_empty_text"]

#: Capture groups that Kusto takes at most (Microsoft's documentation of ``matches regex``).
_MAX_GROUPS = 16

_METACHARACTERS = frozenset(r"\.+*?()|[]{}^$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\xa0\xad]")
_LETTERS = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

_QUIET = re2.Options()
_QUIET.log_errors = False


class RegexProblem(ValueError):
    """A pattern that Kusto and RE2 don't both read, or not alike.

    ``message`` is one sentence without a full stop, ``offset`` the 0-based place in the pattern or None, ``hint`` what
    to do, or None.
    """

    def __init__(self, message: str, offset: int | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


def check_kusto_regex(pattern: str) -> None:
    """Raise RegexProblem unless Kusto's engine and RE2 both compile ``pattern`` and read it alike."""
    _check_characters(pattern)
    _check_constructs(pattern)
    _check_with_rust(pattern)
    _check_with_re2(pattern)


def escape_regex(text: str) -> str:
    r"""A pattern that finds ``text`` itself in Rust's syntax, RE2's and Python's.

    ASCII metacharacters get a backslash, what can't be seen up to U+00FF becomes ``\n`` or ``\xNN``, the rest stays.
    """
    return "".join(_escaped(char) for char in text)


def finds_empty_text(pattern: str) -> bool:
    """Whether a pattern that both engines compile is found in the empty text."""
    return re2.compile(pattern, _QUIET).search("") is not None


def _escaped(char: str) -> str:
    if char in _METACHARACTERS:
        return "\\" + char
    return _LETTERS.get(char, f"\\x{ord(char):02x}") if _CONTROL.match(char) else char


def _check_characters(pattern: str) -> None:
    if found := _CONTROL.search(pattern):
        code = ord(found[0])
        message = f"the pattern holds an invisible character, U+{code:04X}"
        raise RegexProblem(message, found.start(), f"write it as {_escaped(found[0])}")
    try:
        pattern.encode()
    except UnicodeEncodeError as error:
        raise RegexProblem("the pattern holds half a character (a lone surrogate)", error.start) from None


# ------------------------------------------------------------------------------------- constructs that read differently

#: What a token does to the reading: nothing, begin a character class, end it.
_PLAIN, _OPEN, _CLOSE = "plain", "open", "close"

_COUNT = r"\{(?:0|[1-9][0-9]*)(?:,(?:0|[1-9][0-9]*)?)?\}"
_NO_LOOK_AROUND = "say it with a second condition of the rule, such as a filter"
_WRITE_CHARACTER = r"write the character itself, or \xNN up to \xff"

#: Token, why it is refused (or what it does), the way out. The first row that fits wins; ``{}`` stands for the token.
_ESCAPES = (
    (r"\\[<>]", "'{}' is the edge of a word in Kusto and a plain character elsewhere", "leave the backslash out"),
    (r"\\[QE]", r"quoting with \Q and \E isn't known to Kusto", "put a backslash before each metacharacter"),
    (r"\\C", "'{}', a single byte, isn't known to Kusto", None),
    (r"\\Z", "'{}' isn't known to Kusto", "write $"),
    (r"\\[uUN]", "'{}' isn't known to RE2", _WRITE_CHARACTER),
    (r"\\[kg]", "'{}' refers back to a group, which Kusto can't", None),
    (r"\\[pP](?:C|\{C\})", "'{}' holds unassigned characters in Kusto, none in RE2", r"name its parts: \p{Cc}, \p{Cf}"),
    (r"\\[pPx]\{[^}]*\}", _PLAIN, None),
    (r"\\[AaBbDdfnPprSstvWwxz]", _PLAIN, None),
    (r"\\[A-Za-z]", "the escape '{}' has no meaning", "leave the backslash out"),
    (r"\\[^\x00-\x7f]", "'{}' needs no backslash, and Kusto refuses it", "leave the backslash out"),
    (r"\\?.", _PLAIN, None),
)
_OUTSIDE_CLASS = (
    (r"[^\\\[({*+?]+", _PLAIN, None),
    (r"\[\^?\]-", "a class that begins with the range '{}' is read in two ways", r"escape the bracket: \]"),
    (r"\[\^?\]?", _OPEN, None),
    (r"\(\?<?[=!]", "look-around, '{}', isn't known to Kusto", _NO_LOOK_AROUND),
    (r"\(\?>", "an atomic group, '{}', isn't known to Kusto", "write (?:"),
    (r"\(\?#", "a comment, '{}', isn't known to Kusto", "leave it out"),
    (r"\(\?\(", "a conditional, '{}', isn't known to Kusto", None),
    (r"\(\?P=", "'{}' refers back to a group, which Kusto can't", None),
    (r"\(\?(?:P>|&|R\)|[0-9])", "recursion, '{}', isn't known to Kusto", None),
    (r"\(\?'", "a group named in quotes isn't known to Kusto", "write (?P<name>…)"),
    (r"\(\?[ims]*(?:-[ims]+)?[:)]", _PLAIN, None),
    (r"\(\?[A-Za-z-]+[:)]", "Kusto and RE2 share only the flags i, m and s; this has '{}'", "leave the others out"),
    (rf"(?:[*+?]|{_COUNT})\+", "possessive repetition, '{}', isn't known to RE2", "leave the second + out"),
    (_COUNT, _PLAIN, None),
    (r"\{,[0-9]+\}", "'{}' isn't known to Kusto", "write the least count too: {0,…}"),
    (r"\{", "this '{' begins no count as Kusto writes it", r"write {n}, {n,} or {n,m}, or escape it: \{"),
    (r"\\[0-9]+", "'{}' is a back-reference or an octal escape; Kusto knows neither", r"write a character as \xNN"),
    (r"\\b\{", r"'{}' begins a special boundary in Kusto", r"escape the brace: \b\{"),
    *_ESCAPES,
)
_INSIDE_CLASS = (
    (r"[^\\\[\]&~-]+", _PLAIN, None),
    (r"\]", _CLOSE, None),
    (r"\[:\^?[a-z]+:\]", _PLAIN, None),
    (r"\[", "a '[' inside a class begins a nested class in Kusto", r"escape it: \["),
    (r"&&|--|~~", "'{}' inside a class is an operation on sets in Kusto", "escape the second character"),
    (r"\\b", "'{}' inside a class isn't known to Kusto", r"write \x08 for a backspace"),
    (r"\\[0-9]+", "the octal escape '{}' isn't known to Kusto", r"write \xNN"),
    *_ESCAPES,
)


def _compiled(rows: tuple[tuple[str, str, str | None], ...]) -> tuple[tuple[re.Pattern[str], str, str | None], ...]:
    return tuple((re.compile(token, re.DOTALL), meaning, hint) for token, meaning, hint in rows)


_TOKENS = {False: _compiled(_OUTSIDE_CLASS), True: _compiled(_INSIDE_CLASS)}


def _check_constructs(pattern: str) -> None:
    """Walk the pattern token by token; the last row of each table takes any character, so that every step moves on."""
    offset, in_class = 0, False
    while offset < len(pattern):
        token, meaning, hint = next(
            (found[0], meaning, hint)
            for regex, meaning, hint in _TOKENS[in_class]
            if (found := regex.match(pattern, offset)) is not None
        )
        if meaning not in (_PLAIN, _OPEN, _CLOSE):
            raise RegexProblem(meaning.replace("{}", token), offset, hint)
        in_class = meaning == _OPEN or (in_class and meaning != _CLOSE)
        offset += len(token)


# --------------------------------------------------------------------------------------------------------- real engines


def _check_with_rust(pattern: str) -> None:
    """Compile with the regex crate itself, which pydantic-core carries for its ``pattern`` constraint."""
    from pydantic_core import SchemaError, SchemaValidator  # 50 ms that a run without regexes need not pay

    try:
        SchemaValidator({"type": "str", "pattern": pattern})
    except SchemaError as error:
        # "…regex parse error:\n    <pattern>\n    ^^\nerror: <why>", or one line about the size.
        lines = str(error).splitlines()
        why = lines[-1].removeprefix("error: ").removeprefix("  SchemaError: ").rstrip(".")
        offset = lines[-2].index("^") - 4 if lines[-1].startswith("error: ") else None
        raise RegexProblem(f"Kusto's regex engine refuses it: {why}", offset) from None


def _check_with_re2(pattern: str) -> None:
    try:
        groups: int = re2.compile(pattern, _QUIET).groups
    except re2.error as error:
        why = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        hint = "repeat at most 1,000 times, nested repetitions multiplied" if "repetition size" in why else None
        raise RegexProblem(f"RE2, which runs the query locally, refuses it: {why}", None, hint) from None
    if groups > _MAX_GROUPS:
        message = f"the pattern has {groups} capture groups, Kusto takes {_MAX_GROUPS}"
        raise RegexProblem(message, None, "write (?: for groups that only group")
