"""What a pipeline works with: its tools, its words, and of which kind it is."""

from __future__ import annotations

from r1code import prompts
from r1code.app.memory import Memory
from r1code.app.speaker import Speaker
from r1code.repair.naming import Naming
from r1code.repair.pipeline import Pipeline
from r1code.tools.toolset import Toolset
from r1code.tree.worktree import WorkTree


def pipeline_for(speaker: Speaker, tree: WorkTree, memory: Memory) -> tuple[type[Pipeline], Toolset, str]:
    """Its kind, its tools, and its instructions."""
    # Who fills holes is asked for definitions; who reads whole files, for places.
    if speaker.profile.infill is not None:
        toolset = speaker.tools.replacing(tree)
        return Pipeline, toolset, prompts.load("repair_instructions", tools=toolset.descriptions)
    toolset = speaker.tools.naming(tree, memory.outputs)
    return Naming, toolset, prompts.load("places_instructions", tools=toolset.descriptions)
