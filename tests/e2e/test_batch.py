#!/usr/bin/env python3
"""Goal: a batch is booked exactly once whatever is killed on the way, and every bad row is named.
Method: the example of 1,000 loans on a devnet; the submitter is killed with -9 again and again in the middle, the clock jumps
past the envelopes' validity, a node dies; the result must be the one of an undisturbed run, and the ledger must hold each loan
once."""
import csv
import io
import os
import random
import shutil
import time

from cli import SOURCE, World, expect, expect_in, main

LOANS = os.path.join(SOURCE, "contracts", "guarantee", "examples", "loans-1000.csv")


def result_of(w, name):
    rows = list(csv.DictReader(io.StringIO(w.read(name))))
    return {r["业务编号"] + "/" + str(i): (r["status"], r["code"], r["contract_id"]) for i, r in enumerate(rows)}


def check_names_every_bad_row_in_one_go():
    with World() as w:
        shutil.copy(LOANS, w.path("loans.csv"))
        report = w.json("batch", "check", "loans.csv", code=7)
        expect(report["rows"] == 1000 and report["good"] + len({i["row"] for i in report["issues"]}) == 1000, report["good"])
        codes = {i["code"] for i in report["issues"]}
        expect({"E8073", "E8075", "E8076", "E8078", "E8080"} <= codes, codes)
        for i in report["issues"]:
            expect(i["row"] >= 2 and i["reason"] and i["remedy"] and i["column"], i)
        out, err = w.run("batch", "check", "loans.csv", code=7, lang="zh-CN")
        expect_in("科学计数法", out)
        expect_in("统一社会信用代码", out)
        # GB18030 as a Chinese spreadsheet writes it
        text = open(LOANS, encoding="utf-8").read()
        with open(w.path("gb.csv"), "wb") as f:
            f.write(text.encode("gb18030"))
        gb = w.json("batch", "check", "gb.csv", code=7)
        expect(gb["encoding"] == "GB18030" and gb["good"] == report["good"], gb["encoding"])
        w.write("typo.csv", text.replace("业务编号", "业务编码", 1))
        _, err = w.run("batch", "check", "typo.csv", code=6)
        expect_in("E8071", err)
        expect_in("业务编号", err)
        template, _ = w.run("batch", "template", "--lang", "zh-CN")
        expect_in("业务编号", template)


def killed_and_resumed_it_is_booked_once():
    rng = random.Random(20261123)
    with World() as w:
        w.run("devnet", "up")
        shutil.copy(LOANS, w.path("loans.csv"))
        kills = 0
        for _ in range(12):  # small envelopes: many places to be killed at
            p = w.spawn("batch", "submit", "loans.csv", "--as", "BANK", "--chunk", "25")
            time.sleep(rng.uniform(0.03, 0.4))  # where the kill falls, not a wait for something
            if p.poll() is None:
                p.kill()
                kills += 1
            p.wait()
        expect(kills > 0, "it was never killed")
        done = w.json("batch", "resume", "loans.csv", "--as", "BANK", "--chunk", "25", code=7)
        expect(done["open"] == 0 and done["invalid"] == 30 and done["refused"] == 0, done)
        expect(done["already"] + done["done"] >= 970, done)
        first = result_of(w, "loans.result.csv")
        again = w.json("batch", "submit", "loans.csv", "--as", "BANK", code=7)
        expect(again["new"] == 0, again)
        expect(result_of(w, "loans.result.csv") == first, "a second submit changed the result")
        ids = [c for s, _, c in first.values() if s in ("done", "already")]
        expect(len(ids) == 970 and len(set(ids)) == 970, len(ids))

        # the ledger: each loan made once, and no application of ours was refused as a duplicate of ours
        made = set()
        after = []
        while True:
            page = w.json("contract", "list", "--limit", "500", *after)
            made |= {i["id"] for i in page["items"]}
            if not page["next"]:
                break
            after = ["--after", page["next"]]
        expect(made == set(ids), (len(made), len(ids)))
        expect(all(s == "done" for s, _, _ in first.values() if s not in ("invalid",)), {s for s, _, _ in first.values()})

        # without the journal, the ledger itself knows them
        os.remove(w.path("loans.csv.journal"))
        known = w.json("batch", "submit", "loans.csv", "--as", "BANK", code=7)
        expect(known["already"] == 970 and known["done"] == 0, known)


def an_envelope_whose_time_passed_is_looked_for_before_it_is_made_anew():
    with World() as w:
        w.run("devnet", "up", "--start", "2026-01-05")
        head = "client_ref,borrower,amount,term_days,purpose,county,consent\n"
        w.write("few.csv", head + "".join(f"R-{i},91430100MA4TEXT00G,{i + 1}.00,90,x,,sha256:c\n" for i in range(40)))
        w.run("devnet", "kill", "LGOV", "REG")  # no quorum: it is sent, and nobody can say more
        _, err = w.run("batch", "submit", "few.csv", "--as", "BANK", "--wait", "1", code=4)
        expect_in("E8003", err)
        w.run("devnet", "heal")
        w.run("devnet", "clock", "--to", "2026-01-05T13:00:00+08:00")  # far beyond valid_until
        done = w.json("batch", "resume", "few.csv", "--as", "BANK")
        expect(done["open"] == 0 and done["refused"] == 0 and done["done"] + done["already"] >= 40, done)
        page = w.json("contract", "list", "--limit", "500")
        expect(len(page["items"]) == 40, len(page["items"]))

        # an event on contracts that exist, by reference; one unknown reference is that row's fault only
        w.write("dd.csv", "contract,bank_report,guar_report\n" + "".join(f"R-{i},sha256:b,sha256:g\n" for i in (1, 2, 3)) +
                "NOBODY,sha256:b,sha256:g\n")
        some = w.json("batch", "submit", "dd.csv", "--type", "DD_DONE", "--as", "BANK", code=7)
        expect(some["refused"] == 1 and some["done"] == 3, some)


main(check_names_every_bad_row_in_one_go, killed_and_resumed_it_is_booked_once,
     an_envelope_whose_time_passed_is_looked_for_before_it_is_made_anew)
