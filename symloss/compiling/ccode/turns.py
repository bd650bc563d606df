"""Compiled steps of several programs, made in turn by a driver in C."""

import ctypes

import numpy as np

from . import building
from .running import Bound, Failed

TEXT = """/* Steps of several programs in turn: some steps of one, then those of the next, and again from the first. */
#include <stdint.h>

typedef int64_t steps_of(int64_t rows, void *table, void *data, const int64_t *order, int64_t steps,
                         const volatile int *stop, int *failed);

struct turn { steps_of *run; void *table, *data; int64_t steps; };

/* place: the turn that is on, and how many of its steps are done. Returns how many steps were made. */
int64_t symloss_turns(int64_t rows, const struct turn *turns, int64_t count, int64_t *place, const int64_t *order,
                      int64_t steps, const volatile int *stop, int *failed)
{
  int64_t done = 0;
  while (done < steps && !*stop) {
    const struct turn *const turn = &turns[place[0]];
    const int64_t left = turn->steps - place[1], wanted = left < steps - done ? left : steps - done;
    const int64_t made = turn->run(rows, turn->table, turn->data, order + done * rows, wanted, stop, failed);
    done += made;
    place[1] += made;
    if (place[1] >= turn->steps) { place[1] = 0; place[0] = (place[0] + 1) % count; }
    if (made < wanted) break;
  }
  return done;
}
"""


class _Turn(ctypes.Structure):
    _fields_ = (("run", ctypes.c_void_p), ("table", ctypes.c_void_p), ("data", ctypes.c_void_p),
                ("steps", ctypes.c_int64))


def run(programs: list[Bound], counts: list[int], place: np.ndarray, order: np.ndarray, stop: ctypes.c_int) -> int:
    """Make a step for each row of `order`, `counts[i]` of program i in turn; returns how many were made.

    Parameters
    ----------
    programs : list of Bound
    counts : list of int
    place : int64 array (2,)
        Which program is on, and how many of its steps are done; it is moved on.
    order : int64 array (steps, rows in a step)
    stop : ctypes.c_int
        No step is begun when it is not 0.

    Raises
    ------
    Failed
    """
    drive = building.load(TEXT, "turns").symloss_turns
    drive.restype = ctypes.c_int64
    drive.argtypes = [ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, *[ctypes.c_void_p] * 2, ctypes.c_int64,
                      *[ctypes.c_void_p] * 2]
    turns = (_Turn * len(programs))(*(_Turn(one.run, ctypes.addressof(one.table), ctypes.addressof(one.data), count)
                                      for one, count in zip(programs, counts, strict=True)))
    failed, (steps, rows) = ctypes.c_int(0), order.shape
    done = drive(rows, turns, len(turns), place.ctypes.data, order.ctypes.data, steps, ctypes.byref(stop),
                 ctypes.byref(failed))
    if failed.value:
        raise Failed(programs[place[0]].messages[failed.value - 1])
    return done
