"""Why a training ended: a sentence with a short code."""

CODES = {
    "epochs": "all epochs are done",
    "patience": "a value has not improved for as long as `patience` or a criterion of `stop` allows",
    "criterion": "a function that was passed as `stop` returned True",
    "callback": "a callback returned True, or a sentence",
    "time": "a `TimeLimit` has passed",
    "interrupted": "Ctrl-C was pressed",
    "data": "an iterator was exhausted",
    "converged": "a full-batch method reached its tolerance",
    "method": "a full-batch method could make no more progress",
    "closed": "the generator of `itertrain` was closed",
    "error": "an exception was raised, for example because a loss is NaN",
}


class Reason(str):
    """A sentence that says why a training stopped. Records show it under 'stopped'.

    Parameters
    ----------
    text : str
    code : str
        One of ``CODES``.

    >>> reason = Reason("valid_loss has not improved in 5 validations", "patience")
    >>> print(reason.code, "|", reason)
    patience | valid_loss has not improved in 5 validations
    """

    code: str

    def __new__(cls, text: str, code: str):
        found = super().__new__(cls, text)
        found.code = code
        return found

    def __getnewargs__(self):
        return str(self), self.code


def not_improved(name: str, waited: int, what: str, best: float | None) -> Reason:
    """Return the reason to stop if a value has not improved for a number of validations, or epochs.

    >>> not_improved("valid_loss", 5, "validation", 0.25)
    'valid_loss has not improved in 5 validations; the best was 0.25'
    """
    text = f"{name} has not improved in {waited} {what}{'s' * (waited > 1)}"
    return Reason(text if best is None else f"{text}; the best was {best:.6g}", "patience")
