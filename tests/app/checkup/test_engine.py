"""What vLLM's metrics and the machine's GPUs show, as they come."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from r1code.app.checkup.engine import read_engine
from r1code.app.checkup.evidence import Card, Engine, Gpus
from r1code.app.checkup.gpu import look
from r1code.app.checkup.versions import DEFECTS

CONFIG = (
    '# TYPE vllm:cache_config_info gauge\nvllm:cache_config_info{block_size="16",cache_dtype="auto",'
    'enable_prefix_caching="True",engine="0",num_gpu_blocks="573",num_gpu_blocks_override="None"} 1.0\n'
)


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        (CONFIG, Engine(caching=True, room=573 * 16)),
        (CONFIG.replace("True", "False").replace("573", "None"), Engine(caching=False)),
        (
            CONFIG + 'vllm:spec_decode_num_drafts_total{engine="0"} 0.0\n',
            Engine(caching=True, room=9168, speculative=True),
        ),
        ("python_info 1.0\n", None),
        ("", None),
    ],
)
def test_metrics_say_how_it_was_started(text: str, engine: Engine | None) -> None:
    assert read_engine(text) == engine


class NoDriverError(Exception):
    pass


def nvml(*, driver: bool = True) -> ModuleType:
    """As nvidia-ml-py's pynvml is, on a machine with one GPU, or without a driver."""
    module = ModuleType("pynvml")

    def init() -> None:
        if not driver:
            raise NoDriverError

    module.__dict__.update(
        NVMLError=NoDriverError,
        nvmlInit=init,
        nvmlShutdown=lambda: None,
        nvmlSystemGetDriverVersion=lambda: "580.65.06",
        nvmlSystemGetCudaDriverVersion_v2=lambda: 12090,
        nvmlDeviceGetCount=lambda: 1,
        nvmlDeviceGetHandleByIndex=lambda at: at,
        nvmlDeviceGetName=lambda _: "NVIDIA H200",
        nvmlDeviceGetMemoryInfo=lambda _: SimpleNamespace(total=140, used=20, free=120),
        nvmlDeviceGetCudaComputeCapability=lambda _: (9, 0),
    )
    return module


def test_gpus_are_looked_at_where_that_can_be() -> None:
    def missing(name: str) -> ModuleType:
        raise ImportError(name)

    card = Card(name="NVIDIA H200", total=140, used=20, capability=(9, 0))
    assert look(lambda _: nvml()) == Gpus(driver="580.65.06", cuda=(12, 9), cards=(card,))
    assert look(lambda _: nvml(driver=False)) is None
    assert look(missing) is None


def test_every_defect_is_explained() -> None:
    page = (Path(__file__).parents[3] / "docs/doctor.md").read_text()
    assert [one.id for one in DEFECTS if one.id not in page] == []
