# SPDX-License-Identifier: Apache-2.0
"""Opens a saved model folder with transformers and prints what it computes.

  check_saved.py FOLDER [TOKEN_ID ...]

For a language model: the first logits of the last position, their sum and the log-probs of the
tokens; for a sequence classifier: the scores. A folder with an adapter is opened with PEFT on the base
it names. Run by hand after changes to how folders are saved; any warning of transformers or PEFT
(missing or unexpected weights, unknown fields) is shown.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification


def load_adapter(folder):
    """A base with the adapter in a folder, and what PEFT could not place."""
    from peft import PeftModel

    settings = json.loads((folder / "adapter_config.json").read_text())
    base = settings["base_model_name_or_path"]
    if settings["task_type"] == "SEQ_CLS":
        model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1)
    else:
        model = AutoModelForCausalLM.from_pretrained(base)
    model = PeftModel.from_pretrained(model, folder)
    result = model.load_adapter(folder, "again")
    model.set_adapter("default")
    missing = [name for name in result.missing_keys if ".again" in name]
    return model, {"missing": missing, "unexpected": result.unexpected_keys}


def main():
    folder = Path(sys.argv[1])
    ids = torch.tensor([[int(word) for word in sys.argv[2:]] or [3, 4, 5, 6]])
    if (folder / "adapter_config.json").exists():
        model, report = load_adapter(folder)
        architecture = model.config.architectures[0]
        is_classifier = "Classification" in type(model.get_base_model()).__name__
    else:
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
