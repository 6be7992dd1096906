"""Novation: a derivatives exchange whose every batch of transactions is proven by a STARK."""
