#!/usr/bin/env python3
"""Goal: the contracts' arithmetic and events equal an independent implementation in another language.
Method: 20,000 random steps of tests/model through both, then random lives of each product, and of several on one ledger, with
and without what must be refused; the auditor's second look (zyd-audit, rederive) must find nothing in honest lives; the long
runs are one command each (tests/model/README.md)."""
import os
import subprocess
import sys

build, source = sys.argv[1], sys.argv[2]
PRODUCTS = ['guarantee', 'register', 'pool', 'voucher', 'subsidy', 'cycle']


def run(driver, *args):
    r = subprocess.run([sys.executable, os.path.join(source, 'tests/model/run_random.py'), '--driver',
                        os.path.join(build, driver), '--seed', '20260621', *args], stdout=subprocess.PIPE, text=True)
    print(r.stdout, end='')
    return r.returncode == 0 and r.stdout.endswith(' differences 0\n')


good = run('alloc_driver', '--steps', '20000')
for product in PRODUCTS:
    good = run('ledger_driver', '--product', product, '--histories', '80') and good
for style in ('--legal', '--illegal'):
    good = run('ledger_driver', '--mixed', style, '--histories', '120') and good
for args in (('--product', 'guarantee'), ('--product', 'subsidy'), ('--mixed', '--illegal')):
    good = run('ledger_audit', *args, '--histories', '60') and good
sys.exit(0 if good else 1)
