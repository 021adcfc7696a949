"""Networks taught: batches in, a fitted network out, and its ONNX file. It knows no network and no corpus."""

from visavox.training.arrays import ArrayTask
from visavox.training.exporting import Storage, export, parameters_of, settle, weights_of
from visavox.training.loop import Batch, History, Schedule, Task, fast_bfloat16, fit, rate

__all__ = [
    "ArrayTask",
    "Batch",
    "History",
    "Schedule",
    "Storage",
    "Task",
    "export",
    "fast_bfloat16",
    "fit",
    "parameters_of",
    "rate",
    "settle",
    "weights_of",
]
