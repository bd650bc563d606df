"""Losses of embeddings: distances and similarities between items."""
