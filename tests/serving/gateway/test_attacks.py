"""What a stranger, or somebody with a key, may try: nothing gets through, and nothing falls over."""

from __future__ import annotations

import base64
import re
import socket
import ssl

import pytest

from fakes.gateway import Gateway, chat
from fakes.strangers import BODY, CHAT, request, status_of, untouched

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("stands")]

# Everything that a vLLM answers to without its key, and what it has beside: none of it is a team's.
PATHS = [
    "/", "/invocations", "/pooling", "/classify", "/score", "/v1/score", "/rerank", "/v1/rerank",
    "/v2/rerank", "/generative_scoring", "/pause", "/resume", "/is_paused", "/abort_requests",
    "/scale_elastic_ep", "/is_scaling_elastic_ep", "/update_weights", "/init_weight_transfer_engine",
    "/get_world_size", "/metrics", "/tokenize", "/detokenize", "/tokenizer_info", "/ping", "/version",
    "/load", "/sleep", "/wake_up", "/is_sleeping", "/collective_rpc", "/reset_prefix_cache",
    "/reset_mm_cache", "/reset_encoder_cache", "/server_info", "/start_profile", "/stop_profile",
    "/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/v1/embeddings", "/v1/responses",
    "/v1/responses/x", "/v1/responses/x/cancel", "/v1/messages", "/v1/messages/count_tokens",
    "/v1/audio/transcriptions", "/v1/audio/translations", "/v1/realtime", "/v1/images/generations",
    "/v1/models/m", "/v1/chat/completions/render", "/v1/completions/render", "/inference/v1/generate",
    "/cohere/v2/chat", "/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect",
    "/.well-known/security.txt", "/.env", "/nginx_status", "/router",
]  # fmt: skip
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND")
ALLOWED = {
    ("GET", "/health"),
    ("GET", "/v1/models"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
}


@pytest.fixture(scope="module")
def key(gateway_of_all: Gateway) -> str:
    return gateway_of_all.key("mallory")


def test_without_a_key_that_works_nothing_is_asked(gateway: Gateway, key: str) -> None:
    name = gateway.name(key)
    gone = gateway.key(f"{name}-gone")
    gateway.store.revoke(f"{name}-gone")
    spent = gateway.key(f"{name}-spent")
    gateway.store.rotate(f"{name}-spent", 0)
    for one in (gone, spent):
        gateway.known(one, 401)
    basic = base64.b64encode(f"{key}:".encode()).decode()
    wrong = [
        None, "", "Bearer", "Bearer ", f"Basic {basic}", f"Token {key}", key, f"Bearer {gone}", f"Bearer {spent}",
        f"Bearer {key[:-1]}", f"Bearer {key}x", f"Bearer {key.upper()}", f"Bearer  {key}", f"Bearer {key} {key}",
        f"Bearer {key},", f"Bearer r1k_{'a' * 10}_{'a' * 43}", f"Bearer {key[:14]}_{'a' * 43}", "Bearer \xff\xfe",
        f"Bearer {'k' * 4_000}", f"Bearer '{key}' OR 1=1 --", "Bearer the-key-of-the-servers",
    ]  # fmt: skip
    for value in wrong:
        header = [] if value is None else [f"Authorization: {value}"]
        answer = gateway.said(request(None, *header))
        assert (status_of(answer), value) == (401, value)
        assert b'"invalid_api_key"' in answer
        listed = gateway.said(request(None, *header, line=b"GET /v1/models HTTP/1.1", body=b"", length=False))
        assert status_of(listed) == 401
    assert status_of(gateway.said(request(None, f"X-Api-Key: {key}"))) == 401
    assert (
        status_of(gateway.said(request(None, line=f"POST /v1/chat/completions?api_key={key} HTTP/1.1".encode())))
        == 404
    )
    assert untouched(gateway)


def test_no_path_and_no_method_but_the_four_is_there(gateway: Gateway, key: str) -> None:
    paths = [*PATHS, *(path for _, path in ALLOWED)]
    with gateway.client(key) as client:
        for path in paths:
            for method in METHODS:
                if (method, path) not in ALLOWED:
                    status = client.request(method, path, content=BODY if method == "POST" else None).status_code
                    assert (status in {404, 405}, method, path, status) == (True, method, path, status)
    assert untouched(gateway)


@pytest.mark.parametrize(
    "target",
    [
        "//v1/chat/completions", "/v1//chat/completions", "/v1/chat/completions/", "/v1/chat/completions.",
        "/v1/./chat/completions", "/v1/x/../chat/completions", "/v1/chat/completions/../../../metrics",
        "/v1/%63hat/completions", "/v1%2fchat/completions", "/v1/chat/completions%00",
        "/v1/chat/completions%20",
        "/v1/chat/completions;", "/v1/chat/completions;/../../invocations", "/v1/..;/invocations",
        "/..;/metrics",
        "/V1/chat/completions", "/v1/Chat/Completions", "/v1/chat/completions?", "/v1/chat/completions?x=1",
        "/v1/chat/completions#x", "/%2e%2e/metrics", "/v1/%2e%2e/invocations",
        "/v1/chat/completions/%2e%2e/%2e%2e",
        "/v1/chat\\completions", "\\v1\\chat\\completions", "/v1/chat/completions\t", "/v1/chat/completions\x00",
        "/v1/chat/completions\xa0", "http://g/v1/chat/completions", "https://g/v1/chat/completions",
        "http://127.0.0.1:8000/metrics", "http://unix:/router.sock/v1/models", "*", "g:443", "v1/models",
        "/v1/chat/\u202ecompletions",
    ],
)  # fmt: skip
def test_no_other_way_to_write_a_path_leads_in(gateway: Gateway, key: str, target: str) -> None:
    for method in ("POST", "GET"):
        line = f"{method} {target} HTTP/1.1".encode("utf-8" if "\u202e" in target else "latin-1")
        assert status_of(gateway.said(request(key, line=line))) in {400, 404, 405}
    assert untouched(gateway)


@pytest.mark.parametrize(
    "line",
    [
        "POST /v1/chat/completions HTTP/1.0", "POST /v1/chat/completions HTTP/2.0", "POST /v1/chat/completions",
        "post /v1/chat/completions HTTP/1.1", "POST  /v1/chat/completions HTTP/1.1", "PRI * HTTP/2.0",
        " POST /v1/chat/completions HTTP/1.1", "POST /v1/chat/completions HTTP/1.1 ", "CONNECT g:443 HTTP/1.1",
        "POST\t/v1/chat/completions\tHTTP/1.1", "POST /v1/chat/completions HTTP/11", "\x16\x03\x01",
    ],
)  # fmt: skip
def test_no_other_first_line_is_taken(gateway: Gateway, key: str, line: str) -> None:
    # HTTP/0.9 has no status to tell.
    assert status_of(gateway.said(request(key, line=line.encode()))) in {0, 400, 404, 405, 505}
    assert untouched(gateway)


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: g\r\n\r\n"
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


def _framed(*lines: str, body: bytes) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n" + body


@pytest.mark.parametrize(
    "rest",
    [
        _framed(f"Content-Length: {len(BODY)}", "Transfer-Encoding: chunked", body=CHUNKED + SMUGGLED),
        _framed("Transfer-Encoding: chunked", "Content-Length: 5", body=CHUNKED + SMUGGLED),
        _framed(f"Content-Length: {len(BODY)}", "Content-Length: 5", body=BODY + SMUGGLED),
        _framed(f"Content-Length: {len(BODY)}", f"Content-Length: {len(BODY)}", body=BODY + SMUGGLED),
        _framed(f"Content-Length: {len(BODY)}, 5", body=BODY + SMUGGLED),
        _framed(f"Content-Length: +{len(BODY)}", body=BODY + SMUGGLED),
        _framed(f"Content-Length: 0x{len(BODY):x}", body=BODY + SMUGGLED),
        _framed("Content-Length: -1", body=BODY + SMUGGLED),
        _framed("Content-Length: 99999999999999999999999", body=BODY + SMUGGLED),
        _framed(f"Content-Length : {len(BODY)}", body=BODY + SMUGGLED),
        _framed("Content-Length:", f" {len(BODY)}", body=BODY + SMUGGLED),
        _framed("Transfer-Encoding: chunked", "Transfer-Encoding: identity", body=CHUNKED + SMUGGLED),
        _framed("Transfer-Encoding: identity, chunked", body=CHUNKED + SMUGGLED),
        _framed("Transfer-Encoding: xchunked", body=CHUNKED + SMUGGLED),
        _framed("Transfer-Encoding: \x0bchunked", body=CHUNKED + SMUGGLED),
        _framed("Transfer-Encoding : chunked", body=CHUNKED + SMUGGLED),
        _framed("Transfer-Encoding:", " chunked", body=CHUNKED + SMUGGLED),
        _framed("X: y\nTransfer-Encoding: chunked", body=CHUNKED + SMUGGLED),
        _framed("Transfer_Encoding: chunked", "Content-Length: 0", body=CHUNKED + SMUGGLED),
        _framed("Transfer-Encoding: gzip", body=BODY + SMUGGLED),
        _framed("Transfer-Encoding: chunked", body=b"-5\r\n" + BODY + SMUGGLED),
        _framed("Transfer-Encoding: chunked", body=b"0x5\r\nhello\r\n0\r\n\r\n" + SMUGGLED),
        _framed("Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\n" + BODY + SMUGGLED),
        _framed("Transfer-Encoding: chunked", body=b'5;a="\r\n"\r\nhello\r\n0\r\n\r\n' + SMUGGLED),
        _framed("Transfer-Encoding: chunked", body=b"5\r\nhelloXX0\r\n\r\n" + SMUGGLED),
        _framed("Transfer-Encoding: chunked", body=b"\r\n0\r\n\r\n" + SMUGGLED),
        _framed("Transfer-Encoding: chunked", body=b"5" + b";x" * 20_000 + b"\r\nhello\r\n0\r\n\r\n" + SMUGGLED),
        _framed("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
                body=SMUGGLED),
        _framed("Connection: Content-Length, Host", f"Content-Length: {len(BODY)}", body=BODY + SMUGGLED),
        _framed("Expect: 200-ok", f"Content-Length: {len(BODY)}", body=BODY + SMUGGLED),
    ],
)  # fmt: skip
def test_no_second_request_hides_in_the_first(gateway: Gateway, key: str, rest: bytes) -> None:
    answer = gateway.said(CHAT + f"Authorization: Bearer {key}\r\n".encode() + rest, quiet=0.3)
    seen = [one for replica in gateway.replicas for one in replica.seen if one.path != "/v1/models"]
    # What is not refused is one whole question, as it was meant; whatever follows it is nobody's.
    assert [one.path for one in seen] in ([], ["/v1/chat/completions"])
    assert all(one.body["messages"] == chat()["messages"] for one in seen)
    assert all(b"smuggled" not in one.raw for one in seen)
    if seen:
        assert status_of(answer) == 200
    else:
        assert status_of(answer) in {0, 400, 404, 408, 411, 413, 415, 501}


def test_a_request_after_another_one_is_looked_at_as_strictly(gateway: Gateway, key: str) -> None:
    first = CHAT + f"Authorization: Bearer {key}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    answer = gateway.said(
        first + b"POST /invocations HTTP/1.1\r\nHost: g\r\nContent-Length: 0\r\n\r\n" + request(None)
    )
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"404", b"401"]
    assert [seen.path for seen in gateway.chats()] == ["/v1/chat/completions"]


def test_of_the_headers_of_a_client_none_reaches_a_server(gateway: Gateway, key: str) -> None:
    sly = [
        "X-R1code-Route: mine", "X-Forwarded-For: 10.0.0.1", "X-Real-IP: 10.0.0.1", "X-Data-Parallel-Rank: 1",
        "X-Request-Id: mine", "Cookie: a=b", "X-Session-Id: s", "Forwarded: for=x", "Traceparent: 00-1-1-00",
        "X-HTTP-Method-Override: DELETE", "X-Original-URL: /invocations", "User-Agent: mine", "Accept: x/y",
    ]  # fmt: skip
    assert status_of(gateway.said(request(key, *sly))) == 200
    (seen,) = gateway.chats()
    assert set(seen.headers) == {
        "host", "connection", "content-length", "content-type", "accept", "accept-encoding", "user-agent",
        "authorization",
    }  # fmt: skip
    assert "mine" not in seen.headers.values()


def test_nobody_sends_a_request_where_they_like(gateway: Gateway, key: str) -> None:
    for number in range(12):
        gateway.said(request(key, "X-Session-Id: s", f"X-R1code-Route: {number}"))
    assert sorted(len(one.chats) for one in gateway.replicas) == [0, 12]


@pytest.mark.parametrize(
    "header",
    [
        "X-Session-Id: a\x00b", "X-Session-Id: a\r\n folded", "X Session: a", ": a", "X-Session-Id\x00: a",
        "X-Session-Id: a\x0bb", "X_Session_Id: a", "X-Session-Id: " + "s" * 7_000, "X-Session-Id: \xff\xfe",
        "X-Session-Id: a\rX-R1code-Route: b", "X-Session-Id: ${jndi:ldap://x}", "Content-Type: text/plain",
        "Authorization: Bearer other", "Host: other", "Content-Encoding: gzip",
    ],
)  # fmt: skip
def test_a_strange_header_is_refused_or_harmless(gateway: Gateway, key: str, header: str) -> None:
    status = status_of(gateway.said(request(key, header)))
    assert status in {200, 400, 401, 415}
    assert [
        set(seen.headers) & {"x-session-id", "x-r1code-route", "x_session_id"} for seen in gateway.chats()
    ] in (
        [],
        [set()],
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000, 400),
        (b'{"a":' * 30_000, 400),
        (b'{"model":"m","messages":[{"role":"user","content":"x"}],"tools":' + b"[" * 40 + b"]" * 40 + b"}", 400),
        (b'{"model":"m","messages":[],"model":"m"}', 400),
        (b"\xff\xfe{\x00}\x00", 400),
        (b'{"model":"m","messages":"x"}', 400),
        (b'{"model":"m","messages":["x"]}', 400),
        (b'{"model":["m"],"messages":[{"role":"user"}]}', 400),
        (b'{"model":"m","messages":[{"role":"user"}],"max_tokens":' + b"9" * 5_000 + b"}", 400),
        (b'{"model":"m","messages":[{"role":"user"}],"max_tokens":NaN}', 400),
        (b'{"model":"m","messages":[{"role":"user"}],"max_tokens":-1}', 400),
        (b'{"model":"m","messages":[{"role":"user"}],"max_tokens":true}', 400),
        (b'{"model":"m","messages":[{"role":"user"}],"n":1000000}', 400),
        (b'{"model":"m","messages":[{"role":"user"}],"stream":"yes"}', 400),
        (b'{"model":"m","messages":[{"role":"user"}],"stream_options":{"include_usage":true}}', 400),
        (b"null", 400),
        (b"", 400),
        (b"x" * 3_000_000, 413),
    ],
)
def test_a_body_that_is_no_question_is_refused(gateway: Gateway, key: str, body: bytes, status: int) -> None:
    assert status_of(gateway.said(request(key, body=body))) == status
    assert untouched(gateway)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cache_salt", "mine"), ("priority", -1), ("kv_transfer_params", {"do_remote_prefill": True}),
        ("vllm_xargs", {}), ("request_id", "x"), ("chat_template", "{{ 1 }}"), ("prompt_embeds", "gASVAA=="),
        ("mm_processor_kwargs", {}), ("prompt_logprobs", 20), ("use_beam_search", True), ("best_of", 100),
        ("documents", []), ("guided_json", {}), ("data_parallel_rank", 0), ("echo", True), ("nvext", {}),
        ("logits_processors", ["os.system"]), ("truncate_prompt_tokens", 1), ("return_token_ids", True),
        ("chat_template_kwargs", {"tokenize": False}), ("chat_template_kwargs", {"thinking": "x" * 10}),
        ("messages", [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}]),
        ("messages", [{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "audio_url"}]}]),
    ],
)  # fmt: skip
def test_what_steers_the_server_itself_is_not_passed_on(
    gateway: Gateway, key: str, name: str, value: object
) -> None:
    answer = gateway.ask(key, **{"messages": [{"role": "user", "content": "x"}], name: value})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == name
    assert untouched(gateway)


def test_old_tls_is_not_spoken(gateway: Gateway) -> None:
    context = ssl.create_default_context(cafile=str(gateway.certificate))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLS"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLS"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="localhost")
