"""What a programme of guarantees is set to: share trees and parameters, for both runs (run_random.py, guarantee_history.py)."""
import model

PRESETS = {
    'AH4321': [('BANK', 200000, []), ('REST', 800000, [('GUAR', 500000, []), ('REG', 375000, []), ('LGOV', 125000, [])])],
    'HN4321': [('BANK', 200000, []), ('REST', 800000, [
        ('PROV_SIDE', 500000, [('NFGF', 500000, []), ('PFIN', 250000, []), ('REG', 250000, [])]), ('GUAR', 375000, []),
        ('LOCAL', 125000, [('CITY', 500000, []), ('COUNTY', 500000, [])])])],
    'NAT2080': [('BANK', 200000, []), ('REST', 800000, [('NFGF', 250000, []), ('REG', 250000, []), ('GUAR', 500000, [])])],
    'SC206020': [('BANK', 200000, []), ('REST', 800000, [('REG', 250000, []), ('GUAR', 750000, [])])],
    'TECH35': [('BANK', 200000, []), ('REST', 800000, [('NFGF', 437500, []), ('REG', 250000, []), ('GUAR', 312500, [])])],
    'XC520': [('BANK', 200000, []), ('REST', 800000, [('NFGF', 250000, []), ('REG', 250000, []), ('CITY', 250000, []),
                                                      ('GUAR', 250000, [])])],
    'TWO82': [('BANK', 200000, []), ('GUAR', 800000, [])],
    'SZ91': [('BANK', 100000, []), ('GUAR', 900000, [])],
}
LEAVES = ('REG', 'NFGF', 'LGOV', 'PFIN', 'CITY', 'COUNTY')


def shares(r, n):
    cuts = sorted(r.sample(range(1, model.PPM), n - 1))
    return [b - a for a, b in zip([0] + cuts, cuts + [model.PPM])]


def tree(r):
    if r.random() < 0.5:
        return r.choice(list(PRESETS.values()))
    names = ['GUAR'] + r.sample(LEAVES, r.randint(0, len(LEAVES)))
    r.shuffle(names)
    groups = []
    while names:
        n = r.randint(1, min(3, len(names)))
        groups.append(names[:n])
        names = names[n:]
    below = [(g[0], share, []) if len(g) == 1 else (f'IN{i}', share, [(x, s, []) for x, s in zip(g, shares(r, len(g)))])
             for i, (g, share) in enumerate(zip(groups, shares(r, len(groups))))]
    bank, rest = shares(r, 2)
    return [('BANK', bank, []), ('REST', rest, below)] if len(below) > 1 or below[0][2] else \
           [('BANK', bank, []), (below[0][0], rest, [])]


def parameters(r, tree, collectors=()):
    """collectors: who may collect besides the leaves of the tree below the bank's."""
    names = model.rest_leaves(tree)
    return dict(
        guar='GUAR' if 'GUAR' in names else 'INS', reg='REG' if 'REG' in names else None,
        nfgf='NFGF' if 'NFGF' in names else None,
        first_payer=r.choice([None, None, r.choice(names)]),
        collector=r.choice([None, None, *collectors, r.choice(names)]), rate_cap=r.choice([1000000, 150000]),
        loan_basis=r.choice([360, 365]), settle_day=r.randint(1, 28),
        settle_months=r.choice([[3, 6, 9, 12], list(range(1, 13)), [12], [1, 7]]), fee_ppm=r.choice([0, 10000, 8765]),
        fee_basis=r.choice([360, 365]), refee_reg_ppm=r.choice([0, 3000, 1]), refee_nfgf_ppm=r.choice([0, 3000, 999]),
        term_max=1096, report_wd=r.randint(0, 3), notice_wd=r.randint(0, 6), grace=r.choice([0, 3, 30]),
        late_ppm=r.choice([0, 50000, 333333]), claim_open_days=r.choice([0, 60]), claim_close_days=r.choice([60, 180]),
        cap_ppm=r.choice([0, 0, 30000, 400000]), cap_overflow=r.choice(['BANK', 'BANK', 'REJECT']),
        min_room=r.choice([0, 1, 10**6]), warn_ppm=r.choice([0, 20000]), stop_ppm=r.choice([0, 0, 300000]),
        auto_reset=r.randint(0, 1), refundable=r.randint(0, 1), ext_max=r.choice([0, 0, 60, 500]),
        cover=r.choice(['PRINCIPAL', 'INTEREST']))


def insured(r, tree):
    """With an insurer (银政保): as the party that answers, or in place of a government."""
    names = model.rest_leaves(tree)
    out = r.choice(['GUAR'] + [n for n in names if n in LEAVES[2:]])

    def renamed(nodes):
        return [('INS' if n == out else n, ppm, renamed(below)) for n, ppm, below in nodes]
    return renamed(tree)


def reshared(r, tree, keep_bank):
    """The same members with other shares."""
    def again(nodes, parts):
        return [(n, part, again(below, shares(r, len(below))) if below else []) for (n, _, below), part in zip(nodes, parts)]
    return again(tree, [n[1] for n in tree] if keep_bank else shares(r, len(tree)))


def tiers(r, tree, p, grades):
    """[(highest amount or 0, grade or 0, tree)].  The bank's share is one where a cap counts on it: 3.1 knows one REST."""
    counted = p['cap_ppm'] or p['stop_ppm'] or p['warn_ppm']
    rows = [(r.choice([0, r.randint(10, 10**5), r.randint(10**6, 10**12)]), r.choice([0, 1, 2, 3]) if grades else 0,
             reshared(r, tree, counted or r.random() < 0.5)) for _ in range(r.randint(1, 4))]
    return rows + [(0, 0, tree)] * (r.random() < 0.7)
