from __future__ import annotations

import itertools
import re

from sigma.types import SigmaString

from sigma_xdr.review.lints.wildcards import covers, glob_of


def matches(pattern: str, text: str) -> bool:
    parts = {"*": ".*", "?": "."}
    return re.fullmatch("".join(parts.get(char, re.escape(char)) for char in pattern), text, re.DOTALL) is not None


def test_what_covers_another_finds_all_that_it_finds_and_what_does_not_misses_something() -> None:
    """Against brute force: every pattern and every text up to a length, over two letters and both wildcards."""
    patterns = ["".join(chars) for length in range(5) for chars in itertools.product("ab*?", repeat=length)]
    texts = ["".join(chars) for length in range(6) for chars in itertools.product("abc", repeat=length)]
    patterns = patterns[::7]
    finds = {pattern: {text for text in texts if matches(pattern, text)} for pattern in patterns}
    globs = {pattern: glob_of(SigmaString(pattern), True) for pattern in patterns}
    for general, special in itertools.product(patterns, repeat=2):
        if covers(globs[general], globs[special]):
            assert finds[special] <= finds[general], (general, special)


def test_case_is_folded_as_far_as_every_engine_folds_it() -> None:
    assert covers(glob_of(SigmaString("*WMIC*"), False), glob_of(SigmaString("xwmicx"), False))
    assert not covers(glob_of(SigmaString("*WMIC*"), True), glob_of(SigmaString("xwmicx"), True))
    assert not covers(glob_of(SigmaString("Ä"), False), glob_of(SigmaString("ä"), False))


def test_a_pattern_made_to_be_slow_is_not() -> None:
    slow = glob_of(SigmaString("*a" * 2_000 + "b"), False)
    assert not covers(slow, glob_of(SigmaString("a" * 4_000), False))
