"""Losses as curves: the numbers are those of the compiled losses, jumps are jumps, and poles are cut."""

import numpy as np
import pytest

import symloss
from symloss import Loss, evaluate, plotting
from symloss.plotting import curves, lines

pytest.importorskip("matplotlib")


@pytest.fixture
def axes():
    from matplotlib.figure import Figure

    return Figure().subplots()


def only(name, order=0, **options):
    (line,) = lines.common([lines.drawn(name, options)], None, None, order)
    return line


def labels(figure):
    return [axes.get_xlabel() for axes in figure.axes]


@pytest.mark.parametrize(("name", "said"), [
    ("mae", "error"), ("poisson", "prediction"), ("hinge", "margin"), ("mape", "prediction"),
    ("binary_cross_entropy", "probability of class 1"), ("cross_entropy", "probability of the target's class"),
    ("multiclass_hinge", "margin"), ("lsgan", "real"), ("gaussian_nll", "error"), ("listnet", "margin"),
    ("multi_quantile", "error"), ("cosine_distance", "angle"), ("coral", "logit"),
])
def test_a_loss_is_drawn_against_what_it_is_a_function_of(name, said, axes):
    assert plotting.loss_curve(name, ax=axes) is axes
    assert axes.get_xlabel().startswith(said)
    assert axes.get_lines()[0].get_label() == name
    assert np.isfinite(axes.get_lines()[0].get_ydata()).sum() > 300


@pytest.mark.parametrize("name", ["huber", "tweedie", "log_cosh"])
def test_numbers_are_those_of_evaluate(name):
    line = only(name, 2)
    x = np.array([0.3, 0.9, 1.7])
    prediction = (x + line.target if line.direction is lines.ERROR else x)[:, None]
    target = np.full_like(prediction, line.target)
    loss, gradient, curvature = line(x)
    np.testing.assert_allclose(loss, evaluate.value(name, prediction, target, mode="PYTHON")[:, 0])
    np.testing.assert_allclose(gradient, evaluate.grad(name, prediction, target, mode="PYTHON")[:, 0])
    np.testing.assert_allclose(curvature, evaluate.hessian_diagonal(name, prediction, target, mode="PYTHON")[:, 0])


def test_derivatives_along_a_probability_take_the_other_classes_along():
    line = only("brier", 2)
    p = np.array([0.1, 0.5, 0.8])
    np.testing.assert_allclose(line(p), [2 * (1 - p) ** 2, -4 * (1 - p), [4.0] * 3], atol=1e-12)


def test_the_gradient_of_the_absolute_error_jumps_at_0(axes):
    plotting.loss_curve("mae", what="gradient", ax=axes)
    curve, jump = axes.get_lines()
    x, y = curve.get_data()
    (gap,) = np.flatnonzero(np.isnan(y))
    assert abs(x[gap]) < 1e-9 and y[gap - 1] == -1 and y[gap + 1] == 1
    assert set(y[np.isfinite(y)]) == {-1.0, 1.0}  # and the 0 at 0 itself is not drawn
    assert jump.get_linestyle() == ":" and list(jump.get_ydata()) == [-1, 1]


@pytest.mark.parametrize(("name", "order", "places"), [
    ("huber", 2, [-1, 1]), ("huber", 1, []), ("hinge", 1, [1]), ("log_cosh", 2, []), ("charbonnier", 1, []),
    ("epsilon_insensitive", 1, [-0.1, 0.1]),
])
def test_a_steep_slope_is_no_jump(name, order, places):
    x, y = curves.traced(only(name, order), order, -3, 3)
    np.testing.assert_allclose(x[np.isnan(y)], places, atol=1e-9)


def test_infinite_values_are_cut(axes):
    plotting.loss_curve("cross_entropy", what="gradient", ax=axes)
    x, y = axes.get_lines()[0].get_data()
    assert np.isnan(y[0]) and x[0] == 0  # -1 / 0
    np.testing.assert_allclose(y[1:], -1 / x[1:])
    assert -40 < axes.get_ylim()[0] < -10


def test_nothing_is_cut_where_nothing_is_steep():
    assert curves.limits(np.linspace(-3, 3, 100) ** 2)[1] > 9
    assert curves.limits(np.array([np.nan, np.inf])) is None
    assert curves.limits(np.full(5, 2.0)) == (1, 3)


def test_options_go_to_the_losses_that_have_them(axes):
    plotting.loss_curve(["huber", "mae"], ax=axes, delta=2.0, between=(0, 4))
    huber, mae = axes.get_lines()
    assert [huber.get_label(), mae.get_label()] == ["huber (delta=2)", "mae"]
    x, y = huber.get_data()
    np.testing.assert_allclose(y, np.where(x < 2, x**2 / 2, 2 * (x - 1)))
    assert x[0] == 0 and x[-1] == 4


def test_functions_and_classes_are_drawn_as_well(axes):
    def own(prediction, target, *, power=4.0):
        return abs(prediction - target) ** power

    class Half(Loss, registered=False):
        def __call__(self, outputs):
            return ((outputs[self.output_name] - self._target) ** 2).mean() / 2

    plotting.loss_curve([own, Half(), "mse"], ax=axes, power=2.0, between=(-1, 1))
    first, second, third = (line.get_ydata() for line in axes.get_lines())
    np.testing.assert_allclose(first, third, atol=1e-12)
    np.testing.assert_allclose(2 * second, third, atol=1e-12)
    assert [line.get_linestyle() for line in axes.get_lines()] == ["-", "-", "--"]  # the first shows through the third


def test_several_losses_share_what_all_are_functions_of():
    figure = plotting.loss_curve(["binary_cross_entropy", "hinge"])
    assert all(text.startswith("margin") for text in labels(figure))
    assert [axes.get_ylabel().split(":")[0] for axes in figure.axes] == ["loss", "gradient", "curvature"]
    with pytest.raises(symloss.SpecError, match="not functions of one and the same number.*lsgan: .*not a direction"):
        plotting.loss_curve(["cross_entropy", "lsgan"], what="loss")


def test_the_user_chooses_direction_target_and_other_ports(axes):
    plotting.loss_curve("gaussian_nll", against="variance", at={"mean": 2.0}, target=1.0, between=(0.5, 4), ax=axes)
    x, y = axes.get_lines()[0].get_data()
    np.testing.assert_allclose(y, (np.log(2 * np.pi * x) + 1 / x) / 2, atol=1e-9)
    axes.clear()
    plotting.loss_curve("binary_cross_entropy", against="logit", target=0, ax=axes)
    x, y = axes.get_lines()[0].get_data()
    np.testing.assert_allclose(y, np.log1p(np.exp(x)))
    axes.clear()
    plotting.loss_curve("cross_entropy", against="logit", classes=5, ax=axes)
    x, y = axes.get_lines()[0].get_data()
    np.testing.assert_allclose(y, np.log(np.exp(x) + 4) - x)


def along(name, x):
    """Return the values of a loss along the direction that it is drawn in."""
    return only(name)(np.array(x))[0]


def test_every_loss_has_a_curve_and_examples_say_what_moves(axes):
    from symloss import losses
    from symloss.plotting.examples import example

    shown = [name for name in losses.names() if example(losses.get(name))]
    assert len(shown) == 11 and all(np.ptp(along(name, [0.2, 0.8])) > 0 for name in shown if name != "circle")
    assert np.ptp(along("circle", [20.0, 80.0])) > 1
    plotting.loss_curve("ctc", ax=axes)
    assert axes.get_xlabel() == ("probability of the label at each of three steps\n"
                                 "(one label; the blank has the rest)")


def test_examples_have_the_numbers_of_evaluate():
    p = 0.3  # three steps: the label at 1, 2 or 3 of them, without a gap
    paths = 3 * p * (1 - p) ** 2 + 2 * p**2 * (1 - p) + p**3
    np.testing.assert_allclose(along("ctc", [p]), -np.log(paths))
    np.testing.assert_allclose(along("gradient_penalty", [0.5, 3.0]), [2.5, 40.0])
    np.testing.assert_allclose(along("cox", [0.5]), np.log(np.exp(0.5) + 2) - 0.5)
    turned = [np.cos(np.pi / 6), np.sin(np.pi / 6)]
    found = evaluate.value("supervised_contrastive", [turned, [1, 0], [0, 1.0]], [0, 0, 1], mode="PYTHON")
    np.testing.assert_allclose(along("supervised_contrastive", [30.0]), found[0])
    found = evaluate.value("nt_xent", [turned, [0, 1.0]], np.eye(2), mode="PYTHON")
    np.testing.assert_allclose(along("nt_xent", [30.0]), found[0])
    np.testing.assert_allclose(along("sampled_softmax", [1.0]), np.log(np.e + 2) - 1, rtol=1e-6)


@pytest.mark.parametrize(("arguments", "keywords", "error", "words"), [
    (["hubber"], {}, symloss.UnknownNameError, "huber"),
    (["huber"], {"dleta": 2}, symloss.UnknownNameError, "did you mean 'delta'"),
    (["huber"], {"againts": "error"}, symloss.UnknownNameError, "did you mean 'against'"),
    (["huber"], {"against": "eror"}, symloss.UnknownNameError, "did you mean 'error'"),
    (["huber"], {"what": "gradiant"}, symloss.UnknownNameError, "did you mean 'gradient'"),
    (["huber"], {"theme": "drak"}, symloss.UnknownNameError, "did you mean 'dark'"),
    (["huber"], {"between": (1, 0)}, symloss.SymlossError, "the lower one first"),
    (["huber"], {"at": {"variance": 1}}, symloss.UnknownNameError, "port in at"),
    (["huber"], {"delta": -1}, symloss.SpecError, "greater than 0"),
    (["cross_entropy"], {"classes": 1}, symloss.SpecError, "at least 2"),
    (["cross_entropy"], {"target": 2}, symloss.SpecError, "0 to 1"),
    (["nt_xent"], {"target": 1}, symloss.SpecError, "a small example of its own"),
    ([lambda prediction, target: prediction * 0 + target * 0], {}, symloss.SpecError, "not a function of one number"),
    ([[]], {}, symloss.SpecError, "Pass a name"),
    ([3], {}, symloss.SpecError, "is not a loss"),
    (["mse"], {"target": "a"}, symloss.SpecError, "target='a' is not valid; it must be a finite number"),
    (["mse"], {"target": float("nan")}, symloss.SpecError, "target=nan"),
    (["gaussian_nll"], {"at": {"variance": "b"}}, symloss.SpecError, "variance='b'"),
])
def test_what_is_wrong_is_said(arguments, keywords, error, words):
    with pytest.raises(error, match=words):
        plotting.loss_curve(*arguments, **keywords)


def test_axes_of_the_users_own(tmp_path):
    from matplotlib.figure import Figure

    pair = Figure().subplots(1, 2)
    assert plotting.loss_curve("mse", what=["loss", "gradient"], ax=pair, path=tmp_path / "two.svg") is pair
    assert (tmp_path / "two.svg").read_text(encoding="utf-8").count("<svg") == 1
    with pytest.raises(symloss.SymlossError, match="one matplotlib Axes for each of loss, gradient, curvature"):
        plotting.loss_curve("mse", ax=pair)


# ------------------------------------------------------------------------------------------------------------ colours


def luminance(color):
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


@pytest.mark.parametrize(("theme", "pages"), [(None, ["#ffffff", "#131416"]), ("light", ["#ffffff"]),
                                              ("dark", ["#131416"])])
def test_lines_stand_out_from_the_page(theme, pages):
    """At least 3:1, as the WCAG 2.1 wants of graphics; the text has more."""
    from symloss.plotting import style

    for color, least in [*((c, 3.0) for c in style.COLORS[theme]), (style.INK[theme], 4.0)]:
        for page in pages:
            low, high = sorted([luminance(color), luminance(page)])
            assert (high + 0.05) / (low + 0.05) >= least, (color, page)


MACHADO = {  # Machado, Oliveira and Fernandes (2009), severity 1.0
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


@pytest.mark.parametrize("sight", ["protan", "deutan"])
@pytest.mark.parametrize("theme", [None, "light", "dark"])
def test_lines_are_told_apart_without_red_or_green(theme, sight):
    from matplotlib.colors import to_rgb

    from symloss.plotting import style

    linear = np.array([[c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
                       for color in style.COLORS[theme]])
    seen = np.clip(linear @ np.array(MACHADO[sight]).T, 0, 1)
    xyz = seen @ np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)[np.triu_indices(6, 1)]
    assert apart.min() > 15


def test_a_page_shows_through_a_figure_and_settings_are_left_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    figure = plotting.loss_curve("mse", what="loss", theme="dark")
    assert figure.get_facecolor()[3] == 0 and figure.axes[0].get_facecolor()[3] == 0
    assert dict(matplotlib.rcParams) == before


def test_the_guide_has_the_figures_that_its_script_draws():
    import importlib.util
    import pathlib
    import re

    guide = pathlib.Path(__file__).parent.parent / "docs" / "guide"
    spec = importlib.util.spec_from_file_location("figures_of_the_guide", guide / "figures" / "make.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    shown = set(re.findall(r"\]\(figures/([a-z-]+)\.svg\)", (guide / "seeing.md").read_text(encoding="utf-8")))
    assert shown == set(script.FIGURES) == {path.stem for path in (guide / "figures").glob("*.svg")}
