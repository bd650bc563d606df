"""The command `symloss`: its subcommands, as functions of a console.

Inside: `demo.py` (trains a classifier of digits), `doctor.py` (`symloss info`: what is found on this machine),
`cache.py` (`symloss cache`: what is kept of compiled code), `train.py` and `predict.py` (models of tables; `recipes.py`
reads TOML, `tables.py` reads CSV, `coding.py` is what a model knows of its table, `scores.py` says how good it is),
`console.py` (text wrapped to a terminal).
May import everything; `__main__.py` calls it.
Start reading at `demo.py`.
"""
