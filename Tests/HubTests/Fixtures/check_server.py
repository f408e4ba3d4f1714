#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the hub's own Python client against `hub_server.py`: what the test server says is what that client expects.

    HF_ENDPOINT=http://127.0.0.1:PORT python3 check_server.py FOLDER

FOLDER is scratch space. Prints one line a check; any failure ends the program with status 1.
"""
import json
import os
import sys
import urllib.request
from pathlib import Path

os.environ.update(HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1",
                  HF_HUB_DISABLE_UPDATE_CHECK="1")
SCRATCH = Path(sys.argv[1])
os.environ["HF_HOME"] = str(SCRATCH / "home")
os.environ.pop("HF_TOKEN", None)

from huggingface_hub import HfApi, hf_hub_download, snapshot_download  # noqa: E402
from huggingface_hub.errors import (  # noqa: E402
    EntryNotFoundError, GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError)

ENDPOINT = os.environ["HF_ENDPOINT"]


def ask(path, value=None):
    data = None if value is None else json.dumps(value).encode()
    with urllib.request.urlopen(urllib.request.Request(ENDPOINT + path, data)) as answer:
        return json.load(answer)


def requests(method, part):
    return [r for r in ask("/_log") if r["method"] == method and part in r["path"]]


def refuses(kind, action):
    try:
        action()
    except kind:
        return
    raise AssertionError(f"expected {kind.__name__}")


def main():
    writer, reader, stranger = (HfApi(endpoint=ENDPOINT, token=t) for t in ("writer", "reader", "stranger"))
    assert writer.whoami()["name"] == "tester"
    refuses(HfHubHTTPError, lambda: HfApi(endpoint=ENDPOINT, token="nonsense").whoami())

    source = SCRATCH / "source"
    (source / "deep/er").mkdir(parents=True)
    large = bytes(range(256)) * 48_000  # 12 MB: twelve parts, and more than the client takes at once
    small_large = b"\x01" * 1000
    (source / "config.json").write_text('{"model_type": "llama"}')
    (source / "README.md").write_text("---\ntags:\n- test\n---\n# Card\n")
    (source / "model.safetensors").write_bytes(large)
    (source / "deep/er/other.safetensors").write_bytes(small_large)
    (source / "empty.safetensors").write_bytes(b"")

    url = writer.create_repo("tester/made", private=False)
    assert url.repo_id == "tester/made" and url.repo_type == "model", url
    assert writer.create_repo("tester/made", exist_ok=True).repo_id == "tester/made"
    refuses(HfHubHTTPError, lambda: writer.create_repo("tester/made"))
    refuses(HfHubHTTPError, lambda: reader.create_repo("tester/other"))
    commit = writer.upload_folder(repo_id="tester/made", folder_path=source, commit_message="first")
    assert len(requests("PUT", "/upload/")) == 13, requests("PUT", "/upload/")
    assert not any(r["authorized"] for r in ask("/_log") if r["service"] == "files")
    print("create_repo, upload_folder: parts, single files, a commit")

    info = writer.model_info("tester/made", files_metadata=True)
    assert info.sha == commit.oid
    sizes = {s.rfilename: (s.size, bool(s.lfs)) for s in info.siblings}
    assert sizes["model.safetensors"] == (len(large), True) and sizes["config.json"][1] is False, sizes
    assert {f.path for f in writer.list_repo_tree("tester/made", recursive=True)} >= {"deep", "deep/er/other.safetensors"}
    assert [b.name for b in writer.list_repo_refs("tester/made").branches] == ["main"]
    print("model_info, list_repo_tree with pages, list_repo_refs")

    ask("/_log/clear", {})
    again = writer.upload_folder(repo_id="tester/made", folder_path=source, commit_message="second")
    assert again.oid == commit.oid and not requests("PUT", "/upload/") and not requests("POST", "/commit/")
    writer.upload_file(repo_id="tester/made", path_in_repo="notes.txt", path_or_fileobj=b"one\n")
    writer.delete_file("notes.txt", repo_id="tester/made")
    print("nothing is sent twice; upload_file, delete_file")

    cache = SCRATCH / "cache"
    folder = Path(snapshot_download("tester/made", cache_dir=cache, token=False, endpoint=ENDPOINT))
    assert (folder / "model.safetensors").read_bytes() == large
    assert (folder / "deep/er/other.safetensors").read_bytes() == small_large
    assert (folder / "empty.safetensors").read_bytes() == b""
    ask("/_log/clear", {})
    assert Path(snapshot_download("tester/made", cache_dir=cache, token=False, endpoint=ENDPOINT)) == folder
    assert not [r for r in ask("/_log") if "/resolve/" in r["path"]]
    path = hf_hub_download("tester/made", "config.json", cache_dir=cache, token="reader", endpoint=ENDPOINT)
    assert json.loads(Path(path).read_text()) == {"model_type": "llama"}
    print("snapshot_download, hf_hub_download: content, cache, no second download")

    ask("/_log/clear", {})
    ask("/_faults", [{"match": "GET /[0-9a-f]{64}", "cut_after": 11_000_000}])
    path = hf_hub_download(
        "tester/made", "model.safetensors", cache_dir=SCRATCH / "cut", token="reader", endpoint=ENDPOINT)
    assert Path(path).read_bytes() == large
    assert [r["range"] for r in requests("GET", "signature=x")] == [None, "bytes=10485760-"], requests("GET", "signature=x")
    print("a cut connection is resumed with a range")

    get = {"cache_dir": SCRATCH / "errors", "endpoint": ENDPOINT}
    refuses(RepositoryNotFoundError, lambda: hf_hub_download("tester/none", "config.json", token=False, **get))
    refuses(RepositoryNotFoundError, lambda: hf_hub_download("tester/none", "config.json", token="reader", **get))
    refuses(EntryNotFoundError, lambda: hf_hub_download("tester/made", "none.json", token=False, **get))
    refuses(RevisionNotFoundError,
            lambda: hf_hub_download("tester/made", "config.json", revision="none", token=False, **get))
    refuses(GatedRepoError, lambda: hf_hub_download("seeds/gated", "config.json", token=False, **get))
    refuses(GatedRepoError, lambda: hf_hub_download("seeds/gated", "config.json", token="stranger", **get))
    assert hf_hub_download("seeds/gated", "config.json", token="reader", **get)
    refuses(RepositoryNotFoundError, lambda: stranger.model_info("seeds/private"))
    assert reader.model_info("seeds/private").private
    assert reader.model_info("seeds/renamed").id == "seeds/gated"
    refuses(HfHubHTTPError, lambda: reader.upload_file(
        repo_id="tester/made", path_in_repo="x", path_or_fileobj=b"x"))
    print("errors: no repository, file, revision; gated, private, moved, no right to write")

    ask("/_faults", [{"match": "GET /api/models/tester/made", "status": 429, "headers": {"Retry-After": "0"}, "times": 1}])
    assert list(writer.list_repo_tree("tester/made"))
    print("429 is tried again")

    data = writer.create_repo("tester/rows", repo_type="dataset")
    assert data.repo_type == "dataset"
    writer.upload_file(repo_id="tester/rows", repo_type="dataset", path_in_repo="train.jsonl", path_or_fileobj=b'{"a": 1}\n')
    assert [s.rfilename for s in writer.dataset_info("tester/rows").siblings] == ["train.jsonl"]
    folder = snapshot_download("tester/rows", repo_type="dataset", cache_dir=cache, token=False, endpoint=ENDPOINT)
    assert (Path(folder) / "train.jsonl").read_text() == '{"a": 1}\n'
    print("data sets")


main()
