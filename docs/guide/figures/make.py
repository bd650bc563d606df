"""Draw the figures of `seeing.md` as SVG: ``python docs/guide/figures/make.py``. They change only if a loss does."""

import pathlib

import matplotlib

from symloss import plotting

HERE = pathlib.Path(__file__).parent
FIGURES = {
    "mae": ("mae", {"what": "loss"}),
    "mae-gradient": ("mae", {"what": "gradient"}),
    "mse": ("mse", {"what": "loss"}),
    "mse-gradient": ("mse", {"what": "gradient"}),
    "cross-entropy": ("cross_entropy", {"what": ["loss", "gradient"]}),
    "robust": (["mse", "mae", "huber", "cauchy"], {}),
    "margins": (["hinge", "squared_hinge", "soft_margin", "exponential"], {"what": ["loss", "gradient"]}),
}


def main(folder=HERE):
    """Write every figure into a folder."""
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "symloss", "font.family": "sans-serif"}):
        for name, (losses, options) in FIGURES.items():
            figure = plotting.loss_curve(losses, path=None, **options)
            figure.savefig(pathlib.Path(folder) / f"{name}.svg", metadata={"Date": None, "Creator": None})
            matplotlib.pyplot.close(figure)


if __name__ == "__main__":
    main()
