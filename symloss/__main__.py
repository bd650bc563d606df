"""The command ``symloss``: losses and reports about them, training on tables, a demonstration, a doctor, C sources."""

import argparse
import sys
import warnings

from rich.console import Console

import symloss
from symloss.errors import SymlossError, SymlossWarning, unknown

COMMANDS = ("demo", "info", "losses", "report", "train", "predict", "c-source", "cache")
FAILED, INTERRUPTED = 1, 130  # exit codes; argparse itself ends with 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command with `arguments` (those of the process, unless given) and return its exit code."""
    parser = make_parser()
    arguments = sys.argv[1:] if arguments is None else arguments
    name = next((word for word in arguments if not word.startswith("-")), None)
    if name is not None and name not in COMMANDS:
        parser.error(str(unknown("command", name, COMMANDS)))
    found, rest = parser.parse_known_args(arguments)
    options = vars(found)
    if rest:
        parser.error(_not_taken(name, rest[0], options))
    command = options.pop("command", None)
    console = Console(highlight=False, stderr=name == "predict" and options["output"] is None)
    if command is None:
        from symloss.command.overview import run

        return run(console)
    try:
        with warnings.catch_warnings():
            _warnings_as_lines(console)
            return command(console, **options)
    except (SymlossError, OSError) as error:
        print(f"symloss: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("symloss: stopped", file=sys.stderr)
        return INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="symloss", description=symloss.__doc__)
    parser.add_argument("--version", action="version", version=f"symloss {symloss.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="")

    demo = commands.add_parser("demo", help="train a classifier of handwritten digits, and save it")
    demo.add_argument("--epochs", type=_integer(1), default=20, metavar="N",
                      help="number of epochs, each a pass over the 8,000 digits (%(default)s)")
    demo.add_argument("--output", default="symloss-demo", metavar="FOLDER",
                      help="folder for the model and the figure (%(default)s)")
    demo.add_argument("--seed", type=_integer(0), default=0, metavar="N",
                      help="seed for parameter initialization and shuffling (%(default)s)")
    demo.add_argument("--mode", default=None, metavar="MODE",
                      help="C, NUMBA, JAX or PYTHON (default: C if a compiler is installed, otherwise NUMBA)")
    demo.set_defaults(command=_demo)

    info = commands.add_parser("info", help="show versions, compiler, BLAS, threads, cache, and which modes work here")
    info.set_defaults(command=_info)
    losses = commands.add_parser("losses", help="find losses, or show formula, options and an example of one")
    losses.add_argument("words", nargs="*", metavar="WORD",
                        help="the name of a loss, here or in another library; or words from its name or description: a "
                             "loss is listed if it has all of them")
    losses.set_defaults(command=_losses)
    _add_report(commands)
    _add_train(commands)
    _add_predict(commands)
    source = commands.add_parser("c-source", help="print the C file of a saved model's training step")
    source.add_argument("file", metavar="FILE", help="a file that net.save wrote, such as model.safetensors")
    source.add_argument("--algo", default="rmsprop", metavar="RULE", help="the update rule (%(default)s)")
    source.set_defaults(command=_c_source)
    cache = commands.add_parser("cache", help="show where compiled code is kept and how much there is, or remove it")
    cache.add_argument("action", nargs="?", metavar="clear",
                       help="remove the code that symloss compiled; it is compiled again when it is needed")
    cache.add_argument("--older-than", type=_integer(0), metavar="DAYS", dest="older-than",
                       help="with clear: only remove code that was not used for this many days")
    cache.set_defaults(command=_cache)
    return parser


def _add_report(commands) -> None:
    report = commands.add_parser("report", help="examine a loss: curve, robustness, what its minimum predicts")
    report.add_argument("loss", metavar="LOSS", help="a name, or a formula in quotes: 'abs(e)**1.5'")
    report.add_argument("options", nargs="*", metavar="OPTION=NUMBER", help="hyperparameters, such as delta=0.5")
    report.add_argument("--html", metavar="FILE", help="also write a page with figures")
    report.add_argument("--no-speed", action="store_true", dest="no-speed", help="do not measure the speed")
    report.add_argument("--mode", default=None, metavar="MODE", help="the mode in which the speed is measured")
    report.set_defaults(command=_report)


def _add_train(commands) -> None:
    train = commands.add_parser("train", help="train a model that a TOML file describes on a table")
    train.add_argument("recipe", nargs="?", metavar="MODEL.toml", help="a description of the model; see --example")
    train.add_argument("data", nargs="?", metavar="DATA.csv", help="a table with the names of its columns on line 1")
    train.add_argument("--example", action="store_true", help="print a TOML file with all keys, and exit")
    train.set_defaults(command=_train)


def _add_predict(commands) -> None:
    predict = commands.add_parser("predict", help="apply a model that symloss train saved to a table")
    predict.add_argument("model", metavar="MODEL.safetensors", help="the file of the model")
    predict.add_argument("data", metavar="TABLE.csv", help="a table with the columns of the training, in any order "
                                                           "and with or without the target")
    predict.add_argument("-o", "--output", metavar="OUT.csv",
                         help="the file to write the predictions to, a line for each row (default: standard output)")
    predict.add_argument("--score", action="store_true", help="compare the predictions with the target in the table")
    predict.add_argument("--missing", choices=("refuse", "empty"),
                         help="refuse rows with missing inputs, or leave their predictions empty (default: empty if "
                              "the model was trained with missing = \"drop\")")
    predict.set_defaults(command=_predict)


def _not_taken(command, word, options) -> str:
    """Return what to say of an argument that a command does not take."""
    if not word.startswith("-"):
        return f"{command} does not take {word!r}; leave it out, or see symloss {command} --help"
    known = ["--help", *(f"--{name}" for name in options if name not in ("command", "words"))]
    return str(unknown(f"option of {command or 'symloss'}:", word, known if command else [*known, "--version"]))


def _integer(least: int):
    """Return what reads an argument as an integer of at least `least`."""

    def read(text):
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"got {value}, but it must be an integer of at least {least}")
        return value

    read.__name__ = "integer"
    return read


def _demo(console, **options) -> int:
    from symloss.command.demo import run

    return run(console, **options)


def _info(console) -> int:
    from symloss.command.doctor import run

    return run(console)


def _losses(console, words) -> int:
    from symloss.command.losses import run

    return run(console, words)


def _report(console, loss, **options) -> int:
    from symloss.command.report import run

    return run(console, loss, options["options"], options["html"], not options["no-speed"], options["mode"])


def _train(console, recipe, data, example) -> int:
    from symloss.command import recipes
    from symloss.command.train import run

    if example:
        print(recipes.EXAMPLE, end="")
        return 0
    if data is None:
        raise symloss.SpecError("train: the command needs a TOML file and a table: symloss train model.toml data.csv. "
                                "Write symloss train --example to see such a TOML file")
    return run(console, recipe, data)


def _predict(console, **options) -> int:
    from symloss.command.predict import run

    return run(console, **options)


def _c_source(console, file, algo) -> int:
    print(symloss.load(file).c_source(algo))
    return 0


def _cache(console, action, **options) -> int:
    from symloss.command.cache import run

    return run(console, action, options["older-than"])


def _warnings_as_lines(console) -> None:
    """Show what symloss warns of as one line; other warnings as Python shows them."""
    usual = warnings.showwarning

    def show(message, category, *place, **keywords):
        if issubclass(category, SymlossWarning):
            console.print(f"note: {message}", markup=False)
        else:
            usual(message, category, *place, **keywords)

    warnings.showwarning = show


if __name__ == "__main__":
    sys.exit(main())
