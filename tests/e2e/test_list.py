#!/usr/bin/env python3
"""Goal: a thousand small farm loans under one signature by the commands an office types: checked, enrolled, taken up though killed in the
middle, each loan provable offline; a loan of the list is repaid, subsidised, claimed; a county's year is reported beside its attested tax.
Method: a devnet with a guarantee, a subsidy and a register; the root and the report's sums are computed here a second time."""
import csv
import hashlib
import io
import json
import os
import subprocess
import time

from cli import BUILD, World, expect, expect_in, main

SCENARIO = """scenario FARMS "lists of small loans"
member BANK bank
member GUAR guar
member REG reg
member LGOV fiscal
member DEPT other
member TAX fiscal
programme FARM
param preset AH4321
param banks BANK
param batch yes
param claim_open_days 0
param household_cap 50000.00
programme POINT subsidy
param preset SERVICE1PP
param settle_months 9
param banks BANK
param cost LGOV=1000000
param dept DEPT
programme REGISTER register
param tax_authority TAX

date 2026-01-05
do TAX T0 by TAX county=430121 year=2025 amount=1.00 document=sha256:t
"""
COUNT = 1000
ALL = ["--as", "BANK,GUAR,REG,LGOV"]


def digest(data):
    return hashlib.sha256(data).digest()


def uint(v):
    if v < 128:
        return bytes([v])
    size = next(n for n in (1, 2, 4, 8) if v < 256 ** n)
    return bytes([{1: 0xCC, 2: 0xCD, 4: 0xCE, 8: 0xCF}[size]]) + v.to_bytes(size, "big")


def leaf(loan):
    """SHA-256 of 0 and the canonical array of a loan, written from the format's description."""
    row = (b"\x98" + uint(loan["number"]) + b"\xc4\x20" + bytes.fromhex(loan["borrower"]) + uint(loan["fen"]) + uint(20260105) + uint(20261220) +
           uint(43500) + uint(loan["county"]) + b"\xc4\x20" + digest(loan["consent"].encode()))
    return digest(b"\x00" + row)


def root(nodes):
    while len(nodes) > 1:
        nodes = [digest(b"\x01" + nodes[i] + nodes[i + 1]) if i + 1 < len(nodes) else nodes[i] for i in range(0, len(nodes), 2)]
    return nodes[0].hex()


def yuan(fen):
    return f"{fen // 100}.{fen % 100:02d}"


def loans():
    return [{"number": 500000 + i, "borrower": f"{i + 1:064x}", "fen": 800000 + 7919 * i % 800000, "county": 430121 + i % 3,
             "consent": f"consent {i}"} for i in range(COUNT)]


def write_list(w, name, rows):
    w.write(name, "client_ref,number,borrower,amount,value_date,maturity,rate_ppm,county,consent\n" + "".join(
        f"F-{r['number']},{r['number']},{r['borrower']},{yuan(r['fen'])},2026-01-05,2026-12-20,4.35%,{r['county']},sha256:{r['consent']}\n" for r in rows))


def audit(w, digits, *words, code=0):
    p = subprocess.run([os.path.join(BUILD, "zyd-audit"), "receipt", *words, "--genesis", os.path.join(w.devnet, "consortium.json"),
                        "--genesis-hash", digits, "-o", "json"], capture_output=True, text=True, cwd=w.dir)
    expect(p.returncode == code, (words, p.returncode, p.stdout, p.stderr))
    return json.loads(p.stdout)


def a_thousand_loans_under_one_signature():
    rows = loans()
    with World() as w:
        w.write("farms.scn", SCENARIO)
        expect(w.json("scenario", "run", "farms.scn", "--live", w.devnet)["ok"], "the scenario")
        write_list(w, "loans.csv", rows)
        told = w.json("list", "check", "loans.csv")
        expect(told["root"] == root([leaf(r) for r in rows]), told)
        expect(told["count"] == COUNT and int(told["total_fen"]) == sum(r["fen"] for r in rows), told)

        # what is wrong is not signed: a number twice, an amount with three decimals
        write_list(w, "twice.csv", rows[:3] + [dict(rows[1], borrower=rows[5]["borrower"])])
        w.write("twice.csv", w.read("twice.csv").replace("F-500001", "F-X", 1))
        _, err = w.run("list", "check", "twice.csv", code=7)
        expect_in("500001", err)
        w.write("decimals.csv", w.read("loans.csv").replace(yuan(rows[9]["fen"]), yuan(rows[9]["fen"]) + "1", 1))
        out, _ = w.run("list", "check", "decimals.csv", code=7)
        expect_in("11", out)

        enrol = ["--programme", "FARM", "--ref", "L1", "--letter", "sha256:letter", "--until", "2026-02-27", "--purpose", "seed"]
        _, err = w.run("list", "take", "loans.csv", "--list", "L1", "--as", "BANK", code=1)
        enrolled = w.json("list", "enrol", "loans.csv", *enrol, *ALL)["op_id"]
        _, err = w.run("list", "enrol", "loans.csv", *[x if x != "L1" else "L2" for x in enrol], *ALL, code=1)
        expect_in("E9109", err)

        # a loan that is touched first; another file than the one that was signed
        one = w.json("list", "take", "loans.csv", "--list", "L1", "--row", "502", "--as", "GUAR")
        expect((one["new"], one["refused"], one["open"]) == (1, [], COUNT - 1), one)
        w.write("other.csv", w.read("loans.csv").replace("F-500000,500000", "F-500000,400000", 1))
        _, err = w.run("list", "take", "other.csv", "--list", "L1", "--as", "BANK", code=1)
        expect_in("E1128", err)
        # killed in the middle, then the rest
        p = w.spawn("list", "take", "loans.csv", "--list", "L1", "--as", "BANK")
        while p.poll() is None:
            if sum(x["client_ref"].startswith("L1/") for x in w.json("contract", "list", "--limit", "500")["items"]) > 1:
                p.kill()
        p.wait()
        start = time.time()
        other = w.spawn("list", "take", "loans.csv", "--list", "L1", "--as", "BANK")  # at the same time: no loan is refused for it
        rest = w.json("list", "take", "loans.csv", "--list", "L1", "--as", "BANK")
        seconds = time.time() - start
        expect(other.wait() == 0, other.returncode)
        expect(rest["new"] + rest["already"] == COUNT and rest["refused"] == [] and rest["open"] == 0, rest)
        print(f"{rest['new']} loans taken up in {seconds:.1f} s, {rest['already']} were there")
        again = w.json("list", "take", "loans.csv", "--list", "L1", "--as", "BANK")
        expect((again["new"], again["already"]) == (0, COUNT), again)

        # each loan is provable against the one signed operation
        digits = w.json("consortium", "fingerprint", os.path.join(w.devnet, "consortium.json"))["genesis_hash"]
        w.run("contract", "receipt", "L1", "--op", enrolled, "--out", "l1.receipt")
        w.run("list", "proof", "loans.csv", "--row", "502", "--out", "loan.json")
        seen = audit(w, digits, "l1.receipt", "--loan", "loan.json")
        expect(seen["loan"]["number"] == "500500" and seen["loan"]["amount_fen"] == str(rows[500]["fen"]), seen)
        expect(seen["operation"]["event"] == "ENROL_LIST", seen)
        proof = json.load(open(w.path("loan.json")))
        w.write("shifted.json", json.dumps(dict(proof, index=proof["index"] + 1)))
        audit(w, digits, "l1.receipt", "--loan", "shifted.json", code=8)
        w.write("changed.json", json.dumps(dict(proof, leaf=proof["leaf"][:-1] + ("0" if proof["leaf"][-1] != "0" else "1"))))
        audit(w, digits, "l1.receipt", "--loan", "changed.json", code=8)
        w.write("no.json", "{}")
        audit(w, digits, "l1.receipt", "--loan", "no.json", code=9)

        # the first that was taken up, row 502: subsidised; another repaid in part; another overdue, claimed, compensated
        w.write("subsidy.csv", "client_ref,borrower,household,loan,amount,value_date,maturity,rate_ppm,lpr_ppm,guarantee,drawdown\n"
                f"S1,{rows[500]['borrower']},sha256:h,sha256:f1,{yuan(rows[500]['fen'])},2026-01-05,2026-12-20,4.35%,3%,"
                f"{w.json('contract', 'show', 'L1/1')['id']},500500\n")
        done = w.json("batch", "submit", "subsidy.csv", "--type", "ENROL", "--product", "subsidy", "--programme", "POINT", "--as", "BANK,DEPT")
        expect((done["done"], done["refused"]) == (1, 0), done)
        second = "L1/2"
        w.run("contract", "do", "REPAY", "L1/3", f"drawdown={w.json('contract', 'show', 'L1/3')['drawdowns'][0]['number']}",
              "value_date=2026-01-05", "amount=1000.00", "--as", "BANK")
        principal = int(w.json("contract", "show", second)["principal_fen"])
        w.run("contract", "do", "OVERDUE", second, "overdue_date=2026-01-05", f"principal={yuan(principal)}", "interest=0", "--as", "BANK")
        w.run("contract", "do", "CLAIM", second, f"principal={yuan(principal)}", "interest=0", "--as", "BANK")
        w.run("contract", "do", "APPROVE", second, f"amount={yuan(principal)}", "--as", "GUAR")

        # a correction of the county's tax; the year's report
        t0 = [x["id"] for x in w.json("contract", "list", "--limit", "500")["items"] if x["contract"] == "register"][0]
        expect(len(t0) == 64, t0)
        report = {r["county"]: r for r in w.json("report", "county", "--year", "2026")}
        for code in ("430121", "430122", "430123"):
            mine = [r for r in rows if str(r["county"]) == code]
            got = report[code]
            expect(got["loans"] == len(mine) and int(got["lent_fen"]) == sum(r["fen"] for r in mine), got)
            guaranteed = sum(r["fen"] * 800000 // 10**6 + (r["fen"] * 800000 % 10**6 > 500000) for r in mine)
            expect(int(got["guaranteed_fen"]) == guaranteed, (got, guaranteed))
            expect("tax_fen" not in got, got)
        compensated = sum(int(r["compensated_fen"]) for r in report.values())
        expect(compensated == principal * 800000 // 10**6 + (principal * 800000 % 10**6 > 500000), (compensated, principal))
        expect(sum(int(r["subsidised_fen"]) for r in report.values()) == 0, report)
        # a year has the subsidy of its loan's county
        w.run("devnet", "clock", "--to", "2026-09-21")
        interest = (2 * rows[500]["fen"] * 258 * 43500 + 360 * 10**6) // (2 * 360 * 10**6)
        w.run("contract", "do", "SETTLE", "S1", "to=2026-09-20", f"interest={yuan(interest)}", f"paid={yuan(interest)}", "statement=sha256:s",
              "--as", "BANK,LGOV")
        w.run("export", "csv", "--out", "dump")
        paid = sum(int(p["amount_fen"]) for p in csv.DictReader(io.StringIO(w.read("dump/postings.csv"))) if p["dr"] == "5031" and p["label"] == "SUBSIDY")
        report = {r["county"]: r for r in w.json("report", "county", "--year", "2026")}
        expect(int(report[str(rows[500]["county"])]["subsidised_fen"]) == paid > 0, (report, paid))
        w.run("report", "county", "--year", "2025", "--csv", "county.csv")
        year = list(csv.DictReader(io.StringIO(w.read("county.csv"))))
        expect([(r["county"], r["tax_yuan"], r["loans"]) for r in year] == [("430121", "1.00", "0")], year)
        # an auditor executes all of it again, and adds up the books
        w.run("export", "bundle", "--out", "bundle")
        p = subprocess.run([os.path.join(BUILD, "zyd-audit"), "verify", "bundle", "--genesis-hash", digits, "--quiet"], capture_output=True, text=True,
                           cwd=w.dir)
        expect(p.returncode == 0, (p.returncode, p.stdout, p.stderr))


if __name__ == "__main__":
    main(a_thousand_loans_under_one_signature)
