#!/usr/bin/env python3
"""Goal: one guarantee lives from application to recovery by the commands a person types; every command may be repeated; an
auditor verifies it.
Method: a devnet whose clock is moved; the bank signs itself, the guarantor's node signs for its officers; kills between send
and answer."""
import json
import os
import random
import shutil
import subprocess
import time

from cli import BUILD, SOURCE, World, expect, expect_in, main

ONE = ["--as", "BANK"]


def draft(w, name, programme="AH4321", **args):
    w.run("contract", "draft", "--programme", programme, "--out", name)
    d = json.load(open(w.path(name)))
    d["args"].update(args)
    w.write(name, json.dumps(d))
    return d["client_ref"]


def node_of(w, code):
    m = [m for m in json.load(open(os.path.join(w.devnet, "devnet.json")))["members"] if m["code"] == code][0]
    return ["--node", f"http://127.0.0.1:{m['api_port']}", "--token-file", os.path.join(w.devnet, code, "maker.token"),
            "--consortium", os.path.join(w.devnet, "consortium.json")]


def the_life_of_one_guarantee():
    with World() as w:
        w.run("devnet", "up", "--start", "2026-01-05")
        ref = draft(w, "c.json")
        out, _ = w.run("contract", "check", "c.json", lang="zh-CN")
        expect_in("伍拾万元整", out)
        out, _ = w.run("contract", "submit", "c.json", *ONE)
        expect_in("APPLIED", out)
        _, err = w.run("contract", "submit", "c.json", *ONE, code=1)
        expect_in("E9109", err)
        late = draft(w, "late.json")
        pending = w.json("contract", "submit", "late.json", *ONE, "--wait", "0")
        final = w.json("contract", "wait", pending["op_id"])
        expect(final["status"] == "final" and final["result"] == "done", final)
        expect(w.json("contract", "show", late)["state"] == "APPLIED", late)
        w.run("contract", "sign", "late.json", "--out", "late.env", *ONE)  # signed here, posted as it is: by anybody
        _, err = w.run("contract", "submit", "late.env", *node_of(w, "REG"), code=1)
        expect_in("E9109", err)

        # the guarantor must sign too: it waits, then the guarantor's node signs for its officer
        out, _ = w.run("contract", "do", "DD_DONE", ref, "bank_report=sha256:b", "guar_report=sha256:g", *ONE)
        expect_in("waiting for GUAR", out)
        w.run("contract", "countersign", ref, *node_of(w, "GUAR"))
        out, _ = w.run("contract", "do", "OFFER", ref, "amount=500000.00", *node_of(w, "GUAR"))
        expect_in("OFFERED", out)
        w.run("contract", "do", "FILE_RE", ref, "filing=sha256:f", "--as", "REG")
        # a wrong word names what there is; a wrong number is refused by the ledger with its code
        _, err = w.run("contract", "do", "ISSUE", ref, "leter=sha256:l", "--as", "GUAR", code=2)
        expect_in("letter", err)
        _, err = w.run("contract", "do", "DISBURSE", ref, "drawdown=1", "amount=1", "value_date=2026-01-05",
                       "maturity=2026-06-20", "rate_ppm=4.35%", *ONE, code=1)
        expect_in("E9111", err)
        _, err = w.run("contract", "do", "ISSUE", ref, "letter=sha256:l", "valid_until=2026-03-01", "--seq", "1", "--as",
                       "GUAR,BANK,LGOV", code=1)
        expect_in("E9108", err)
        w.run("contract", "do", "ISSUE", ref, "letter=sha256:l", "valid_until=2026-03-01", "--as", "GUAR,BANK,LGOV")
        out, _ = w.run("contract", "do", "disburse", ref, "drawdown=1", "amount=500,000.00", "value_date=2026-01-05",
                       "maturity=2026-06-20", "rate_ppm=4.35%", *ONE)
        expect_in("ACTIVE", out)

        # fees: who owes whom, and both confirm
        owed = w.json("obligation", "list")
        expect({(o["debtor"], o["creditor"]) for o in owed} == {("BANK", "GUAR"), ("GUAR", "REG")}, owed)
        for o in owed:
            w.run("obligation", "paid", o["id"], "--bank-ref", "20260105-1", "--as", f"{o['debtor']},{o['creditor']}")
        expect(w.json("obligation", "list") == [], "fees are still open")

        # not repaid: overdue by itself, claimed, approved, shared
        w.run("devnet", "clock", "--to", "2026-06-25")
        expect(w.json("contract", "show", ref)["state"] == "OVERDUE", "not overdue")
        _, err = w.run("claim", "file", ref, "--evidence", "sha256:n", "--evidence", "sha256:l", *ONE, code=1)
        expect_in("E1114", err)
        w.run("devnet", "clock", "--to", "2026-08-25")
        out, _ = w.run("claim", "file", ref, "--evidence", "sha256:n", "--evidence", "sha256:l", *ONE)
        expect_in("CLAIMED", out)
        expect(len(w.json("claim", "list")["items"]) == 1, "the claim is not listed")
        # AH4321 here: a 5 % cap that this one loan cannot fill; the refusal is a rule's, not an error
        _, err = w.run("claim", "approve", ref, "--as", "GUAR", code=1)
        expect_in("E1126", err)
        w.run("contract", "receipt", ref, "--out", "r.receipt")
        out, _ = w.run("audit", "receipt", "r.receipt")
        expect_in("VERIFIED", out)
        w.write("broken.receipt", "")
        with open(w.path("r.receipt"), "rb") as f, open(w.path("broken.receipt"), "wb") as g:
            data = bytearray(f.read())
            data[len(data) // 2] ^= 1
            g.write(data)
        w.run("audit", "receipt", "broken.receipt", code=8)
        w.run("export", "bundle", "--out", "bundle")
        out, _ = w.run("audit", "verify", "bundle", "--report", "report.json")
        expect_in("VERIFIED", out)
        expect(os.path.exists(w.path("report.json")), "no report")
        out, _ = w.run("audit", "verify")
        expect_in("VERIFIED", out)


def killed_between_send_and_answer_the_same_command_books_once():
    rng = random.Random(7)
    with World() as w:
        w.run("devnet", "up")
        kills = 0
        for i in range(20):
            ref = draft(w, f"k{i}.json")
            p = w.spawn("contract", "submit", f"k{i}.json", *ONE)
            time.sleep(rng.uniform(0.0, 0.06))  # where the kill falls
            if p.poll() is None:
                p.kill()
                kills += 1
            p.wait()
            q = subprocess.run([os.path.join(BUILD, "zyd"), "contract", "submit", f"k{i}.json", *ONE], env=w.env, cwd=w.dir,
                               capture_output=True, text=True)
            expect(q.returncode == 0 or "E9109" in q.stderr, q.stderr)
            history = w.json("contract", "history", ref)
            expect([h["result"] for h in history].count("done") == 1, history)
        expect(kills > 0, "it was never killed")
        expect(len(w.json("contract", "list", "--limit", "500")["items"]) == 20, "another number of contracts")


def a_worked_example_through_real_nodes():
    for name in ("e3", "e5"):
        with World() as w:
            scenario = os.path.join(SOURCE, "tests", "scenarios", name + ".scn")
            report = w.json("scenario", "run", scenario, "--live", w.devnet)
            expect(report["ok"] and report["failures"] == 0 and report["postings"] > 0, report)
    with World() as w:
        text = open(os.path.join(SOURCE, "tests", "scenarios", "e3.scn"), encoding="utf-8").read()
        w.write("wrong.scn", text.replace("7,136.82", "7,136.83"))
        report = w.json("scenario", "run", "wrong.scn", code=8)
        expect(report["failures"] > 0, "a wrong fen was not noticed")


def the_quickstart_year_adds_up():
    with World() as w:
        w.run("devnet", "up", "--start", "2026-01-05")
        shutil.copy(os.path.join(SOURCE, "contracts", "guarantee", "examples", "loans-1000.csv"), w.path("loans.csv"))
        w.run("batch", "submit", "loans.csv", *ONE, code=7)
        out, err = w.run("demo", "year", timeout=300)
        expect_in("STOPPED", out)
        expect_in("is started again", err)
        positions = w.json("position", "list")
        expect(sum(p["net_fen"] for p in positions) == 0 and any(p["net_fen"] for p in positions), positions)
        # every member's books: debits are credits; what one is due from another, the other owes
        accounts = w.json("balance", "list")
        side = {}
        for a in accounts:
            signed = int(a["debits_fen"]) - int(a["credits_fen"])
            side[a["member"]] = side.get(a["member"], 0) + signed
            a["signed"] = signed
        expect(set(side.values()) == {0}, side)
        due = {(a["member"], a["account"][5:]): a["signed"] for a in accounts if a["account"].startswith("1141.")}
        owed = {(a["account"][5:], a["member"]): -a["signed"] for a in accounts if a["account"].startswith("2141.")}
        expect({k: v for k, v in due.items() if v} == {k: v for k, v in owed.items() if v}, (due, owed))
        out, _ = w.run("audit", "verify")
        expect_in("VERIFIED", out)


main(the_life_of_one_guarantee, killed_between_send_and_answer_the_same_command_books_once, a_worked_example_through_real_nodes,
     the_quickstart_year_adds_up)
