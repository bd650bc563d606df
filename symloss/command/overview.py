"""The output of `symloss` without a command: what it can do, with examples."""

from rich.console import Console

from .. import __version__
from .console import rows, say

EXAMPLES = {
    "symloss demo": "train a classifier of handwritten digits, and save it",
    "symloss losses outliers": "find losses by a word, or by their name in another library",
    "symloss losses huber": "show the formula of a loss, its options, and an example",
    "symloss report huber --html huber.html": "examine a loss: curve, robustness, what its minimum predicts",
    "symloss report 'abs(e)**1.5'": "examine a loss of your own that is written as a formula",
    "symloss train model.toml data.csv": "train a model on a table; symloss train --example shows a model.toml",
    "symloss predict model.safetensors new.csv": "apply this model to another table",
    "symloss info": "show versions, compiler, BLAS, threads, and which modes work here",
    "symloss c-source model.safetensors": "print the C file of a saved model's training step",
    "symloss cache": "show where compiled code is kept, and how much there is",
}


def run(console: Console) -> int:
    """Print the overview, and return the exit code."""
    say(console, f"symloss {__version__}: from a symbolic loss to a fast C training function")
    console.print()
    width = console.width
    if width < 90:
        for example, text in EXAMPLES.items():
            console.print(example, markup=False, highlight=False, soft_wrap=True)
            say(console, f"    {text}")
    else:
        rows(console, EXAMPLES)
    console.print()
    say(console, "symloss COMMAND --help shows the options of a command. In Python: import symloss")
    return 0
