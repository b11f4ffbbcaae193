#!/usr/bin/env python3
"""Goal: from a JSON file to the first disbursed loan of a programme that genesis does not know, by the commands a person types
and without a restart (contracts/README.md shows the same walk); a new rate, year and contract too; a node that restarts and an
auditor find all of it.
Method: a devnet; the file is the consortium's own AH4321 under another code; members vote until the quorum is there, and one
vote too early or too many is seen to change nothing."""
import copy
import json
import os

from cli import BUILD, World, expect, expect_in, main, until


def consortium(w):
    return json.load(open(os.path.join(w.devnet, "consortium.json"), encoding="utf-8"))


def new_programme(w, code, number):
    p = copy.deepcopy([p for p in consortium(w)["programmes"] if p["code"] == "AH4321"][0])
    p.update(id=number, code=code, name={"zh": "县域四三二一", "en": "County 4321"})
    w.write(code + ".json", json.dumps(p, ensure_ascii=False))


def in_force(w, *codes):
    """Each node gets there by itself, a block later or so."""
    for member in [m["code"] for m in json.load(open(os.path.join(w.devnet, "devnet.json")))["members"]]:
        until(f"{codes} in force at {member}",
              lambda: set(codes) <= {p["code"] for p in w.json("programme", "list", "--as", member)})


def voters(w):
    return [m["code"] for m in consortium(w)["members"] if m["role"] != "AUD"]


def quorum(n):
    return (n + (n - 1) // 3) // 2 + 1


def decide(w, file, code):
    """Proposed by the bank, approved one by one; refuses to call it done before the quorum."""
    who = ["BANK"] + [m for m in voters(w) if m != "BANK"]
    need = quorum(len(who))
    out, _ = w.run("programme", "propose", file, "--as", "BANK")
    expect_in("open", out)
    for i, m in enumerate(who[1:need], 2):
        one = w.json("programme", "approve", code, "--as", m)
        expect(one["votes"] == f"{i}/{need}" and one["state"] == ("done" if i == need else "open"), one)
    return need


def from_a_file_to_the_first_disbursed_loan():
    with World() as w:
        w.run("devnet", "up", "--start", "2026-01-05")
        new_programme(w, "COUNTY", 40)
        w.run("contract", "draft", "--programme", "COUNTY", "--out", "loan.json")
        ref = json.load(open(w.path("loan.json")))["client_ref"]
        _, err = w.run("contract", "submit", "loan.json", "--as", "BANK", code=6)
        expect_in("COUNTY", err)

        out, _ = w.run("programme", "propose", "COUNTY.json", "--as", "BANK")
        expect_in("open", out)
        _, err = w.run("programme", "propose", "COUNTY.json", "--as", "BANK", code=1)  # the same file again
        expect_in("E9109", err)
        _, err = w.run("programme", "approve", "COUNTY", "--as", "BANK", code=1)  # its proposer has voted
        expect_in("E9109", err)
        who = [m for m in voters(w) if m != "BANK"]
        need = quorum(len(who) + 1)
        for m in who[: need - 1]:
            expect("COUNTY" not in [p["code"] for p in w.json("programme", "list")], "in force before the quorum")
            w.run("programme", "approve", "COUNTY", "--as", m)
        in_force(w, "COUNTY")
        _, err = w.run("programme", "approve", "COUNTY", "--as", who[need - 1], code=1)
        expect_in("E9111", err)

        w.run("contract", "submit", "loan.json", "--as", "BANK")
        w.run("contract", "do", "DD_DONE", ref, "bank_report=sha256:b", "guar_report=sha256:g", "--as", "BANK,GUAR")
        w.run("contract", "do", "OFFER", ref, "amount=500000.00", "--as", "GUAR")
        w.run("contract", "do", "FILE_RE", ref, "filing=sha256:f", "--as", "REG")
        w.run("contract", "do", "ISSUE", ref, "letter=sha256:l", "valid_until=2026-03-01", "--as", "GUAR,BANK,LGOV")
        out, _ = w.run("contract", "do", "DISBURSE", ref, "drawdown=1", "amount=500,000.00", "value_date=2026-01-05",
                       "maturity=2026-06-20", "rate_ppm=4.35%", "--as", "BANK")
        expect_in("ACTIVE", out)
        expect(w.json("contract", "show", ref)["programme"] == "COUNTY", "under another programme")

        # a rate, a year to come, a contract: each from a file
        w.write("rate.json", '{"rate": {"name": "LPR1Y", "from": 20260120, "ppm": 30000}}')
        decide(w, "rate.json", "LPR1Y")
        year = max(y["year"] for y in consortium(w)["calendars"][0]) + 1
        w.write("year.json", json.dumps({"calendar": {"number": 0, "year": year, "holidays": ["01-01"], "workdays": []}}))
        decide(w, "year.json", f"0/{year}")
        elf = [os.path.join(r, "template.elf") for r, _, f in os.walk(BUILD) if "template.elf" in f][0]
        w.write("plugin.json", json.dumps({"plugin": {"contract": 77, "name": "iou", "file": elf}}))
        decide(w, "plugin.json", "iou")
        w.write("bad.json", json.dumps({"plugin": {"contract": 78, "name": "bad", "file": w.path("rate.json")}}))
        _, err = w.run("programme", "propose", "bad.json", "--as", "BANK", code=1)
        expect_in("E9127", err)
        p = {"id": 41, "contract": 77, "code": "IOU", "name": {"zh": "借据", "en": "IOU"}, "params": [100000000, 3]}
        w.write("IOU.json", json.dumps(p))
        decide(w, "IOU.json", "IOU")
        in_force(w, "IOU")
        states = {o["code"]: o["state"] for o in w.json("programme", "list", "--proposals")}
        expect(states == {"COUNTY": "done", "LPR1Y": "done", f"0/{year}": "done", "iou": "done", "IOU": "done"}, states)

        # nothing but the ledger holds it: a node that restarts has it, and an auditor executes it again
        w.run("devnet", "down")
        w.run("devnet", "up")
        in_force(w, "COUNTY", "IOU")
        expect(w.json("contract", "show", ref)["state"] == "ACTIVE", "the loan is gone")
        w.run("export", "bundle", "--out", "bundle")
        out, _ = w.run("audit", "verify", "bundle")
        expect_in("VERIFIED", out)


def a_proposal_is_taken_back_by_its_proposer_only():
    with World() as w:
        w.run("devnet", "up", "--start", "2026-01-05")
        new_programme(w, "COUNTY", 40)
        w.run("programme", "propose", "COUNTY.json", "--as", "GUAR")
        _, err = w.run("programme", "revoke", "COUNTY", "--as", "BANK", code=1)
        expect_in("E9102", err)
        expect(w.json("programme", "revoke", "COUNTY", "--as", "GUAR")["state"] == "revoked", "not revoked")
        _, err = w.run("programme", "approve", "COUNTY", "--as", "BANK", code=1)
        expect_in("E9111", err)
        w.run("programme", "propose", "COUNTY.json", "--ref", "AGAIN", "--as", "GUAR")
        new_programme(w, "BROKEN", 40)
        broken = json.load(open(w.path("BROKEN.json")))
        broken["pending_days"] = 0
        w.write("BROKEN.json", json.dumps(broken))
        w.run("programme", "propose", "BROKEN.json", "--as", "GUAR", code=6)


main(from_a_file_to_the_first_disbursed_loan, a_proposal_is_taken_back_by_its_proposer_only)
