"""Tests of sigma_xdr.rules, module by module."""
