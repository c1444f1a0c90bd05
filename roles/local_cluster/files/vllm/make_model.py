# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes a tiny complete model: a random Llama and its tokenizer.

Usage: make_model.py DIRECTORY. The model has two layers, a hidden size of 128
and a byte-level BPE vocabulary of at most 512 tokens; its answers are noise,
and always the same noise. About 2 MB.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SENTENCE = "The quick brown fox jumps over the lazy dog, and the model answers with a few words."
VOCABULARY = 512
CONTEXT_TOKENS = 512


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Train the tokenizer on one sentence."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([SENTENCE], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        model_max_length=CONTEXT_TOKENS,
    )


def make_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Make the network with weights from a fixed seed."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT_TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


def main(directory: str) -> None:
    """Write the model next to its place, make it readable for all, and move it there."""
    target = Path(directory)
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    tokenizer = make_tokenizer()
    make_model(tokenizer).save_pretrained(part)
    tokenizer.save_pretrained(part)
    part.chmod(0o755)
    for file in part.iterdir():
        file.chmod(0o644)
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)


if __name__ == "__main__":
    main(sys.argv[1])
