"""Ruby projects with Bundler. Pure."""

from __future__ import annotations

import re

from r1code.sandbox.environments.environment import HOME, Environment, Folder, quoted, source_of

MANIFESTS = ("Gemfile", "gems.rb", "Rakefile")
_VERSION = re.compile(r"""(?m)^\s*ruby\s+["'][~>= ]*(\d+\.\d+)""")
_GEMSPEC = re.compile(r"(?m)^\s*gemspec\b")
_GEM = re.compile(r"""(?m)^\s*gem\s+["']([\w-]+)["']""")
_DEBIAN = {
    "rspec": "ruby-rspec",
    "minitest": "ruby-minitest",
    "test-unit": "ruby-test-unit",
    "rake": "rake",
    "mocha": "ruby-mocha",
    "rack": "ruby-rack",
    "rack-test": "ruby-rack-test",
    "nokogiri": "ruby-nokogiri",
    "json": "ruby-json",
}
"""Gems that Debian has: for projects that have nothing that Bundler could install."""


def detect(folder: Folder) -> Environment | None:
    gemspecs = sorted(name for name in folder.names if name.endswith(".gemspec"))
    if folder.names.isdisjoint(MANIFESTS) and not gemspecs:
        return None
    gemfile = folder.text("Gemfile") or folder.text("gems.rb")
    named = _VERSION.search(gemfile)
    # A gemspec is a program that reads the project's sources, which do not belong into this layer.
    bundled = bool(gemfile) and not _GEMSPEC.search(gemfile)
    gems = set(_GEM.findall(gemfile)) | {gem for name in gemspecs for gem in _DEBIAN if gem in folder.text(name)}
    system = (
        ("ruby-dev", "build-essential", "bundler") if bundled else ("ruby-minitest", "ruby-test-unit", "rake")
    )
    debian = tuple(_DEBIAN[gem] for gem in sorted(gems & _DEBIAN.keys())) if not bundled else ()
    notes = (
        ()
        if bundled or not gems
        else ("gems come from Debian's packages, not from the Gemfile: it has a gemspec",)
    )
    return Environment(
        folder=folder.path,
        language="ruby",
        manager="bundler" if bundled else "debian",
        version=folder.word(".ruby-version").removeprefix("ruby-") or (named[1] if named else ""),
        system=tuple(dict.fromkeys((*system, *debian))),
        files=folder.full("Gemfile", "Gemfile.lock", "gems.rb", "gems.locked", ".ruby-version")
        if bundled
        else (),
        steps=("bundle install --jobs 2",) if bundled else (),
        prepare=(f"[ -e Gemfile.lock ] || cp {quoted(source_of(folder.path))}/Gemfile.lock .",)
        if bundled
        else (),
        variables={"BUNDLE_PATH": f"{HOME}/bundle", "BUNDLE_APP_CONFIG": f"{HOME}/bundle"} if bundled else {},
        notes=notes,
    )
