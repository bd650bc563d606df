"""numpy_ml.neural_nets.schedulers: learning rates that change with the step or with the loss."""

from .schedulers import (
    ConstantScheduler,
    ExponentialScheduler,
    KingScheduler,
    NoamScheduler,
    SchedulerBase,
    SchedulerInitializer,
    gaussian_cdf,
)

__all__ = ["ConstantScheduler", "ExponentialScheduler", "KingScheduler", "NoamScheduler", "SchedulerBase",
           "SchedulerInitializer", "gaussian_cdf"]
