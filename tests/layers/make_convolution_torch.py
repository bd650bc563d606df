"""Write convolution_torch.json: figures of convolution and pooling by torch, for tests that run without it.

Run it by hand with torch installed: ``python tests/layers/make_convolution_torch.py``. Arrays are stored channels
last, filters as (rows, columns, channels, filters). Each case has the output and the gradients of sum(output * slope).
"""

import json
import pathlib

import torch

CASES = [
    {"form": "conv2", "image": [6, 7, 2], "options": {"size": 3, "filter_size": 3}},
    {"form": "conv2", "image": [7, 8, 2], "options": {"size": 3, "filter_size": [3, 2], "stride": [2, 3]}},
    {"form": "conv2", "image": [6, 5, 2], "options": {"size": 2, "filter_size": [2, 4], "border_mode": "same"}},
    {"form": "conv2", "image": [6, 6, 1], "options": {"size": 2, "filter_size": 3, "border_mode": [2, 1], "stride": 2}},
    {"form": "conv1", "image": [9, 2], "options": {"size": 3, "filter_size": 4, "stride": 2, "border_mode": 1}},
    {"form": "pool2", "image": [7, 6, 2], "options": {"pool_size": 2}},
    {"form": "pool2", "image": [7, 7, 2], "options": {"pool_size": 3, "stride": 2}},
    {"form": "pool2", "image": [7, 6, 2], "options": {"pool_size": [3, 2], "ignore_border": False}},
    {"form": "pool2", "image": [7, 6, 2], "options": {"pool_size": [3, 2], "pooling": "mean", "ignore_border": False}},
    {"form": "pool1", "image": [9, 2], "options": {"pool_size": 4, "stride": 2, "pooling": "mean"}},
]
BATCH = 2


def draw(generator, *shape):
    """Return a few small integers over 4: exact in every format, and with ties for a maximum."""
    return torch.randint(-8, 9, shape, generator=generator).double() / 4


def run(case, x, generator):
    """Return what torch makes of images (n, channels, ...), with the arrays that it needed."""
    options, functions = case["options"], torch.nn.functional
    axes = x.ndim - 2
    if case["form"].startswith("pool"):
        kind = "avg" if options.get("pooling") == "mean" else "max"
        pool = getattr(functions, f"{kind}_pool{axes}d")
        stride = options.get("stride")
        return pool(x, options["pool_size"], stride, ceil_mode=not options.get("ignore_border", True)), {}
    window = options["filter_size"]
    window = window if isinstance(window, list) else [window] * axes
    w = draw(generator, options["size"], x.shape[1], *window).requires_grad_()
    b = draw(generator, options["size"]).requires_grad_()
    border = options.get("border_mode", 0)
    convolve = getattr(functions, f"conv{axes}d")
    return convolve(x, w, b, stride=options.get("stride", 1), padding=border), {"w": w, "b": b}


def last(values):
    """Return an array with its channels at the end."""
    return values.movedim(1, -1)


def filters(w):
    """Return filters (filters, channels, ...) as (..., channels, filters)."""
    return w.permute(*range(2, w.ndim), 1, 0)


def main():
    """Write the file beside this script."""
    generator = torch.Generator().manual_seed(0)
    for case in CASES:
        *size, channels = case["image"]
        x = draw(generator, BATCH, channels, *size).requires_grad_()
        out, params = run(case, x, generator)
        slope = draw(generator, *out.shape)
        (out * slope).sum().backward()
        case |= {"x": last(x).tolist(), "out": last(out).tolist(), "slope": last(slope).tolist(),
                 "grad_x": last(x.grad).tolist()}
        if params:
            case |= {"w": filters(params["w"]).tolist(), "b": params["b"].tolist(),
                     "grad_w": filters(params["w"].grad).tolist(), "grad_b": params["b"].grad.tolist()}
    path = pathlib.Path(__file__).with_name("convolution_torch.json")
    origin = {"program": "torch", "version": torch.__version__, "script": pathlib.Path(__file__).name}
    path.write_text(json.dumps({"origin": origin, "cases": CASES}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
