#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A model hub on this machine, for tests: it speaks the hub's HTTP as far as clients of files use it.

    python3 hub_server.py [--seed FOLDER] [--tls CERTIFICATE_AND_KEY]

Prints one line of JSON, {"endpoint": ..., "files": ..., "rows": ...}, then serves until its standard input
ends. Each line of the input is a JSON object with wishes of a test, as below, answered by one line. Repositories live in memory. FOLDER may hold `models/OWNER/NAME/...` and `datasets/OWNER/NAME/...`; a
file `.hub.json` in a repository sets {"private": bool, "gated": bool, "moved_to": id}, and the files
`.rows/CONFIG/SPLIT.jsonl` of a data set are what the rows service knows about it.

Three services, each on a port of its own that the system chooses: the hub, a store of large files under another
host name that refuses requests with an Authorization header (as signed addresses do), and the rows service.

Tokens: "reader" may read everything, "writer" may write as well, "stranger" is valid but has no access to
gated or private repositories. Others are refused.

For tests alone, on the hub's port, or as {"log": null}, {"log_clear": null}, {"faults": [...]} on standard input:
    GET /_log             the requests so far, as a JSON list
    POST /_log/clear      forget them
    POST /_faults         a JSON list of faults, each used `times` times (1) on requests whose "METHOD path"
                          the regular expression `match` finds:
                            {"match", "status", "headers"?}       answer with this status
                            {"match", "cut_after": bytes}         close the connection within the body
                            {"match", "corrupt": true}            change the first byte of the body
                            {"match", "stall": seconds, "after"?} wait within the body
                            {"match", "ignore_range": true}       answer a range with the whole file
"""
import argparse
import base64
import hashlib
import json
import os
import re
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

LARGE_ENDINGS = (".safetensors", ".bin", ".gz", ".parquet", ".model")
LARGE_SIZE = 1 << 20
PART_SIZE = 1 << 20          # size of a part of a multipart upload
MULTIPART_FROM = 2 << 20     # files from here on are uploaded in parts
TOKENS = {"reader": {"read"}, "writer": {"read", "write"}, "stranger": set()}
TREE_PAGE = 5                # entries of a page of the listing, small so that clients must turn pages


def git_blob(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class File:
    """One version of a file: small ones are git blobs, large ones a pointer to the store."""

    def __init__(self, content, is_large):
        self.content, self.is_large = content, is_large
        self.sha256 = hashlib.sha256(content).hexdigest()
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(content)}\n"
        self.pointer_size = len(pointer)
        self.blob = git_blob(pointer.encode()) if is_large else git_blob(content)

    @property
    def etag(self):
        return self.sha256 if self.is_large else self.blob

    def large(self):
        return {"sha256": self.sha256, "oid": self.sha256, "size": len(self.content), "pointerSize": self.pointer_size}


class Repository:
    def __init__(self, kind, name, settings=None):
        self.kind, self.name = kind, name
        self.settings = settings or {}
        self.rows = {}
        self.references = {}
        self.commits = {}
        self.commit({}, "initial commit")

    def commit(self, files, message, reference="main"):
        seed = json.dumps([self.kind, self.name, message, len(self.commits), {p: f.etag for p, f in files.items()}])
        oid = hashlib.sha1(seed.encode()).hexdigest()
        self.commits[oid] = (files, message)
        self.references[reference] = oid
        return oid

    def resolve(self, revision):
        if revision in self.references:
            return self.references[revision]
        return revision if revision in self.commits else None

    def files(self, oid):
        return self.commits[oid][0]


class Hub:
    def __init__(self):
        self.lock = threading.RLock()
        self.repositories, self.store, self.parts = {}, {}, {}
        self.log, self.faults = [], []
        self.endpoint = self.files = self.rows = ""

    def seed(self, folder):
        for plural in ("models", "datasets"):
            base = os.path.join(folder, plural)
            for owner in sorted(os.listdir(base)) if os.path.isdir(base) else []:
                for name in sorted(os.listdir(os.path.join(base, owner))):
                    self.add(plural[:-1], f"{owner}/{name}", os.path.join(base, owner, name))

    def add(self, kind, name, folder):
        settings, rows, files = {}, {}, {}
        for root, _, names in os.walk(folder):
            for leaf in sorted(names):
                path = os.path.relpath(os.path.join(root, leaf), folder)
                with open(os.path.join(root, leaf), "rb") as handle:
                    content = handle.read()
                if path == ".hub.json":
                    settings = json.loads(content)
                elif path.startswith(".rows/"):
                    _, config, split = path.split("/")
                    rows[config, split.removesuffix(".jsonl")] = [json.loads(l) for l in content.splitlines() if l]
                else:
                    files[path] = self.file(path, content)
        repository = Repository(kind, name, settings)
        repository.rows = rows
        repository.commit(files, "seed")
        self.repositories[kind, name] = repository

    def file(self, path, content):
        is_large = bool(content) and (path.endswith(LARGE_ENDINGS) or len(content) >= LARGE_SIZE)
        file = File(content, is_large)
        if is_large:
            self.store[file.sha256] = content
        return file

    def fault(self, method, path):
        with self.lock:
            for fault in self.faults:
                if fault.get("times", 1) > 0 and re.search(fault["match"], f"{method} {path}"):
                    fault["times"] = fault.get("times", 1) - 1
                    return fault
        return {}


HUB = Hub()


def control(wishes):
    """Does what a test asks for; returns the requests so far where it asks for them."""
    answer = {}
    with HUB.lock:
        if "log" in wishes:
            answer = list(HUB.log)
        if "log_clear" in wishes:
            HUB.log = []
        if "faults" in wishes:
            HUB.faults = wishes["faults"]
    return answer


class Refusal(Exception):
    def __init__(self, status, message, code=None, headers=None):
        super().__init__(message)
        self.status, self.message, self.headers = status, message, dict(headers or {})
        if code:
            self.headers["X-Error-Code"] = code
        self.headers["X-Error-Message"] = message


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service = "hub"

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except (ssl.SSLError, ConnectionError):
            pass  # a client that does not trust the certificate hangs up

    def do_GET(self):
        self.answer()

    do_HEAD = do_POST = do_PUT = do_GET

    def do_CONNECT(self):
        """As a proxy: what follows on this connection is meant for the host that was named, and answered here."""
        self.body = b""
        self.note()
        self.send_response(200)
        self.end_headers()

    # --- requests ---------------------------------------------------------------------------------

    def answer(self):
        address = urlsplit(self.path)
        self.route, self.query = address.path, {k: v[0] for k, v in parse_qs(address.query).items()}
        self.fault = {}
        try:
            self.body = self.read_body()
            if self.route.startswith("/_"):
                return self.control()
            self.note()
            self.fault = HUB.fault(self.command, self.path)
            if "status" in self.fault:
                raise Refusal(self.fault["status"], "a fault that was asked for", headers=self.fault.get("headers"))
            if not self.dispatch():
                raise Refusal(404, "Sorry, we can't find the page you are looking for.")
        except Refusal as refusal:
            self.reply({"error": refusal.message}, refusal.status, refusal.headers)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def read_body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def note(self):
        with HUB.lock:
            HUB.log.append({
                "service": self.service, "method": self.command, "path": self.path, "range": self.headers.get("Range"),
                "authorized": "Authorization" in self.headers, "agent": self.headers.get("User-Agent", ""),
                "size": len(self.body)})

    def control(self):
        value = self.json_body() if self.body else None
        return self.reply(control({self.route.removeprefix("/_").replace("/", "_"): value}))

    def json_body(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refusal(400, "the body is not JSON") from None

    def rights(self):
        header = self.headers.get("Authorization")
        if header is None:
            return None
        token = header.removeprefix("Bearer ")
        if token not in TOKENS:
            raise Refusal(401, "Invalid credentials in Authorization header")
        return TOKENS[token]

    # --- answers ----------------------------------------------------------------------------------

    def reply(self, value, status=200, headers=None):
        self.send(json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})})

    def send(self, content, status=200, headers=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.fault.get("corrupt"):
            content = bytes([content[0] ^ 1]) + content[1:]
        after = self.fault.get("cut_after", self.fault.get("after"))
        if after is None and "stall" in self.fault:
            after = 0
        if after is None:
            self.wfile.write(content)
            return
        self.wfile.write(content[:after])
        self.wfile.flush()
        if "cut_after" in self.fault:
            self.close_connection = True
            return
        time.sleep(self.fault["stall"])
        self.wfile.write(content[after:])

    def send_file(self, content, headers=None):
        """The content, or the part of it that a Range header names."""
        headers = {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream", **(headers or {})}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not wanted or self.fault.get("ignore_range"):
            return self.send(content, 200, headers)
        first, last = int(wanted[1]), min(int(wanted[2] or len(content) - 1), len(content) - 1)
        if first >= len(content):
            return self.send(b"", 416, {"Content-Range": f"bytes */{len(content)}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        return self.send(content[first:last + 1], 206, headers)


class HubHandler(Handler):
    """The hub proper: information, small files, uploads, commits."""

    REPOSITORY = r"/(?P<kind>models|datasets)/(?P<name>[^/]+/[^/]+)"
    RAW = r"(?:/(?P<kind>datasets))?/(?P<name>[^/]+/[^/]+?)"

    def dispatch(self):
        table = [
            ("GET", r"/api/whoami-v2", self.who),
            ("POST", r"/api/repos/create", self.create),
            ("POST", r"/api/validate-yaml", self.validate_card),
            ("GET", "/api" + self.REPOSITORY, self.information),
            ("GET", "/api" + self.REPOSITORY + r"/revision/(?P<revision>[^/]+)", self.information),
            ("GET", "/api" + self.REPOSITORY + r"/tree/(?P<revision>[^/]+)", self.tree),
            ("GET", "/api" + self.REPOSITORY + r"/refs", self.references),
            ("POST", "/api" + self.REPOSITORY + r"/preupload/(?P<revision>[^/]+)", self.preupload),
            ("POST", "/api" + self.REPOSITORY + r"/commit/(?P<revision>[^/]+)", self.commit),
            ("POST", self.RAW + r"\.git/info/lfs/objects/batch", self.batch),
            ("POST", r"/_?lfs/complete/(?P<oid>[0-9a-f]{64})", self.complete),
            ("POST", r"/_?lfs/verify", self.verify),
            ("GET|HEAD", self.RAW + r"/resolve/(?P<revision>[^/]+)/(?P<path>.+)", self.file),
        ]
        for methods, pattern, handler in table:
            match = re.fullmatch(pattern, self.route)
            if match and self.command in methods.split("|"):
                handler(**{key: unquote(value) for key, value in match.groupdict().items() if value is not None})
                return True
        return False

    # --- access -----------------------------------------------------------------------------------

    def repository(self, kind, name, needs="read", for_files=False):
        rights = self.rights()
        repository = HUB.repositories.get((kind, name))
        if repository and (moved := repository.settings.get("moved_to")):
            raise Refusal(307, "moved", headers={"Location": self.path.replace(name, moved)})
        is_hidden = repository is None or (repository.settings.get("private") and not rights)
        if is_hidden and rights is None:
            # Who is not known learns nothing about what exists.
            raise Refusal(401, "Invalid username or password.", "RepoNotFound")
        if is_hidden:
            raise Refusal(404, "Repository not found", "RepoNotFound")
        if needs == "write" and "write" not in (rights or ()):
            raise Refusal(403 if rights is not None else 401, "You don't have the rights to write to this repository")
        if for_files and repository.settings.get("gated") and not rights:
            raise Refusal(
                401 if rights is None else 403,
                f"Access to {kind} {name} is restricted. You must have access to it and be authenticated.", "GatedRepo")
        return repository

    def revision(self, repository, revision):
        oid = repository.resolve(revision)
        if oid is None:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return oid

    # --- reading ----------------------------------------------------------------------------------

    def who(self):
        if not self.rights():
            raise Refusal(401, "Invalid username or password.")
        self.reply({"type": "user", "name": "tester", "fullname": "Tester", "orgs": []})

    def information(self, kind, name, revision="main"):
        repository = self.repository(kind[:-1], name)
        oid = self.revision(repository, revision)
        siblings = []
        for path, file in sorted(repository.files(oid).items()):
            entry = {"rfilename": path}
            if self.query.get("blobs", "").lower() in ("1", "true"):
                entry.update(size=len(file.content), blobId=file.blob)
                if file.is_large:
                    entry["lfs"] = file.large()
            siblings.append(entry)
        self.reply({
            "_id": "0" * 24, "id": name, "modelId": name, "sha": oid, "siblings": siblings, "tags": [],
            "private": bool(repository.settings.get("private")), "downloads": 0, "likes": 0,
            "gated": "manual" if repository.settings.get("gated") else False, "disabled": False})

    def tree(self, kind, name, revision):
        repository = self.repository(kind[:-1], name)
        oid = self.revision(repository, revision)
        entries, folders = [], set()
        for path, file in sorted(repository.files(oid).items()):
            parts = path.split("/")
            for depth in range(1, len(parts)):
                folder = "/".join(parts[:depth])
                if folder not in folders:
                    folders.add(folder)
                    entries.append({"type": "directory", "path": folder, "size": 0, "oid": git_blob(folder.encode())})
            entry = {"type": "file", "path": path, "size": len(file.content), "oid": file.blob}
            if file.is_large:
                entry["lfs"] = file.large()
            entries.append(entry)
        if self.query.get("recursive", "").lower() not in ("1", "true"):
            entries = [entry for entry in entries if "/" not in entry["path"]]
        start = int(self.query.get("cursor", 0))
        headers = {}
        if start + TREE_PAGE < len(entries):
            more = f"{HUB.endpoint}{self.route}?recursive={self.query.get('recursive', 'false')}&cursor={start + TREE_PAGE}"
            headers["Link"] = f'<{more}>; rel="next"'
        self.reply(entries[start:start + TREE_PAGE], headers=headers)

    def references(self, kind, name):
        repository = self.repository(kind[:-1], name)
        self.reply({
            "branches": [
                {"name": key, "ref": f"refs/heads/{key}", "targetCommit": oid}
                for key, oid in repository.references.items()],
            "tags": [], "converts": []})

    def file(self, name, revision, path, kind="models"):
        repository = self.repository(kind[:-1], name, for_files=True)
        oid = self.revision(repository, revision)
        file = repository.files(oid).get(path)
        if file is None:
            raise Refusal(404, "Entry not found", "EntryNotFound", {"X-Repo-Commit": oid})
        headers = {"X-Repo-Commit": oid, "ETag": f'"{file.etag}"'}
        if not file.is_large:
            return self.send_file(file.content, headers)
        headers.update({
            "X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(len(file.content)),
            "ETag": f'"{hashlib.md5(file.content).hexdigest()}"', "Location": f"{HUB.files}/{file.sha256}?signature=x"})
        self.send(b"" if self.command == "HEAD" else b"Found. Redirecting", 302, headers)

    # --- writing ----------------------------------------------------------------------------------

    def create(self):
        if "write" not in (self.rights() or ()):
            raise Refusal(401 if self.rights() is None else 403, "You don't have the rights to create a repository")
        wish = self.json_body()
        kind, name = wish.get("type") or "model", f"{wish.get('organization') or 'tester'}/{wish.get('name')}"
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", name) or kind not in ("model", "dataset"):
            raise Refusal(400, f"invalid repository {kind} {name}")
        url = f"{HUB.endpoint}/{'datasets/' if kind == 'dataset' else ''}{name}"
        is_private = wish.get("private") is True or wish.get("visibility") == "private"
        with HUB.lock:
            is_new = (kind, name) not in HUB.repositories
            if is_new:
                HUB.repositories[kind, name] = Repository(kind, name, {"private": is_private})
        if not is_new:
            return self.reply({"error": "You already created this repo", "url": url}, 409)
        self.reply({"url": url, "name": name, "id": "0" * 24})

    def validate_card(self):
        self.json_body()
        self.reply({"errors": [], "warnings": []})

    def preupload(self, kind, name, revision):
        repository = self.repository(kind[:-1], name, needs="write")
        present = repository.files(self.revision(repository, revision))
        answers = []
        for entry in self.json_body()["files"]:
            sample, size, path = base64.b64decode(entry["sample"], validate=True), entry["size"], entry["path"]
            if len(sample) != min(size, 512):
                raise Refusal(400, f"{path}: a sample of {len(sample)} bytes for a file of {size}")
            is_large = size > 0 and (path.endswith(LARGE_ENDINGS) or size >= LARGE_SIZE)
            answer = {"path": path, "uploadMode": "lfs" if is_large else "regular", "shouldIgnore": False}
            if path in present:
                answer["oid"] = present[path].etag
            answers.append(answer)
        self.reply({"files": answers})

    def batch(self, name, kind="models"):
        self.repository(kind[:-1], name, needs="write")
        wish = self.json_body()
        if wish.get("operation") != "upload" or wish.get("hash_algo") != "sha256":
            raise Refusal(422, "only uploads with sha256")
        objects, is_multipart = [], False
        for entry in wish["objects"]:
            oid, size = entry["oid"], entry["size"]
            answer = {"oid": oid, "size": size, "authenticated": True}
            if oid not in HUB.store:
                verify = {"href": f"{HUB.endpoint}/lfs/verify"}
                if size >= MULTIPART_FROM and "multipart" in wish.get("transfers", ["basic"]):
                    is_multipart = True
                    count = -(-size // PART_SIZE)
                    header = {f"{n:05}": f"{HUB.files}/upload/{oid}/{n}" for n in range(1, count + 1)}
                    header["chunk_size"] = str(PART_SIZE)
                    upload = {"href": f"{HUB.endpoint}/lfs/complete/{oid}", "header": header}
                else:
                    upload = {"href": f"{HUB.files}/upload/{oid}"}
                answer["actions"] = {"upload": upload, "verify": verify}
            objects.append(answer)
        self.reply({"transfer": "multipart" if is_multipart else "basic", "objects": objects})

    def complete(self, oid):
        parts = HUB.parts.pop(oid, {})
        named = self.json_body()
        expected = [{"partNumber": n, "etag": f'"{hashlib.md5(parts[n]).hexdigest()}"'} for n in sorted(parts)]
        if named.get("oid") != oid or named.get("parts") != expected or sorted(parts) != list(range(1, len(parts) + 1)):
            raise Refusal(400, "the parts named are not the parts received")
        content = b"".join(parts[n] for n in sorted(parts))
        if hashlib.sha256(content).hexdigest() != oid:
            raise Refusal(400, "the parts do not make up the file named by its sha256")
        HUB.store[oid] = content
        self.reply({})

    def verify(self):
        if "write" not in (self.rights() or ()):
            raise Refusal(401, "no token")
        wish = self.json_body()
        if len(HUB.store.get(wish["oid"], b"")) != wish["size"]:
            raise Refusal(404, "the file was not received")
        self.reply({})

    def commit(self, kind, name, revision):
        repository = self.repository(kind[:-1], name, needs="write")
        if self.headers.get("Content-Type") != "application/x-ndjson":
            raise Refusal(400, "a commit is application/x-ndjson")
        lines = [json.loads(line) for line in self.body.splitlines() if line.strip()]
        if not lines or lines[0].get("key") != "header" or not lines[0]["value"].get("summary"):
            raise Refusal(400, "a commit begins with a header that has a summary")
        parent = self.revision(repository, revision)
        wanted = lines[0]["value"].get("parentCommit")
        if wanted and wanted != parent:
            raise Refusal(412, "A commit has happened since. Please refresh and try again.")
        files = dict(repository.files(parent))
        for line in lines[1:]:
            key, value = line["key"], line["value"]
            if key == "file":
                files[value["path"]] = File(base64.b64decode(value["content"], validate=True), False)
            elif key == "lfsFile":
                if value["algo"] != "sha256" or value["oid"] not in HUB.store:
                    raise Refusal(400, f"{value['path']}: no such file in the store")
                files[value["path"]] = File(HUB.store[value["oid"]], True)
            elif key == "deletedFile":
                files.pop(value["path"])
            else:
                raise Refusal(400, f"unknown operation {key}")
        with HUB.lock:
            if repository.resolve(revision) != parent:
                raise Refusal(412, "A commit has happened since. Please refresh and try again.")
            oid = repository.commit(files, lines[0]["value"]["summary"], revision)
        self.reply({
            "success": True, "commitOid": oid, "hookOutput": "",
            "commitUrl": f"{HUB.endpoint}/{'datasets/' if kind == 'datasets' else ''}{name}/commit/{oid}"})


class FilesHandler(Handler):
    """The store of large files: signed addresses, no tokens."""

    service = "files"

    def dispatch(self):
        if "Authorization" in self.headers:
            raise Refusal(400, "Only one auth mechanism allowed")
        match = re.fullmatch(r"/([0-9a-f]{64})", self.route)
        if match and self.command in ("GET", "HEAD"):
            content = HUB.store.get(match[1])
            if content is None or self.query.get("signature") != "x":
                raise Refusal(403, "Access denied")
            self.send_file(content, {"ETag": f'"{hashlib.md5(content).hexdigest()}"'})
            return True
        match = re.fullmatch(r"/upload/([0-9a-f]{64})(?:/(\d+))?", self.route)
        if not match or self.command != "PUT":
            return False
        if "Content-Length" not in self.headers:
            raise Refusal(411, "Length required")
        oid, part = match[1], match[2]
        if part is None:
            if hashlib.sha256(self.body).hexdigest() != oid:
                raise Refusal(400, "the content does not have the sha256 it is named by")
            HUB.store[oid] = self.body
        else:
            with HUB.lock:
                HUB.parts.setdefault(oid, {})[int(part)] = self.body
        self.send(b"", 200, {"ETag": f'"{hashlib.md5(self.body).hexdigest()}"'})
        return True


class RowsHandler(Handler):
    """The rows service: data sets as JSON, a hundred rows at most at once."""

    service = "rows"
    CELL_LIMIT = 5000  # longer strings are cut and named as cut

    def dispatch(self):
        if self.command != "GET" or self.route not in ("/splits", "/rows", "/parquet"):
            return False
        name = self.query.get("dataset", "")
        repository = HUB.repositories.get(("dataset", name))
        rights = self.rights()
        is_open = repository and not (repository.settings.get("private") or repository.settings.get("gated"))
        if not is_open and not (repository and rights):
            raise Refusal(401, "The dataset does not exist, or is not accessible without authentication.",
                          "ExternalUnauthenticatedError")
        if not repository.rows:
            raise Refusal(501, "The dataset viewer doesn't support this dataset.", "DatasetWithScriptNotSupportedError")
        return getattr(self, self.route[1:])(repository) or True

    def splits(self, repository):
        self.reply({
            "splits": [{"dataset": repository.name, "config": c, "split": s} for c, s in sorted(repository.rows)],
            "pending": [], "failed": []})

    def parquet(self, repository):
        self.reply({
            "parquet_files": [
                {"dataset": repository.name, "config": c, "split": s, "filename": "0000.parquet", "size": 1000,
                 "url": f"{HUB.endpoint}/datasets/{repository.name}/resolve/refs%2Fconvert%2Fparquet/{c}/{s}/0000.parquet"}
                for c, s in sorted(repository.rows)],
            "pending": [], "failed": [], "partial": False})

    def rows(self, repository):
        rows = repository.rows.get((self.query.get("config"), self.query.get("split")))
        if rows is None:
            raise Refusal(404, "Not found.", "SplitNotFoundError")
        offset, length = int(self.query.get("offset", 0)), int(self.query.get("length", 100))
        if not 0 < length <= 100 or offset < 0:
            raise Refusal(422, "Parameter 'length' must not be greater than 100", "InvalidParameterError")
        page = []
        for index, row in enumerate(rows[offset:offset + length], offset):
            cut = [key for key, value in row.items() if isinstance(value, str) and len(value) > self.CELL_LIMIT]
            shown = {key: value[:self.CELL_LIMIT] if key in cut else value for key, value in row.items()}
            page.append({"row_idx": index, "row": shown, "truncated_cells": cut})
        names = list(rows[0]) if rows else []
        self.reply({
            "features": [{"feature_idx": n, "name": key, "type": {}} for n, key in enumerate(names)],
            "rows": page, "num_rows_total": len(rows), "num_rows_per_page": 100,
            "partial": bool(repository.settings.get("partial"))},
            headers={"X-Revision": repository.references["main"]})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed")
    parser.add_argument("--tls")
    options = parser.parse_args()
    if options.seed:
        HUB.seed(options.seed)
    servers = []
    for handler in (HubHandler, FilesHandler, RowsHandler):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        if options.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options.tls)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
    ports = [server.server_address[1] for server in servers]
    scheme = "https" if options.tls else "http"
    HUB.endpoint = f"{scheme}://127.0.0.1:{ports[0]}"
    HUB.files = f"{scheme}://localhost:{ports[1]}"  # another host by name, as the real store is
    HUB.rows = f"{scheme}://127.0.0.1:{ports[2]}"
    print(json.dumps({"endpoint": HUB.endpoint, "files": HUB.files, "rows": HUB.rows}), flush=True)
    for line in sys.stdin:
        print(json.dumps(control(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
