"""A random search through what a person may build: models, losses, data, options and callbacks, drawn by a number."""
