"""Many draws, from the command line.

::

    python tests/search/run.py --draws 3000
    python tests/search/run.py --seed 17 --show
"""

import argparse
import collections
import concurrent.futures
import multiprocessing
import os
import pathlib
import sys

os.environ.setdefault("PYTENSOR_FLAGS", "traceback__limit=0")
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from search.drawing import draw
from search.judging import judge

SECONDS = 120


def one(seed: int, seconds: int = SECONDS):
    """Return the outcome of the draw of this number."""
    return judge(draw(seed), seconds=seconds)


def outcomes(seeds, jobs: int):
    """Yield the outcomes of draws, in their order."""
    if jobs < 2:
        yield from map(one, seeds)
        return
    fork = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, mp_context=fork, max_tasks_per_child=100) as pool:
        yield from pool.map(one, seeds, chunksize=1)


def main(arguments=None) -> int:
    """Run draws, print what is wrong and how often what came out, and return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=300, help="how many")
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--show", action="store_true", help="print programs and tracebacks, and what is refused")
    asked = parser.parse_args(arguments)
    seeds = range(asked.first, asked.first + asked.draws) if asked.seed is None else [asked.seed]
    counts = collections.Counter()
    for outcome in outcomes(seeds, asked.jobs):
        counts[outcome.kind] += 1
        if outcome.failed or asked.show:
            print(f"draw {outcome.seed}: {outcome.kind}: {outcome.text}", flush=True)
        if asked.show:
            print(draw(outcome.seed).program, outcome.where, sep="\n", flush=True)
    print(", ".join(f"{count} {kind}" for kind, count in counts.most_common()))
    return int(any(kind not in ("finite", "ours") for kind in counts))


if __name__ == "__main__":
    sys.exit(main())
