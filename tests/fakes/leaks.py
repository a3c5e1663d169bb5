"""Secrets of many kinds, none of them real, and what only looks like one; no file holds one whole."""

from __future__ import annotations

_MIXED = "Zk3vQ9xT2mLr8WbY5nHc7JdP4sGf6KaE1uVo0iXe"


def _m(count: int, start: int = 0) -> str:
    return (_MIXED * 4)[start : start + count]


PEM_LINES = [_m(64, 1), _m(64, 5), _m(40, 9)]
SECRETS = {
    "aws": "AKIA" + "Q4Z7M2X9K3B8V6N1",
    "aws-secret": _m(40, 3),
    "github": "ghp_" + _m(36),
    "github-fine": "github_pat_" + _m(40, 2),
    "gitlab": "glpat-" + _m(20, 4),
    "slack": "xoxb-" + "123456789012-1234567890123-" + "a8f3kd92mzq01xpw7vtb6nyc",
    "slack-hook": "https://hooks.slack" + ".com/services/T0A1B2C3D/B0E4F5G6H/" + _m(24, 1),
    "stripe": "sk_" + "live_" + _m(24, 6),
    "google": "AI" + "za" + _m(35, 2),
    "openai": "sk-" + "proj-" + _m(48, 7),
    "anthropic": "sk-" + "ant-api03-" + _m(60, 8),
    "deepseek": "sk-" + "9f86d081884c7d659a2feaa0c55ad015",
    "huggingface": "hf" + "_" + _m(34, 9),
    "npm": "npm" + "_" + _m(36, 10),
    "sendgrid": "SG" + "." + _m(22, 1) + "." + _m(43, 2),
    "jwt": "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiI0MiJ9." + _m(43, 11),
    "azure": _m(86, 12) + "==",
    "url": "Wq8" + "kT2zL5v",
    "password": "t9" + "Xk2!vLq8Zw",
    "bearer": _m(32, 13),
    "pem": PEM_LINES[0],
}

TEXTS = {
    "aws": "key = '{}'",
    "aws-secret": "aws_secret_access_key = {}\n",
    "azure": "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={};EndpointSuffix=y",
    "url": "DATABASE_URL=postgres://shop:{}@db.shop.io:5432/shop",
    "password": "DB_PASSWORD = '{}'",
    "bearer": 'curl -H "Authorization: Bearer {}" https://shop.io',
    "pem": "-----BEGIN RSA PRIVATE KEY-----\n{}\n"
    + "\n".join(PEM_LINES[1:])
    + "\n-----END RSA PRIVATE KEY-----\n",
}
"""How a secret stands in a text; where nothing is said, in quotes."""


def text_of(kind: str) -> str:
    return TEXTS.get(kind, 'VALUE = "{}"  # {{}}\n').replace("{}", SECRETS[kind], 1)


INNOCENT = [
    'sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    "commit 3aace7c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8",
    'token_id = "550e8400-e29b-41d4-a716-446655440000"',
    'TOKEN = "550e8400-e29b-41d4-a716-446655440000"',
    '"integrity": "sha512-Zk3vQ9xT2mLr8WbY5nHc7JdP4sGf6KaE1uVo0iXeZk3vQ9xT2mLr8WbY5nHc7JdP4sGf6KaE1uVo0iXe=="',
    'hash = "sha256:Zk3vQ9xT2mLr8WbY5nHc7JdP4sGf6KaE1uVo0iXe"',
    'password = "correct horse battery staple"',
    'password = "password123"',
    'password = "changeme-1234"',
    "password = os.environ['DB_PASSWORD']",
    "token = self._tokenizer.next_token_v2(text)",
    "secret_key = generate_secret_key_2048",
    'api_key = "YOUR_API_KEY_123"',
    'api_key="${API_KEY_1}"',
    "postgres://postgres:postgres@localhost:5432/test",
    "https://user:password@example.com/",
    "http://user:secret123@127.0.0.1:80",
    'data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="',
    "AKIASHORT",
    "xAKIAQ4Z7M2X9K3B8V6N1Z",
    "task-9f86d081884c7d659a2feaa0c55ad015",
    "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUZk3vQ9xT2mLr8WbY5nHc7JdP4sG=\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIBszCCAVmgAwIBAgIUZk3vQ9xT2mLr8WbY5nHc7JdP4sG=\n-----END PUBLIC KEY-----",
    'token_pattern = r"[A-Za-z0-9]{20,}"',
    'header: "secret_header_v1_2_3_value"',
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7Zk3vQ9xT2mLr8WbY5nHc7JdP4sGf6KaE1uVo0iXe me@host",
    "hidden_aws_3f9a1c2b",
    'TOKEN = "hidden_value_3f9a1c2b"',
]
