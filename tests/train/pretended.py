"""A device that is not there: torch knows shapes and devices of what is computed on it, so that a mix-up is found.

torch's FakeTensorMode computes no values. A build of torch without CUDA cannot even pretend to have that device, so
this one is torch's place for devices of others ("privateuse1"), which every build has.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

NAME = "pretended"
ROW_COUNT = 7  # of what has as many rows as values say
_ATEN = torch.ops.aten


class _Backend(_DummyBackendModule):
    def device_count(self) -> int:
        return 0  # for whoever asks what there is, such as torch.random.fork_rng

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


class _Values(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Answers what depends on values, of which there are none, and looks where FakeTensorMode does not."""

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is _ATEN._local_scalar_dense.default:
            return args[0].dtype == torch.bool or 1.0
        if func is _ATEN.nonzero.default:
            return args[0].new_zeros(ROW_COUNT, args[0].dim(), dtype=torch.int64)
        if func is _ATEN.repeat_interleave.Tensor:
            return args[0].new_zeros(ROW_COUNT)
        if func in (_ATEN.index.Tensor, _ATEN.index_put.default, _ATEN.index_put_.default):
            args = (args[0], _check_indices(args[0].device, args[1]), *args[2:])
        return func(*args, **(kwargs or {}))


def _check_indices(device: torch.device, indices: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Refuse indices from a device that is neither that of what is indexed nor the CPU; let masks choose ROW_COUNT."""
    found: list[Tensor | None] = []
    for index in indices:
        if index is not None and index.device not in (device, torch.device("cpu")):
            raise RuntimeError(f"indices on two devices: {device} is indexed from {index.device}")
        if index is not None and index.dtype == torch.bool:
            found += [index.new_zeros(ROW_COUNT, dtype=torch.int64) for _ in range(index.dim())]
        else:
            found.append(index)
    return found


def _move(module: nn.Module, device: torch.device) -> nn.Module:
    """Move parameters and buffers as nn.Module.to does, which cannot exchange tensors that have no values."""
    for part in module.modules():
        for name, parameter in part._parameters.items():
            if parameter is not None:
                part._parameters[name] = nn.Parameter(parameter.detach().to(device), parameter.requires_grad)
        for name, buffer in part._buffers.items():
            if isinstance(buffer, Tensor):
                part._buffers[name] = buffer.to(device)
    return module


@cache
def find_device() -> torch.device:
    """Make the device known to torch, once a process; return it."""
    _setup_privateuseone_for_python_backend(NAME, _Backend())
    return torch.device(NAME, 0)


@contextlib.contextmanager
def compute_nothing() -> Iterator[None]:
    """Inside the block nothing is computed, and a computation across devices raises RuntimeError as torch does."""
    find_device()
    with FakeTensorMode(allow_non_fake_inputs=True), _Values(), patch.object(nn.Module, "to", _move):  # type: ignore[no-untyped-call]
        yield
