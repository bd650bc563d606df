"""Write theanets.json: ``python make_theanets.py golden/theanets/losses.float64.json``.

The golden file was made by theanets itself, on Theano; this script only brings its cases into the form of the tests.
Left out: weights that are all 0 (there NaN, here 0), and a covariance of 0 whose value is 1e9.
"""

import json
import pathlib
import sys

NAMES = {"mse": "squared_error", "mae": "absolute_error", "kl": "kl_divergence", "xe": "cross_entropy",
         "hinge": "hinge", "gll": "gaussian_nll", "mmd": "maximum_mean_discrepancy"}
SAME = {"xe": ["label_cross_entropy"], "hinge": ["multiclass_hinge", "multiclass_perceptron"]}  # more names of ours
OUT = {"mse/2d/weights-all-zero", "mae/2d/weights-all-zero", "mmd/2d/linear-kernel"}


def case_of(golden, loss, wrt=0):
    outputs = list(golden["outputs"].values())
    options = {k: v for k, v in golden["kwargs"].items() if not k.endswith("_name")}
    return {
        "loss": loss, "own": golden["form"], "note": golden["id"], "options": options, "activation": None,
        "ports": [*outputs, golden["target"]], "dtypes": ["float64"] * len(outputs) + [golden["target_dtype"]],
        "weights": golden["weights"], "how": "mean", "wrt": wrt, "value": golden["value"],
        "gradient": golden["grads"][list(golden["outputs"])[wrt]],
    }


def main(path):
    golden = json.loads(pathlib.Path(path).read_text())
    cases = []
    for case in golden["cases"]:
        if case["id"] not in OUT:
            cases += [case_of(case, loss) for loss in [NAMES[case["form"]], *SAME.get(case["form"], [])]]
            cases += [case_of(case, NAMES[case["form"]], wrt) for wrt in range(1, len(case["outputs"]))]
    file = {"made by": pathlib.Path(__file__).name,
            "versions": {k: golden["meta"][k] for k in ("theanets", "theano", "python", "numpy")},
            "public": list(NAMES), "absent": {}, "cases": cases}
    pathlib.Path(__file__).with_name("theanets.json").write_text(json.dumps(file))


if __name__ == "__main__":
    main(sys.argv[1])
