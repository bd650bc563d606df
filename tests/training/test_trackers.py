"""TensorBoard and MLflow: what they show of a training is what its records say."""

import numpy as np
import pytest

import symloss
from symloss import DataError, Regressor, SpecError
from symloss.training import MLflow, TensorBoard
from symloss.training.event_files import EventFile, crc32c

QUIET = {"algo": "sgd", "verbose": 0, "patience": None}


def model():
    net = Regressor([5, 3], mode="PYTHON")
    net.add_loss("mae", weight=0.5)
    return net


def read(folder):
    """Return what TensorBoard's own reader finds in a folder: (step, value) by tag, and the tags of histograms."""
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = reader.EventAccumulator(str(folder))
    found.Reload()
    tags = found.Tags()
    return {tag: [(e.step, e.value) for e in found.Scalars(tag)] for tag in tags["scalars"]}, found


def test_check_sums_are_crc32c():
    """The value for '123456789' stands in RFC 3720 and in every table of such sums."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4


def test_tensorboard_reads_every_number_of_the_records(points, tmp_path):
    net = model()
    history = net.train(points, points, **QUIET, epochs=3, learning_rate=0.1, callbacks=TensorBoard(tmp_path / "run"))
    found, _ = read(tmp_path / "run")
    for tag, column in {"loss/train": "loss", "loss/valid": "valid_loss", "mse/train": "mse"}.items():
        assert [step for step, _ in found[tag]] == [1, 2, 3]
        np.testing.assert_allclose([value for _, value in found[tag]], history.column(column), rtol=1e-6)
    assert [value for _, value in found["weight/mae"]] == [0.5] * 3
    np.testing.assert_allclose([value for _, value in found["learning_rate"]], [0.1] * 3, rtol=1e-6)
    assert {"run/seconds", "run/updates", "mae/valid"} <= set(found)


def test_the_learning_rate_is_the_one_that_the_schedule_has(points, tmp_path):
    rate = symloss.schedules.exponential(0.1, 0.5, steps=2)
    model().train(points, **QUIET, epochs=3, batch_size=20, learning_rate=rate, callbacks=TensorBoard(tmp_path))
    shown = [value for _, value in read(tmp_path)[0]["learning_rate"]]
    np.testing.assert_allclose(shown, [float(rate(step)) for step in (1, 3, 5)], rtol=1e-6)


def test_a_resumed_training_takes_the_place_of_what_came_after_its_checkpoint(points, tmp_path):
    net = model()
    net.train(points, **QUIET, epochs=2)
    net.save(tmp_path / "net", training=True)
    net.train(points, **QUIET, epochs=4, resume=True, callbacks=TensorBoard(tmp_path / "run"))
    again = symloss.load(tmp_path / "net")
    again.train(points, **QUIET, epochs=3, resume=True, callbacks=TensorBoard(tmp_path / "run"))
    assert [step for step, _ in read(tmp_path / "run")[0]["loss/train"]] == [3]


def test_histograms_have_every_parameter(points, tmp_path):
    net = model()
    net.train(points, **QUIET, epochs=2, callbacks=TensorBoard(tmp_path, histograms=2))
    _, reader = read(tmp_path)
    assert set(reader.Tags()["histograms"]) == {"parameters/out.w", "parameters/out.b"}
    (event,) = reader.Histograms("parameters/out.w")
    weights = net.find("out", "w").get_value()
    assert event.step == 2 and event.histogram_value.num == weights.size == sum(event.histogram_value.bucket)
    np.testing.assert_allclose(event.histogram_value.sum, weights.sum())


def test_histograms_of_nothing_finite_and_of_one_number_are_written(tmp_path):
    EventFile(tmp_path).histograms(1, {"a": np.full(3, np.nan), "b": np.ones(4)})
    _, reader = read(tmp_path)
    assert reader.Histograms("b")[0].histogram_value.num == 4


def test_a_folder_that_cannot_be_made_is_told_before_the_training(points, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DataError, match="TensorBoard: .*taken"):
        model().train(points, **QUIET, epochs=1, callbacks=TensorBoard(tmp_path / "taken"))


def test_wrong_arguments_are_refused(tmp_path):
    with pytest.raises(SpecError, match="histograms=0"):
        TensorBoard(tmp_path, histograms=0)


# ---------------------------------------------------------------------------------------------- MLflow


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A function that returns the runs so far, newest first, of an MLflow that writes to a file."""
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # the other stores need more packages
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    yield lambda: mlflow.search_runs(search_all_experiments=True, output_format="list")
    mlflow.set_tracking_uri(before)


def test_mlflow_has_every_number_and_the_options(points, runs):
    import mlflow

    net = model()
    history = net.train(points, points, **QUIET, epochs=3, learning_rate=0.1, callbacks=MLflow("first", "trial"))
    (run,) = runs()
    assert run.info.status == "FINISHED" and run.info.run_name == "first"
    assert run.data.params["algo"] == "sgd" and run.data.params["hyperparameters.learning_rate"] == "0.1"
    shown = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss/valid")
    assert [m.step for m in shown] == [1, 2, 3]
    np.testing.assert_allclose([m.value for m in shown], history.column("valid_loss"))
    assert run.data.metrics["weight/mae"] == 0.5


def test_mlflow_says_how_a_training_ended(points, runs):
    def fail(record):
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        model().train(points, **QUIET, epochs=2, callbacks=[MLflow("broken"), fail])
    assert runs()[0].info.status == "FAILED"

    def interrupt(record):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model().train(points, **QUIET, epochs=2, callbacks=[MLflow("killed"), interrupt])
    assert runs()[0].info.status == "KILLED"


def test_mlflow_writes_to_the_run_that_is_active_and_leaves_it_open(points, runs):
    import mlflow

    with mlflow.start_run(run_name="outer"):
        model().train(points, **QUIET, epochs=1, learning_rate=0.1, callbacks=MLflow())
        model().train(points, **QUIET, epochs=2, learning_rate=0.2, callbacks=MLflow())
        assert mlflow.active_run().info.run_name == "outer"
    (run,) = runs()
    assert "loss/train" in run.data.metrics and run.data.params["hyperparameters.learning_rate"] == "0.1"


def test_without_mlflow_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)
    with pytest.raises(ImportError, match=r"pip install 'symloss\[mlflow\]'"):
        MLflow()
