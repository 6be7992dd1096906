"""A small Cairo virtual machine in Python, for programs whose hints are few and known.

The reference is cairo-lang's; tests compare trace and memory with it. This one translates the
bytecode to Python, block by block, and runs about a hundred times as many steps per second.
"""
