# SPDX-License-Identifier: Apache-2.0
"""Opens a saved model folder with transformers and prints what it computes.

  check_saved.py FOLDER [TOKEN_ID ...]

For a language model: the first logits of the last position, their sum and the log-probs of the
tokens; for a sequence classifier: the scores. Run by hand after changes to how folders are saved;
any warning of transformers (missing or unexpected weights, unknown fields) is shown.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification


def main():
    folder = Path(sys.argv[1])
    ids = torch.tensor([[int(word) for word in sys.argv[2:]] or [3, 4, 5, 6]])
    architecture = AutoConfig.from_pretrained(folder).architectures[0]
    is_classifier = architecture.endswith("ForSequenceClassification")
    kind = AutoModelForSequenceClassification if is_classifier else AutoModelForCausalLM
    model, report = kind.from_pretrained(folder, output_loading_info=True)
    with torch.no_grad():
        logits = model.eval()(ids).logits.float()
    found = {
        "architecture": architecture, "dtype": str(model.dtype),
        "eos_token_id": model.config.eos_token_id,
        "problems": {key: sorted(map(str, value)) for key, value in report.items() if value},
    }
    if is_classifier:
        found["scores"] = logits.flatten().tolist()
    else:
        log_probs = logits[0, :-1].log_softmax(-1).gather(-1, ids[0, 1:, None])[:, 0]
        found |= {"last_logits": logits[0, -1, :4].tolist(), "sum": logits.sum().item(),
                  "token_log_probs": log_probs.tolist()}
    if (folder / "tokenizer.json").exists():
        from transformers import AutoTokenizer
        found["tokens"] = AutoTokenizer.from_pretrained(folder).decode(ids[0])
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
