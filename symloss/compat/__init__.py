"""Other libraries on top of symloss: scripts written for them run after changing an import.

Inside: one folder a library, with that library's own submodules; `theanets/`, `lasagne/`, and `theano/`, on which the
latter's scripts stand; `numpy_ml/`, its losses and what they are made with.
May import everything; nothing imports it, so that old names stay here.
Start reading at `theanets/graph.py`.
"""
