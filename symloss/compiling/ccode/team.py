"""The larger parts of a step, shared by threads: each thread takes a share of the rows that nobody has taken yet.

The thread that makes the steps never waits for a helper to begin: what no helper has taken, it does itself. So helpers
that a busy machine keeps waiting cost nothing, and what is computed does not depend on who computes it.
"""

import ctypes
import re

from .expressions import length_text
from .ir import N, Rows
from .kernels import COSTLY

WEIGHTS = 1 << 15  # of a product, from which on its program is worth several threads
NUMBERS = 1 << 13  # that a kernel goes over for each row, or at all, from which on it is worth a share each
ROWS = 64  # of a batch for each thread, at least: below that, BLAS shares its work better
LONG = 128  # numbers of a row that is picked

TEXT = """
/* Threads share a task: share 0 is the caller's, and each takes one more as long as there are any. `ticket` holds the
   number of the task and of the next share, in one word, so that no share of another task is taken by mistake. */
struct team {
  int64_t parts, kind, done, over;
  uint64_t ticket;
  const int64_t *chosen;
  const void *const *data;
};

#if defined(__x86_64__) || defined(__i386__)
#define PAUSE __builtin_ia32_pause()
#else
#define PAUSE (void)0
#endif
"""
TOGETHER = """
static int take_share(struct team *team, int64_t n, void *const *b)
{ /* take the next share, if there is one; returns whether there was */
  uint64_t ticket = __atomic_load_n(&team->ticket, __ATOMIC_ACQUIRE);
  const int64_t share = (int64_t)(ticket & 0xffff);
  if (share >= team->parts) return 0;
  if (__atomic_compare_exchange_n(&team->ticket, &ticket, ticket + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    do_share(team, team->kind, share, team->parts, n, b);
    __atomic_add_fetch(&team->done, 1, __ATOMIC_RELEASE);
  }
  return 1;
}

static void together(struct team *team, int64_t kind, int64_t n, void *const *b)
{
  if (team->parts < 2) {
    do_share(team, kind, 0, 1, n, b);
    return;
  }
  team->kind = kind;
  __atomic_store_n(&team->done, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&team->ticket, ((team->ticket >> 16) + 1) << 16 | 1, __ATOMIC_RELEASE);
  do_share(team, kind, 0, team->parts, n, b);
  while (take_share(team, n, b)) {}
  while (__atomic_load_n(&team->done, __ATOMIC_ACQUIRE) < team->parts - 1) PAUSE;
}

void symloss_help(struct team *team, int64_t n, void *const *b)
{ /* take shares until the steps are over */
  const unsigned int kept = flush_denormals();
  while (!__atomic_load_n(&team->over, __ATOMIC_ACQUIRE))
    if (!take_share(team, n, b)) PAUSE;
  restore_denormals(kept);
}
"""


class Team(ctypes.Structure):
    """What the threads of a program know of each other: the `struct team` of its C file."""

    _fields_ = (("parts", ctypes.c_int64), ("kind", ctypes.c_int64), ("done", ctypes.c_int64),
                ("over", ctypes.c_int64), ("ticket", ctypes.c_uint64), ("chosen", ctypes.c_void_p),
                ("data", ctypes.c_void_p))

    def begin(self, threads: int) -> None:
        """Be ready for this many threads; there is no share to be taken yet."""
        self.parts, self.done, self.over, self.ticket = threads, 0, 0, 0xFFFF

    def end(self) -> None:
        """Let the helpers go, and the caller work alone."""
        self.over, self.parts = 1, 1


class Pace:
    """Whether helpers pay: where other programs keep the cores busy, the thread that makes the steps waits for them.

    The first steps are made alone, and so are some after each time that helpers did not pay: more of them each time.
    Shares are the same with and without helpers, so what is computed does not depend on this.
    """

    def __init__(self):
        self._seconds, self._alone, self._pause = 0.0, 2, 1  # of a step made alone; calls to be made alone

    def wants_help(self) -> bool:
        """Return whether the next call is to have helpers."""
        if not self._alone:
            return True
        self._alone -= 1
        return False

    def learn(self, helped: bool, seconds: float) -> None:
        """Note the time of a step."""
        if not helped:
            self._seconds = seconds
        elif seconds < 0.9 * self._seconds:
            self._pause = 1
        else:
            self._alone, self._pause = self._pause, min(2 * self._pause, 64)


class Tasks:
    """The parts of a program that threads share.

    Attributes
    ----------
    cases : list of str
        The C of each task: it does the share from `begin` to `end`.
    """

    def __init__(self):
        self.cases: list[str] = []

    def add(self, length: str, call: str) -> str:
        """Add a task of this length, and return the C that does it together."""
        self.cases.append(f"  case {len(self.cases)}: {{\n    SHARE({length});\n    {call}\n    break;\n  }}")
        return f"together(team, {len(self.cases) - 1}, n, b);"

    def source(self) -> str:
        """Return the C of all tasks, and of how they are shared."""
        head = """
#define SHARE(length) \\
  const int64_t begin = (length) * share / parts & -16; \\
  const int64_t end = share + 1 < parts ? (length) * (share + 1) / parts & -16 : (length)

static void do_share(struct team *team, int64_t kind, int64_t share, int64_t parts, int64_t n, void *const *b)
{ /* do one of `parts` shares of a task; the bounds are multiples of 16, so that vectors stay whole */
  (void)team;
  switch (kind) {"""
        return "\n".join([head, *self.cases, "  default: break;", "  }", "}", TOGETHER])


def suits(steps, by_column: bool, batched) -> bool:
    """Return whether a program has products that are worth several threads."""
    sizes = [v.inputs[1].shape for step in steps for v in step.values if v.op == "dot"]
    wide = any(all(isinstance(n, int) for n in shape) and shape[0] * shape[1] >= WEIGHTS for shape in sizes)
    return bool(batched) and not by_column and wide


def bounded(lines: list[str]) -> list[str]:
    """Return the lines of a kernel whose outermost loop goes from `begin` to `end`."""
    return [re.sub(r"^(  for \(int64_t \w+) = 0; (\w+) < [^;]+;", r"\1 = begin; \2 < end;", line) for line in lines]


def length_of(made) -> str | None:
    """Return the length of the outermost loop of a kernel that can be shared, as C; None if it cannot.

    A kernel can be shared if it has one outermost loop, each turn of which leaves its own elements behind, and nothing
    else.
    """
    space, phases = made.space, made.phases
    loops = [line for line in made.lines if re.match(r"^  for \(", line)]
    outside = [line for line in made.lines
               if line[2:3] not in (" ", "}") and not line.startswith(("  for (", "  const "))]
    summed = any(not one.by_row for one in phases.kept.values())
    if len(loops) != 1 or outside or made.checks or made.blocks or summed:
        return None
    first = min(made.outer | made.inner)
    length, size = space.lengths[first], 1
    for n in space.lengths[0 if isinstance(length, int) else first + 1 :]:
        size = 0 if isinstance(n, Rows) else size * n
    match = re.match(r"^  for \(int64_t (\w+) = 0; \1 < (.+); \1\+\+\)", loops[0])
    stored = [v for v in made.kernel.values if v.number in made.kernel.stores]
    if match is None or any(first not in phases.loops_of(v) for v in stored) or match[2] != length_text(length):
        return None
    if any(v.op in COSTLY for v in made.kernel.values):
        size *= 16
    enough = size >= NUMBERS if isinstance(length, int) else length == N and size >= NUMBERS // 256
    return match[2] if enough else None
