#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tests let `huggingface_hub` do. HF_ENDPOINT, HF_HOME and HF_TOKEN say where, and as whom.

    hub_client.py snapshot REPOSITORY [PATTERN,PATTERN...] [KIND]   prints the folder
    hub_client.py file REPOSITORY PATH                              prints the file's place
    hub_client.py upload REPOSITORY FOLDER                          prints the commit
    hub_client.py scan                                              repositories in the cache, and their files
"""
import os
import sys

os.environ.update(HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1",
                  HF_HUB_DISABLE_UPDATE_CHECK="1")

from huggingface_hub import HfApi, hf_hub_download, scan_cache_dir, snapshot_download  # noqa: E402


def main(action, *arguments):
    if action == "snapshot":
        name, patterns, kind = (*arguments, None, None)[:3]
        print(snapshot_download(name, repo_type=kind, allow_patterns=patterns.split(",") if patterns else None))
    elif action == "file":
        print(hf_hub_download(*arguments))
    elif action == "upload":
        HfApi().create_repo(arguments[0])
        print(HfApi().upload_folder(repo_id=arguments[0], folder_path=arguments[1]).oid)
    elif action == "scan":
        for repository in scan_cache_dir().repos:
            print(repository.repo_id, repository.nb_files)


main(*sys.argv[1:])
