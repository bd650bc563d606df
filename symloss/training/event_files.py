"""Event files, which TensorBoard reads: records with check sums, each a message of Protocol Buffers.

The format is small enough to be written here, so that nothing has to be installed to write it. Source: the messages
Event, Summary and HistogramProto of TensorBoard, and the frames of TFRecord.
"""

import functools
import itertools
import os
import socket
import struct
import time

import numpy as np

POLYNOMIAL = 0x82F63B78  # of CRC-32C, bits reversed
BARS = 30  # of a histogram
_counter = itertools.count()


class EventFile:
    """A new event file in a folder; records appear in it as soon as they are written.

    Parameters
    ----------
    folder : pathlib.Path
        Is made if it is not there.
    clock : function
        Returns the time in seconds since 1970.
    """

    def __init__(self, folder, clock=time.time):
        folder.mkdir(parents=True, exist_ok=True)
        self.clock = clock
        name = f"events.out.tfevents.{int(clock())}.{socket.gethostname()}.{os.getpid()}.{next(_counter)}"
        self.path = folder / name
        self._write(0, _text(3, "brain.Event:2"))

    def begin(self, step: int) -> None:
        """Say that a run begins at a step: what earlier files of the folder have from there on counts no more."""
        self._write(step, _message(7, _number(1, 1)))

    def scalars(self, step: int, values: dict) -> None:
        """Write numbers by tag."""
        found = b"".join(_message(1, _text(1, tag) + _key(2, 5) + struct.pack("<f", value))
                         for tag, value in values.items())
        self._write(step, _message(5, found))

    def histograms(self, step: int, arrays: dict) -> None:
        """Write histograms of arrays by tag."""
        found = b"".join(_message(1, _text(1, tag) + _message(5, _histogram(array))) for tag, array in arrays.items())
        self._write(step, _message(5, found))

    def _write(self, step, what):
        event = _key(1, 1) + struct.pack("<d", self.clock()) + _number(2, step) + what
        with self.path.open("ab") as file:
            file.write(frame(event))


def frame(record: bytes) -> bytes:
    """Return a record with its length before it, and a check sum behind each of the two."""
    length = struct.pack("<Q", len(record))
    return length + _masked(length) + record + _masked(record)


def crc32c(data: bytes) -> int:
    """Return the check sum CRC-32C of bytes.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table, found = _table(), 0xFFFFFFFF
    for byte in data:
        found = table[(found ^ byte) & 0xFF] ^ (found >> 8)
    return found ^ 0xFFFFFFFF


@functools.cache
def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


def _masked(data: bytes) -> bytes:
    """Return a check sum as TFRecord has it: turned by 15 bits, and a constant added."""
    found = crc32c(data)
    return struct.pack("<I", ((found >> 15 | found << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _histogram(array) -> bytes:
    """Return the message of a histogram: its moments, the upper ends of its bars, and how many numbers each has."""
    array = np.asarray(array, "float64").ravel()
    array = array[np.isfinite(array)]
    array = np.zeros(1) if not array.size else array
    counts, edges = np.histogram(array, BARS)
    moments = (array.min(), array.max(), array.size, array.sum(), (array * array).sum())
    found = b"".join(_key(field, 1) + struct.pack("<d", value) for field, value in enumerate(moments, 1))
    return found + _message(6, edges[1:].astype("<f8").tobytes()) + _message(7, counts.astype("<f8").tobytes())


# ---------------------------------------------------------------------------------------------- Protocol Buffers


def _varint(value: int) -> bytes:
    """Return a number in groups of 7 bits, the lowest first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _number(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _message(field: int, content: bytes) -> bytes:
    return _key(field, 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())
