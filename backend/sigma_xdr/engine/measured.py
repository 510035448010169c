"""The KQL that was measured to mean in the local engine what it means in Kusto: closed lists.

Each entry was compared with Microsoft's documentation of the construct; ``tests/unit/engine/test_semantics.py`` holds the
comparisons, and that nothing is listed without one.
"""

from __future__ import annotations

__all__ = ["AGGREGATES", "GRAMMAR", "OPERATORS", "SCALARS"]

#: Rules of Microsoft's grammar (Kql.g4, as duckdb-kql carries it) that a query may be made of.
GRAMMAR = frozenset({
    "AdditiveExpression", "AdditiveOperation", "AfterPipeOperator", "ArgumentExpression", "BeforeOrAfterPipeOperator",
    "BeforePipeExpression", "BetweenEqualityExpression", "BooleanLiteralExpression", "CountExpression",
    "CountOperator", "DataTableExpression", "DateTimeLiteralExpression", "DistinctOperator",
    "DistinctOperatorColumnListTarget", "DotCompositeFunctionCallExpression", "DynamicLiteralExpression",
    "EntityName", "EntityNameReference", "EqualityExpression", "EqualsEqualityExpression", "EscapedName",
    "Expression", "ExtendOperator", "FunctionCallExpression", "FunctionCallOrPathElementOperation",
    "FunctionCallOrPathOperation", "FunctionCallOrPathPathExpression", "FunctionCallOrPathPathOperation",
    "FunctionCallOrPathRoot", "IdentifierName", "IdentifierOrExtendedKeywordOrEscapedName", "IdentifierOrKeywordName",
    "IdentifierOrKeywordOrEscapedName", "IntLiteralExpression", "InvocationExpression", "JoinOperator",
    "JoinOperatorOnClause", "JsonArray", "JsonBoolean", "JsonLong", "JsonNull", "JsonObject", "JsonPair", "JsonReal",
    "JsonString", "JsonValue", "KeywordName", "LetFunctionBody", "LetFunctionDeclaration", "LetFunctionParameterList",
    "LetMaterializeDeclaration", "LetStatement", "LetVariableDeclaration", "ListEqualityExpression",
    "LiteralExpression", "LogicalAndExpression", "LogicalAndOperation", "LogicalOrExpression", "LogicalOrOperation",
    "LongLiteralExpression", "MultiplicativeExpression", "MultiplicativeOperation",
    "MvapplyOperatorExpressionToClause", "MvexpandOperator", "MvexpandOperatorExpression",
    "NameReferenceWithDataScope", "NamedExpression", "NamedExpressionNameClause", "NamedExpressionNameList",
    "NamedFunctionCallExpression", "OrderedExpression", "ParameterName", "ParenthesizedExpression", "PipeExpression",
    "PipedOperator", "PrimaryExpression", "PrintOperator", "ProjectAwayOperator", "ProjectOperator",
    "ProjectRenameOperator", "Query", "QueryStatement", "RealLiteralExpression", "RelationalExpression",
    "RelaxedQueryOperatorParameter", "RowSchema", "RowSchemaColumnDeclaration", "ScalarParameter", "ScalarType",
    "SignedLiteralExpression", "SignedLongLiteralExpression", "SimpleNameReference",
    "SimpleOrWildcardedNameReference", "SortOperator", "SortOrdering", "StarExpression", "Statement",
    "StrictQueryOperatorParameter", "StringBinaryOperation", "StringBinaryOperator", "StringBinaryOperatorExpression",
    "StringLiteralExpression", "StringOperatorExpression", "SummarizeOperator", "SummarizeOperatorByClause",
    "TakeOperator", "TimeSpanLiteralExpression", "ToScalarExpression", "Top", "TopOperator", "UnionOperator",
    "UnionOperatorExpression", "UnnamedExpression", "UnsignedLiteralExpression", "WhereOperator",
})  # fmt: skip

#: Operators on texts and lists, without spaces.
OPERATORS = frozenset({
    "!between", "!contains", "!contains_cs", "!endswith", "!endswith_cs", "!has", "!has_cs", "!in", "!in~",
    "!startswith", "!startswith_cs", "!~", "=~", "between", "contains", "contains_cs", "endswith", "endswith_cs",
    "has", "has_all", "has_any", "has_cs", "hasprefix", "hassuffix", "in", "in~", "matchesregex", "startswith",
    "startswith_cs",
})  # fmt: skip

#: Functions of one row.
SCALARS = frozenset({
    "abs", "ago", "array_index_of", "array_length", "array_sort_asc", "bag_pack", "base64_decode_tostring", "bin",
    "case", "coalesce", "countof", "datetime_add", "datetime_diff", "datetime_part", "datetime_utc_to_local", "dayofmonth",
    "dayofweek",
    "extract", "extract_all", "floor", "format_datetime", "getyear", "hourofday", "iff", "iif", "indexof",
    "ipv4_is_in_any_range", "ipv4_is_in_range", "ipv4_is_private", "ipv6_is_in_any_range", "ipv6_is_in_range",
    "isempty", "isnotempty", "isnotnull", "isnull", "monthofyear", "not", "now", "pack_array", "parse_json", "replace_regex",
    "replace_string", "set_has_element", "split", "startofday", "startofmonth", "startofweek", "strcat",
    "strcat_delim", "strlen", "substring", "tobool", "todatetime", "todouble", "todynamic", "toint", "tolong",
    "tolower", "toreal", "tostring", "totimespan", "trim", "trim_end", "trim_start", "week_of_year",
})  # fmt: skip

#: Functions of many rows.
AGGREGATES = frozenset({
    "arg_max", "arg_min", "avg", "count", "countif", "dcount", "dcountif", "make_list", "make_set", "max", "min",
    "sum", "sumif", "take_any",
})  # fmt: skip
