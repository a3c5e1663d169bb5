from __future__ import annotations

import pytest

from e2e.conftest import Repo

FETCH = "python3 -c \"import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/page.txt').read())\""
START = '<run background="web" ready="8000">echo made >made.txt; python3 -m http.server 8000</run>'
REPLIES = [
    f'<write path="page.txt">\nold\n</write>\n{START}',
    f'<run>{FETCH}</run>\n<write path="page.txt">\nnew\n</write>',
    f'<run>{FETCH}</run>\n<logs name="web"/>',
    '<run background="other">sleep 100</run>\n<stop name="web"/>\n<run>pgrep -x -a python3 || echo none</run>',
    "<done>ok</done>",
]


@pytest.mark.docker
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("engine")
def test_a_server_runs_beside_commands_and_is_gone_at_the_end(repo: Repo) -> None:
    ran = repo.run("-p", "Serve it.", "--json", *repo.replies(*REPLIES))
    assert ran.code == 0, ran.out + ran.err
    seen = [event["observation"] for event in ran.events if event["event"] == "CallFinished"]
    assert {one["status"] for one in seen} == {"ok"}
    texts = [str(one["text"]) for one in seen]
    assert "[background web: running for" in texts[1]
    assert "b'old\\n'" in texts[2]
    assert "b'new\\n'" in texts[4]
    assert texts[5].count("GET /page.txt") == 2
    assert "[background web: ended, stopped]" in texts[7]
    assert "none" in texts[8]
    assert (repo.root / "made.txt").read_text() == "made\n"
    notices = [str(event["text"]) for event in ran.events if event["event"] == "Notice"]
    assert any("still running in the background: other" in text for text in notices)
