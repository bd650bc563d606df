"""A compiler of our own: the graph of a whole function becomes one C file that a person can read."""
