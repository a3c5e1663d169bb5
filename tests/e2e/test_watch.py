"""`--watch`, in the REPL."""

from __future__ import annotations

import pytest

from e2e.conftest import Repo
from e2e.sitting import UNTIL_GO, go
from fakes.seat import Seat

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HOST = ["--sandbox", "none", "--allow-host-exec", "--test", "off", "--watch"]
# It leaves a comment of its own, which must not start another turn.
EDIT = (
    '<edit path="shop/cart.py">\n<<<<<<< SEARCH\n    # turn the sign around AI!\n'
    "    return sum(prices) + discount\n=======\n    # and now this AI!\n"
    "    return sum(prices) - discount\n>>>>>>> REPLACE\n</edit>"
)


def test_a_comment_that_is_saved_starts_a_turn_and_what_r1_writes_does_not(repo: Repo) -> None:
    env = {"R1CODE_STATE_DIR": str(repo.state)}
    seat = Seat([str(repo.script), *HOST, *repo.replies(EDIT, "Turned.", "Answered.")], repo.root, env)
    seat.sees("Do you trust this folder")
    seat.sees("comments in its files start turns")
    seat.answer("y")
    seat.sees("watching: a comment that ends with AI! is done")
    seat.sees("^>$")
    seat.until(lambda: seat.watches(repo.root / "shop"), "the kernel watches nothing")
    cart = repo.root / "shop/cart.py"
    cart.write_text(cart.read_text().replace("    return", "    # turn the sign around AI!\n    return"))
    seat.sees(r"^> shop/cart\.py:2  turn the sign around AI!")
    seat.sees(r"Turned\.")
    assert "# and now this AI!\n    return sum(prices) - discount" in cart.read_text()
    seat.look(1.5)
    assert "Answered" not in seat.all
    (repo.root / "shop/new.py").write_text("x = 1  # what is x? AI?\n")
    seat.sees(r"^> shop/new\.py:1  what is x\? AI\?")
    seat.sees(r"Answered\.")
    seat.press("\x04")
    assert seat.leaves() == 0


def test_a_folder_that_nobody_trusts_is_not_watched(repo: Repo) -> None:
    seat = Seat(
        [str(repo.script), *HOST, *repo.replies("Said.")], repo.root, {"R1CODE_STATE_DIR": str(repo.state)}
    )
    seat.sees("Do you trust this folder")
    seat.answer("n")
    seat.sees("files are not watched: this folder is not trusted")
    seat.sees("^>$")
    seat.look(1.0)
    (repo.root / "shop/new.py").write_text("x = 1  # do it AI!\n")
    seat.look(2.0)
    assert "shop/new.py:1" not in seat.all
    seat.press("\x04")
    assert seat.leaves() == 0


def test_what_a_command_of_r1s_writes_in_the_background_starts_nothing(repo: Repo) -> None:
    writes = f"<run background=\"writer\">{UNTIL_GO}; echo '# mine AI!' > shop/new.py; sleep 60</run>"
    replies = repo.replies(writes, "<done>Begun.</done>", "Answered.")
    seat = Seat([str(repo.script), *HOST, *replies], repo.root, {"R1CODE_STATE_DIR": str(repo.state)})
    seat.sees("Do you trust this folder")
    seat.answer("y")
    seat.sees("watching: ")
    seat.say("begin")
    seat.sees(r"Begun\.")
    seat.sees("^>$")
    seat.until(lambda: seat.watches(repo.root / "shop"), "the kernel watches nothing")
    go(repo)
    seat.sees("no comment starts a turn while commands of R1's are running: writer")
    seat.look(0.5)
    assert "Answered" not in seat.all
    seat.press("\x04")
    assert seat.leaves() == 0
