"""What the hub says of a repository: its commit, its files, and where they are. The bytes come by `fetch`."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from r1code.errors import ProviderError, UsageError
from r1code.serving.weights.manifest import File, Manifest, inside

_OTHERS = ("*.bin", "*.pth", "*.pt", "*.gguf", "*.onnx", "*.msgpack", "*.h5", "*.ckpt", "original/*", "figures/*")
"""Weights in other forms, which vLLM does not read beside safetensors, and pictures."""
_DEFAULT = "https://huggingface.co"


class Hub(Struct, frozen=True, kw_only=True):
    endpoint: str
    headers: Mapping[str, str]
    """The token of its person, where there is one."""
    url: Callable[[str], str]
    """Of a file of the manifest, by its path."""
    manifest: Manifest


def asked(repository: str, revision: str | None, environ: Mapping[str, str]) -> Hub:
    """Raises UsageError, ProviderError."""
    if importlib.util.find_spec("huggingface_hub") is None:
        raise UsageError(
            "weights cannot be downloaded",
            why="huggingface-hub is not installed: it is in an extra of r1code",
            hint="pip install 'r1code[serve]', or name a folder that holds them: --weights FOLDER",
        )
    # Before it is loaded, which is when it looks: it would tell its hub which agent calls it.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import httpx2
    from huggingface_hub import HfApi, get_token, hf_hub_url
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )
    from huggingface_hub.hf_api import RepoFile

    endpoint = environ.get("HF_ENDPOINT", "").rstrip("/") or _DEFAULT
    api = HfApi(endpoint=endpoint, library_name="r1code")
    try:
        commit = api.model_info(repository, revision=revision).sha
        if commit is None:
            raise _unsaid(endpoint)
        tree = api.list_repo_tree(repository, recursive=True, revision=commit)
        files = tuple(
            _file(one.path, one.size, one.blob_id, None if one.lfs is None else one.lfs.sha256)
            for one in tree
            if isinstance(one, RepoFile)
        )
    except GatedRepoError as error:
        raise ProviderError(
            f"{repository} is not given to everybody",
            why="it wants an account that agreed to its licence",
            hint="agree on the model's page, and set HF_TOKEN",
        ) from error
    except RevisionNotFoundError as error:
        raise UsageError(
            f"{repository} has no revision {revision!r}",
            why=f"{endpoint} knows none",
            hint="a branch, a tag or a commit; without --revision the newest commit is taken",
        ) from error
    except RepositoryNotFoundError as error:
        raise UsageError(
            f"there is no {repository} at {endpoint}",
            why="it does not exist, or is not shown without an account",
            hint="look at the name; HF_TOKEN says who asks",
        ) from error
    except HFValidationError as error:
        raise UsageError(
            f"{repository!r} is no repository of the hub", why=str(error), hint="ORGANIZATION/NAME"
        ) from error
    except (OfflineModeIsEnabled, httpx2.HTTPError) as error:
        raise ProviderError(
            "the hub cannot be reached",
            why=str(error) or type(error).__name__,
            hint="r1code serve weights MODEL --to FOLDER where it can be; here then --weights FOLDER",
        ) from error
    token = get_token()
    manifest = Manifest(repository=repository, revision=commit, files=_needed(files))
    return Hub(
        endpoint=endpoint,
        headers={"user-agent": "r1code", **({} if token is None else {"authorization": f"Bearer {token}"})},
        url=lambda path: hf_hub_url(repository, path, revision=commit, endpoint=endpoint),
        manifest=manifest,
    )


def _file(path: str, size: int, git: str, sha256: str | None) -> File:
    if sha256 is None:
        return File(path=path, size=size, digest=git, kind="git")
    return File(path=path, size=size, digest=sha256, kind="sha256")


def _needed(files: tuple[File, ...]) -> tuple[File, ...]:
    """What vLLM reads. Raises ProviderError where a path leaves the folder."""
    safe = any(one.path.endswith(".safetensors") for one in files)
    kept = [
        one
        for one in files
        if not one.path.startswith(".") and not (safe and any(fnmatchcase(one.path, form) for form in _OTHERS))
    ]
    for one in kept:
        inside(Path(), one.path)
    return tuple(sorted(kept, key=lambda one: (one.size, one.path)))


def _unsaid(endpoint: str) -> ProviderError:
    return ProviderError(
        "the hub does not say which commit this is",
        why=f"{endpoint} answers otherwise than a hub does",
        hint="look at HF_ENDPOINT",
    )
