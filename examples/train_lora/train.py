"""Trains a LoRA adapter on what `r1code export --verified` wrote (docs/training.md).

    pip install -r requirements.txt
    python train.py --data train.jsonl --model deepseek-ai/DeepSeek-R1-Distill-Qwen-7B --out adapter
"""

import argparse
import json
from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

NOT_LEARNED = -100
"""The label of a token that is only read."""


def encoded(line, tokenizer):
    """The tokens of a line, and which of them are learned: those of its last message, reasoning included.

    What stands before is made by the model's own chat template, as a server makes it. The template may not make the
    last message: R1's drops all that stands before `</think>`, which is what is to be learned.
    """
    *prompt, reply = line["messages"]
    if "tools" in line or reply.get("tool_calls"):
        raise SystemExit("this line calls functions; R1 is taught action blocks: train on sessions in the text dialect")
    before = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
    # The template of January's R1 and its distills opens the reasoning; that of R1-0528 leaves it to the model.
    opened = "" if before.rstrip().endswith("<think>") else "<think>\n"
    gap = "\n" if before.endswith("<think>") else ""
    reasoning = (reply.get("reasoning_content") or "").strip()
    said = f"{gap}{opened}{reasoning}\n</think>\n\n{reply['content'].strip()}"
    # The template has written the first token of all: the tokenizer may not write it again.
    head = tokenizer(before, add_special_tokens=False)["input_ids"]
    tail = [*tokenizer(said, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    return {"input_ids": head + tail, "labels": [NOT_LEARNED] * len(head) + tail}


def dataset(file, tokenizer, most):
    lines = [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines()]
    rows = [encoded(line, tokenizer) for line in lines]
    # A line that is cut would teach to stop in the middle.
    kept = [row for row in rows if len(row["input_ids"]) <= most]
    print(f"{file}: {len(kept)} of {len(rows)} lines have at most {most} tokens")
    if not kept:
        raise SystemExit(f"nothing to learn in {file}")
    return Dataset.from_list(kept)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="the lines to learn from, in the form openai")
    parser.add_argument("--eval", help="the lines to measure with: FILE.eval.jsonl")
    parser.add_argument("--model", required=True, help="a name on the hub, or a folder")
    parser.add_argument("--out", required=True, help="where the adapter goes")
    parser.add_argument("--max-tokens", type=int, default=16384, help="longer lines are left out")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-4, help="the learning rate")
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--steps", type=int, default=-1, help="instead of epochs")
    parser.add_argument("--batch", type=int, default=8, help="lines for each update")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main():
    given = options()
    gpu = torch.cuda.is_available()
    tokenizer = AutoTokenizer.from_pretrained(given.model)
    train = dataset(given.data, tokenizer, given.max_tokens)
    evaluation = dataset(given.eval, tokenizer, given.max_tokens) if given.eval else None
    model = AutoModelForCausalLM.from_pretrained(given.model, dtype=torch.bfloat16 if gpu else torch.float32)
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=train,
        eval_dataset=evaluation,
        peft_config=LoraConfig(
            task_type="CAUSAL_LM", r=given.rank, lora_alpha=2 * given.rank, lora_dropout=0.05, target_modules="all-linear"
        ),
        args=SFTConfig(
            output_dir=given.out,
            max_length=None,
            learning_rate=given.rate,
            lr_scheduler_type="cosine",
            num_train_epochs=given.epochs,
            max_steps=given.steps,
            per_device_train_batch_size=1,
            per_device_eval_batch_size=1,
            gradient_accumulation_steps=given.batch,
            gradient_checkpointing=gpu,
            bf16=gpu,
            use_cpu=not gpu,
            eval_strategy="epoch" if evaluation else "no",
            save_strategy="no",
            logging_steps=1,
            report_to="none",
            seed=given.seed,
        ),
    )
    trainer.train()
    trainer.save_model(given.out)


if __name__ == "__main__":
    main()
