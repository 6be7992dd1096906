"""The protocol: the pure, deterministic state transition function of the exchange.

Start reading in `transition`. docs/spec/protocol.md is the specification; the Cairo program in
circuits/cairo is the other implementation.
"""
