"""Generates the Solidity code that depends on the AIR: constraints, DEEP quotients, layout."""
