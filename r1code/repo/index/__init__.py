"""The index of a project: what its files define, use and import.

    index = Index(state / FILE, Store(state / "objects"))  # r1code.repo.index.index
    snapshot = tree.snapshot()  # r1code.tree.worktree
    building = index.start(snapshot)  # in the background: .progress .is_done .wait() .stop()
    index.build(snapshot, control)  # or at once; cheap when nothing has changed
    index.missing(snapshot)  # the paths that are not read yet
    index.uninstalled(snapshot)  # language -> number of its files, where the grammar is not installed
    index.outlines(snapshot)  # path -> Outline, of all that is known, or of some paths
    index.holding(snapshot, "name")  # only the outlines that have this name in them; quick
    index.close()  # after building.stop()
    Targets(paths, text).edges(outlines)  # r1code.repo.index.targets: file -> the files that it imports

An `Outline` (r1code.repo.index.outline) has `definitions` (name, kind, lines, parent, owner, signature, doc),
`imports` (the module as the language writes it), `calls` and `uses` (name -> lines), `error` and `note`. It
belongs to a content, not to a path: two paths with the same content may share one object.

Data flows one way: languages (which language, which queries) -> read, extract, sweep (bytes to an outline, by
tree-sitter, only in processes of their own: worker, pool) -> store (sqlite, by content) -> index. Only what the
workers run imports tree-sitter.
"""
