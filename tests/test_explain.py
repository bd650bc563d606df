"""What explain() says of a model's losses."""

import pytest

import symloss


def term(loss, **options):
    """Return the line about a loss."""
    net = symloss.Regressor([3, 2], loss=None, mode="PYTHON")
    net.add_loss(loss, **options)
    return net.explain().split("minimizes the sum of\n")[1].splitlines()[0].strip()


def reduced(p, t):
    return ((p - t) ** 2).mean()


def halved(p, t):
    return ((p - t) ** 2).mean(axis=-1).mean()


def whole(p, t):
    return (p - t) ** 2


class Own(symloss.Loss):
    def __call__(self, outputs):
        return outputs[self.output_name].mean()


@pytest.mark.parametrize("loss", [reduced, halved, Own])
def test_what_reduces_its_values_itself_is_a_mean_of_its_own(loss):
    assert "a mean of its own" in term(loss) and "divided by" not in term(loss)


@pytest.mark.parametrize("loss", [whole, "mse", "huber"])
def test_other_losses_say_their_divisor(loss):
    assert term(loss).endswith("divided by the number of elements")


def test_a_weight_stands_before_its_term():
    assert term("mse", weight=0.5).startswith("0.5 * mse: ")
    schedule = symloss.schedules.linear(0.0, 1.0, steps=10)
    assert term("mse", weight=schedule).startswith("linear(start=0.0, end=1.0, steps=10) * mse: ")


def test_the_heading_of_a_summary_is_one_line_however_narrow_its_table():
    net = symloss.Regressor([3, 4, 2], loss=["mse", "mae", "huber"], mode="PYTHON")
    assert net.summary().splitlines()[0] == repr(net)
