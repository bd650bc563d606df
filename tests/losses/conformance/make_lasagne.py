"""Write lasagne.json: ``python make_lasagne.py golden/lasagne/objectives.json``.

The golden file was made by Lasagne itself, on Theano; this script brings its losses into the form of the tests, and
weighs some by its `aggregate`. Left out: what raised an error there, what broadcasts there and is refused here, and
what is NaN or infinite there.
"""

import json
import math
import pathlib
import sys

NAMES = {"squared_error": ["squared_error"], "binary_crossentropy": ["binary_cross_entropy"],
         "categorical_crossentropy": ["cross_entropy"], "huber_loss": ["huber"], "binary_hinge_loss": ["binary_hinge"],
         "multiclass_hinge_loss": ["multiclass_hinge"]}
BROADCAST = {"bce_scalar_target", "se_vec_col", "se_matrix_rowvec", "se_scalar", "se_static_1x1_vec"}
RANK_1 = {"cce_1d_1d", "cce_1d_scalar_int"}  # one item without an axis of items
NO_LABELS = {"mh_softlabels", "cce_int_negative"}  # targets that are neither labels nor one-hot; labels that wrap


def nested(array):
    return array["data"]


def flat(values):
    return [x for v in values for x in flat(v)] if isinstance(values, list) else [values]


def usable(golden):
    result = golden.get("result")
    if not result or "data" not in result or golden["name"] in BROADCAST | RANK_1 | NO_LABELS:
        return False
    return golden["func"] in NAMES and all(math.isfinite(x) for x in flat(result["data"]))


def cases_of(golden):
    prediction, target = golden["args"][:2]
    options = dict(golden["kwargs"])
    if golden["args"][2:]:
        options["delta"] = golden["args"][2]["value"]
    hot = len(target["shape"]) == len(prediction["shape"])
    names = list(NAMES[golden["func"]])
    if names == ["cross_entropy"]:
        names.append("categorical_cross_entropy" if hot else "label_cross_entropy")
    slope = golden.get("grad_of_sum_wrt_arg0")
    for name in names:
        yield {"loss": name, "own": golden["func"], "note": golden["name"], "options": options, "activation": None,
               "ports": [nested(prediction), nested(target)], "dtypes": [prediction["dtype"], target["dtype"]],
               "weights": None, "how": None, "wrt": 0, "value": golden["result"]["data"],
               "gradient": slope["data"] if slope and "data" in slope else None}


def weighted(cases):
    """Yield each loss's first case again, aggregated by hand as `aggregate` does: mode 'mean' and 'normalized_sum'."""
    seen = set()
    for case in cases:
        if case["loss"] in seen:
            continue
        seen.add(case["loss"])
        values = case["value"]
        weights = [0.5 + 0.25 * i for i in range(len(values))]
        rows = [sum(flat(v)) for v in values]
        each = len(flat(values)) / len(values)
        total = sum(w * r for w, r in zip(weights, rows, strict=True))
        yield case | {"weights": weights, "how": "count", "value": total / (each * len(values)), "gradient": None}
        yield case | {"weights": weights, "how": "mean", "value": total / (each * sum(weights)), "gradient": None}
        yield case | {"weights": weights, "how": "sum", "value": total, "gradient": None}


def main(path):
    golden = json.loads(pathlib.Path(path).read_text())
    cases = [c for g in golden["results"]["float64"] if usable(g) for c in cases_of(g)]
    file = {"made by": pathlib.Path(__file__).name, "versions": golden["meta"], "public": list(NAMES), "absent": {},
            "cases": cases + list(weighted(cases))}
    pathlib.Path(__file__).with_name("lasagne.json").write_text(json.dumps(file))


if __name__ == "__main__":
    main(sys.argv[1])
