"""The command `symloss`: its subcommands, as functions of a console.

Inside: `demo.py` (trains a classifier of digits), `doctor.py` (`symloss info`: what is found on this machine),
`cache.py` (`symloss cache`: what is kept of compiled code), `console.py` (text wrapped to a terminal).
May import everything; `__main__.py` calls it.
Start reading at `demo.py`.
"""
