"""What the inside of a loop through time compiles with.

PyTensor makes C of it in whatever mode the function around it has; PyTensor 3.0 also lets it give its buffers back
after every step of time.
"""

import copy

from pytensor.compile.mode import Mode
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.link.vm import VMLinker
from pytensor.scan.op import Scan

PYTHON = "FAST_COMPILE"
KEEPS_BUFFERS = hasattr(Scan, "link_mode")  # from 3.3 on


class InnerMode(GraphRewriter):
    """Give every loop of a graph that has no mode of its own this one.

    Parameters
    ----------
    mode : str or Mode
    """

    def __init__(self, mode):
        super().__init__()
        self.mode = mode

    def apply(self, fgraph):
        """Replace the loops; their first use of a mode is later, when they are compiled."""
        for node in fgraph.toposort():
            if isinstance(node.op, Scan) and node.op.mode is None:
                op = copy.copy(node.op.clone())
                op.mode, op._fn = self.mode, None
                fgraph.replace_all(list(zip(node.outputs, op.make_node(*node.inputs).outputs, strict=True)),
                                   reason="mode of a loop's inside")


def inside(name: str) -> tuple:
    """Return what a mode registers so that loops compile as the backend called `name` does."""
    if name == "PYTHON":
        mode = PYTHON
    elif KEEPS_BUFFERS:
        return ()
    else:
        mode = Mode(linker=VMLinker(use_cloop=True, allow_gc=False), optimizer="fast_run")
    return ((InnerMode(mode), 0.005),)  # before anything else, so that what is made of a loop inherits it
