#!/usr/bin/env python3
"""Goal: a settlement cycle goes out to the banks as ISO 20022 and comes back as ISO 20022: the payments as pacs.009 and
pain.001, the banks' notices as camt.054 and camt.053; a wrong amount and a duplicate are told apart, a second import books
nothing, and the cycle settles from notices alone.
Method: a cycle of two banks and two others on a devnet; this program reads the payments with its own XML reader and writes the
banks' messages itself; schemas in miniature stand for those that a user has."""
import csv
import hashlib
import io
import json
import os
import re
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET

from cli import World, expect, expect_in, main, until

SCENARIO = """scenario ISO "a cycle whose payments go through the banks"
member BANK1 bank
member BANK2 bank
member GUAR guar
member REG reg
programme NETTING cycle
settlement NETTING
param accounts "GUAR BANK1 0062220001; REG BANK2 6222-02"

date 2025-12-01
do START CLOCK by BANK1
do OPENING O1 by BANK1,BANK2 debtor=BANK1 creditor=BANK2 amount=500000.01 debit=5011 credit=4021
expect posting BANK1 OPENING 5011 2141.BANK2 500,000.01 O-1
expect posting BANK2 OPENING 1141.BANK1 4021 500,000.01 O-1
do OPENING O2 by GUAR,BANK2 debtor=GUAR creditor=BANK2 amount=200000.00 debit=5011 credit=4021
expect posting GUAR OPENING 5011 2141.BANK2 200,000.00 O-2
expect posting BANK2 OPENING 1141.GUAR 4021 200,000.00 O-2
do OPENING O3 by GUAR,REG debtor=GUAR creditor=REG amount=100000.02 debit=5011 credit=4021
expect posting GUAR OPENING 5011 2141.REG 100,000.02 O-3
expect posting REG OPENING 1141.GUAR 4021 100,000.02 O-3
date 2025-12-01 16:00
expect cycle NETTING 1 COMPUTED
do CONFIRM C1 by BANK1 cycle=@NETTING#1 statement=@NETTING#1/BANK1
do CONFIRM C2 by BANK2 cycle=@NETTING#1 statement=@NETTING#1/BANK2
do CONFIRM C3 by GUAR cycle=@NETTING#1 statement=@NETTING#1/GUAR
do CONFIRM C4 by REG cycle=@NETTING#1 statement=@NETTING#1/REG
expect cycle NETTING 1 INSTRUCTED
"""
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:iso:std:iso:20022:tech:xsd:%s"
 elementFormDefault="qualified"><xs:element name="Document"><xs:complexType><xs:sequence><xs:element name="%s"><xs:complexType>
 <xs:sequence><xs:any processContents="skip" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element></xs:sequence>
 </xs:complexType></xs:element></xs:schema>"""


def started(w):
    w.write("iso.scn", SCENARIO)
    report = w.json("scenario", "run", "iso.scn", "--live", w.devnet)
    expect(report["ok"] and report["failures"] == 0, report)


def payments(w, name):
    """EndToEndId -> amount and account of payer, by an XML reader that is not ours."""
    out = {}
    root = ET.parse(w.path(name)).getroot()
    ns = root.tag[:root.tag.index("}") + 1]
    for group in [root] if "pacs" in ns else root.iter(ns + "PmtInf"):
        for tx in group.iter(ns + "CdtTrfTxInf"):
            amount = tx.find(f".//{ns}IntrBkSttlmAmt")
            amount = tx.find(f".//{ns}InstdAmt") if amount is None else amount
            expect(amount.get("Ccy") == "CNY", amount.attrib)
            payer = (tx if "pacs" in ns else group).find(f"{ns}DbtrAcct/{ns}Id/{ns}Othr/{ns}Id").text
            payee = tx.find(f"{ns}CdtrAcct/{ns}Id/{ns}Othr/{ns}Id").text
            uetr = tx.find(f".//{ns}UETR").text
            expect(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", uetr), uetr)
            out[tx.find(f".//{ns}EndToEndId").text] = (amount.text, payer, payee, uetr)
    return out


def camt(kind, entries):
    """A bank's message: (account, reference, side, amount, EndToEndId, UETR)."""
    body, part = ("BkToCstmrDbtCdtNtfctn", "Ntfctn") if kind == 54 else ("BkToCstmrStmt", "Stmt")
    text = '<?xml version="1.0" encoding="UTF-8"?>\n'
    text += f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.0{kind}.001.08"><{body}>\n'
    text += "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2025-12-01T16:40:00+08:00</CreDtTm></GrpHdr>\n"
    for i, (account, reference, side, amount, e2e, uetr) in enumerate(entries):
        text += f"<{part}><Id>R{i}</Id><Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>\n"
        text += f'<Ntry><Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        text += "<BookgDt><Dt>2025-12-01</Dt></BookgDt><ValDt><Dt>2025-12-01</Dt></ValDt>"
        text += f"<AcctSvcrRef>{reference}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>{e2e}</EndToEndId>"
        text += f"<UETR>{uetr}</UETR></Refs></TxDtls></NtryDtls></Ntry></{part}>\n"
    return text + f"</{body}></Document>\n"


def verdicts(report):
    return [e["verdict"] for e in report["entries"]]


def the_cycle_settles_from_what_the_banks_send():
    with World() as w:
        started(w)
        w.write("pacs.xsd", XSD % ("pacs.009.001.08", "FICdtTrf"))
        w.write("pain.xsd", XSD % ("pain.001.001.09", "CstmrCdtTrfInitn"))
        # out: one payment between banks, two of the guarantor; equal records give equal bytes
        made = w.json("cycle", "instructions", "NETTING#1", "--format", "pacs009", "--out", "fi.xml", "--schema", "pacs.xsd")
        expect(made["payments"] == 1 and made["amount_fen"] == 50000001, made)
        w.run("cycle", "instructions", "NETTING#1", "--format", "pain001", "--out", "cust.xml", "--schema", "pain.xsd")
        w.run("cycle", "instructions", "1", "--format", "pain001", "--out", "again.xml", lang="zh-CN")
        expect(w.read("cust.xml") == w.read("again.xml"), "two runs, two files")
        _, err = w.run("cycle", "instructions", "NETTING#1", "--format", "pain001", "--out", "no.xml", "--schema", "pacs.xsd",
                       code=6)
        expect_in("E8089", err)
        _, err = w.run("cycle", "instructions", "NETTING#1", "--format", "pain001", "--out", "no.xml", "--as", "BANK1", code=1)
        expect_in("pacs009", err)
        w.run("cycle", "instructions", "NETTING#1", "--format", "pain002", "--out", "no.xml", code=2)
        w.run("cycle", "instructions", "NETTING#1", "--format", "pain001", "--out", "cust.xml", code=6)
        w.write("codes.csv", "member,bank_code\nBANK1,102100099996\nBANK2,301290000007\n")
        w.run("cycle", "instructions", "NETTING#1", "--format", "pain001", "--out", "codes.xml", "--directory", "codes.csv",
              "--as", "GUAR")
        expect(w.read("codes.xml").count("<Cd>CNAPS</Cd>") == 3 and "<MmbId>102100099996</MmbId>" in w.read("codes.xml"),
               w.read("codes.xml"))
        w.write("codes.csv", "成员,行号\nBANK1,2100099996\n")
        _, err = w.run("cycle", "instructions", "NETTING#1", "--format", "pain001", "--out", "no.xml", "--directory",
                       "codes.csv", code=7)
        expect_in("E8077", err)
        between, others = payments(w, "fi.xml"), payments(w, "cust.xml")
        expect([v[0] for v in between.values()] == ["500000.01"], between)
        expect(sorted(v[0] for v in others.values()) == ["100000.02", "200000.00"], others)
        expect({v[1] for v in others.values()} == {"0062220001"}, others)
        (p1, (a1, own1, own2, u1)), = between.items()
        p2 = [e for e, v in others.items() if v[0] == "200000.00"][0]
        p3 = [e for e, v in others.items() if v[0] == "100000.02"][0]
        u2, u3 = others[p2][3], others[p3][3]

        # a member's statement as a bank would send it: entries add up to the net position
        w.write("stmt.xsd", XSD % ("camt.053.001.08", "BkToCstmrStmt"))
        w.run("cycle", "statement", "NETTING#1", "--as", "BANK2", "--format", "camt053", "--out", "stmt.xml", "--schema",
              "stmt.xsd")
        root = ET.parse(w.path("stmt.xml")).getroot()
        ns = root.tag[:root.tag.index("}") + 1]
        fen = [round(float(e.find(ns + "Amt").text) * 100) * (1 if e.find(ns + "CdtDbtInd").text == "CRDT" else -1)
               for e in [*root.iter(ns + "Ntry"), *root.iter(ns + "Bal")]]
        expect(len(fen) == 3 and sum(fen[:-1]) == fen[-1] == int(w.json("cycle", "statement", "NETTING#1", "--as",
                                                                        "BANK2")["net_fen"]), fen)
        w.run("cycle", "statement", "NETTING#1", "--format", "camt053", "--out", "no.xml", code=2)
        w.run("cycle", "statement", "NETTING#1", "--as", "BANK2", "--format", "camt053", code=2)

        # in: BANK1's notices with a wrong amount, a payment that is told twice, one of nobody
        first = camt(54, [(own1, "B1-1", "DBIT", a1, p1, u1), ("0062220001", "B1-2", "DBIT", "200000.01", p2, u2),
                          (own1, "B1-1", "DBIT", a1, p1, u1), ("0062220001", "B1-4", "DBIT", "1.00", "NOTPROVIDED", u1)])
        w.write("first.xml", first)
        wanted = ["matched", "wrong_amount", "duplicate", "unmatched"]
        dry = w.json("notices", "import", "first.xml", "--dry-run", code=7)
        expect(dry["dry_run"] and verdicts(dry) == wanted, dry)
        report = w.json("notices", "import", "first.xml", "--as", "BANK1", code=7)
        expect(verdicts(report) == wanted and report["matched"] == 1, report)
        expect(report["entries"][1]["reason_en"].endswith("200,000.00") and "金额" in report["entries"][1]["reason_zh"], report)
        expect([e["line"] for e in report["entries"]] == [5, 7, 9, 11], report)
        again = w.json("notices", "import", "first.xml", "--as", "BANK1", code=7)
        expect(verdicts(again) == ["duplicate", "wrong_amount", "duplicate", "unmatched"], again)
        # what is another bank's to send, or another account's, is not sent
        w.write("foreign.xml", camt(54, [(own2, "B2-1", "CRDT", a1, p1, u1), ("6222-99", "X", "DBIT", "200000.00", p2, u2)]))
        foreign = w.json("notices", "import", "foreign.xml", "--as", "BANK1", code=7)
        expect([e["reason_en"] for e in foreign["entries"]] ==
               ["another bank is to send this notice: BANK2", "the account is not the one registered"], foreign)
        # the statement of the day repeats what was told, and tells the rest
        w.write("day1.xml", camt(53, [(own1, "B1-1", "DBIT", a1, p1, u1), ("0062220001", "B1-5", "DBIT", "200000.00", p2, u2),
                                      ("0062220001", "B1-6", "DBIT", "100000.02", p3, u3)]))
        out, _ = w.run("notices", "import", "day1.xml", "--as", "BANK1", lang="zh-CN")
        expect_in("相符 2", out)
        expect_in("重复 1", out)
        expect(w.json("cycle", "statement", "NETTING#1")["state"] == "SETTLING", "settled by one side alone")
        # one notice comes in a list
        w.write("list.csv", "业务编号,清算周期,方向,端到端标识,金额,账号,流水号,起息日\n"
                f"B2-3,NETTING#1,贷记,{p3},\"100,000.02\",6222-02,B2-3,2025-12-01\n")
        expect(w.json("batch", "submit", "list.csv", "--type", "notices", "--as", "BANK2")["done"] == 1, "the list")
        w.write("day2.xml", camt(54, [(own2, "B2-1", "CRDT", a1, p1, u1), ("whatever", "B2-2", "CRDT", "200000.00", p2, u2),
                                      ("6222-02", "B2-3", "CRDT", "100000.020", p3, u3)]))
        report = w.json("notices", "import", "day2.xml", "--as", "BANK2")
        expect(verdicts(report) == ["matched", "matched", "duplicate"], report)
        for _ in range(100):
            cycle = w.json("cycle", "statement", "NETTING#1")
            if cycle["state"] == "CLOSED":
                break
        expect(cycle["state"] == "CLOSED" and {p["state"] for p in cycle["payments"]} == {"MATCHED"}, cycle)
        again = w.json("notices", "import", "day2.xml", "--as", "BANK2")
        expect(verdicts(again) == ["duplicate"] * 3, again)
        _, err = w.run("cycle", "instructions", "NETTING#1", "--format", "pain001", "--out", "no.xml", code=1)
        expect_in("9111", err)


def api(w, member, path, token, status=200, accept="application/json"):
    port = [m for m in json.load(open(os.path.join(w.devnet, "devnet.json")))["members"] if m["code"] == member][0]["api_port"]
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}",
                                                                                "Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            body, got = answer.read().decode("utf-8-sig"), answer.status
    except urllib.error.HTTPError as e:
        body, got = e.read().decode(), e.code
    expect(got == status, (path, got, body))
    return json.loads(body) if body.startswith("{") else body


def a_cycle_is_told_over_http_to_those_whom_it_concerns():
    with World() as w:
        started(w)
        own = "own-token-0123456789abcdef"
        with open(os.path.join(w.devnet, "BANK1", "tokens"), "a", encoding="utf-8") as f:
            f.write(f"auditor own {hashlib.sha256(own.encode()).hexdigest()} GUAR\n")
        w.run("devnet", "kill", "BANK1")
        w.run("devnet", "heal")
        everything = open(os.path.join(w.devnet, "BANK1", "maker.token"), encoding="utf-8").read().strip()
        listed = api(w, "BANK1", "/v1/cycles", everything)["items"]
        expect([c["number"] for c in listed] == [1] and listed[0]["state"] == "INSTRUCTED" and listed[0]["unmatched"] == 3,
               listed)
        one = api(w, "BANK1", "/v1/cycles/current?programme=NETTING", everything)
        expect(one["id"] == listed[0]["id"] and len(one["payment_list"]) == 3 and one["next_cut_off"] > one["cut_off"], one)
        for member in ("BANK1", "BANK2", "GUAR", "REG"):  # what people print and what programs read is one thing
            http = api(w, "BANK1", f"/v1/cycles/1/statement?member={member}", everything)
            cli = w.json("cycle", "statement", "NETTING#1", "--as", member)
            expect(http["statement"] == cli["statement"] and http["net_fen"] == cli["net_fen"], (http, cli))
            for mine, theirs in (("obligations", "id"), ("payments", "end_to_end"), ("positions", "net_fen")):
                expect([o[theirs] for o in http[mine]] == [o[theirs] for o in cli[mine]], (mine, http, cli))
        all_rows = api(w, "BANK1", "/v1/cycles/1/statement", everything)
        expect(len(all_rows["obligations"]) == 3 and "statement" not in all_rows, all_rows)
        rows = list(csv.DictReader(io.StringIO(api(w, "BANK1", "/v1/cycles/1/statement?format=csv", everything))))
        expect([(r["kind"], r["from"], r["to"], r["amount_yuan"]) for r in rows if r["kind"] == "PAYMENT"] ==
               [(p and "PAYMENT", p["payer"], p["payee"], p["amount_yuan"]) for p in all_rows["payments"]] and len(rows) == 6,
               rows)
        expect(api(w, "BANK1", "/v1/cycles/1/statement", everything, accept="text/csv").startswith("kind,number,id"), "Accept")
        # a member's own token: its rows, all net positions, nobody else's statement
        mine = api(w, "BANK1", "/v1/cycles/1/statement", own)
        expect(mine["member"] == "GUAR" and len(mine["obligations"]) == 2 and len(mine["payments"]) == 2, mine)
        expect(len(mine["positions"]) == 4, mine)
        expect(len(api(w, "BANK1", "/v1/cycles/1", own)["payment_list"]) == 2, "payments of others")
        api(w, "BANK1", "/v1/cycles/1/statement?member=BANK1", own, status=403)
        for path, status in (("2", 404), ("0", 404), ("x", 404), ("1x", 404), ("1/statement?member=NOBODY", 400),
                             ("1?programme=NONE", 400)):
            api(w, "BANK1", f"/v1/cycles/{path}", everything, status=status)


def at_node(w, code, role="maker"):
    m = [m for m in json.load(open(os.path.join(w.devnet, "devnet.json"), encoding="utf-8"))["members"] if m["code"] == code][0]
    return ["--node", f"http://127.0.0.1:{m['api_port']}", "--token-file", os.path.join(w.devnet, code, f"{role}.token"),
            "--consortium", os.path.join(w.devnet, "consortium.json")]


def instructed_in_a_dual_programme(w):
    """A cycle of a programme that wants maker and checker: the bank owes one payment.  Gives the cycle's id, the
    payment's EndToEndId and its UETR."""
    w.run("devnet", "up", "--start", "2026-01-05")
    token = "checker-token-0123456789abcdef"
    w.write("devnet/BANK/checker.token", token + "\n")
    os.chmod(w.path("devnet/BANK/checker.token"), 0o600)
    with open(w.path("devnet/BANK/tokens"), "a", encoding="utf-8") as f:
        f.write(f"checker all {hashlib.sha256(token.encode()).hexdigest()} BANK\n")
    w.run("devnet", "kill", "BANK")
    w.run("devnet", "heal")
    known = json.load(open(os.path.join(w.devnet, "consortium.json"), encoding="utf-8"))
    cycle = [p for p in known["programmes"] if p["code"] == "CYCLE"][0]
    cycle.update(id=60, code="DUALNET", dual=True, settlement=60)
    w.write("dual.json", json.dumps(cycle, ensure_ascii=False))
    w.run("programme", "propose", "dual.json", "--as", "BANK")
    for member in [m["code"] for m in known["members"] if m["role"] != "AUD" and m["code"] != "BANK"]:
        if w.json("programme", "approve", "DUALNET", "--as", member)["state"] == "done":
            break
    until("DUALNET at the bank's node", lambda: "DUALNET" in [p["code"] for p in w.json("programme", "list", "--as", "BANK")])
    keys = [word for member, officer in (("BANK", "maker"), ("BANK", "checker"), ("GUAR", "maker"))
            for word in ("--key", os.path.join(w.devnet, member, "keys", officer + ".key"))]
    w.run("contract", "do", "START", "CLOCK", "--programme", "DUALNET", "--as", "BANK")
    opening = ["contract", "do", "OPENING", "O1", "--programme", "DUALNET", "debtor=BANK", "creditor=GUAR", "amount=500000.01",
               "debit=5011", "credit=4021"]
    w.run(*opening, *keys)
    w.run("devnet", "clock", "--to", "2026-01-05T16:05:00+08:00")
    token = open(os.path.join(w.devnet, "BANK", "maker.token"), encoding="utf-8").read().strip()

    def reached(state):
        return until(state, lambda: [c["id"] for c in api(w, "BANK", "/v1/cycles?programme=DUALNET", token)["items"]
                                     if c["state"] == state])[0]

    cycle = reached("COMPUTED")
    for member in ("BANK", "GUAR"):
        paper = w.json("cycle", "statement", "DUALNET#1", "--as", member)["statement"]
        w.run("contract", "do", "CONFIRM", "C-" + member, "--programme", "DUALNET", "cycle=" + cycle, "statement=" + paper,
              "--as", member)
    reached("INSTRUCTED")
    w.run("cycle", "instructions", "DUALNET#1", "--format", "pain001", "--out", "pay.xml")
    return [(cycle, e, v[3]) for e, v in payments(w, "pay.xml").items()][0]


def a_notice_that_waits_for_its_checker_is_no_match_and_goes_out_once():
    with World() as w:
        cycle, e2e, uetr = instructed_in_a_dual_programme(w)
        token = open(os.path.join(w.devnet, "BANK", "maker.token"), encoding="utf-8").read().strip()

        def drafts():
            return [p["op_id"] for p in api(w, "BANK", "/v1/pending?state=awaiting_checker", token)["items"]]

        w.write("bank.xml", camt(54, [("1", "B-1", "DBIT", "500000.01", e2e, uetr)]))
        dry = w.json("notices", "import", "bank.xml", "--dry-run", *at_node(w, "BANK"))
        expect(verdicts(dry) == ["matched"] and dry["waiting"] == 0 and drafts() == [], dry)
        told = w.json("notices", "import", "bank.xml", *at_node(w, "BANK"))
        expect(verdicts(told) == ["waiting"] and told["matched"] == 0 and told["waiting"] == 1, told)
        expect_in("checker", told["entries"][0]["reason_en"])
        expect(len(drafts()) == 1, drafts())
        # again, from the statement of the day with a reference of its own, and by hand at a desk that holds a key: still one
        w.write("day.xml", camt(53, [("1", "OTHER", "DBIT", "500000.01", e2e, uetr)]))
        for words in (["bank.xml"], ["day.xml"], ["day.xml", "--dry-run"]):
            again = w.json("notices", "import", *words, *at_node(w, "BANK"))
            expect(set(verdicts(again)) == {"waiting"} and again["matched"] == 0 and len(drafts()) == 1, again)
        expect(verdicts(w.json("notices", "import", "bank.xml", "--as", "BANK")) == ["waiting"], "a maker's key alone")
        out, _ = w.run("notices", "import", "bank.xml", *at_node(w, "BANK"), lang="zh-CN")
        expect_in("相符 0", out)
        expect_in("等待签署 1", out)
        expect_in("等待复核人批准", out)
        expect(w.json("cycle", "statement", "DUALNET#1")["payments"][0]["state"] == "OPEN", "noticed by a maker alone")
        # of another member no notice waits, and its node does not sign for the bank
        w.write("guar.xml", camt(54, [("6222-GUAR", "G-1", "CRDT", "500000.01", e2e, uetr)]))
        _, err = w.run("notices", "import", "guar.xml", *at_node(w, "BANK"), "--as", "GUAR", code=2)
        expect_in("--key", err)
        # one notice by hand says so, too
        words = ["contract", "do", "NOTICE", "G-1", "--programme", "DUALNET", "cycle=" + cycle, "side=CREDIT",
                 "end_to_end=" + e2e, "amount=500000.01", "account=6222-GUAR", "bank_ref=G-1", "value_date=2026-01-05",
                 *at_node(w, "BANK")]
        one = w.json(*words)
        expect(one["status"] == "awaiting_checker", one)
        out, _ = w.run(*words)
        expect_in("waits for the checker", out)
        expect_in("countersign " + one["op_id"], out)
        expect(verdicts(w.json("notices", "import", "guar.xml", *at_node(w, "BANK"))) == ["waiting"], "submitted by hand")
        # the checkers approve: only now it counts
        expect(len(drafts()) == 2, drafts())
        for op in drafts():
            w.run("contract", "countersign", op, *at_node(w, "BANK", "checker"))
        until("CLOSED", lambda: w.json("cycle", "statement", "DUALNET#1")["state"] == "CLOSED")
        expect(verdicts(w.json("notices", "import", "bank.xml", *at_node(w, "BANK"))) == ["duplicate"] and drafts() == [],
               "the end")


def a_declined_notice_is_told_as_refused_and_an_officer_may_decline():
    with World() as w:
        _, e2e, uetr = instructed_in_a_dual_programme(w)
        w.write("bank.xml", camt(54, [("1", "B-1", "DBIT", "500000.01", e2e, uetr)]))
        w.json("notices", "import", "bank.xml", *at_node(w, "BANK"))
        token = open(os.path.join(w.devnet, "BANK", "maker.token"), encoding="utf-8").read().strip()
        op = api(w, "BANK", "/v1/pending?state=awaiting_checker", token)["items"][0]["op_id"]
        out, _ = w.run("contract", "decline", op, *at_node(w, "BANK", "checker"))
        expect_in("declined by the checker", out)
        told = w.json("notices", "import", "bank.xml", *at_node(w, "BANK"), code=7)
        expect(verdicts(told) == ["unmatched"] and told["entries"][0]["code"] == "E9102", told)


def a_file_that_is_not_a_notice_is_refused_with_its_line():
    with World() as w:
        w.write("dtd.xml", '<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>\n'
                '<Document>&a;</Document>')
        _, err = w.run("notices", "import", "dtd.xml", code=6)
        expect_in("E8088", err)
        expect_in("line 2: DOCTYPE", err)
        w.write("other.xml", "<Document>\n<Other/></Document>")
        _, err = w.run("notices", "import", "other.xml", code=6, lang="zh-CN")
        expect_in("E8094", err)
        expect_in("不是可读取的 camt", err)
        w.run("notices", "import", "missing.xml", code=6)
        w.write("camt.xsd", XSD % ("camt.054.001.08", "Nothing"))
        w.write("good.xml", camt(54, [("1", "R", "DBIT", "1.00", "E", "u")]))
        _, err = w.run("notices", "import", "good.xml", "--schema", "camt.xsd", code=6)
        expect_in("E8089", err)


if __name__ == "__main__":
    main(the_cycle_settles_from_what_the_banks_send, a_cycle_is_told_over_http_to_those_whom_it_concerns,
         a_notice_that_waits_for_its_checker_is_no_match_and_goes_out_once,
         a_declined_notice_is_told_as_refused_and_an_officer_may_decline, a_file_that_is_not_a_notice_is_refused_with_its_line)
