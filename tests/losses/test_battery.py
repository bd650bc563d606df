"""What every loss must do, whatever it is: one test a property, one case a row and kind of its ports."""

import doctest
import inspect
import itertools
import re

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.graph.basic import equal_computations
from pytensor.graph.replace import clone_replace

import symloss
from symloss._checks import shape_text

from .case import CASES, compiled, gradient
from .reference import names
from .rows import seed


def cases(condition):
    """Parametrise a test over the cases that it applies to."""
    return pytest.mark.parametrize("case", [case for case in CASES if condition(case)], ids=lambda case: case.id)


every_case = cases(lambda case: True)
every_name = pytest.mark.parametrize("name", symloss.losses.names())
NEAR = 1e-4  # step of the finite differences: four points, so the error is of its fourth power
STEPS = (-NEAR, NEAR, -2 * NEAR, 2 * NEAR)
TOGETHER = 256  # batches that are computed in one call, at most


def difference(at):
    """Return the derivative at 0 of a function of one number, of which `at` holds what it is at each of `STEPS`."""
    return (8 * (at[1] - at[0]) - (at[3] - at[2])) / (12 * NEAR)


def moved(fed, port, where, step):
    array = fed[port].copy()
    array[where] += step
    return fed | {port: array}


# ------------------------------------------------------------------------------------------------------------ complete


def test_every_registered_loss_has_a_row_and_every_row_a_loss():
    assert names() == set(symloss.losses.names())


@every_case
def test_row_names_the_ports_and_options_of_the_function(case):
    assert case.ports == case.spec.ports
    for options in case.row.options:
        case.spec.check_options(options)


# --------------------------------------------------------------------------------------------------------------- values


@every_case
def test_value_is_that_of_the_reference(case):
    for shape in case.row.shapes:
        fed = case.sample(shape)
        for options, values in zip(case.row.options, case.values(fed), strict=True):
            expected = case.reference(fed, **options)
            assert values.shape == expected.shape
            np.testing.assert_allclose(values, expected, rtol=1e-10, atol=1e-13, err_msg=f"{shape} {options}")


@every_case
def test_one_value_belongs_to_what_the_registry_says(case):
    fed = case.sample()
    shape, found = fed[case.first].shape, case.values(fed)[0].shape
    expected = {"element": shape, "item": shape[: len(found)] or "no axis", "batch": ()}[case.per]
    assert found == expected


@cases(lambda case: case.row.logits and case.kinds[case.first].plain)
def test_extreme_logits_give_the_exact_value(case):
    fed = case.sample()
    for z in case.edges(case.first):
        at = fed | {case.first: z}
        expected = case.row.logits(z, *list(at.values())[1:])
        for values in (case.values(at)[0], case.single(at)[0][0]):
            rounding = 128 * np.finfo(values.dtype).eps  # z - t z is exact at 1e4, and rounded at 30
            np.testing.assert_allclose(values, expected, rtol=1e-6, atol=rounding)


@cases(lambda case: case.row.perfect)
def test_perfect_prediction_has_the_least_value(case):
    fed = case.sample()
    best = case.perfect(fed)
    changed = [p for p in case.ports if best[p] is not fed[p]]
    total = (lambda values: values) if case.separate else np.sum
    least = case.values(best)
    for options, values in zip(case.row.options, least, strict=True):
        if case.row.least is not None:
            stated = case.row.least
            stated = stated(*case.plain(best), **options) if callable(stated) else stated
            np.testing.assert_allclose(total(values), stated, rtol=1e-10, atol=1e-12)
    for trial in range(12):
        other = case.sample(salt=f"perturbation {trial}")
        share = 1.0 if trial < 4 else 10.0 ** -(trial % 4)
        near = best | {p: best[p] + share * (other[p] - best[p]) for p in changed}
        for lowest, values in zip(least, case.values(near), strict=True):
            assert np.all(total(values) >= total(lowest) - 1e-12 * (1 + np.abs(total(lowest)))), f"trial {trial}"


# ------------------------------------------------------------------------------------------------------------ gradients


@every_case
def test_gradient_is_that_of_finite_differences(case):
    for shape in case.row.shapes if case.separate else case.row.shapes[:1]:
        fed = case.sample(shape)
        start = case.at(fed)
        cotangent = seed(case.id).uniform(0.5, 2, start[0][0].shape)
        found = case.at(fed, cotangent)
        for port in case.by:
            expected = slopes_of(case, fed, port, cotangent)
            for o, options in enumerate(case.row.options):
                scale = 1 + np.abs(start[o][0]).max()
                np.testing.assert_allclose(found[o][1][port], expected[o], rtol=1e-7, atol=1e-10 * scale,
                                           err_msg=f"by {port}, {shape} {options}")


def slopes_of(case, fed, port, cotangent):
    """Return for each option the gradient of sum(cotangent * values) by a port, from values alone."""
    lead = cotangent.ndim
    together = case.separate and fed[port].shape[:lead] == cotangent.shape
    slopes = np.zeros((len(case.row.options), *fed[port].shape))

    def values(at):
        if case.row.moving is None:
            return case.values(at)
        return np.stack([case.row.moving(at, fed, **options) for options in case.row.options])

    places = list(np.ndindex(fed[port].shape[lead:] if together else fed[port].shape))
    if together:  # items are apart: move them all at once
        places = [(slice(None),) * lead + where for where in places]
    many = [moved(fed, port, place, step) for place in places for step in STEPS]
    if case.separate and case.kinds[port].items and case.row.moving is None:
        found = np.concatenate([np.split(values(case.stacked(many[i : i + TOGETHER])), len(many[i : i + TOGETHER]), 1)
                                for i in range(0, len(many), TOGETHER)])
    else:
        found = [values(at) for at in many]
    for index, place in enumerate(places):
        slope = cotangent * difference(found[4 * index : 4 * index + 4])
        total = slope if together else slope.reshape(len(slope), -1).sum(axis=1)
        slopes[(slice(None), *place)] = total
    return slopes


@cases(lambda case: case.row.twice and case.by)
def test_second_derivative_is_that_of_finite_differences(case):
    fed, rng = case.sample(), seed(case.id)
    along = {p: rng.standard_normal(fed[p].shape) for p in case.by}
    ahead = [case.at(fed | {p: fed[p] + step * along[p] for p in case.by}) for step in STEPS]
    found = zip(case.at(fed), case.curvatures(fed, along), strict=True)
    for o, ((_, slopes), curvature) in enumerate(found):
        for port in case.by:
            expected = difference([at[o][1][port] for at in ahead])
            assert np.isfinite(curvature[port]).all()
            if case.row.moving is None:
                scale = 1 + np.abs(slopes[port]).max()
                np.testing.assert_allclose(curvature[port], expected, rtol=1e-7, atol=1e-9 * scale)


# --------------------------------------------------------------------------------------------------------------- dtypes


@every_case
def test_float32_stays_float32_and_agrees_with_the_reference(case):
    fed = case.sample()
    for options, (values, slopes) in zip(case.row.options, case.single(fed), strict=True):
        assert values.dtype == "float32", f"{options}: {values.dtype}"
        assert case.graph(case.variables(fed, "float32"), **options).dtype == "float32", "with floatX=float64"
        assert {g.dtype for g in slopes.values()} <= {np.dtype("float32")}
        np.testing.assert_allclose(values, case.reference(fed, **options), rtol=2e-5, atol=2e-6)


@cases(lambda case: "target" in case.kinds and case.kinds["target"].whole)
def test_dtype_of_the_target_changes_nothing(case):
    """The graph is that of a float32 target which is cast; where it is another one (of labels), it is computed."""
    target = case.kinds["target"]
    base = case.sample() | {"target": target.whole(seed(case.id), target.shaped(case.row.shapes[0]))}
    variables = {p: v for p, v in case.variables(case.sample(), "float32").items() if p != "target"}
    by = [variables[p] for p in case.by if p != "target"]

    def of(dtype):
        one = pt.tensor(name=f"target of {dtype}", dtype=dtype, shape=(None,) * base["target"].ndim)
        with pytensor.config.change_flags(floatX="float32"):
            return one, case.graph({p: variables.get(p, one) for p in case.ports})

    like = "float32" if "float32" in target.dtypes else target.dtypes[0]
    computed = [of(like)]
    (first, value), *_ = computed
    for dtype in target.dtypes:
        one, values = of(dtype)
        assert values.dtype == "float32", dtype
        if dtype != like and not equal_computations([values], [clone_replace(value, {first: one.astype(like)})]):
            computed.append((one, values))
    with pytensor.config.change_flags(floatX="float32"):
        outputs = [o for _, values in computed for o in (values, *gradient(values.sum(), by))]
    fed = [base[p].astype(v.dtype) for p, v in variables.items()]
    targets = [one for one, _ in computed]
    found = compiled([*variables.values(), *targets], outputs)(*fed, *(base["target"].astype(t.dtype) for t in targets))
    size = len(by) + 1
    for index, one in enumerate(targets):
        for expected, other in zip(found[:size], found[index * size : (index + 1) * size], strict=True):
            assert other.dtype == "float32", one.name
            np.testing.assert_allclose(other, expected, rtol=1e-6, err_msg=one.name)
    np.testing.assert_allclose(found[0], case.reference(base), rtol=2e-5, atol=2e-6)


@every_case
def test_value_and_gradient_are_finite_at_the_edges(case):
    fed = case.sample()
    edges = {p: [fed[p], *case.edges(p)] for p in case.ports}
    every = [dict(zip(case.ports, at, strict=True)) for at in itertools.product(*edges.values())]
    if not (case.separate and all(np.isfinite(found).all() for found in at_once(case, every))):
        for at in every:
            finite(case, at)


def at_once(case, every):
    """Yield float32 values and gradients of batches, of which those that share what is no item's are one."""
    def shared(at):
        return [id(at[p]) for p, kind in case.kinds.items() if not kind.items]

    for _, alike in itertools.groupby(sorted(every, key=shared), shared):
        alike = list(alike)
        for start in range(0, len(alike), TOGETHER):
            for values, slopes in case.single(case.stacked(alike[start : start + TOGETHER])):
                yield from (values, *slopes.values())


def finite(case, at):
    text = {p: a.ravel()[:4].tolist() for p, a in at.items()}
    for values, slopes in case.single(at):
        assert np.isfinite(values).all(), f"value {values.ravel()[:4]} at {text}"
        for port, slope in slopes.items():
            assert np.isfinite(slope).all(), f"gradient by {port} {slope.ravel()[:4]} at {text}"


@cases(lambda case: case.separate and case.kinds[case.first].name in ("simplex", "unit") and case.first in case.by)
def test_gradient_is_alive_where_a_probability_of_0_was_wrong(case):
    fed = case.sample()
    for extreme in case.edges(case.first):
        for values, slopes in case.single(fed | {case.first: extreme}):
            items = slopes[case.first].reshape(*values.shape, -1)
            assert np.all(np.abs(items[values > 5]).max(axis=-1) > 1), "a clip stops the gradient"


# --------------------------------------------------------------------------------------------------------------- shapes


@cases(lambda case: case.meets_column)
def test_column_against_vector_is_not_a_table(case):
    fed = case.sample((5, 1))
    expected = case.at(fed)[0]
    others = [p for p in case.ports if p != "target"]
    layouts = [((None, 1), (None,)), ((None, None), (None,)), ((None,), (None, 1))]
    inputs, outputs = [], []
    for first, second in layouts:
        variables = {p: pt.tensor(name=p, dtype="float64", shape=second if p == "target" else first)
                     for p in case.ports}
        values = case.graph(variables)
        inputs += variables.values()
        outputs += [values, *gradient(values.sum(), [variables[p] for p in others])]
    function = compiled(inputs, outputs)
    arrays = [a.reshape((-1, 1)[: len(second if p == "target" else first)])
              for first, second in layouts for p, a in fed.items()]
    found, size = function(*arrays), len(others) + 1
    for index, layout in enumerate(layouts):
        values, *slopes = found[index * size : (index + 1) * size]
        assert values.size == 5, f"{layout}: {values.shape}"
        np.testing.assert_allclose(values.ravel(), expected[0].ravel(), rtol=1e-12, atol=1e-14)
        for port, slope in zip(others, slopes, strict=True):
            if port in case.by:
                np.testing.assert_allclose(slope.ravel(), expected[1][port].ravel(), rtol=1e-12, atol=1e-14)


@cases(lambda case: case.labelled and len(case.row.shapes[0]) == 2)
def test_column_of_labels_is_a_vector_of_labels(case):
    fed = case.sample()
    variables = case.variables(fed, static=True)
    variables["target"] = pt.tensor(name="target", dtype="int32", shape=(None, 1))
    function = compiled(list(variables.values()), [case.graph(variables)])
    (values,) = function(*(fed | {"target": fed["target"][:, None]}).values())
    np.testing.assert_array_equal(values, case.at(fed)[0][0])


@every_case
def test_wrong_rank_raises_and_shows_both_shapes(case):
    fed = case.sample()
    for port in case.ports[1:]:
        if port not in case.row.free:
            variables = case.variables(fed)
            wrong = pt.tensor(name=port, dtype=variables[port].dtype, shape=(None,) * fed[port].ndim + (2, 3))
            refuses(case, variables | {port: wrong}, wrong)


@every_case
def test_contradictory_lengths_raise_and_show_both_shapes(case):
    fed = case.sample()
    for port in case.ports[1:]:
        if port not in case.row.free:
            variables = case.variables(fed, full=True)
            for axis in range(fed[port].ndim):
                shape = tuple(n + 1 if i == axis else n for i, n in enumerate(fed[port].shape))
                wrong = pt.tensor(name=port, dtype=variables[port].dtype, shape=shape)
                refuses(case, variables | {port: wrong}, wrong)


def refuses(case, variables, wrong):
    with pytest.raises(symloss.ShapeError) as caught:
        case.graph(variables)
    message = str(caught.value)
    assert shape_text(wrong) in message
    others = [shape_text(v) for v in variables.values() if v is not wrong]
    assert any(shape in message for shape in others) or (case.row.free and message.count("(") > 1), message
    assert wrong.name in message or "labels" in message


@cases(lambda case: case.labelled and case.separate)
def test_label_out_of_range_is_nan_and_never_another_items_score(case):
    fed = case.sample()
    wrong = fed["target"].copy()
    wrong.ravel()[:4] = [-1, case.classes, 2**31 - 1, -(2**31)]
    known, unknown = case.variables(fed, static=True), case.variables(fed)
    outputs = []
    for variables in (known, unknown):
        values = case.graph(variables)
        outputs += [values, *gradient(values.sum(), [variables[p] for p in case.by])]
    found = compiled([*known.values(), *unknown.values()], outputs)(*(2 * list((fed | {"target": wrong}).values())))
    for values in (found[0], found[len(case.by) + 1]):
        assert np.isnan(values.ravel()[:4]).all()
        np.testing.assert_allclose(values.ravel()[4:], case.at(fed)[0][0].ravel()[4:], rtol=1e-12)


# -------------------------------------------------------------------------------------------------------------- weights


def bound(case, fed, weighted):
    """Return (a bound loss over variables of its own, those variables by port)."""
    variables = case.variables(fed)
    loss = symloss.Loss(case.row.name, ports={p: p for p in case.ports if p != "target"}, output_name=case.first)
    target = variables.get("target")
    weights = None
    if weighted:
        like = variables["target"] if target is not None else None
        ndim = 1 if like is None else like.ndim
        weights = pt.tensor(name="weights", dtype="float64", shape=(None,) * ndim)
    return loss.bind(target, weights), variables


def outputs_of(case, variables):
    return {f"{p}:out": v for p, v in case.through(variables).items() if p != "target"}


@pytest.fixture(scope="module")
def weighing():
    """Return a function from a case to f(fed, item weights or None) -> {name: (total, gradients)}."""
    made = {}

    def build(case, fed):
        (free, x), (tied, y) = bound(case, fed, False), bound(case, fed, True)
        one_each = pt.vector(dtype="float64")
        by = [p for p in case.by if p != "target"]
        reduced = symloss.losses.reduce(case.graph(y), weights=one_each)
        outputs = []
        for total, variables in ((free(outputs_of(case, x)), x), (tied(outputs_of(case, y)), y), (reduced, y)):
            outputs += [total, *gradient(total, [variables[p] for p in by])]
        function = compiled([*x.values(), *y.values(), one_each, tied._weights], outputs)
        size = len(by) + 1

        def call(fed, weights):
            shape = fed["target"].shape if "target" in fed else weights.shape
            spread = np.broadcast_to(weights.reshape((-1,) + (1,) * (len(shape) - 1)), shape).astype(float)
            found = function(*fed.values(), *fed.values(), weights.astype(float), spread)
            groups = [found[i : i + size] for i in range(0, len(found), size)]
            named = zip(("unweighted", "bound", "reduce"), groups, strict=True)
            return {name: (total, dict(zip(by, slopes, strict=True))) for name, (total, *slopes) in named}

        return call

    def get(case, fed):
        if case.id not in made:
            made[case.id] = build(case, fed)
        return made[case.id]

    return get


def same(found, expected, index=slice(None)):
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-11, atol=1e-14)
    for port, slope in found[1].items():
        np.testing.assert_allclose(slope[index], expected[1][port], rtol=1e-11, atol=1e-14)


@cases(lambda case: case.per != "batch")
def test_weights_of_one_are_no_weights(case, weighing):
    fed = case.sample()
    found = weighing(case, fed)(fed, np.ones(len(fed[case.first])))
    same(found["bound"], found["unweighted"])
    same(found["reduce"], found["unweighted"])


@cases(lambda case: case.separate or case.spec.pairs)
def test_weight_of_zero_removes_the_item_whatever_its_target(case, weighing):
    fed = case.sample()
    n, call = len(fed[case.first]), weighing(case, fed)
    keep, weights = np.arange(n) != 2, np.where(np.arange(n) == 2, 0.0, 1.0)
    expected = call(case.items(fed, keep), np.ones(n - 1))["unweighted"]
    spoilt = dict(fed)
    if "target" in fed:
        spoilt["target"] = fed["target"].copy()
        spoilt["target"][2] = 9999 if case.kinds["target"].label else np.nan
    for data, name in ((fed, "bound"), (spoilt, "bound")) + (((fed, "reduce"),) if case.separate else ()):
        total, slopes = call(data, weights)[name]
        kept = {p: g[keep] if case.kinds[p].items else g for p, g in slopes.items()}
        same((total, kept), expected)
        for port, slope in slopes.items():
            assert not case.kinds[port].items or np.all(slope[2] == 0), f"{name}: the gradient by {port} is not 0"


@cases(lambda case: case.separate or case.spec.pairs)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_behind_a_weight_of_zero_change_nothing(case, weighing, bad):
    fed = case.sample()
    n, call = len(fed[case.first]), weighing(case, fed)
    weights = np.where(np.arange(n) == 2, 0.0, 1.0)
    expected, by = call(fed, weights)["bound"]
    spoilt = dict(fed)
    for port in case.ports:
        if case.kinds[port].items and spoilt[port].dtype.kind == "f" and len(spoilt[port]) == n:
            spoilt[port] = spoilt[port].copy()
            spoilt[port][2] = bad
    total, slopes = call(spoilt, weights)["bound"]
    np.testing.assert_allclose(total, expected, rtol=1e-12)
    for port, slope in slopes.items():
        np.testing.assert_allclose(slope, by[port], rtol=1e-12, atol=1e-15, err_msg=port)


@cases(lambda case: case.spec.absent)
def test_a_place_without_a_weight_is_as_if_it_were_not_there(case):
    fed = case.sample()
    places = {"target", *case.spec.absent} | ({"prediction"} & set(case.ports))  # pixels, labels, things of a list
    rest = {p: np.delete(a, 1, axis=1) if p in places else a for p, a in fed.items()}
    weights = np.ones(fed["target"].shape)
    weights[:, 1] = 0
    slopes = [p for p in case.by if p in places - {"target"}]

    def step(fed, weighted):
        loss, variables = bound(case, fed, weighted)
        total = loss(outputs_of(case, variables))
        inputs = [*variables.values(), *([loss._weights] if weighted else [])]
        return compiled(inputs, [total, *gradient(total, [variables[p] for p in slopes])])

    total, *expected = step(rest, False)(*rest.values())
    function = step(fed, True)
    for bad in (0.75, np.nan, np.inf):
        for p in places:
            fed[p][:, 1] = bad
        found, *moved = function(*fed.values(), weights)
        np.testing.assert_allclose(found, total, rtol=1e-10)
        for one, other in zip(moved, expected, strict=True):
            np.testing.assert_allclose(np.delete(one, 1, axis=1), other, rtol=1e-10, atol=1e-14)
            assert np.all(one[:, 1] == 0)


@cases(lambda case: case.separate or case.spec.pairs)
def test_weight_of_two_is_the_item_twice(case, weighing):
    fed = case.sample()
    n, call = len(fed[case.first]), weighing(case, fed)
    twice = np.append(np.arange(n), 1)
    total, slopes = call(case.items(fed, twice), np.ones(n + 1))["unweighted"]
    for port in slopes:
        if case.kinds[port].items:
            slopes[port] = np.add.reduceat(slopes[port][np.argsort(twice, kind="stable")], [0, 1, *range(3, n + 1)])
    found = call(fed, np.where(np.arange(n) == 1, 2.0, 1.0))
    same(found["bound"], (total, slopes))
    if case.separate:
        same(found["reduce"], (total, slopes))


# ------------------------------------------------------------------------------------------------- registry, docstrings


@every_name
def test_name_and_aliases_are_found_however_they_are_written(name):
    for key in (name, *symloss.losses.registry.aliases(name)):
        for form in (key, key.upper(), key.lower(), key.title(), key.replace("_", "-"), key.replace("_", " ")):
            assert symloss.losses.get(form).name == name
    assert symloss.Loss.build(name).name == name


@every_name
def test_loss_is_an_attribute_of_the_losses_package(name):
    assert getattr(symloss.losses, name) is symloss.losses.get(name).function


@every_name
def test_docstring_says_all(name):
    spec = symloss.losses.get(name)
    text = inspect.getdoc(spec.function)
    assert spec.summary.endswith((".", ":")) or "per " in spec.summary
    assert f"per {spec.per}" in spec.summary, "the first line does not say per what"
    assert ".. math::" in text
    sections = re.split(r"\n(\w[\w ]*)\n-{3,}\n", text)
    sections = dict(zip(sections[1::2], sections[2::2], strict=True))
    for section in ("Parameters", "Returns", "Raises", "Notes", "References"):
        assert sections.get(section, "").strip(), f"no section {section}"
    says = re.search(r"\b(Use|For|for|Beside|Where|where|As|With|Only)\b", sections["Notes"])
    assert says, "does not say when to use it"
    documented = {n.strip() for line in re.findall(r"^(\w[\w, ]*) : ", sections["Parameters"], re.M)
                  for n in line.split(",")}
    assert set(spec.ports) | set(spec.options) <= documented
    assert documented <= set(spec.ports) | set(spec.options) | {"weights"}
    assert re.search(r"\bnats\b|\bunit\b|\bdimensionless\b", text), "no unit"
    assert re.search(r"\b1[6-9]\d\d\b|\b20\d\d\b|https?://", sections["References"]), "a source has a year"
    assert ">>> " in text


@every_name
def test_example_of_the_docstring_runs(name):
    function = symloss.losses.get(name).function
    example = doctest.DocTestParser().get_doctest(
        inspect.getdoc(function), {"symloss": symloss, "np": np, "pt": pt}, name, None, None
    )
    output = []
    failed, tried = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=output.append)
    assert tried and not failed, "".join(output)
