#!/bin/sh
# Makes the seeds of fuzz_plugin from tests/vm/guests, packed small.  Run it in the source root.  The files are in
# the repository, and test_vm.c holds golden numbers of features.elf: make them again only together with these.
set -eu
out=tests/fuzz/corpus/plugin
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
rv="clang-14 --target=riscv64-unknown-elf -march=rv64im -mabi=lp64 -mno-relax -msmall-data-limit=0 -mcmodel=medany
    -O2 -ffreestanding -fno-pic -nostdlib -fno-asynchronous-unwind-tables -std=c11"
mkdir -p "$out"
for g in features calls; do
    $rv -c tests/vm/guests/$g.c -o "$tmp/$g.o"
    $rv -c contracts/sdk/mem.c -o "$tmp/mem.o"
    ld.lld-14 -m elf64lriscv --image-base=0x10000 -e contract_call --gc-sections -z separate-code \
        -z max-page-size=64 -s "$tmp/$g.o" "$tmp/mem.o" -o "$out/$g.elf"
done
