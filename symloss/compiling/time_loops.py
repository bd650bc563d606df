"""How the inside of a loop through time compiles, and that of other operations that are graphs themselves.

PyTensor makes C of it in whatever mode the function around it has; PyTensor 3.0 also lets a loop give its buffers back
after every step of time.
"""

import copy

from pytensor.compile.builders import OpFromGraph
from pytensor.compile.mode import Mode, predefined_linkers
from pytensor.graph.replace import clone_replace
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.link.vm import VMLinker
from pytensor.scan.op import Scan
from pytensor.tensor.basic import infer_static_shape
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.type import TensorType

PYTHON = "FAST_COMPILE"
KEEPS_BUFFERS = hasattr(Scan, "link_mode")  # from 3.3 on


def own_loop(node):
    """Return a copy of the loop that a node runs, once or for several values at a time; None if it runs none."""
    loop = node.op.core_op if isinstance(node.op, Blockwise) else node.op
    if not isinstance(loop, Scan):
        return None
    loop = copy.copy(loop.clone())
    loop._fn = None
    return loop


def put_loop(fgraph, node, loop) -> None:
    """Let a node of a graph run `loop` in place of its own."""
    op = loop
    if isinstance(node.op, Blockwise):
        op = copy.copy(node.op)
        op.core_op = loop
    fgraph.replace_all(list(zip(node.outputs, op.make_node(*node.inputs).outputs, strict=True)),
                       reason="mode of a loop's inside")


class InnerMode(GraphRewriter):
    """Give every loop of a graph that has no mode of its own this one, and each function loops of its own.

    PyTensor 3.0 rewrites the inside of a loop in place when it compiles it. It copies loops before, but not those that
    run for several values at once, as a Jacobian has them: their insides would be spoilt for the next function, and for
    gradients.

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
            loop = own_loop(node)
            if loop is not None:
                loop.mode = self.mode if loop.mode is None else loop.mode
                put_loop(fgraph, node, loop)


class PythonLinker(VMLinker):
    """PyTensor's linker in Python, also of what is inside an operation that is a graph, such as a softmax.

    PyTensor 3.3 links that with the linker called 'vm', which compiles a C module for each of its nodes.
    """

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords | {"use_cloop": False, "c_thunks": False})

    def make_all(self, *arguments, **keywords):
        """Make what runs the nodes, and meanwhile be the linker of their insides."""
        before = predefined_linkers["vm"]
        predefined_linkers["vm"] = VMLinker(use_cloop=False, c_thunks=False)
        try:
            return super().make_all(*arguments, **keywords)
        finally:
            predefined_linkers["vm"] = before


class InnerPython(GraphRewriter):
    """Run what is inside an operation that is a graph in Python, as `PythonLinker` does from PyTensor 3.3 on."""

    def apply(self, fgraph):
        """Replace the operations by copies, which compile when they are run first."""
        for node in fgraph.toposort():
            if isinstance(node.op, OpFromGraph) and not hasattr(node.op, "link_mode"):
                op = copy.copy(node.op)
                op._fn, op.kwargs = None, op.kwargs | {"mode": op.kwargs.get("mode") or PYTHON}
                made = op.make_node(*node.inputs).outputs
                fgraph.replace_all(list(zip(node.outputs, made, strict=True)), reason="an inside in Python")


class KnownShapes(GraphRewriter):
    """Tell the inside of every loop the lengths that are known outside, as JAX wants to know them.

    Parameters
    ----------
    mode : str or Mode
        Of a loop's inside, where it has none of its own.
    """

    def __init__(self, mode):
        super().__init__()
        self.mode = mode

    def apply(self, fgraph):
        for node in fgraph.toposort():
            if isinstance(node.op, Scan):
                fgraph.replace_all(list(zip(node.outputs, self._known(node).outputs, strict=True)),
                                   reason="lengths within a loop")

    def _known(self, node):
        op = node.op
        graph = op.fgraph.unfreeze() if hasattr(op.fgraph, "unfreeze") else op.fgraph
        inputs, lengths = list(graph.inputs), _lengths(node.inputs)
        for outer, inside in op.get_oinp_iinp_iout_oout_mappings()["inner_inp_from_outer_inp"].items():
            for index in inside if outer > 0 else ():  # the first is the number of steps
                inputs[index] = _with_shape(inputs[index], lengths[outer])
        outputs = clone_replace(graph.outputs, dict(zip(graph.inputs, inputs, strict=True)), rebuild_strict=False)
        made = Scan(inputs, outputs, op.info, mode=self.mode if op.mode is None else op.mode, name=op.name,
                    truncate_gradient=op.truncate_gradient, profile=op.profile, allow_gc=op.allow_gc)
        return made.make_node(*node.inputs)


def _lengths(variables) -> list[list]:
    """Return the lengths of each variable's axes; where a type does not tell, they are followed back to what does."""
    shapes = [list(getattr(v.type, "shape", ())) for v in variables]
    unknown = [(i, axis) for i, shape in enumerate(shapes) for axis, n in enumerate(shape) if n is None]
    if unknown:
        _, found = infer_static_shape([variables[i].shape[axis] for i, axis in unknown])
        for (i, axis), length in zip(unknown, found, strict=True):
            shapes[i][axis] = length
    return shapes


def _with_shape(inner, outer):
    """Return a variable like the one inside a loop, with the lengths that it has outside, where steps come first."""
    if not isinstance(inner.type, TensorType):
        return inner
    known = outer[len(outer) - inner.type.ndim :]
    shape = [other if length is None else length for length, other in zip(inner.type.shape, known, strict=True)]
    return inner.type.clone(shape=shape)(inner.name)


def inside(name: str) -> tuple:
    """Return what a mode registers so that insides, those of loops above all, compile as the backend `name` does."""
    if name == "PYTHON":
        return (InnerMode(PYTHON), 0.005), (InnerPython(), 0.006)
    if KEEPS_BUFFERS:
        return ()
    mode = Mode(linker=VMLinker(use_cloop=True, allow_gc=False), optimizer="fast_run")
    return ((InnerMode(mode), 0.005),)  # before anything else, so that what is made of a loop inherits it
