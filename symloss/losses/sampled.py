"""Losses of many classes from a few samples of them."""
