"""Small bugs that can be repaired, in several languages: one table for tests and for comparisons."""

from __future__ import annotations

from bugs.bug import Bug
from bugs.clang import C
from bugs.golang import GO
from bugs.java import JAVA
from bugs.javascript import JAVASCRIPT
from bugs.keeping import KEEPING
from bugs.numbers import NUMBERS
from bugs.others import PHP, SHELL
from bugs.packages import PACKAGES
from bugs.ruby import RUBY
from bugs.rust import RUST
from bugs.texts import TEXTS
from bugs.typescript import TYPESCRIPT

__all__ = ["BUGS", "Bug"]

BUGS: tuple[Bug, ...] = (
    *NUMBERS,
    *TEXTS,
    *KEEPING,
    *PACKAGES,
    *JAVASCRIPT,
    *TYPESCRIPT,
    *GO,
    *RUST,
    *JAVA,
    *C,
    *RUBY,
    *PHP,
    *SHELL,
)
