"""Losses of sequences whose alignment is not known."""
