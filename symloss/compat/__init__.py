"""Other libraries on top of symloss: scripts written for them run after changing an import.

Inside: one folder per library, with that library's own submodules: `keras/`, `theanets/`, `lasagne/`, `theano/` (which
scripts for Lasagne also import), and `numpy_ml/` (losses, and everything that they depend on).
May import everything; nothing imports it, so that old names stay here.
Start reading at `theanets/graph.py`.
"""
