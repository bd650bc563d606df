"""Losses of an order: of pairs, of lists."""
