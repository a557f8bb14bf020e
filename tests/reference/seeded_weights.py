"""Weights as a function of parameter names, the same in any language: FNV-1a of the name, then SplitMix64."""
import math

import numpy
import torch

MASK = (1 << 64) - 1


def hash_name(name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 & MASK
    return value


def uniform(name, shape):
    """Values within -1 and 1, float64."""
    count = math.prod(shape)
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(hash_name(name)) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z ^= z >> numpy.uint64(31)
    return torch.from_numpy((z >> numpy.uint64(40)).astype(numpy.float64) / 2**24 * 2 - 1).reshape(shape)


def weights(name, shape):
    scale = math.sqrt(3 / (math.prod(shape) / shape[0])) if len(shape) >= 2 else 0.1
    values = (uniform(name, shape) * scale).float()
    return values + 1 if len(shape) == 1 and name.endswith(".weight") else values


def fill(module, prefix=""):
    """Sets all parameters but the scale and bias of the logits."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if not name.startswith("logit_"):
                parameter.copy_(weights(prefix + name, tuple(parameter.shape)))
    return module.eval()
