// What the checker asks of Microsoft's language service, in one call a query: text goes in, an outline of the bound
// tree comes out, as JSON that outline.py reads. No judgement is made here. Offsets are UTF-16 units.

"use strict";

var sigmaXdr = (() => {
    const { GlobalState, KustoCode, Parsing, Symbols, Syntax } = Kusto.Language;
    const Kind = Syntax.SyntaxKind;
    const LOGICAL = new Set([Kind.AndExpression, Kind.OrExpression]);
    const BRACKETED = new Set([Kind.ParenthesizedExpression, Kind.SimpleNamedExpression]);
    let globals;

    // KustoCode builds a combinator grammar of the language (two thirds of the start) and keeps it for an editor's
    // completion; the parser itself falls back on it only where a query nests deeper than 300. Here it is built then.
    const grammarFrom = Parsing.QueryGrammar.From;
    Parsing.QueryGrammar.From = (state) =>
        new Proxy({}, { get: (_, part) => (part === "QueryBlock" ? null : grammarFrom(state)[part]) });

    // tables: [[name, [[column, type], ...]], ...]
    function start(tables) {
        const symbols = tables.map(([name, columns]) => new Symbols.TableSymbol.$ctor4(
            name, columns.map(([column, type]) => new Symbols.ColumnSymbol(column, Symbols.ScalarTypes.GetSymbol(type)))));
        globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("AdvancedHunting", symbols));
        outline("print x = 1 | where x == 1 | summarize count() by x"); // binds the built-in functions once, now
    }

    function outline(text) {
        const found = {
            command: KustoCode.GetKind(text) !== Kusto.Language.Editor.CodeKinds.Query,
            queries: [],
            comparisons: [],
            calls: [],
            joins: [],
            literals: [],
            compound_strings: [],
            regex_parsers: [],
            prose: [],
            diagnostics: [],
            columns: [],
        };
        if (!found.command) {
            const code = KustoCode.ParseAndAnalyze(text, globals);
            found.queries = items(code.Syntax.Statements).map((s) => s.Element$1)
                .filter((s) => s instanceof Syntax.ExpressionStatement).map(span);
            found.diagnostics = items(code.GetDiagnostics()).map((d) => [d.Code, d.Severity, d.Message, d.Start, d.Length]);
            found.columns = items(code.ResultType && code.ResultType.Columns).map((c) => [c.Name, c.Type.Name]);
            walk(code.Syntax, found, /[^\x00-\x7f]/.test(text));
        }
        return JSON.stringify(found);
    }

    // A stack of our own: a recursion would end where the tree is deep.
    function walk(root, found, withProse) {
        const waiting = [[root, ""]];
        while (waiting.length) {
            const [node, within] = waiting.pop();
            const visit = VISITORS.get(node.Kind);
            if (visit) {
                visit(node, within, found);
            } else if (node instanceof Syntax.BinaryExpression) {
                compare(node, within, [node.Left, node.Right], found);
            } else if (node instanceof Syntax.LiteralExpression) {
                literal(node, found);
            }
            const inside = WITHIN.get(node.Kind) || within;
            for (let i = 0; i < node.ChildCount; i++) {
                const child = node.GetChild(i);
                if (child && !child.IsToken) {
                    waiting.push([child, inside]);
                } else if (child && withProse) {
                    prose(child, found);
                }
            }
        }
    }

    const inList = (node, within, found) =>
        compare(node, within, [node.Left, ...items(node.Right.Expressions).map((e) => e.Element$1)], found);
    const between = (node, within, found) =>
        compare(node, within, [node.Left, node.Right.First, node.Right.Second], found);
    const VISITORS = new Map([
        [Kind.InExpression, inList],
        [Kind.InCsExpression, inList],
        [Kind.NotInExpression, inList],
        [Kind.NotInCsExpression, inList],
        [Kind.HasAnyExpression, inList],
        [Kind.HasAllExpression, inList],
        [Kind.BetweenExpression, between],
        [Kind.NotBetweenExpression, between],
        [Kind.FunctionCallExpression, (node, within, found) => found.calls.push(
            [node.Name.SimpleName, ...span(node.Name), items(node.ArgumentList.Expressions).map((e) => operand(e.Element$1))])],
        [Kind.JoinOperator, (node, within, found) => found.joins.push([parameter(node, "kind"), ...span(node.JoinKeyword)])],
        [Kind.JoinOnClause, (node, within, found) => {
            const keys = items(node.Expressions).map((e) => e.Element$1).filter((e) => !(e instanceof Syntax.BinaryExpression));
            for (const key of keys) {
                found.comparisons.push(["on", ...span(key), "join", [operand(key)]]);
            }
        }],
        [Kind.ParseOperator, regexParser],
        [Kind.ParseWhereOperator, regexParser],
        [Kind.CompoundStringLiteralExpression, (node, within, found) => found.compound_strings.push(span(node))],
    ]);
    const WITHIN = new Map([[Kind.FilterOperator, "where"], [Kind.JoinOnClause, "join"]]);

    function compare(node, within, operands, found) {
        if (node.ResultType === Symbols.ScalarTypes.Bool && !LOGICAL.has(node.Kind)) {
            found.comparisons.push([node.Operator.Text, ...span(node.Operator), within, operands.map(operand)]);
        }
    }

    function literal(node, found) {
        if (node.ResultType instanceof Symbols.ScalarSymbol && node.ResultType !== Symbols.ScalarTypes.String) {
            const value = node.LiteralValue;
            found.literals.push([node.ResultType.Name, node.Token.Text, value === null ? null : String(value), ...span(node)]);
        }
    }

    function regexParser(node, within, found) {
        if (parameter(node, "kind") === "regex") {
            found.regex_parsers.push(span(node.ParseKeyword));
        }
    }

    // [type or null, value of a constant string or dynamic, columns that a datetime is made of, start, length]
    function operand(expression) {
        while (BRACKETED.has(expression.Kind)) {
            expression = expression.Expression;
        }
        const type = scalarType(expression.ResultType);
        const value = expression.IsConstant ? expression.ConstantValue : null;
        const reads = type === "datetime" ? columnsRead(expression) : [];
        return [type, typeof value === "string" ? value : null, reads, ...span(expression)];
    }

    // A table stands for its first column, as on the right of `in`; null where the type isn't known.
    function scalarType(type) {
        if (type instanceof Symbols.TableSymbol) {
            type = type.Columns.Count ? items(type.Columns)[0].Type : null;
        }
        return type instanceof Symbols.ScalarSymbol && type !== Symbols.ScalarTypes.Unknown ? type.Name : null;
    }

    function columnsRead(expression) {
        const names = new Set();
        Syntax.SyntaxElement.WalkNodes(expression, (node) => {
            if (node.ReferencedSymbol instanceof Symbols.ColumnSymbol) {
                names.add(node.ReferencedSymbol.Name);
            }
        });
        return [...names].sort();
    }

    function parameter(node, name) {
        const given = items(node.Parameters).find((p) => p.Name.SimpleName === name);
        return given ? given.Expression.GetFirstToken().Text : null;
    }

    // The spans of string literals and comments: where a person writes in any language.
    function prose(token, found) {
        for (const comment of token.Trivia.matchAll(/\/\/[^\r\n]*/g)) {
            found.prose.push([token.TriviaStart + comment.index, comment[0].length]);
        }
        if (token.Kind === Kind.StringLiteralToken) {
            found.prose.push(span(token));
        }
    }

    const span = (element) => [element.TextStart, element.Width];
    const items = (list) => (list ? System.Linq.Enumerable.from(list, System.Object).ToArray(System.Object) : []);

    return { start, outline };
})();
