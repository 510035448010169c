"""The language service itself: that it is Microsoft's, unchanged in what it says, and what happens where it is missing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from py_mini_racer import MiniRacer

from sigma_xdr.errors import CheckerUnavailable
from sigma_xdr.kql.checker import KqlChecker
from sigma_xdr.kql.checker import service as module
from sigma_xdr.kql.checker.service import LanguageService, OutlineFailed
from sigma_xdr.schema import xdr_schema

UNTOUCHED = """
const tables = TABLES.map(([name, columns]) => Kusto.Language.Symbols.TableSymbol.From(
    "(" + columns.map(([column, type]) => `['${column}']:${type}`).join(",") + ")").WithName(name));
const globals = Kusto.Language.GlobalState.Default.WithDatabase(
    new Kusto.Language.Symbols.DatabaseSymbol.ctor("AdvancedHunting", tables));
const all = (list) => (list ? System.Linq.Enumerable.from(list, System.Object).ToArray(System.Object) : []);
function answer(text) {
    const code = Kusto.Language.KustoCode.ParseAndAnalyze(text, globals);
    return JSON.stringify([
        all(code.GetDiagnostics()).map((d) => [d.Code, d.Severity, d.Message, d.Start, d.Length]),
        all(code.ResultType && code.ResultType.Columns).map((c) => [c.Name, c.Type.Name])]);
}
0;
"""
NESTED = [
    "(" * 400 + "Nosuch" + ")" * 400,
    "(" * 600 + "1" + ")" * 600,
    "not(" * 100 + "FileName" + ")" * 100,
    "((" * 200,
]
QUERIES = [
    *(f"DeviceEvents | where {nested}" for nested in NESTED),
    'DeviceEvents | where FileName has_any ("a", "b") or FolderPath startswith @"c:\\" | project Timestamp, DeviceId',
    "DeviceEvents | summarize arg_max(Timestamp, *) by DeviceId | top 5 by Timestamp",
    "DeviceEvents | join kind=inner hint.strategy=shuffle (DeviceInfo | where Nosuch) on DeviceId, $left.A == $right.B",
    "let F = (a: string, b: long = 5) { DeviceEvents | where FileName == a and ProcessId < b }; F('x') | union F(1)",
    "DeviceEvents | parse kind=regex FileName with 'a' Name: long '.' Rest | mv-expand x = todynamic(Rest) to typeof(long)",
    "DeviceEvents | evaluate bag_unpack(AdditionalFields) | make-series count() on Timestamp step 1d by Nosuch",
    "union isfuzzy=true withsource=T DeviceEvents, Nosuch | distinct T",
    "DeviceEvents | where",
    "DeviceEvents | whre x",
    "print dynamic({'a': [1, datetime(2024-01-01)]}), 1d, real(1.5), case(true, 1, 2)",
    "let A = datatable(x: int)[1, 2]; A | where x in (A) | extend y = toscalar(A | count)",
    'DeviceEvents\n| where FileName == "🎉 // no comment" // 🎉\n| scan with (step s: true;)',
]


@pytest.fixture(scope="module")
def untouched() -> Iterator[MiniRacer]:
    """Microsoft's files in a V8 of their own, with nothing of ours."""
    v8 = MiniRacer()
    for script in module._SCRIPTS[:2]:
        v8.eval(f"{script.read_text()}\n;0")
    tables = [[t.name, [[c.name, c.type.value] for c in t.columns.values()]] for t in xdr_schema().tables.values()]
    v8.eval(UNTOUCHED.replace("TABLES", json.dumps(tables)))
    yield v8
    v8.close()


@pytest.fixture(scope="module")
def service() -> Iterator[LanguageService]:
    service = LanguageService(xdr_schema())
    yield service
    service.close()


@pytest.mark.parametrize("kql", QUERIES, ids=range(len(QUERIES)))
def test_to_build_the_grammar_late_changes_no_answer(kql: str, service: LanguageService, untouched: MiniRacer) -> None:
    outline = json.loads(service.outline(kql))
    assert [outline["diagnostics"], outline["columns"]] == json.loads(str(untouched.eval(f"answer({json.dumps(kql)})")))


def test_it_is_the_version_that_is_pinned() -> None:
    home = Path(module.__file__).parent / "language_service"
    pinned = json.loads((home / "package.json").read_text())["dependencies"]
    locked = json.loads((home / "package-lock.json").read_text())["packages"][
        "node_modules/@kusto/language-service-next"
    ]
    taken = json.loads((home / "kusto-language-service.json").read_text(encoding="utf-8-sig"))
    assert pinned == {taken["name"]: taken["version"]}
    assert sorted(locked) == ["integrity", "license", "version"]
    assert locked["version"] == taken["version"]
    assert locked["integrity"].startswith("sha512-")


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SCRIPTS", (Path("nowhere") / "bridge.min.js",))
    checker = KqlChecker()
    for ask in (checker.check, checker.columns):
        with pytest.raises(CheckerUnavailable) as refusal:
            ask("DeviceEvents")
        assert str(refusal.value) == (
            "error[checker-unavailable]: Microsoft's Kusto language service isn't installed: bridge.min.js is missing\n"
            "  = install sigma-xdr again with pip, on a machine that reaches PyPI and npm"
        )
        assert refusal.value.exit_code == 3


def test_a_damaged_file_is_no_reason_to_blame_the_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "bridge.min.js"
    damaged.write_text("throw new Error('half a file')")
    monkeypatch.setattr(module, "_SCRIPTS", (damaged,))
    checker = KqlChecker()
    for _ in range(2):
        with pytest.raises(CheckerUnavailable) as refusal:
            checker.check("DeviceEvents")
        assert str(refusal.value) == (
            "error[checker-unavailable]: the language service can't be started: <anonymous>:1: Error: half a file\n"
            "  = install sigma-xdr again with pip, on a machine that reaches PyPI and npm"
        )


def test_a_missing_javascript_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py_mini_racer", None)
    with pytest.raises(CheckerUnavailable) as refusal:
        KqlChecker().check("DeviceEvents")
    assert str(refusal.value) == (
        "error[checker-unavailable]: the JavaScript engine can't be started: import of py_mini_racer halted;"
        " None in sys.modules\n  = install mini-racer again with pip, on a machine that reaches PyPI and npm"
    )


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("for (;;);", "gave up after 0.2 s on the query"),
        (
            "const kept = []; for (;;) kept.push(new Array(100000).fill(1));",
            "used up its 100 MB on the query",
        ),
        (
            "const again = () => again() + 1; again();",
            "broke on the query (<anonymous>:1: RangeError: Maximum call stack size exceeded)",
        ),
    ],
)
def test_a_service_that_fails_is_started_anew(script: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.2 if "for (;;);" in script else 20)
    monkeypatch.setattr(module, "_MEMORY", 100_000_000)
    service = LanguageService(xdr_schema())
    service.start().eval(f"sigmaXdr.outline = () => {{ {script} }}; 0")
    with pytest.raises(OutlineFailed) as failure:
        service.outline("DeviceEvents")
    assert str(failure.value) == message
    monkeypatch.undo()
    assert json.loads(service.outline("print 1"))["columns"] == [["print_0", "long"]]
    service.close()
