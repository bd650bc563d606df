"""Losses of overlap between regions, per item."""
