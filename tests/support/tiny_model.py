"""A sentence-transformers model that is made in a moment: two layers of random weights."""

from pathlib import Path

WORDS = ["工会", "职工", "子女", "入学", "政策", "技能", "竞赛", "每年", "the", "union", "người"]


def write_tiny_model(folder: Path) -> Path:
    """A BERT of 16 dimensions with a Unigram tokeniser, as ``changai export-model`` writes it."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    letters = sorted({*"".join(WORDS), *"abcdefghijklmnopqrstuvwxyz:0123456789、。日本"})
    pieces = [*((each, 0.0) for each in special), ("▁", -2.0)]
    pieces += [(word, -4.0) for word in WORDS] + [(each, -8.0) for each in letters]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=["<s>", "$A", "</s>"],
        pair=["<s>", "$A", "</s>", "</s>", "$B", "</s>"],
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    names = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), special, strict=True))
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, model_max_length=64, **names
    )
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        pad_token_id=1,
    )
    plain, out = folder / "bert", folder / "model"
    BertModel(config).save_pretrained(plain)
    fast.save_pretrained(plain)
    modules = [Transformer(str(plain), max_seq_length=64), Pooling(16, "mean"), Normalize()]
    prompts = {"query": "query: ", "document": "passage: "}
    SentenceTransformer(modules=modules, prompts=prompts).save(str(out))
    return out
