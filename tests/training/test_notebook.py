"""A training in a real notebook: what its cells show, with ipywidgets and without."""

import importlib.util
import os
import pathlib
import re
import tempfile
import types

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

ROOT = pathlib.Path(__file__).parents[2]
DRAWS = importlib.util.find_spec("matplotlib") is not None

CELLS = {
    "begin": """
import io, sys, numpy as np, symloss
x = np.random.default_rng(0).normal(size=(40, 5))
data = x, x[:, :3]
net = symloss.Regressor([5, 3], loss="mae", mode="PYTHON")
net.add_loss("mse", weight=0.5)""",
    "train": "net.train(data, data, epochs=30, patience=None, metrics=['r2'], weight_l2=0.01)",
    "loop": """
for record in net.itertrain(data, epochs=3, verbose=1):
    pass""",
    "error": """
def broken(record):
    if record["epoch"] == 3:
        raise KeyError("mine")
try:
    net.train(data, epochs=9, callbacks=broken)
except KeyError:
    pass""",
    "plot": """
assert 'matplotlib.pyplot' not in sys.modules or sys.modules.get('ipywidgets', sys) is None  # the second time
net.history.plot()""",
    "plot within": "figure = net.history.plot()\nfigure.axes[0].set_title('mine')\nNone",
    "plot again": "figure",
    "plot to file": "net.history.plot(io.BytesIO())",
    "plot by pyplot": """
import matplotlib.pyplot as plt
net.history.plot()
plt.title("mine")
plt.show()""",
    "plot in axes": "figure, axes = plt.subplots()\nnet.history.plot(ax=axes)",
    "summary": "net.summary()",
    "explain": "net.explain()",
    "model": "net",
    "callback": "symloss.training.EarlyStopping('valid_r2', patience=7)",
    "loss": "symloss.losses.get('huber')",
    "metric": "symloss.metrics.get('accuracy')",
    "file": "sink = io.StringIO()\nhistory = net.train(data, epochs=2, verbose=sink)\nsink.getvalue()",
}


@pytest.fixture(scope="module")
def both():
    """The outputs of each cell, by its name: in a kernel that can import ipywidgets, and as soon as it cannot."""
    hide = "import sys\nsys.modules['ipywidgets'] = None\n"
    sources = {name: source for name, source in CELLS.items() if DRAWS or not name.startswith("plot")}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(first + source) for first in ("", hide)
                                               for source in sources.values()])
    client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}})
    with tempfile.TemporaryDirectory(prefix="nb") as folder:  # for sockets of its own: kernels run side by side
        manager = client.create_kernel_manager()
        manager.transport, manager.ip = "ipc", f"{folder}/kernel"
        client.execute(env={name: value for name, value in os.environ.items() if name != "MPLBACKEND"})
    runs = notebook.cells[: len(sources)], notebook.cells[len(sources) :]
    return [types.SimpleNamespace(**{name.replace(" ", "_"): cell.outputs
                                     for name, cell in zip(sources, run, strict=True)}) for run in runs]


@pytest.fixture(params=["with ipywidgets", "without ipywidgets"])
def cells(request, both):
    """The outputs of each cell, by its name."""
    if request.param == "with ipywidgets":
        pytest.importorskip("ipywidgets")
    return both[request.param == "without ipywidgets"]


def texts(outputs):
    return [output["data"]["text/plain"] for output in outputs]


def epochs(html):
    return [int(number) for number in re.findall(r"<tr><td>(\d+)</td>", html)]


def test_nothing_is_printed_and_nothing_warns(cells):
    assert not [output for outputs in vars(cells).values() for output in outputs if "data" not in output]


def test_thirty_fast_epochs_are_one_table_that_loses_no_line(cells):
    table, _ = cells.train
    assert epochs(table["data"]["text/html"]) == list(range(1, 31))
    assert re.findall(r"^ +(\d+) ", table["data"]["text/plain"], re.MULTILINE) == [str(i) for i in range(1, 31)]
    assert "compiling with PYTHON" in table["data"]["text/html"]
    assert "progress" not in table["data"]["text/html"]
    (loop,) = cells.loop
    assert epochs(loop["data"]["text/html"]) == [1, 2, 3]


def test_lines_do_not_run_out_of_the_page(cells):
    for outputs in (cells.train, cells.loop):
        for output in outputs:
            assert max(map(len, output["data"]["text/plain"].splitlines())) <= 100
            assert "overflow: auto" in output["data"]["text/html"]


def test_a_training_that_breaks_off_has_shown_all_its_epochs(cells):
    (table,) = cells.error
    assert epochs(table["data"]["text/html"]) == [1, 2]


def test_a_cell_that_ends_in_a_training_shows_its_history_in_short(cells):
    history = cells.train[1]["data"]
    assert history["text/plain"].startswith("History: 30 epochs") and history["text/plain"].count("\n") <= 3
    assert len(epochs(history["text/html"])) <= 3


@pytest.mark.skipif(not DRAWS, reason="without matplotlib")
@pytest.mark.parametrize("cell", [name for name in CELLS if name.startswith("plot")])
def test_a_figure_shows_itself_once(cells, cell):
    pictures = [output for output in vars(cells)[cell.replace(" ", "_")] if "image/png" in output["data"]]
    assert len(pictures) == 1


def test_summary_leaves_no_empty_output_and_no_codes_of_a_terminal(cells):
    for outputs in (cells.summary, cells.explain, cells.model):
        (output,) = outputs
        assert "Regressor([5, 3]" in output["data"]["text/plain"]
        assert "\x1b" not in output["data"]["text/plain"] + output["data"]["text/html"]
        assert "Regressor([5, 3]" in output["data"]["text/html"] and "symloss-page" in output["data"]["text/html"]
    assert "<td class=number>18</td>" in cells.summary[0]["data"]["text/html"]  # parameters
    assert "<li>1 * mae" in cells.explain[0]["data"]["text/html"]


def test_callbacks_and_specs_show_themselves_in_one_line(cells):
    assert texts(cells.callback) == ["EarlyStopping(monitor='valid_r2', patience=7)"]
    assert texts(cells.loss)[0].startswith("<LossSpec huber(prediction, target, *, delta=1.0): ")
    assert texts(cells.metric)[0].startswith("<MetricSpec accuracy(prediction, target, *, threshold=0.5")
    assert "&lt;LossSpec huber" in cells.loss[0]["data"]["text/html"]
    assert "delta=1.0 (a number greater than 0)" in cells.loss[0]["data"]["text/html"]


def test_a_file_gets_the_lines_in_a_notebook_too(cells):
    (text,) = texts(cells.file)
    assert "epoch 2/2" in text and "\\x1b" not in text
