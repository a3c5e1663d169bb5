"""The flags of `r1code serve gateway`, `serve keys` and `serve usage`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from r1code.options.serve_plan import add_unit


def add_gateway(add: Callable[..., argparse.ArgumentParser]) -> None:
    gateway = add("gateway", help="a team's way in to vLLM: TLS, keys, limits, usage (docs/gateway.md)")
    _add_place(gateway)
    gateway.add_argument(
        "--replica", metavar="URL", action="append", help="try out with this server; may be given several times"
    )
    gateway.add_argument("--listen", metavar="HOST:PORT", help="where nginx listens (127.0.0.1:8443)")
    gateway.add_argument("--user", metavar="NAME", help="whom nginx's processes belong to, as root")
    gateway.add_argument("--with-nginx", action="store_true", help="start nginx, too; --replica does so as well")
    gateway.add_argument("--nginx", metavar="DIR", help="only write nginx.conf there, and check it")
    add_unit(gateway)
    gateway.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    gateway.add_argument("--settings", help=argparse.SUPPRESS)


def add_keys(add: Callable[..., argparse.ArgumentParser]) -> None:
    keys = add("keys", help="who may use the gateway")
    actions = keys.add_subparsers(dest="deed", metavar="DEED", required=True)
    new = actions.add_parser("add", help="a key for a person or bot; it is shown once")
    _add_name(new)
    new.add_argument(
        "--team", metavar="TEAM", default="team", help="who shares what the servers have cached (team)"
    )
    _add_limits(new)
    rotate = actions.add_parser("rotate", help="another key for somebody; the old one works on for a while")
    _add_name(rotate)
    rotate.add_argument("--overlap", metavar="TIME", default="24h", help="how long: 90s, 30m, 24h, 7d (24h)")
    revoke = actions.add_parser("revoke", help="from now on a key does not work, nor what runs with it")
    _add_name(revoke)
    limit = actions.add_parser("limit", help="other limits for somebody, instead of those that they have")
    _add_name(limit)
    _add_limits(limit)
    listed = actions.add_parser("list", help="who has keys, and which limits")
    listed.add_argument("--json", action="store_true", help="as JSON")
    for one in (new, rotate, revoke, limit, listed):
        _add_place(one)


def add_usage(add: Callable[..., argparse.ArgumentParser]) -> None:
    usage = add("usage", help="what each key used at the gateway")
    usage.add_argument("--key", metavar="NAME", help="of one person or bot")
    usage.add_argument("--since", metavar="TIME", default="30d", help="a date, or how long ago: 24h, 30d (30d)")
    usage.add_argument("--json", action="store_true", help="as JSON")
    _add_place(usage)


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="the gateway's settings, gateway.toml")
    parser.add_argument("--state", metavar="DIR", help="without settings: where the books are")


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", help="what the person or bot is called; to revoke also a key's id"
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--limit",
        metavar="NAME=N",
        action="append",
        default=[],
        help="requests_per_minute, concurrent, tokens_per_day or max_tokens; off: none",
    )
