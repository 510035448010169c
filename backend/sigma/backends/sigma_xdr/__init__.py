"""Where sigma-cli's plugin discovery finds the backend."""

from sigma_xdr.kql import XdrBackend

backends = {"sigma_xdr": XdrBackend}
