"""Makes the small files of tests/base/golden with NumPy, PyTorch and pickle themselves; the C++ readers must agree.

Numbers count up: the k-th element in C order is k - 2 where the type has a sign, k where it has none, k % 2 for bool.

All are the same in every run but state_legacy.pt, whose storages PyTorch names by their addresses in memory.

    python3 tests/reference/array_files.py        (Python 3.11, NumPy 2.4.6, PyTorch 2.11.0, x86-64)
"""
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy
import torch

FOLDER = Path(__file__).resolve().parent.parent / "base" / "golden"
SIGNED = ("i1", "i2", "i4", "i8", "f2", "f4", "f8", "f16")
UNSIGNED = ("u1", "u2", "u4", "u8")


def counted(kind, shape=(2, 3)):
    numbers = numpy.arange(numpy.prod(shape, dtype=int)).reshape(shape)
    if kind == "b1":
        return (numbers % 2).astype("?")
    return (numbers - 2 if kind in SIGNED else numbers).astype(kind)


def write_npz():
    arrays = {f"{kind}_little": counted(kind) for kind in ("b1", *SIGNED, *UNSIGNED)}
    for kind in ("u2", "i8", "f2", "f4", "f8"):
        arrays[f"{kind}_big"] = counted(kind).astype(">" + kind)
    arrays["fortran"] = numpy.asfortranarray(counted("f4", (2, 3, 4)))
    arrays["scalar"] = numpy.array(-2, "i4")
    arrays["empty"] = numpy.zeros((0, 5), "f4")
    numpy.savez(FOLDER / "types.npz", **arrays)
    numpy.savez_compressed(FOLDER / "deflated.npz", text=counted("f4", (5, 4)), video=counted("f8", (40, 4)))
    numpy.save(FOLDER / "matrix.npy", counted("f4", (3, 4)))


def counted_tensor(dtype, *shape):
    numbers = torch.arange(int(numpy.prod(shape)))
    if dtype == torch.bool:
        return (numbers % 2).to(dtype).reshape(shape)
    return (numbers if dtype in (torch.uint8, torch.uint16, torch.uint32, torch.uint64) else numbers - 2).to(
        dtype).reshape(shape)


def saved_object(with_new_types):
    names = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]
    if with_new_types:
        names += ["uint16", "uint32", "uint64"]
    state = OrderedDict((name, counted_tensor(getattr(torch, name), 2, 3)) for name in names)
    matrix = counted_tensor(torch.float32, 3, 4)
    state["transposed"] = matrix.t()
    state["column"] = matrix[:, 1]
    state["expanded"] = matrix[0].expand(2, 4)
    state["scalar"] = matrix[2, 3]
    state["empty"] = torch.zeros(0, 3)
    state["parameter"] = torch.nn.Parameter(matrix)
    state._metadata = OrderedDict([("", {"version": 1})])
    return {"model": state, "lists": [counted_tensor(torch.int64, 3), ("text", {7: counted_tensor(torch.int8, 2)})],
            "epoch": 3, "loss": 0.25, "note": None, "size": torch.Size([2, 3])}


def write_torch():
    torch.save(saved_object(True), FOLDER / "state.pt")
    torch.save(saved_object(False), FOLDER / "state_legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(counted_tensor(torch.float32, 2, 3), FOLDER / "tensor.pt", pickle_protocol=4)


def write_pickles():
    numbers = [0, 255, 256, 65535, 65536, -1, 2**31, -2**31, 2**63 - 1, -2**63, 2**63, -2**63 - 1, 2**80]
    texts = ["", "plain", "quote ' and \" and \\", "tab\tnewline\n", "é 漢 🎬", "x" * 300]
    value = {"numbers": numbers, "floats": [0.5, -1e300, float("inf")], "texts": texts, 1: None, 2: True, 3: False,
             "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)], "shared": [texts, texts], "map": {"a": {}, "b": []},
             "ordered": OrderedDict(b=1, a=2)}
    for protocol in (0, 2, 4):  # 1 and 3 differ from them only in opcodes for which the tests have pickles of their own
        (FOLDER / f"protocol_{protocol}.pkl").write_bytes(pickle.dumps(value, protocol))


FOLDER.mkdir(exist_ok=True)
write_npz()
write_torch()
write_pickles()
