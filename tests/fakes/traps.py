"""A repository that is set up to run a program wherever git can be made to: one trap for each key and hook.

The keys are those of `git help -c` whose value is a command, or leads to one; the hooks are those of githooks(5).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from fakes.repository import Repository

KEYS = (
    "core.fsmonitor",
    "core.pager",
    "pager.status",
    "pager.ls-files",
    "pager.log",
    "pager.diff",
    "pager.branch",
    "core.editor",
    "sequence.editor",
    "core.sshCommand",
    "core.askPass",
    "core.gitProxy",
    "core.alternateRefsCommand",
    "credential.helper",
    "credential.https://example.org.helper",
    "gpg.program",
    "gpg.openpgp.program",
    "gpg.x509.program",
    "gpg.ssh.program",
    "gpg.ssh.defaultKeyCommand",
    "diff.external",
    "diff.command.command",
    "diff.textconv.textconv",
    "diff.tool.cmd",
    "difftool.trap.cmd",
    "difftool.trap.path",
    "filter.clean.clean",
    "filter.smudge.smudge",
    "filter.process.process",
    "filter.Other Trap.clean",
    "filter.info.clean",
    "filter.everywhere.clean",
    "merge.trap.driver",
    "mergetool.trap.cmd",
    "mergetool.trap.path",
    "guitool.trap.cmd",
    "interactive.diffFilter",
    "uploadpack.packObjectsHook",
    "remote.origin.uploadpack",
    "remote.origin.receivepack",
    "submodule.sub.update",
    "trailer.sign.command",
    "trailer.other.cmd",
    "man.trap.cmd",
    "browser.trap.cmd",
    "browser.trap.path",
    "web.browser",
    "help.browser",
    "instaweb.httpd",
    "sendemail.toCmd",
    "sendemail.ccCmd",
    "sendemail.smtpServer",
    "imap.tunnel",
    "hook.trap.command",
    *(f"alias.{name}" for name in ("trap", "status", "ls-files", "rev-parse", "check-ignore", "diff-tree")),
    *(f"alias.{name}" for name in ("fast-import", "commit-tree", "update-index", "update-ref", "worktree")),
)
SWITCHES = {
    "commit.gpgSign": "true",
    "tag.gpgSign": "true",
    "push.gpgSign": "true",
    "log.showSignature": "true",
    "merge.verifySignatures": "true",
    "user.signingKey": "trap",
    "diff.tool": "trap",
    "merge.tool": "trap",
    "mergetool.prompt": "false",
    "diff.textconv.cachetextconv": "true",
    "diff.submodule": "diff",
    "diff.ignoreSubmodules": "none",
    "status.submoduleSummary": "true",
    "submodule.recurse": "true",
    "hook.trap.event": "pre-commit",
    "man.viewer": "trap",
    "protocol.allow": "always",
    "protocol.ext.allow": "always",
    "remote.origin.url": "ssh://example.org/x",
    "remote.other.vcs": "ext",
    "gc.auto": "1",
    "gc.autoDetach": "false",
    "maintenance.auto": "true",
    "feature.manyFiles": "true",
    "user.name": "Ann",
    "user.email": "ann@example.org",
}
"""What makes git come to the traps."""
HOOKS = (
    *("applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit"),
    *("prepare-commit-msg", "commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push"),
    *("pre-receive", "update", "proc-receive", "post-receive", "post-update", "reference-transaction"),
    *("push-to-checkout", "pre-auto-gc", "post-rewrite", "sendemail-validate", "fsmonitor-watchman"),
    *("post-index-change", "post-commit"),
)
ATTRIBUTES = """\
tracked merge=trap
command diff=command
textconv diff=textconv
clean filter=clean
smudge filter=smudge
process filter=process
"""
FILES = (
    "tracked",
    "other",
    "deep/tracked",
    "command",
    "textconv",
    "clean",
    "smudge",
    "process",
    "info",
    "everywhere",
)


class Trapped:
    def __init__(self, repository: Repository, traps: Path) -> None:
        traps.mkdir()
        self.repository = repository
        self.traps = traps
        self.fired = traps / "fired"

    def trap(self, name: str) -> str:
        """A program that notes that it was run."""
        script = self.traps / re.sub(r"[^A-Za-z0-9.-]", "_", name)
        script.write_text(f'#!/bin/sh\necho "{name}" >> "{self.fired}"\nexit 1\n')
        script.chmod(0o755)
        return str(script)

    def what_fired(self) -> set[str]:
        found = set(self.fired.read_text().splitlines()) if self.fired.exists() else set[str]()
        self.fired.unlink(missing_ok=True)
        return found

    def spring(self, config: Path) -> None:
        """Sets every key in `config`, and leaves files that git has to look into."""
        self.repository.write(".gitattributes", ATTRIBUTES)
        self.repository.commit(*FILES)
        settings = dict(SWITCHES)
        for key in KEYS:
            shell = "!" if key.startswith(("alias.", "submodule.")) else ""
            settings[key] = f"{shell}{self.trap(key)}"
        hooks = self.repository.root / ".git" / "hooks"
        for name in HOOKS:
            (hooks / name).unlink(missing_ok=True)
            (hooks / name).symlink_to(self.trap(f"hook {name}"))
        templates = self.traps / "templates"
        templates.mkdir()
        (templates / "hooks").symlink_to(hooks)
        attributes = self.traps / "attributes"
        attributes.write_text("everywhere filter=everywhere\n")
        self.repository.write(".git/info/attributes", "info filter=info\n")
        settings["core.hooksPath"] = str(hooks)
        settings["init.templateDir"] = str(templates)
        settings["core.attributesFile"] = str(attributes)
        with config.open("a") as file:
            # By hand: a process for each of a hundred settings takes too long.
            file.writelines(_lines(key, value) for key, value in settings.items())
        self.touch()
        self.fired.unlink(missing_ok=True)

    def touch(self) -> None:
        """The same size as before, so only the content can tell."""
        for path in FILES:
            self.repository.write(path, "TEXT\n")
            os.utime(self.repository.root / path, (1, 1))


def _lines(key: str, value: str) -> str:
    section, _, rest = key.partition(".")
    name, _, last = rest.rpartition(".")
    head = f'{section} "{name}"' if name else section
    return f'[{head}]\n\t{last} = "{value}"\n'
