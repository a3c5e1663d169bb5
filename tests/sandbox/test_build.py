"""A project's image is built in confined containers, and nothing of this machine is kept in it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from fakes.bench import Cancelling, Make
from fakes.engine import AllBut
from fakes.pace import Pace
from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.environments.environment import Preparation, Step
from r1code.sandbox.environments.recipe import Base, Layer, Recipe
from r1code.sandbox.images.build import Builder, Building, BuildLimits
from r1code.sandbox.images.image import default_recipe
from r1code.sandbox.images.mirrors import Mirrors, find_mirrors
from r1code.sandbox.images.named import Named, build_named
from r1code.sandbox.network import parse_network
from r1code.sandbox.prune import labels, prune, prune_environments
from r1code.tree.store import Store

docker_test = pytest.mark.docker
SECRETS = Mirrors(
    variables={"PIP_INDEX_URL": "https://mirror.example.org/SECRET"}, ca=b"CANARY-CERTIFICATE\n" * 4000
)


class Workbench:
    def __init__(self, client: docker.DockerClient, store: Store) -> None:
        self.client = client
        self.labels = labels("build-test", store.folder)
        self.said: list[str] = []
        self.control = Control()
        self.tags: list[str] = []
        self.layers: list[str] = []

    def recipe(
        self, *steps: str, root: tuple[str, ...] = (), files: tuple[str, ...] = (), key: str = ""
    ) -> Recipe:
        key = key or f"test{os.urandom(6).hex()}"
        self.tags.append(f"r1code-env:{key}")
        user = Layer(
            title="dependencies",
            user="r1code",
            files=files,
            steps=tuple(Step(command=step) for step in steps),
            variables={"PATH": "/opt/r1code/bin:$PATH"},
        )
        ready = "mkdir -p /opt/r1code/src && chown -R 1000:1000 /opt/r1code"
        system = Layer(title="system", user="root", steps=tuple(Step(command=step) for step in (ready, *root)))
        return Recipe(key=key, base=Base(name=default_recipe().tag), layers=(system, user), about=())

    def build(self, recipe: Recipe, files: dict[str, bytes] | None = None, **building: Any) -> str:
        limits = BuildLimits(**building.pop("limits", {}))
        wanted: dict[str, Any] = {"mirrors": SECRETS, "labels": self.labels, "network": parse_network("full")}
        made = Building(**(wanted | building), limits=limits)
        builder = Builder(self.client, made, self.said.append, self.control)
        try:
            return builder.build(recipe, files or {})
        finally:
            self._keep_in_mind(recipe, made)

    def _keep_in_mind(self, recipe: Recipe, made: Building) -> None:
        """The images that others of its layers may have left."""
        builder, image = Builder(self.client, made, self.said.append, Control()), recipe.base.name
        for layer in recipe.layers[:-1]:
            tag = builder._tag(image, layer)
            if not self.client.api.images(tag):
                break
            self.layers.append(tag)
            image = tag

    def containers(self) -> list[str]:
        state = self.labels["r1code.state"]
        return [
            one["Id"] for one in self.client.api.containers(all=True, filters={"label": f"r1code.state={state}"})
        ]

    def networks(self) -> list[str]:
        state = self.labels["r1code.state"]
        return [one["Id"] for one in self.client.api.networks(filters={"label": f"r1code.state={state}"})]

    def is_clean(self) -> bool:
        deadline = time.monotonic() + 40
        while (self.containers() or self.networks()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self.containers() and not self.networks()


@pytest.fixture
def workbench(engine: docker.DockerClient, store: Store) -> Iterator[Workbench]:
    made = Workbench(engine, store)
    before = {tag for image in engine.api.images("r1code-env") for tag in image["RepoTags"] or []}
    yield made
    assert made.is_clean()
    # And none of those that other tests make meanwhile, on the same engine.
    for tag in dict.fromkeys([*made.tags, *reversed(made.layers)]):
        if tag not in before and engine.api.images(tag):
            engine.api.remove_image(tag)


def attempt(what: str) -> str:
    return f"({what}) && echo ESCAPED >>/opt/escapes/found; true"


@docker_test
def test_an_image_holds_what_was_installed_and_nothing_of_this_machine(workbench: Workbench, make: Make) -> None:
    files = {"a b/x.txt": b"--index-url https://user:hunter2@mirror.example.org/simple\n"}
    recipe = workbench.recipe(
        'test "$PIP_INDEX_URL" = https://mirror.example.org/SECRET',
        "grep -q CANARY /run/r1code/ca.pem",
        'mkdir -p /opt/r1code/bin && printf "#!/bin/sh\\necho works\\n" >/opt/r1code/bin/thing',
        "chmod +x /opt/r1code/bin/thing",
        "echo x >/tmp/left; echo x >~/left",
        files=tuple(files),
    )
    tag = workbench.build(recipe, files)
    bench = make(image=tag)
    assert bench.out("thing") == "works\n"
    assert bench.out("cat '/opt/r1code/src/a b/x.txt'") == "--index-url https://mirror.example.org/simple\n"
    everything = (
        "env; cat /run/r1code/* /tmp/left ~/left; grep -rl CANARY-CERT /opt /run /etc /tmp /home 2>/dev/null"
    )
    found = bench.run(everything).output
    assert "SECRET" not in found
    assert "CANARY" not in found
    described = str(workbench.client.api.inspect_image(tag)) + str(workbench.client.api.history(tag))
    assert [word for word in ("SECRET", "CANARY", "hunter2", "mirror.example.org") if word in described] == []
    bench.sandbox.close()


@docker_test
def test_installing_runs_without_rights_and_within_limits(workbench: Workbench, make: Make) -> None:
    probes = [
        "grep -q 'CapEff:.*[1-9a-f]' /proc/self/status",
        'test "$(id -u)" = 0',
        "chown root /opt/r1code/src",
        "echo x >/etc/passwd",
        "mount -t tmpfs none /mnt",
        "ls /var/run/docker.sock",
        "echo 1 >/proc/sys/kernel/panic",
        "dmesg",
        "for n in $(seq 200); do sleep 9 & done; test $(ls -d /proc/[0-9]* | wc -l) -gt 100",
    ]
    tag = workbench.build(
        workbench.recipe(
            *(attempt(probe) for probe in probes),
            root=("grep -q NoNewPrivs:.1 /proc/self/status", "mkdir -m 777 /opt/escapes"),
        ),
        limits={"pids": 64},
    )
    bench = make(image=tag)
    assert bench.out("cat /opt/escapes/found 2>/dev/null; true") == ""
    bench.sandbox.close()


@docker_test
def test_a_step_that_fails_is_named_with_its_last_words_and_leaves_no_image(workbench: Workbench) -> None:
    recipe = workbench.recipe("true", "seq 100; echo 'fatal error: libpq-fe.h: No such file' >&2; exit 3")
    with pytest.raises(SandboxError) as raised:
        workbench.build(recipe)
    assert "dependencies, step 2 of 2 ended with 3" in raised.value.what
    lines = raised.value.why.splitlines()
    assert lines[-1].strip() == "fatal error: libpq-fe.h: No such file"
    assert lines[-2].strip() == "100"
    assert len(lines) < 25
    assert "packages" in raised.value.hint
    assert workbench.client.api.images(recipe.tag) == []


@docker_test
def test_a_build_that_takes_too_long_or_too_much_memory_is_ended(workbench: Workbench) -> None:
    with pytest.raises(SandboxError, match="longer than 2 s"):
        workbench.build(workbench.recipe("sleep 60"), limits={"seconds": 2.0})
    greedy = "python3 -c 'x = bytearray(10**9)'"
    with pytest.raises(SandboxError) as raised:
        workbench.build(workbench.recipe(greedy), limits={"memory_mb": 64, "temporary_mb": 16})
    assert "memory" in raised.value.hint


@docker_test
@pytest.mark.parametrize("slow", ["; sleep 60", ""])
def test_a_build_that_writes_too_much_is_ended_and_leaves_no_image(workbench: Workbench, slow: str) -> None:
    recipe = workbench.recipe(f"head -c 70M /dev/zero >/opt/r1code/large{slow}")
    with Pace() as pace:
        with pytest.raises(SandboxError, match="could not be built") as raised:
            workbench.build(recipe, limits={"disk_mb": 50})
        assert pace.seconds < 50
    assert "one layer may have 50 MB" in raised.value.why
    assert workbench.client.api.images(recipe.tag) == []


@docker_test
def test_a_layer_that_is_there_is_not_made_again(workbench: Workbench) -> None:
    first, second = workbench.recipe("true"), workbench.recipe("true")
    workbench.build(first)
    workbench.said.clear()
    workbench.build(second)
    assert workbench.said[0] == "system: already there"
    workbench.said.clear()
    workbench.build(second, no_cache=True)
    assert not any("already there" in text for text in workbench.said)
    # What it replaced is gone, and not left without a name.
    dangling = workbench.client.api.images(filters={"dangling": True, "label": ["r1code.environment"]})
    assert [image for image in dangling if image["Labels"]["r1code.environment"] == second.key] == []


@docker_test
def test_a_cancel_ends_a_build_at_once_and_nothing_is_left(workbench: Workbench, cancelling: Cancelling) -> None:
    recipe = workbench.recipe("sleep 100")
    workbench.build(workbench.recipe("true"))
    assert cancelling(workbench.control, lambda: workbench.build(recipe), 1.5) < 0.2
    assert workbench.is_clean()
    assert workbench.client.api.images(recipe.tag) == []


KILLED = """
import sys, time
from pathlib import Path
from r1code.control import Control
from r1code.sandbox.engine import connect
from r1code.sandbox.environments.environment import Step
from r1code.sandbox.environments.recipe import Base, Layer, Recipe
from r1code.sandbox.images.build import Builder, Building
from r1code.sandbox.images.image import default_recipe
from r1code.sandbox.images.mirrors import Mirrors
from r1code.sandbox.network import parse_network
from r1code.sandbox.prune import labels

layer = Layer(title="x", user="root", steps=(Step(command="echo ready; sleep 1000"),))
recipe = Recipe(key="killed", base=Base(name=default_recipe().tag), layers=(layer,), about=())
building = Building(
    mirrors=Mirrors(), labels=labels("build-dead", Path(sys.argv[1])), network=parse_network(sys.argv[2])
)
Builder(connect(Control()), building, lambda text: print(text, flush=True), Control()).build(recipe, {})
"""


@docker_test
@pytest.mark.parametrize(("network", "count"), [("full", 1), ("indexes", 2)])
def test_what_a_killed_build_leaves_is_pruned(
    workbench: Workbench, store: Store, network: str, count: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", KILLED, str(store.folder), network], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        while b"  ready" not in process.stdout.readline():
            pass
        process.kill()
    assert len(workbench.containers()) == len(workbench.networks()) == count
    assert prune(lambda owner: owner == "build-dead", store.folder, Control()) == []
    assert len(prune(lambda _: False, store.folder, Control())) == count
    assert workbench.containers() == workbench.networks() == []
    assert workbench.client.api.images("r1code-env:killed") == []


@docker_test
def test_images_that_nobody_uses_are_pruned_and_used_ones_stay(workbench: Workbench) -> None:
    old, used = workbench.recipe("echo a >/opt/r1code/a"), workbench.recipe("echo b >/opt/r1code/b")
    for recipe in (old, used):
        workbench.build(recipe)
    assert prune_environments(AllBut(old.key, used.key), time.time() - 3600, Control()) == []
    assert prune_environments(AllBut(old.key), time.time() + 3600, Control()) == [old.tag]
    assert workbench.client.api.images(used.tag)


@docker_test
def test_a_dockerfile_that_the_user_named_is_built_among_manifests_alone(
    workbench: Workbench, make: Make
) -> None:
    base = default_recipe().tag
    tag = workbench.recipe().tag
    dockerfile = f"FROM {base}\nCOPY a.txt /opt/a.txt\n".encode()
    build_named(
        workbench.client,
        Named(tag=tag, dockerfile=dockerfile, files={"a.txt": b"six\n"}),
        workbench.said.append,
        Control(),
    )
    bench = make(image=tag)
    assert bench.out("cat /opt/a.txt") == "six\n"
    bench.sandbox.close()
    missing = Named(tag=tag, dockerfile=f"FROM {base}\nCOPY secret.py /\n".encode(), files={})
    with pytest.raises(SandboxError, match="Dockerfile could not be built"):
        build_named(workbench.client, missing, workbench.said.append, Control())


@docker_test
def test_a_new_sandbox_is_prepared_and_what_that_leaves_never_comes_back(make: Make) -> None:
    step = Step(command="mkdir -p x.egg-info && date +%N >x.egg-info/made && echo changed >>lock", folder="web")
    bench = make(preparation=Preparation(steps=(step,), sources=("setup.py",)))
    tree = {"web/a.py": "1\n", "web/lock": "old\n", "web/setup.py": "1\n"}
    bench.sync(tree)
    first = bench.out("cat web/x.egg-info/made")
    assert bench.changes() == {}
    assert bench.out("tail -n 1 web/lock") == "changed\n"
    bench.sync({**tree, "web/a.py": "2\n"})
    assert bench.out("cat web/x.egg-info/made") == first
    bench.sync({**tree, "web/setup.py": "2\n"})
    assert bench.out("cat web/x.egg-info/made") != first
    bench.run("echo mine >web/b.py; echo mine >>web/lock")
    assert set(bench.changes()) == {"web/b.py", "web/lock"}


@docker_test
def test_a_preparation_that_fails_is_told_and_commands_still_run(make: Make) -> None:
    bench = make(preparation=Preparation(steps=(Step(command="echo no backend >&2; exit 7"),)))
    bench.sync({"a.py": "1\n"})
    assert bench.out("cat a.py") == "1\n"
    assert "ended with 7" in bench.said[-1]
    assert "no backend" in bench.said[-1]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.mark.parametrize(
    ("environ", "name", "value"),
    [
        (
            {"PIP_INDEX_URL": "https://me:pw@a.example.org/simple"},
            "PIP_INDEX_URL",
            "https://a.example.org/simple",
        ),
        (
            {"PIP_INDEX_URL": "https://TOKEN@a.example.org/simple"},
            "UV_DEFAULT_INDEX",
            "https://a.example.org/simple",
        ),
        (
            {"PIP_EXTRA_INDEX_URL": "file:///opt/x https://b.example.org"},
            "PIP_EXTRA_INDEX_URL",
            "https://b.example.org",
        ),
        ({"NPM_CONFIG_REGISTRY": "https://u:p@n.example.org/"}, "npm_config_registry", "https://n.example.org/"),
        ({"https_proxy": "http://u:p@proxy.example.org:3128"}, "https_proxy", "http://proxy.example.org:3128"),
        ({"AWS_SECRET_ACCESS_KEY": "x", "PIP_TRUSTED_HOST": "h"}, "PIP_TRUSTED_HOST", "h"),
    ],
)
def test_a_build_is_told_of_mirrors_and_never_of_credentials(
    environ: dict[str, str], name: str, value: str, home: Path
) -> None:
    found = find_mirrors(environ, home)
    assert found.variables[name] == value
    assert [word for word in ("pw", "TOKEN", "u:p", "AWS") if word in str(found.variables)] == []


def test_mirrors_are_found_where_pip_and_npm_keep_them(home: Path) -> None:
    (home / ".config/pip").mkdir(parents=True)
    (home / ".config/pip/pip.conf").write_text("[global]\nindex-url = https://u:p@c.example.org/simple\n")
    (home / ".npmrc").write_text("//n.example.org/:_authToken=SECRET\nregistry=https://n.example.org/\n")
    (home / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    found = find_mirrors({"SSL_CERT_FILE": str(home / "ca.pem")}, home)
    assert found.variables["PIP_INDEX_URL"] == "https://c.example.org/simple"
    assert found.variables["npm_config_registry"] == "https://n.example.org/"
    assert found.ca.startswith(b"-----BEGIN CERTIFICATE")
    assert "SECRET" not in str(found.variables)
    assert "holds credentials" in found.notes[0]
