"""The functions of Kusto's that are done in Python here, because DuckDB lacks them."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
from duckdb.func import FunctionNullHandling

from sigma_xdr.engine.clocks import CLOCK_FUNCTIONS, local_time
from sigma_xdr.engine.networks import NETWORK_FUNCTIONS, in_ipv4_networks, in_ipv6_networks, is_private_ipv4

__all__ = ["TEMPLATES", "add_functions"]

#: How a call is written in SQL, by Kusto's name of the function.
TEMPLATES: Mapping[str, str] = {
    **{name: f"{function}(list_value({{}}))" for name, function in NETWORK_FUNCTIONS.items()},
    **{name: f"{function}({{}})" for name, function in CLOCK_FUNCTIONS.items()},
}


def add_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a database's queries call them."""
    for function in (in_ipv4_networks, in_ipv6_networks, is_private_ipv4):
        connection.create_function(
            function.__name__, function, ["varchar[]"], "boolean", null_handling=FunctionNullHandling.SPECIAL
        )
    connection.create_function(
        local_time.__name__,
        local_time,
        ["timestamp", "varchar"],
        "timestamp",
        null_handling=FunctionNullHandling.SPECIAL,
    )
