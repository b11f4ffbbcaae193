#!/usr/bin/env python3
"""A bank's list of loans for a guarantee programme, with the faults that spreadsheets make.  Same seed, same bytes.

  ./gen_loans.py > loans-1000.csv                 1,000 rows, seed 20260621, 30 of them wrong
  ./gen_loans.py --rows 200 --seed 7 --clean      other sizes; --clean: no wrong rows
  ./gen_loans.py --faults                         the wrong rows: row, column, value, what is wrong (tab-separated)

Nothing here is a real firm or person: codes have right check characters (GB 32100-2015, GB 11714) over random digits, names are
made of common words, places are counties of Hunan (GB/T 2260), persons are random pseudonyms.  Amounts, terms and purposes are
drawn from what such programmes lend: 50,000 to 3,000,000 yuan, 6 to 36 months.
"""
import argparse
import csv
import hashlib
import random
import sys

HEADER = ['业务编号', '借款人名称', '统一社会信用代码', '金额', '期限(天)', '用途', '区县代码', '授权书']
ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY'   # GB 32100: no I O S V Z
COUNTIES = [('430121', '长沙县'), ('430181', '浏阳'), ('430182', '宁乡'), ('430281', '醴陵'), ('430321', '湘潭县'),
            ('430381', '湘乡'), ('430421', '衡阳县'), ('430426', '祁东'), ('430481', '耒阳'), ('430524', '隆回'),
            ('430581', '武冈'), ('430621', '岳阳县'), ('430626', '平江'), ('430681', '汨罗'), ('430721', '安乡'),
            ('430722', '汉寿'), ('430725', '桃源'), ('430821', '慈利'), ('430922', '桃江'), ('430923', '安化'),
            ('431021', '桂阳'), ('431022', '宜章'), ('431122', '东安'), ('431321', '双峰'), ('431322', '新化'),
            ('433122', '泸溪'), ('433125', '保靖')]
WORDS = ['丰谷', '湘禾', '金穗', '绿野', '云溪', '长兴', '惠民', '宏达', '新源', '天成', '顺安', '百汇', '众诚', '康田', '泰和']
# (kind of borrower, code prefix, what it does, purposes, amounts in yuan, months)
TRADES = [
    ('firm', '91', '农业科技有限公司', ['收购稻谷流动资金', '采购种子化肥', '仓储烘干设备'], (200_000, 3_000_000), (6, 12, 24)),
    ('firm', '91', '食品有限公司', ['采购原料', '冷链运输车辆', '扩建厂房'], (300_000, 3_000_000), (12, 24, 36)),
    ('firm', '91', '机械制造有限公司', ['采购钢材', '订单备货', '技术改造'], (500_000, 3_000_000), (6, 12)),
    ('firm', '91', '信息技术有限公司', ['研发投入', '人员工资'], (200_000, 2_000_000), (12, 24)),
    ('coop', '93', '种植专业合作社', ['春耕农资', '大棚建设', '土地流转租金'], (100_000, 1_000_000), (6, 12, 36)),
    ('coop', '93', '养殖专业合作社', ['购买种苗', '饲料采购', '圈舍改造'], (100_000, 1_500_000), (12, 24)),
    ('shop', '92', '农资经营部', ['农药化肥备货'], (50_000, 300_000), (6, 12)),
    ('person', '', '', ['水稻种植', '油茶抚育', '生猪养殖', '家庭农场农机具'], (50_000, 300_000), (6, 12, 24)),
]


def org_check(body):
    """GB 11714: check character of an eight-character organisation code."""
    total = sum(w * (int(c) if c.isdigit() else ord(c) - 55) for w, c in zip((3, 7, 9, 10, 5, 8, 4, 2), body))
    v = 11 - total % 11
    return {10: 'X', 11: '0'}.get(v, str(v))


def uscc(rng, prefix, county):
    while True:
        body = ''.join(rng.choice('0123456789') for _ in range(8))
        if rng.random() < 0.6:
            body = 'MA' + rng.choice('4567') + ''.join(rng.choice('0123456789ABCDEFGHJKLMNPQRTUWXY') for _ in range(5))
        code = prefix + county + body + org_check(body)
        total = sum(pow(3, i, 31) * ALPHABET.index(c) for i, c in enumerate(code))
        return code + ALPHABET[(31 - total % 31) % 31]


def yuan(rng, low, high):
    v = int(rng.triangular(low, high, low + (high - low) // 5))
    step = rng.choice([10_000, 10_000, 5_000, 1_000, 1])
    v = max(low, v // step * step) * 100
    if rng.random() < 0.08:
        v += rng.randint(1, 99)
    text = f'{v // 100}.{v % 100:02d}'
    if rng.random() < 0.3:
        text = f'{v // 100:,}.{v % 100:02d}'     # as an office types it
    return text


def row(rng, number):
    kind, prefix, trade, purposes, (low, high), months = rng.choices(TRADES, weights=[18, 10, 8, 4, 16, 14, 10, 20])[0]
    county, place = rng.choice(COUNTIES)
    if kind == 'person':
        borrower = hashlib.sha256(f'person {rng.random()}'.encode()).hexdigest()   # the bank's pseudonym, never the id number
        name = f'农户{number:04d}'
    else:
        borrower = uscc(rng, prefix, county)
        name = place + rng.choice(WORDS) + trade
    term = {6: 183, 12: 365, 24: 730, 36: 1096}[rng.choice(months)]
    ref = f'HN-2026-{number:06d}'
    consent = hashlib.sha256(f'consent {ref}'.encode()).hexdigest()
    return [ref, name, borrower, yuan(rng, low, high), str(term), rng.choice(purposes), county, consent]


def digits_only(rng, county):
    """A code without a letter: what Excel takes for a number and keeps 15 digits of."""
    while True:
        body = ''.join(rng.choice('123456789') for _ in range(8))
        check = org_check(body)
        if not check.isdigit():
            continue
        code = '91' + county + body + check
        total = sum(pow(3, i, 31) * ALPHABET.index(c) for i, c in enumerate(code))
        last = ALPHABET[(31 - total % 31) % 31]
        if last.isdigit() and code[15:] + last != '000':
            return code + last


def spoil(rng, rows):
    """Puts 30 faults into rows of their own; returns (row as in a spreadsheet, column, value, what is wrong)."""
    firms = [i for i, r in enumerate(rows) if len(r[2]) == 18]
    rng.shuffle(firms)
    persons = [i for i, r in enumerate(rows) if len(r[2]) == 64]
    rng.shuffle(persons)
    faults = []

    def put(i, column, value, what):
        rows[i][HEADER.index(column)] = value
        faults.append((i + 2, column, value, what))

    for _ in range(4):                      # a number of 18 digits in a cell that is not text
        i = firms.pop()
        code = digits_only(rng, rows[i][6])
        put(i, '统一社会信用代码', f'{int(code):.5E}', 'scientific notation in a code')
    for _ in range(4):
        i = firms.pop()
        code = digits_only(rng, rows[i][6])
        put(i, '统一社会信用代码', code[:15] + '000', 'only 15 digits kept')
    for _ in range(4):
        i = firms.pop()
        code = rows[i][2]
        wrong = rng.choice([c for c in ALPHABET if c != code[17]])
        put(i, '统一社会信用代码', code[:17] + wrong, 'wrong check character')
    for _ in range(2):
        i = firms.pop()
        put(i, '统一社会信用代码', rows[i][2][:17], 'one character short')
    for _ in range(2):
        i = persons.pop()
        put(i, '统一社会信用代码', rows[i][2][1:], 'the leading zero is lost')
    for _ in range(4):
        i, j = firms.pop(), firms.pop()
        put(max(i, j), '业务编号', rows[min(i, j)][0], f'the same reference as row {min(i, j) + 2}')
    for value, what in (('0', 'zero amount'), ('0.00', 'zero amount'), ('1E+06', 'scientific notation in an amount'),
                        ('1.2E+06', 'scientific notation in an amount'), ('-50000.00', 'negative amount'),
                        ('150000.005', 'three decimals'), ('20万元', 'an amount in words'), ('', 'no amount')):
        put(firms.pop(), '金额', value, what)
    put(firms.pop(), '期限(天)', '0', 'a term of no days')
    put(firms.pop(), '用途', '', 'no purpose')
    return sorted(faults)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('--rows', type=int, default=1000)
    a.add_argument('--seed', type=int, default=20260621)
    a.add_argument('--clean', action='store_true')
    a.add_argument('--faults', action='store_true')
    o = a.parse_args()
    rng = random.Random(o.seed)
    rows = [row(rng, i + 1) for i in range(o.rows)]
    faults = [] if o.clean or o.rows < 100 else spoil(rng, rows)
    if o.faults:
        for f in faults:
            print('\t'.join(map(str, f)))
        return
    out = csv.writer(sys.stdout, lineterminator='\r\n')
    out.writerow(HEADER)
    out.writerows(rows)


if __name__ == '__main__':
    main()
