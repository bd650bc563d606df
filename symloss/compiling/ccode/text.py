"""The C file of a function: one C function for each kernel, and a driver that calls them in order."""

import dataclasses
import re
import textwrap

from . import ir, random, team
from .c_functions import PLACE, helper
from .c_names import Names, described
from .column_functions import vectors
from .expressions import BYTES, Expressions, c_type, length_text, suffix
from .ir import Graph, size
from .kernel_text import extreme
from .kernels import Kernel
from .lanes import LaneText, suits
from .layout import lay_out
from .loops import LoopText
from .memory import Buffer
from .ordering import in_place, ordered, reads
from .picking import picking
from .schedule import Schedule
from .stages import StageText
from .views import room_of, strides_of

HEADER = """
typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline, unused)) /* for vectors */
#else
#define INLINE static inline
#endif

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define FMA(a, b, c) _Generic((a), float: __builtin_fmaf, default: __builtin_fma)(a, b, c) /* a * b + c, rounded once */
#else
#define FMA(a, b, c) ((a) * (b) + (c))
#endif
"""
STEPS = """
static unsigned int flush_denormals(void)
{ /* numbers that are nearly 0 become 0: with them, every operation takes a hundred times as long */
#if defined(__SSE__)
  const unsigned int kept = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(kept | 0x8040);
  return kept;
#else
  return 0;
#endif
}

static void restore_denormals(unsigned int kept)
{
#if defined(__SSE__)
  __builtin_ia32_ldmxcsr(kept);
#else
  (void)kept;
#endif
}
"""
FINITE = """
static int all_finite(const {kind} *numbers, int64_t count)
{{
  int finite = 1;
  for (int64_t i = 0; i < count; i++) finite &= numbers[i] - numbers[i] == 0; /* infinity - infinity is NaN */
  return finite;
}}
"""
@dataclasses.dataclass(frozen=True)
class Source:
    """A function as C, and what its caller has to know.

    Attributes
    ----------
    text : str
    table : list of str
        Names of the buffers in the order in which their addresses are passed.
    buffers : list of Buffer
        Memory within a step.
    results : list of str
        Names of the buffers of results.
    messages : list of str
        What a step that returns 2, 3, ... has met.
    products : frozenset of str
        Dtypes of matrix products.
    decided : str
        What was decided of kernels, products and layout, in words.
    shared : bool
        Whether threads can share the larger parts of a step; see `team`.
    """

    text: str
    table: list
    buffers: list
    results: list
    messages: list
    products: frozenset
    decided: str = ""
    shared: bool = False


class Writer:
    """Writes the C file.

    Parameters
    ----------
    graph : Graph
    arguments : list of Value
    outputs : list of Value
        Lowered.
    targets : dict
        By place of an output: the place of the argument that it takes the place of.
    library : module
        Of elementary functions.
    title : str
    batched : list of Value
        Those arguments whose rows are picked from whole arrays, if many steps are to be made in one call.
    watched : dict
        By place of an argument: the places of numbers in it that have to be finite for a further step to be made.
    of_bytes : sequence of int
        Places of those of `batched` whose rows are picked from bytes.
    """

    def __init__(self, graph: Graph, arguments, outputs, targets, library, title, batched=(),
                 watched=None, of_bytes=()):
        self.graph, self.arguments, self.outputs, self.title = graph, arguments, outputs, title
        self.library, self.batched, self.watched = library, list(batched), dict(watched or {})
        self.of_bytes = [self.batched[place] for place in of_bytes]
        self.by_column = lay_out([*outputs, *(c for c, _ in graph.conditions)], self.batched)
        conditions = [condition for condition, _ in graph.conditions]
        schedule = Schedule(outputs, conditions)
        wanted = {outputs[i].number: arguments[j].number for i, j in targets.items()}
        self.steps = ordered(schedule.steps, wanted)
        self.over = in_place(self.steps, wanted)
        self.late = {o: a for o, a in wanted.items() if o not in self.over}
        self.names = Names()
        self._functions: dict[str, int] = {}
        self.expressions = Expressions(library)
        self._name_buffers()

    def _name_buffers(self):
        arrays = [v for v in ir.reachable([*self.outputs, *(c for c, _ in self.graph.conditions)]) if v.op == "array"]
        self.leaves = [*self.arguments, *arrays]
        for value in self.leaves:
            self.names.give(value, value.origin or f"{value.op}_{value.attrs['index']}")
        self.made = []
        for step in self.steps:
            for value in step.values:
                if value.number in self.over:
                    self.names.alias(value.number, self.over[value.number])
                elif value.number in step.stores or value.number in getattr(step, "over", ()):
                    self.names.give(value, value.origin or described(value))
                    if value.number in step.stores:
                        self.made.append(value)

    def source(self) -> Source:
        """Return the C file."""
        functions, calls, helpers = [], [], set()
        checks, scratch = False, []
        self.tasks = team.Tasks() if team.suits(self.steps, self.by_column, self.batched) else None
        for position, step in enumerate(self.steps):
            made = self._text(step)
            name = self._function_name(step)
            length = self._shared_length(made)
            functions.append(self._function(name, made, length is not None))
            calls.append(self._call(name, made) if length is None else
                         f"  {self.tasks.add(length, self._call_of_share(name, made))} /* {name} */")
            helpers |= made.helpers
            checks |= made.checks
            scratch += [Buffer(f"{kept} of {name}", dtype, length, position, position)
                        for kept, dtype, length in self._in_arena(made)]
        draws = {name for op, name in helpers if op == "draw"}
        more = {"log_f64"} if any(name.startswith("normal") for name in draws) else set()
        own = self.library.source(self.expressions.own | more)
        parts = [f"/* {self.title} */", HEADER, "\n".join(sorted(self.expressions.libm)), own]
        parts += vectors(helpers)
        parts += [helper(op, dtype, extreme) for op, dtype in sorted(helpers) if op != "draw"]
        parts.append(random.source(draws))
        parts += [PLACE] if checks else []
        parts += functions
        self.table = [self.names.of(v.number) for v in [*self.leaves, *self.made]] + [b.name for b in scratch]
        self.table += ["team"] if self.tasks else []
        picks = [self._pick(place, value) for place, value in enumerate(self.batched)]
        parts += self._picking() if self.batched else []
        parts += [team.TEXT, self.tasks.source()] if self.tasks else []
        parts.append(self._driver(calls))
        parts += [self._steps(picks)] if self.batched else []
        messages = ["an index is out of range", *(m for _, m in self.graph.conditions)]
        return Source("\n".join(parts), self.table, self._lives(scratch),
                      [self.names.of(v.number) for v in self.outputs], messages,
                      frozenset(dtype for op, dtype in helpers if op == "product"), self._decided(),
                      self.tasks is not None)

    def _shared_length(self, made) -> str | None:
        """Return how many shares a step could have, as C; None if it is done by one thread."""
        if self.tasks is None or self._in_arena(made):
            return None
        if isinstance(made, StageText):
            return made.rows
        return team.length_of(made) if isinstance(made, LoopText) else None

    def _text(self, step):
        if isinstance(step, Kernel) and self.by_column and suits(step):
            return LaneText(step, self.expressions, self.names)
        if isinstance(step, Kernel):
            return LoopText(step, self.expressions, self.names)
        return StageText(step.value, self.names)

    def _function_name(self, step) -> str:
        """Return a name that says what a function computes: of what it leaves behind, the first three with a name."""
        made = [v for v in step.values if v.number in step.stores]
        named = [v.origin for v in made if v.origin]
        news = [name.removeprefix("new ") for name in named if name.startswith("new ")]
        verb, what = ("update", news) if news else ("compute", named or [described(made[-1])])
        name = f"{verb}_{'_and_'.join(what[:3])}"
        self._functions[name] = self._functions.get(name, 0) + 1
        number = f"_{self._functions[name]}" if self._functions[name] > 1 else ""
        return re.sub(r"\W", "_", f"{name}{number}", flags=re.ASCII)

    def _in_arena(self, made):
        return [(name, dtype, length) for name, dtype, length in made.scratch if not _on_stack(length)]

    def _parameters(self, made) -> tuple[dict, dict]:
        """Return C types by name: of the buffers that a function only reads, and of those that it writes."""
        writes = {self.names.of(number): c_type(v.dtype) for number, v in made.writes.items()}
        reads = {self.names.of(number): c_type(v.dtype) for number, v in made.reads.items()}
        return {name: kind for name, kind in reads.items() if name not in writes}, writes

    def _function(self, name, made, shared=False):
        reads, writes = self._parameters(made)
        kept = [f"{c_type(dtype)} *restrict {scratch}" for scratch, dtype, _ in self._in_arena(made)]
        parameters = ["int64_t n", *(f"const {kind} *restrict {x}" for x, kind in reads.items()),
                      *(f"{kind} *restrict {x}" for x, kind in writes.items()), *kept,
                      *(["int *any_failed"] if made.checks else []),
                      *(["int64_t begin", "int64_t end"] if shared else [])]
        lines = [f"static void {name}({', '.join(parameters)})", *_comment(made.formulas), "{", "  (void)n;"]
        lines += ["  int here = 0, *const failed = &here; /* a variable, so that loops become vectors */"] * made.checks
        lines += [f"  {c_type(dtype)} {scratch}[{max(length, 1)}];" for scratch, dtype, length in made.scratch
                  if _on_stack(length)]
        told = ["  *any_failed |= here;"] * made.checks
        body = made.lines
        if shared:
            body = team.bounded(body) if isinstance(made, LoopText) else [made.some_rows]
        return "\n".join([*lines, *body, *told, "}", ""])

    def _call(self, name, made):
        reads, writes = self._parameters(made)
        passed = ["n", *reads, *writes]
        passed += [f"{kept}_of_{name}" for kept, _, _ in self._in_arena(made)]
        return f"  {name}({', '.join([*passed, *(['&failed'] if made.checks else [])])});"

    def _call_of_share(self, name, made):
        reads, writes = self._parameters(made)
        places = {self.names.of(v.number): i for i, v in enumerate([*self.leaves, *self.made])}
        return f"{name}({', '.join(['n', *(f'b[{places[x]}]' for x in [*reads, *writes]), 'begin', 'end'])});"

    def _driver(self, calls):
        lines = ["static int step(int64_t n, void *const *b)", "{", "  int failed = 0;"]
        values = [*self.leaves, *self.made]
        for index, value in enumerate(values):
            lines.append(f"  {c_type(value.dtype)} *const {self.names.of(value.number)} = b[{index}];")
        for index, name in enumerate(self.table[len(values):], len(values)):
            kind = "struct team" if name == "team" else "void"
            lines.append(f"  {kind} *const {name.replace(' ', '_')} = b[{index}];")
        lines += [f"  (void){name.replace(' ', '_')};" for name in self.table]
        lines += calls
        lines.append("  if (failed) return 1;")
        lines += [self._late(output, argument) for output, argument in self.late.items()]
        for index, (condition, _) in enumerate(self.graph.conditions):
            lines.append(f"  if (!*{self.names.of(condition.number)}) return {index + 2};")
        lines += ["  return 0;", "}", "", "int symloss_step(int64_t n, void *const *b)", "{"]
        lines += ["  return step(n, b);", "}"]
        return "\n".join([*lines, ""])

    def _late(self, output, argument) -> str:
        """Copy a new value over the old one, which others had to read beside it."""
        value = next(v for v in self.outputs if v.number == output)
        size = length_text(value.size)
        return (f"  for (int64_t i = 0; i < {size}; i++) {self.names.of(argument)}[i] = "
                f"{self.names.of(output)}[i];")

    def _picking(self) -> list[str]:
        """Return the C of functions that pick rows, and of what else many steps need."""
        finite = {self.arguments[argument].dtype for argument in self.watched}
        return [STEPS, *picking(self.batched, self.of_bytes),
                *(FINITE.format(kind=c_type(dtype)) for dtype in sorted(finite))]

    def _pick(self, place: int, value) -> str:
        """Return the C that picks the rows of an argument, by several threads if they are long."""
        width, target = size(value.shape[1:]), f"({c_type(value.dtype)} *)b[{value.attrs['index']}]"
        how, each = ("pick_columns", 1) if value.by_column else ("pick_rows", BYTES[value.dtype])
        if value in self.of_bytes:
            how, each = f"{how}_of_bytes_{suffix(value.dtype)}", 1
        elif value.by_column:
            how += f"_{BYTES[value.dtype]}"
        name = self.names.of(value.number)
        if self.tasks and not value.by_column and width >= team.LONG:
            share = (f"{how}({target} + begin * {width}, team->data[{place}], team->chosen + begin, end - begin, "
                     f"{each * width});")
            return f"{self.tasks.add('n', share)} /* {name} */"
        step = f", {length_text(strides_of(value)[1])}" if value.by_column else ""
        return f"{how}({target}, data[{place}], chosen, n, {each * width}{step}); /* {name} */"

    def _steps(self, picks) -> str:
        """Return the C of many steps on rows that are picked from whole arrays."""
        lines = ["int64_t symloss_steps(int64_t n, void *const *b, const void *const *data, const int64_t *rows,",
                 "                      int64_t steps, const volatile int *stop, int *failed)",
                 "{ /* a step on each row of `rows`, n numbers a step; returns how many were done */",
                 "  const unsigned int kept = flush_denormals();", "  int64_t done = 0;",
                 "  while (done < steps && !*stop) {", "    const int64_t *const chosen = rows + done * n;"]
        if self.tasks:
            lines.insert(3, f"  struct team *const team = b[{self.table.index('team')}];")
            lines.append("    team->chosen = chosen, team->data = data;")
        lines += [f"    {pick}" for pick in picks]
        lines += ["    if ((*failed = step(n, b))) break;", "    done++;", *self._watching(), "  }",
                  "  restore_denormals(kept);", "  return done;", "}", ""]
        return "\n".join(lines)

    def _watching(self) -> list[str]:
        """Return the C that ends the steps where a number is not finite any more."""
        lines = []
        for argument, places in self.watched.items():
            value = self.arguments[argument]
            kind = f"(const {c_type(value.dtype)} *)b[{argument}]"
            one = (f"all_finite({kind}, {len(places)})" if list(places) == list(range(len(places))) else
                   " && ".join(f"all_finite({kind} + {place}, 1)" for place in places))
            lines.append(f"    if (!({one})) break; /* {self.names.of(value.number)} */")
        return lines

    def _decided(self) -> str:
        products = sum(v.op in ("dot", "batched_dot") for step in self.steps for v in step.values)
        kernels = sum(isinstance(step, Kernel) for step in self.steps)
        how = "written out, with the rows of matrices side by side" if self.by_column else "by BLAS"
        others = len(self.steps) - kernels - products
        return (f"one C file with {kernels} kernels" + (f", {products} products {how}" if products else "") +
                (f", {others} other operations" if others else "") +
                (f", {len(self.tasks.cases)} parts that threads share" if self.tasks else ""))

    def _lives(self, scratch):
        last = {}
        for position, step in enumerate(self.steps):
            for number in reads(step):
                last[number] = position
        end = len(self.steps)
        results = {v.number for v in self.outputs} | {c.number for c, _ in self.graph.conditions}
        found = [*scratch, *(Buffer(f"rows of {self.names.of(v.number)}", v.dtype, room_of(v), 0, end)
                             for v in self.batched)]
        for position, step in enumerate(self.steps):
            for value in step.values:
                if value.number in step.stores and value.number not in self.over:
                    until = end if value.number in results else last.get(value.number, position)
                    found.append(Buffer(self.names.of(value.number), value.dtype, room_of(value), position, until))
        return found


def _comment(lines) -> list[str]:
    """Return lines as one comment of C."""
    if not lines:
        return []
    wrapped = [part for line in lines for part in textwrap.wrap(line, 112, subsequent_indent="    ")]
    return ["/* " + "\n   ".join(wrapped) + " */"]


def _on_stack(length) -> bool:
    return isinstance(length, int) and length <= 8192
