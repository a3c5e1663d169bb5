"""Twenty secrets in twenty places, two whole runs, and then every place where one could have gone."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
import tarfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import docker
import pytest

from e2e.conftest import FIX, Repo, commit, passes, write
from fakes.leaks import SECRETS, text_of
from fakes.server import FakeServer, told

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]

IN_FILES = ("aws", "aws-secret", "github", "slack", "stripe", "google", "jwt", "url", "password", "pem", "azure")
"""In files that git tracks, and that R1 reads."""
PLACES = {
    **dict.fromkeys(IN_FILES, "a tracked file"),
    "openai": "an untracked file",
    "sendgrid": "the file .env",
    "deepseek": "r1code's key for the server",
    "anthropic": "another variable of r1code's environment",
    "bearer": "git's configuration",
    "gitlab": "the URL of a remote",
    "npm": "a commit message",
    "huggingface": "the output of a test",
    "slack-hook": "the output of a command",
    "github-fine": "the task that a person typed, and the name of a file",
}
FORMS = ("--json", "--words", "--side-by-side", "--stat")
SEARCH = """
import base64, json, os, subprocess
wanted = [base64.b64decode(one) for one in json.loads(%r)]
seen = 0
for top, folders, names in os.walk("/"):
    folders[:] = [one for one in folders if os.path.join(top, one) not in ("/proc", "/sys", "/dev")]
    for name in names:
        try:
            data = open(os.path.join(top, name), "rb").read()
        except OSError:
            continue
        seen += 1
        for at, one in enumerate(wanted):
            if one in data:
                print("LEAKED", at, top)
held = subprocess.run(["git", "cat-file", "--batch-all-objects", "--batch"], capture_output=True).stdout
for at, one in enumerate(wanted):
    if one in held:
        print("LEAKED", at, "history")
print("history", len(held) > 1000)
for at, one in enumerate(wanted):
    if any(one.decode() in value for value in os.environ.values()):
        print("LEAKED", at, "environment")
print("searched", seen > 1000)
"""
"""What R1 runs in the container: it knows the secrets in base 64, which no scan reads."""


def plant(repo: Repo) -> None:
    config = "\n".join(text_of(kind) for kind in IN_FILES if kind not in {"password", "pem"})
    split = SECRETS["huggingface"]
    write(
        repo.root,
        {
            "config/settings.txt": config,
            "config/deploy.txt": text_of("pem"),
            "shop/db.py": text_of("password") + "\nPORT = 1\n",
            f"notes/{SECRETS['github-fine']}.md": "# Notes\n",
            "tests/test_print.py": f"def test_print():\n    print({split[:9]!r} + {split[9:]!r})\n",
            ".env": f"MAIL_KEY={SECRETS['sendgrid']}\n",
            ".gitignore": ".env\n",
        },
    )
    commit(repo.root)
    remote = f"https://oauth2:{SECRETS['gitlab']}@gitlab.shop.io/shop.git"
    header = f"Authorization: Basic {SECRETS['bearer']}"
    identity = ["-c", "user.name=T", "-c", "user.email=t@shop.io"]
    for arguments in (
        ["remote", "add", "origin", remote],
        ["config", "http.extraHeader", header],
        [*identity, "commit", "-qm", f"Rotate {SECRETS['npm']}", "--allow-empty"],
    ):
        subprocess.run(["git", *arguments], cwd=repo.root, check=True)
    write(repo.root, {"scratch.txt": text_of("openai")})
    repo.env |= {"R1CODE_API_KEY": SECRETS["deepseek"], "SHOP_TOKEN": SECRETS["anthropic"]}


def replies() -> list[str]:
    """What R1 does: it looks everywhere, and changes a file that holds a secret."""
    hook = SECRETS["slack-hook"]
    inside = [kind for kind in PLACES if kind != "github-fine"]
    needles = json.dumps([base64.b64encode(SECRETS[kind].encode()).decode() for kind in inside])
    printing = f"echo {hook[:20]}'{hook[20:]}'; git log | cat; git remote -v; env; cat config/* scratch.txt .env"
    reads = "".join(
        f'<read path="{path}"/>\n' for path in ("config/settings.txt", "shop/db.py", "scratch.txt", ".env")
    )
    port = '<edit path="shop/db.py">\n<<<<<<< SEARCH\nPORT = 1\n=======\nPORT = 2\n>>>>>>> REPLACE\n</edit>'
    return [
        f'<list/>\n{reads}<read path="config/deploy.txt" lines="2-3"/>\n<search pattern="."/>',
        f"<run>{printing}</run>\n<run>python3 - <<'E'\n{SEARCH % needles}E\n</run>",
        f"{FIX}\n{port}\n<test/>",
        '<write path="shop/new.py">\nNEW = 1\n</write>\n<done>Done.</done>',
    ]


def leaks(texts: dict[str, str]) -> list[str]:
    """Which secret went where."""
    return [
        f"{kind} ({place}) in {where}"
        for kind, place in PLACES.items()
        for where, text in texts.items()
        if SECRETS[kind] in text
    ]


def logs(repo: Repo, names: Iterable[Path]) -> dict[str, str]:
    """All that r1code keeps, but what it keeps of the files themselves: contents, patches, and their names."""
    kept = [
        path
        for path in repo.state.rglob("*")
        if path.relative_to(repo.state).parts[0] != "objects" and path.name != "stat"
    ]
    texts = {
        str(path): path.read_text(errors="replace")
        for path in (*kept, *names)
        if path.is_file() and path.suffix != ".diff"
    }
    # What the map is made from has the files' names, and one of them is a secret; of what is in them, nothing.
    return {
        name: text.replace(SECRETS["github-fine"], "") if Path(name).name in {"graph", "past"} else text
        for name, text in texts.items()
    }


def shown(repo: Repo, *arguments: str) -> str:
    ran = repo.run(*arguments)
    assert ran.code == 0, ran.out + ran.err
    return ran.out + ran.err


def test_there_are_twenty_secrets_in_as_many_places() -> None:
    assert len(PLACES) >= 20
    assert set(PLACES) == set(SECRETS) - {"unused"}


@pytest.mark.parametrize("command", ["fix", "-p"])
def test_no_secret_leaves_its_place(repo: Repo, tmp_path: Path, command: str) -> None:
    plant(repo)
    before = repo.files()
    cassette = tmp_path / "cassette"
    task = f"Subtract the discount, with {SECRETS['github-fine']}."
    what = [*(["fix"] if command == "fix" else ["-p", task]), "--test", "python3 -m pytest -q -rA"]
    with FakeServer([told(reply) for reply in replies()], key=SECRETS["deepseek"]) as server:
        at = ["--profile", "openai-compatible", "--base-url", server.url, "--model", "m"]
        ran = repo.run(*what, "--json", "--record", str(cassette), *at)
    assert ran.code == 0, ran.out[-3000:] + ran.err
    assert len(server.chats) == 4
    bodies = "".join(json.dumps(seen.body, ensure_ascii=False) for seen in server.chats)
    texts = {"request bodies": bodies, "standard output": ran.out, "standard error": ran.err}
    texts |= logs(repo, [cassette])
    assert leaks(texts) == []
    # The places were really looked at, and the container too.
    for sign in (
        "config/settings.txt",
        "scratch.txt",
        "Rotate hidden_npm_",
        "searched True",
        "history True",
        "PRIVATE KEY",
    ):
        assert sign in bodies, sign
    assert re.findall(r"LEAKED \d+ [^\s\\]+", bodies) == []
    # And the work was done, with every secret where it was.
    changed = {path for path, data in repo.files().items() if before.get(path) != data}
    assert changed == {"shop/cart.py", "shop/db.py", "shop/new.py"}
    assert (repo.root / "shop/db.py").read_text() == text_of("password") + "\nPORT = 2\n"
    assert passes(repo.root)
    # What a person is shown of it, and what they commit.
    git = ["git", "-c", "core.quotePath=false"]
    for key, value in (("user.name", "T"), ("user.email", "t@shop.io")):
        subprocess.run([*git, "config", key, value], cwd=repo.root, check=True)
    numbers = re.findall(r'"id": (\d+)', shown(repo, "checkpoints", "list", "--json"))
    views = {f"checkpoint {number} {form}": (number, form) for number in numbers for form in FORMS}
    texts = {name: shown(repo, "checkpoints", "show", *view) for name, view in views.items()}
    assert "hidden_" in "".join(texts.values())
    texts |= {"list": shown(repo, "checkpoints", "list"), "commit": shown(repo, "commit")}
    log = subprocess.run([*git, "log", "-1", "--format=%B%an%ae"], cwd=repo.root, check=True, capture_output=True)
    texts["message"] = log.stdout.decode()
    texts["branches and reflog"] = subprocess.run(
        [*git, "reflog", "-1"], cwd=repo.root, check=True, capture_output=True
    ).stdout.decode()
    assert leaks(texts) == []


def test_no_secret_of_a_manifest_is_in_the_layers_of_an_image(repo: Repo, tmp_path: Path) -> None:
    kinds = [kind for kind in IN_FILES if kind not in {"url", "password", "pem"}]
    listed = "\n".join(f"# {text_of(kind)}" for kind in (*kinds, "gitlab", "openai", "npm"))
    address = f"--extra-index-url https://u:{SECRETS['url']}@packages.shop.io/simple"
    write(repo.root, {"requirements.txt": f"# canary-in-the-layer\n{address}\n{listed}\nsix\n"})
    commit(repo.root)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /manifests\n")
    repo.env["R1CODE_DOCKERFILE"] = str(tmp_path / "Dockerfile")
    ran = repo.run("sandbox", "build")
    assert ran.code == 0, ran.err
    assert "secrets do not enter the image; placeholders stand for them in requirements.txt" in ran.err
    client = docker.from_env()
    try:
        layers = layers_of(client, ran.out.strip())
    finally:
        client.api.remove_image(ran.out.strip(), force=True)
        client.close()
    assert b"canary-in-the-layer" in layers
    found = {"the image": layers.decode(errors="replace"), "standard error": ran.err}
    assert leaks(found) == []


def layers_of(client: docker.DockerClient, name: str) -> bytes:
    """What `docker save` gives, unpacked where it is packed."""
    whole = b"".join(client.images.get(name).save())
    with tarfile.open(fileobj=BytesIO(whole)) as archive:
        parts = [file.read() for one in archive if one.isfile() and (file := archive.extractfile(one))]
    return b"\n".join(gzip.decompress(part) if part[:2] == b"\x1f\x8b" else part for part in parts)


def test_the_canary_sings_where_nothing_is_hidden(repo: Repo) -> None:
    """The same checks find a leak where a person says that the files hold no secret."""
    plant(repo)
    repo.env.pop("SHOP_TOKEN")
    replying = repo.replies('<read path="config/settings.txt"/>', "<done>ok</done>")
    ran = repo.run("-p", "Look.", "--json", "--not-secret", "config/**", *replying)
    assert ran.code == 0, ran.out + ran.err
    found = leaks({"standard output": ran.out} | logs(repo, []))
    assert {one.split(" ")[0] for one in found} >= {"github", "stripe", "google"}


def test_a_file_that_a_person_calls_no_secret_is_a_file_like_others(repo: Repo) -> None:
    write(
        repo.root, {"tests/keys/.env.test": "MODE=plain\n", "tests/keys/a.pem": text_of("pem"), ".env": "A=1\n"}
    )
    look = '<read path="tests/keys/.env.test"/>\n<run>cat tests/keys/a.pem .env</run>\n<read path=".env"/>'
    flags = ["--not-secret", "tests/keys/**"]
    ran = repo.run("-p", "Look.", "--json", *flags, *repo.replies(look, "<done>ok</done>"))
    shown = [str(event["observation"]["text"]) for event in ran.events if event["event"] == "CallFinished"]
    assert "MODE=plain" in shown[0]
    assert SECRETS["pem"] in shown[1]
    assert "No such file" in shown[1]
    assert "may hold secrets" in shown[2]
