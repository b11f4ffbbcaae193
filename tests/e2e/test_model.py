#!/usr/bin/env python3
"""Goal: the contract's arithmetic and events equal an independent implementation in another language.
Method: 50,000 random steps of tests/model through both; the long run is one command (tests/model/README.md)."""
import os
import subprocess
import sys

build, source = sys.argv[1], sys.argv[2]
run = subprocess.run([sys.executable, os.path.join(source, 'tests/model/run_random.py'), '--driver',
                      os.path.join(build, 'alloc_driver'), '--steps', '50000', '--seed', '20260621'],
                     stdout=subprocess.PIPE, text=True)
print(run.stdout, end='')
sys.exit(0 if run.returncode == 0 and run.stdout.endswith(' differences 0\n') else 1)
