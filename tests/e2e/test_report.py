#!/usr/bin/env python3
"""Goal: a county's year tells what risk-compensation pools paid for its loans and what came back to them, apart from what the
guarantee side paid; a reversal takes back, a pool's loan without a guarantee on this ledger stands in the row without a county.
Method: one guarantee of a county, compensated; the bank's own part of it before a pool, recovered in part, recovered once more
by mistake and reversed; a second loan of the pool alone, demanded back.  The figures are written here, by hand."""
import csv
import io

from cli import World, expect, expect_in, main

SCENARIO = """scenario POOLS "a county's year with a pool"
member BANK bank
member POOL other
member COUNTY fiscal
member DEPT other
member GUAR guar
programme G
param preset TWO82
param banks BANK
param claim_open_days 0
programme P pool
param trustee POOL
param dept DEPT
param layers "MUTUAL POOL 0 100%; COUNTY COUNTY 1 100%"
param ratios 50%
param banks BANK
param trigger OVERDUE
param warn_ppm 0
param stop_ppm 0
param allow_bank_share yes
borrower X 91430100MA4TEXT00G

date 2026-01-05
do CREATE PA in P by POOL,COUNTY account=6225880000000001
do FUND F1 in P by POOL layer=MUTUAL amount=50.00 bank_ref=IN-1
do FUND F2 in P by COUNTY layer=COUNTY amount=5000.00 bank_ref=IN-2
do FUND_CONFIRM F1 by POOL amount=50.00 bank_ref=IN-1
expect posting POOL FUND 1001 3001.MUTUAL 50.00
do FUND_CONFIRM F2 by POOL amount=5000.00 bank_ref=IN-2
expect posting POOL FUND 1001 3001.COUNTY 5000.00
do ENROL W in P by DEPT borrower=X loan_class=1 valid_until=2026-12-31
do APPLY G1 in G by BANK borrower=X amount=2000 term_days=100 purpose=seed consent=sha256:c county=430121
do DD_DONE G1 by BANK,GUAR bank_report=sha256:r guar_report=sha256:g
do OFFER G1 by GUAR amount=2000 fee_ppm=0
do ISSUE G1 by GUAR,BANK letter=sha256:l valid_until=2026-01-31
do DISBURSE G1 by BANK drawdown=1 amount=2000 value_date=2026-01-05 maturity=2026-01-15 rate_ppm=0
expect posting BANK DRAW 1101 2101.X 2000.00
expect posting GUAR DRAW 9001 9002 1600.00
do REGISTER_LOAN L1 in P by BANK borrower=X loan=sha256:one loan_class=1 principal=2000 rate_ppm=4% drawn_on=2026-01-05 \\
   maturity=2026-06-30 guarantee=@G1
expect posting POOL MEMO 9001 9002 1000.00
do REGISTER_LOAN L2 in P by BANK borrower=X loan=sha256:two loan_class=1 principal=3000 rate_ppm=4% drawn_on=2026-01-05 \\
   maturity=2026-06-30
expect posting POOL MEMO 9001 9002 1500.00

date 2026-01-16
expect posting BANK OVERDUE 1102 1101 2000.00
do CLAIM G1 by BANK principal=2000 interest=0
do APPROVE G1 by GUAR amount=2000
expect posting GUAR CLAIM_OK 1135 2141.BANK 1600.00 O-1
expect posting BANK CLAIM_OK 1141.GUAR 1102 1600.00 O-1
expect posting GUAR OWN_PART 1131.91430100MA4TEXT00G 1135 1600.00
expect posting GUAR RELEASE 9002 9001 1600.00
do STATUS L1 by BANK what=OVERDUE since=2026-01-15
do STATUS L2 by BANK what=OVERDUE since=2026-01-15
do FILE L1 by BANK principal=2000
do DEPT_OK L1 by DEPT base=400
do REVIEW_OK L1 by POOL base=400 pay=200
expect posting POOL MEMO 9002 9001 1000.00
expect posting POOL DRAW 3001.MUTUAL 2141.BANK 50.00 O-2
expect posting POOL DRAW 3001.COUNTY 2141.BANK 150.00 O-2
expect posting BANK DRAW 1141.POOL 2191.POOL 200.00 O-2
do FILE L2 by BANK principal=3000
do DEPT_OK L2 by DEPT base=3000
do REVIEW_OK L2 by POOL base=3000 pay=1500
expect posting POOL MEMO 9002 9001 1500.00
expect posting POOL DRAW 3001.COUNTY 2141.BANK 1500.00 O-3
expect posting BANK DRAW 1141.POOL 2191.POOL 1500.00 O-3
do RECOVER L1 by BANK gross=100 cost=0 bank_ref=REC-1
expect posting BANK RECOV 1001 2171 100.00
expect posting BANK RECOV 2171 1102 50.00
expect posting BANK RECOV 2171 2141.POOL 50.00 O-4
expect posting POOL RECOV 1141.BANK 3009 50.00 O-4
expect posting BANK RECOV 2191.POOL 1102 50.00
do RECOVER L1 by BANK as REC2 gross=60 cost=0 bank_ref=REC-2
expect posting BANK RECOV 1001 2171 60.00
expect posting BANK RECOV 2171 1102 30.00
expect posting BANK RECOV 2171 2141.POOL 30.00 O-5
expect posting POOL RECOV 1141.BANK 3009 30.00 O-5
expect posting BANK RECOV 2191.POOL 1102 30.00
do REVERSE L1 by BANK op=@REC2 code=1
expect posting BANK RECOV 2171 1001 60.00
expect posting BANK RECOV 1102 2171 30.00
expect posting BANK RECOV 2141.POOL 2171 30.00 O-6
expect posting POOL RECOV 3009 1141.BANK 30.00 O-6
expect posting BANK RECOV 1102 2191.POOL 30.00
do DEMAND_BACK L2 by POOL finding=misused ppm=10%
expect posting BANK DEMAND_BACK 2191.POOL 2141.POOL 150.00 O-7
expect posting POOL DEMAND_BACK 1141.BANK 3009 150.00 O-7
"""


def the_years_of_a_county_and_of_no_county():
    with World() as w:
        w.write("pools.scn", SCENARIO)
        report = w.json("scenario", "run", "pools.scn", "--live", w.devnet)
        expect(report["ok"] and report["failures"] == 0, report)

        rows = {r["county"]: r for r in w.json("report", "county", "--year", "2026")}
        figures = {name: {k: int(v) for k, v in r.items() if k != "county"} for name, r in rows.items()}
        nothing = dict.fromkeys(figures[""], 0)
        expect(figures == {
            "430121": dict(nothing, loans=1, lent_fen=200000, guaranteed_fen=160000, compensated_fen=160000,
                           pool_compensated_fen=20000, pool_returned_fen=5000),
            "": dict(nothing, pool_compensated_fen=150000, pool_returned_fen=15000)}, figures)
        w.run("report", "county", "--year", "2026", "--csv", "county.csv")
        lines = list(csv.DictReader(io.StringIO(w.read("county.csv"))))
        expect([(r["county"], r["pool_compensated_yuan"], r["pool_returned_fen"]) for r in lines] ==
               [("", "1500.00", "15000"), ("430121", "200.00", "5000")], lines)
        out, _ = w.run("report", "county", "--year", "2026", lang="zh-CN")
        expect_in("资金池补偿", out)
        expect(w.json("report", "county", "--year", "2025") == [], "another year's")


if __name__ == "__main__":
    main(the_years_of_a_county_and_of_no_county)
