"""theano.config: PyTensor's settings under Theano's names."""

import pytensor

from ...errors import SpecError

# settings whose only remaining value is the one that old scripts set, or that PyTensor calls otherwise
FIXED = {"device": "cpu", "init_gpu_device": "", "compute_test_value": "off", "force_device": False,
         "cycle_detection": "regular"}
GONE = {"gpuarray", "dnn", "lib", "nvcc", "cuda", "cublas", "enable_initial_driver_test"}


class _Section:
    """Settings whose names begin with one word: ``config.blas.ldflags`` is PyTensor's ``config.blas__ldflags``."""

    def __init__(self, prefix):
        object.__setattr__(self, "_prefix", prefix)

    def __getattr__(self, name):
        return getattr(pytensor.config, f"{self._prefix}__{name}")

    def __setattr__(self, name, value):
        setattr(pytensor.config, f"{self._prefix}__{name}", value)


class Config:
    """Settings by attribute, as ``theano.config`` has them; what is set here is set in PyTensor.

    Raises
    ------
    AttributeError
        For a setting that PyTensor does not have.
    SpecError
        If a setting of Theano's is given a value that PyTensor has no way to honour: a GPU as `device`, test values.
    """

    def __getattr__(self, name):
        if name in FIXED:
            return FIXED[name]
        if hasattr(pytensor.config, name):
            return getattr(pytensor.config, name)
        if not name.startswith("_") and any(other.startswith(f"{name}__") for other in dir(pytensor.config)):
            return _Section(name)
        gpu = ". It belongs to the GPU code of Theano, but functions here run on the CPU" if name in GONE else ""
        raise AttributeError(f"theano.config has no {name!r}, and neither has pytensor.config{gpu}")

    def __setattr__(self, name, value):
        if name in FIXED:
            if value not in (FIXED[name], "None", "ignore"):
                raise SpecError(f"theano.config.{name}={value!r} is not supported; it is always {FIXED[name]!r}"
                                + (". To use a GPU, compile with mode='JAX'" if name == "device" else ""))
        elif hasattr(pytensor.config, name):
            setattr(pytensor.config, name, value)
        else:
            raise AttributeError(f"theano.config has no {name!r}, and neither has pytensor.config")

    def __dir__(self):
        return [*dir(pytensor.config), *FIXED]


config = Config()
