#!/usr/bin/env python3
"""Goal: what a core-banking system asks for over HTTP is booked once, however often the node dies between question and answer.
Method: a devnet of four real processes; applications and drawdowns are POSTed to one node while it is killed with SIGKILL at
random instants and started again; each request is repeated, unchanged, until it has a final answer; then every member's API
must show each object once, with the same balances, equal to the postings told; receipts of the API must pass zyd-audit.
usage: test_api_once.py BUILD_DIR SOURCE_DIR [KILLS]"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from cli import BUILD, until

KILLS = int(sys.argv[3]) if len(sys.argv) > 3 else 10
HOME = tempfile.mkdtemp(prefix="zyd-once-")
ENV = dict(os.environ, XDG_STATE_HOME=HOME, LC_ALL="C.UTF-8")
DEV = HOME + "/zyd/devnet"
MEMBERS = ["BANK", "GUAR", "REG", "LGOV"]
failures = 0
lost = []  # what heal said when it could not bring BANK back


def zyd(*args):
    return subprocess.run([BUILD + "/zyd", *args], env=ENV, capture_output=True, text=True, timeout=120)


def check(what, good, detail=""):
    global failures
    print(("ok    " if good else "WRONG ") + what + ("" if good else f"\n      {detail}"))
    failures += not good


def conf(member, key):
    section = ""
    for line in open(f"{DEV}/{member}/node.conf"):
        line = line.strip()
        section = line if line.startswith("[") else section
        if section == "[api]" and line.startswith(key):
            return line.split("=", 1)[1].strip()
    return None


def ask(member, method, path, body=None, headers=None):
    """Status and answer, or None when there was no answer."""
    request = urllib.request.Request(f"http://{conf(member, 'listen')}{path}", method=method)
    token = open(f"{DEV}/{member}/maker.token").read().strip()
    request.add_header("Authorization", "Bearer " + token)
    for k, v in (headers or {}).items():
        request.add_header(k, v)
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, data, timeout=20) as r:
            raw = r.read()
            return r.status, json.loads(raw) if "json" in r.headers["Content-Type"] else raw
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read())
    except (OSError, ValueError):
        return None


def insist(member, path, body, key):
    """Repeats the same request until its answer is final."""
    asked, last = 0, None

    def final():
        nonlocal asked, last
        if lost:
            raise SystemExit(f"{path} {key}: heal: {lost[0]}")
        asked += 1
        last = r = ask(member, "POST", path, body, {"Prefer": "wait=5", "Idempotency-Key": key})
        if r and (r[0] in (200, 201) or r[0] == 202 and r[1].get("result") == "waiting"):
            return r[1]
        if r and (r[0] not in (202, 409, 429, 503, 504) or r[0] == 409 and r[1]["code"] != "E8015"):
            raise SystemExit(f"{path} {key}: {r}")
        return None

    answer = until(lambda: f"{path} {key}: a final answer, the last was {last}", final, 120)
    return answer, asked - 1


def catch_up(member, env):
    """Another member's index may be a block behind the one that answered."""
    ask(member, "GET", f"/v1/envelopes/{env}?wait=15")


def every(path, member):
    out, after = [], ""
    while True:
        r = ask(member, "GET", path + ("&" if "?" in path else "?") + "limit=500" + after)
        out += r[1]["items"]
        if r[1]["next"] is None:
            return out
        after = "&after=" + r[1]["next"]


def main():
    up = zyd("devnet", "up")
    if up.returncode != 0:
        raise SystemExit("devnet up: " + up.stdout + up.stderr)
    stop, killed = threading.Event(), [0]

    def killer():
        while killed[0] < KILLS and not stop.is_set():
            time.sleep(random.uniform(0.05, 0.6))  # where the kill falls, not a wait for something
            zyd("devnet", "kill", "BANK")
            killed[0] += 1
            healed = zyd("devnet", "heal")
            if healed.returncode != 0:
                lost.append(healed.stdout + healed.stderr)
                return

    t = threading.Thread(target=killer)
    t.start()
    loans, unsure, n = {}, 0, 0
    while t.is_alive() or n < 20:
        ref = f"ONCE-{n}"
        body = {"programme": "NAT2080", "args": {"borrower": "91430100MA4TEXT00G", "amount_fen": str(10000 + n),
                                                 "term_days": 100, "purpose": "流动资金", "consent": "sha256:c"}}
        made, u = insist("BANK", "/v1/contracts", body, ref)
        loans[ref] = made["id"]
        unsure += u
        # an event on it, under a key of its own
        moved, u = insist("BANK", f"/v1/contracts/{made['id']}/events/CANCEL", {"expect_seq": 1, "args": {"reason": "test"}},
                          "c")
        unsure += u
        again, _ = insist("BANK", f"/v1/contracts/{made['id']}/events/CANCEL", {"expect_seq": 1, "args": {"reason": "test"}},
                          "c")
        if again["env_id"] != moved["env_id"]:
            check(f"{ref}: the same answer again", False, f"{moved} {again}")
        catch_up("GUAR", moved["env_id"])
        signed, u = insist("GUAR", f"/v1/pending/{moved['op_id']}/countersignatures", {}, "x")
        if signed["result"] != "done":
            check(f"{ref}: countersigned", False, str(signed))
        n += 1
    t.join()
    zyd("devnet", "heal")
    print(f"{n} applications and as many events, {killed[0]} kills, {unsure} repeats without a final answer before")
    check("some requests were cut off by a kill", KILLS < 5 or unsure > 0)
    for m in MEMBERS:
        catch_up(m, signed["env_id"])
        seen = [c for c in every("/v1/contracts?programme=NAT2080", m) if (c["client_ref"] or "").startswith("ONCE-")]
        refs = [c["client_ref"] for c in seen]
        check(f"{m}: each contract once", sorted(refs) == sorted(loans), f"{len(refs)} of {n}")
        check(f"{m}: each event once", all(c["seq"] == 2 and c["state"] == "CANCELLED" for c in seen),
              str([c for c in seen if c["seq"] != 2][:2]))
    books = {m: sorted((b["member"], b["programme"], b["account"], b["debits_fen"], b["credits_fen"])
                       for b in every("/v1/balances", m))
             for m in MEMBERS}
    check("the same balances on every member", all(books[m] == books["BANK"] for m in MEMBERS))
    sums = {}
    for p in every("/v1/postings", "GUAR"):
        for side, account in (("d", p["dr"]), ("c", p["cr"])):
            key = (p["member"], p["programme"], account, side)
            sums[key] = sums.get(key, 0) + int(p["amount_fen"])
    told = {}
    for member, programme, account, debits, credits in books["GUAR"]:
        told[(member, programme, account, "d")], told[(member, programme, account, "c")] = int(debits), int(credits)
    check("balances equal the postings told", {k: v for k, v in told.items() if v} == sums, str((told, sums))[:400])
    genesis = [line.split("=")[1].strip() for line in open(f"{DEV}/BANK/node.conf") if line.startswith("genesis_hash")][0]
    r = ask("REG", "GET", f"/v1/contracts/{loans['ONCE-0']}/receipt", headers={"Accept": "application/octet-stream"})
    with open(HOME + "/receipt", "wb") as f:
        f.write(r[1])
    zyd("export", "bundle", "--out", HOME + "/bundle")
    audit = subprocess.run([BUILD + "/zyd-audit", "receipt", HOME + "/receipt", "--genesis", HOME + "/bundle/genesis",
                            "--genesis-hash", genesis], capture_output=True, text=True)
    check("a receipt of the API passes zyd-audit", audit.returncode == 0, audit.stdout + audit.stderr)


try:
    main()
finally:
    zyd("devnet", "reset", "--yes")
    shutil.rmtree(HOME, ignore_errors=True)
print("all good" if failures == 0 else f"{failures} wrong")
sys.exit(1 if failures else 0)
