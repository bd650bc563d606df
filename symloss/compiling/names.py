"""Names for the values of a training step in its C file, after layers, losses and parameters."""


def call(variable, name: str) -> None:
    """Give a variable that is computed a name for the C file, if it has none; what PyTensor calls it stays."""
    if variable.owner is not None and called(variable) is None:
        variable.tag.called = name


def called(variable) -> str | None:
    """Return what a variable is called: the user's name of it, or that for the C file."""
    return variable.name or getattr(variable.tag, "called", None)


def call_parts(objective) -> None:
    """Name the outputs of layers, the values of losses, and their sums and divisors."""
    for name, variable in reversed(objective.outputs.items()):  # where both are one, 'out' rather than 'pre'
        call(variable, name.removesuffix(":out"))
    for term in objective.training_terms:
        if term.source is not None:
            call(term.numerator, f"sum of {term.name}")
            call(term.denominator, f"divisor of {term.name}")
            if term.numerator.owner is not None and type(term.numerator.owner.op).__name__ == "Sum":
                call(term.numerator.owner.inputs[0], term.name)


def call_slopes(slopes: dict) -> None:
    """Name gradients after what they belong to."""
    for variable, slope in slopes.items():
        call(slope, f"slope of {called(variable)}")
