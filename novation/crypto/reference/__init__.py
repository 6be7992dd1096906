"""Textbook versions of what `novation._native` computes: the oracle of its tests."""
