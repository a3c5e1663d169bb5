"""Replies in other formats, in other languages, and with what was never true."""

from __future__ import annotations

from dialects.corpus import Case, answer

READ = ("read", {"path": "a.py"})
LS = ("run", {"command": "ls"})
BAR, LOW = "\uff5c", "\u2581"
CALLS = f"<{BAR}tool{LOW}calls{LOW}begin{BAR}>"
NATIVE = (
    f"{CALLS}<{BAR}tool{LOW}call{LOW}begin{BAR}>function<{BAR}tool{LOW}sep{BAR}>read\n"
    f'```json\n{{"path": "a.py"}}\n```<{BAR}tool{LOW}call{LOW}end{BAR}><{BAR}tool{LOW}calls{LOW}end{BAR}>'
)

FOREIGN = [
    # Other formats.
    answer("R1's own calls", NATIVE, error=(f"Line 1 holds the token {CALLS}",)),
    answer("R1's own calls after a sentence", f"I look.\n\n{NATIVE}", error=(f"Line 3 holds the token {CALLS}",)),
    answer("R1's own calls beside an action", f"<run>ls</run>\n{NATIVE}", error=("Line 2 holds the token",)),
    answer("the token that ends a message", f"<run>ls</run><{BAR}end{LOW}of{LOW}sentence{BAR}>", LS),
    answer("the token that ends a message, of another model", "<run>ls</run>\n<|im_end|>\n", LS),
    answer(
        "a turn of the user, made up",
        f"<run>ls</run>\n<{BAR}User{BAR}>ok",
        error=(f"the token <{BAR}User{BAR}>",),
    ),
    answer("ChatML", "<run>ls</run>\n<|im_start|>user\nok", error=("the token <|im_start|>",)),
    answer(
        "JSON",
        '{"name": "read", "arguments": {"path": "a.py"}}',
        error=("Line 1: the call of 'read' is written as JSON", "<read>"),
    ),
    answer(
        "JSON in a fence",
        'I look.\n```json\n{"tool": "run",\n "input": {"command": "ls"}}\n```',
        error=("Line 3: the call of 'run'",),
    ),
    answer(
        "JSON with single quotes",
        "{'action': 'read', 'args': {'path': 'a.py'}}",
        error=("Line 1: the call of 'read'",),
    ),
    answer("JSON that is no call", '```json\n{"name": "read", "version": "1"}\n```'),
    answer("JSON of a tool that is not here", '{"name": "fly", "arguments": {}}'),
    answer(
        "Hermes",
        '<tool_call>\n{"name": "read", "arguments": {"path": "a.py"}}\n</tool_call>',
        error=("Line 1: <tool_call> is no way",),
    ),
    answer("Hermes beside an action", "<run>ls</run>\n<tool_call>{}</tool_call>", error=("Line 2: <tool_call>",)),
    answer(
        "Anthropic",
        '<function_calls>\n<invoke name="read">\n</invoke>\n</function_calls>',
        error=("Line 1: <function_calls>",),
    ),
    answer("Llama", '<function=read>{"path": "a.py"}</function>', error=("Line 1: <function=",)),
    answer("Cline's name for it", '<read_file path="a.py"/>', error=("no action <read_file>",)),
    answer(
        "Cline's way",
        "<read_file>\n<path>a.py</path>\n</read_file>",
        error=("no action <read_file>", "mean <read>"),
    ),
    answer("Cline's end", "<attempt_completion>\nok\n</attempt_completion>", error=("mean <done>",)),
    answer("a tag for bash", "<bash>ls</bash>", error=("Line 1: there is no action <bash>", "mean <run>")),
    answer(
        "a tag for bash beside an action",
        "<test/>\n<bash>\nls\n</bash>",
        error=("Line 2: there is no action <bash>",),
    ),
    answer("a tag to execute", "<execute>\nls\n</execute>", error=("no action <execute>",)),
    answer("ReAct", "Thought: I look.\nAction: read\nAction Input: a.py"),
    answer("a call in Python", 'read(path="a.py")'),
    # Made up.
    answer(
        "an observation, made up",
        '<run>ls</run>\n<observation of="run">\na.py\n</observation>\n<done>ok</done>',
        error=("Line 2: you wrote an <observation> yourself",),
    ),
    answer("an observation about which it speaks", "In the `<observation>` I saw it.\n<run>ls</run>", LS),
    answer("an output, made up in a fence", "<run>ls</run>\n```\na.py\n```", LS),
    # Languages.
    answer("Chinese before and after", '好的\uff0c我先看看。\n<read path="a.py"/>\n然后修改。', READ),
    answer(
        "Chinese inside",
        "<run>echo 你好</run>\n<done>完成了。</done>",
        ("run", {"command": "echo 你好"}),
        ending="done",
    ),
    answer(
        "Chinese in a file",
        '<write path="说明.md">\n标题\n</write>',
        ("write", {"path": "说明.md", "content": "标题\n"}),
    ),
    answer(
        "full-width brackets",
        '\uff1cread path="a.py"/\uff1e',
        error=("Line 1: \uff1cread begins no action", "plain tags"),
    ),
    answer("an ideographic space before a tag", '\u3000<read path="a.py"/>', READ),
    answer("a full-width equals sign", '<read path\uff1d"a.py"/>', error=("<read ...> is malformed",)),
    answer(
        "corner brackets around a pattern",
        "<search pattern=\u300c解析\u300d/>",
        error=("not in straight quotes",),
    ),
    answer("Arabic", 'سأقرأ الملف.\n<read path="a.py"/>', READ),
    answer("emoji", '✅ ok\n<read path="a.py"/>', READ),
    # Only an answer.
    answer("a lone bracket", "a < b and b > c"),
    answer("nothing but a bracket", "<"),
    answer("only a closing tag of HTML", "</div>"),
]

REASONING = [
    Case(
        "reasoning in Chinese with a tag in it",
        "用户说 <run>ls</run> 就行。</think>\n好。\n<run>ls</run>",
        reasoning="用户说 <run>ls</run> 就行。",
        answer="\n好。\n<run>ls</run>",
        calls=[LS],
    ),
    Case(
        "an opener inside the reasoning",
        "a <think> b</think>\n<run>ls</run>",
        reasoning="a <think> b",
        answer="\n<run>ls</run>",
        calls=[LS],
    ),
    Case(
        "an opener after the reasoning",
        "a</think>\n<think>\nb\n<run>ls</run>",
        reasoning="a",
        answer="\n<think>\nb\n<run>ls</run>",
        error=("Line 2", "<think> again"),
    ),
    Case(
        "two pairs",
        "<think>a</think><think>b</think>\n<run>ls</run>",
        start="tag",
        reasoning="a",
        answer="<think>b</think>\n<run>ls</run>",
        error=("Line 1", "<think> again"),
    ),
    Case("only closers", "</think></think>", answer="</think>"),
    Case(
        "a closer in code in the reasoning",
        "x.split('</think>')[-1]</think>\n<run>ls</run>",
        reasoning="x.split('",
        answer="')[-1]</think>\n<run>ls</run>",
        error=("Line 1", "</think> again"),
    ),
    Case(
        "an action in the last line of the reasoning",
        "ok\n<run>ls</run></think>",
        reasoning="ok\n<run>ls</run>",
        error=("empty after the reasoning", "<run> in your reasoning was not done"),
    ),
    Case(
        "an action in the reasoning, and an answer",
        "maybe <run>ls</run> then</think>\nHello.",
        reasoning="maybe <run>ls</run> then",
        answer="\nHello.",
    ),
    Case(
        "an action in the reasoning, and another one",
        "<run>rm a</run></think>\n<run>ls</run>",
        reasoning="<run>rm a</run>",
        answer="\n<run>ls</run>",
        calls=[LS],
    ),
    Case(
        "tags in upper case are no tags of the reasoning",
        "a</THINK>b</think>c",
        reasoning="a</THINK>b",
        answer="c",
    ),
    Case("white space in a tag of the reasoning", "a</ think>b</think>c", reasoning="a</ think>b", answer="c"),
    Case("only an opener", "<think>", closed=False, error=("empty after the reasoning",)),
    Case(
        "only an opener where tags are",
        "<think>",
        start="tag",
        closed=False,
        error=("empty after the reasoning",),
    ),
    Case("white space before the opener", "\n\n <think>a</think>b", start="tag", reasoning="a", answer="b"),
    Case("text before the opener", "ok <think>a</think>b", start="tag", reasoning="ok <think>a", answer="b"),
    Case("half a closer", "a</thin", reasoning="a</thin", closed=False, error=("empty after the reasoning",)),
    Case("half a closer and then a whole one", "a</thin</think>b", reasoning="a</thin", answer="b"),
    Case(
        "the server has split it off already", "<run>ls</run>", start="field", answer="<run>ls</run>", calls=[LS]
    ),
]
