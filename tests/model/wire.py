"""What goes over the wire to the driver: canonical MessagePack and the parameter record, from zyd/guarantee.h's tables."""
from datetime import date

EVENTS = dict(APPLY=1, DD_DONE=2, OFFER=3, FILE_RE=4, ISSUE=5, DISBURSE=6, REPAY=7, OVERDUE=8, CLAIM=9, APPROVE=10,
              RECOVER=11, WRITE_OFF=12, REFUSE=20, DISPUTE=21, RESOLVE=22, EXTEND=23, PREPAY=24, CURE=25)
LABELS = {2: 'DRAW', 3: 'FEE_CHARGE', 4: 'FEE_COLLECT', 5: 'REFEE', 6: 'FEE_EARN', 7: 'INT', 8: 'REPAY_INT', 9: 'REPAY_PRIN',
          10: 'RELEASE', 11: 'OVERDUE', 12: 'CLAIM_OK', 13: 'OWN_PART', 14: 'SHARE', 15: 'CAP_OVERFLOW', 16: 'RECOV',
          17: 'WRITE_OFF', 18: 'FEE_REFUND', 19: 'CURE'}
SLOTS = ('class settle cover batch open_from open_until guar reg nfgf first_payer collector base_rate rate_cap loan_basis '
         'settle_day settle_months fee_ppm fee_basis refee_reg_ppm refee_nfgf_ppm household_cap term_max min_bank_share '
         'auto_limit auto_claim file_later_days dd_wd offer_wd issue_wd report_wd notice_wd grace late_ppm claim_open_days '
         'claim_close_days review_wd pay_wd share_wd silence cap_ppm cap_period cap_overflow min_room warn_ppm stop_ppm '
         'auto_reset recovery_mode cost_limit refundable ext_max supply_wd net_assets leverage concentration_ppm small_max '
         'small_ppm').split()


SMALL = [bytes([i]) for i in range(128)]


def pack(v):
    kind = type(v)
    if kind is int:
        if 0 <= v < 128:
            return SMALL[v]
        for tag, size in ((0xcc, 1), (0xcd, 2), (0xce, 4), (0xcf, 8)):
            if 0 <= v < 1 << (8 * size):
                return bytes((tag,)) + v.to_bytes(size, 'big')
        raise ValueError(v)
    if v is None:
        return b'\xc0'
    if kind is bytes:
        return (b'\xc4' + bytes((len(v),)) if len(v) < 256 else b'\xc5' + len(v).to_bytes(2, 'big')) + v
    if kind is str:
        b = v.encode()
        return (bytes((0xa0 | len(b),)) if len(b) < 32 else b'\xd9' + bytes((len(b),))) + b
    if kind is bool:
        return SMALL[v]
    head = bytes((0x90 | len(v),)) if len(v) < 16 else b'\xdc' + len(v).to_bytes(2, 'big')
    return head + b''.join(map(pack, v))


def day(d):
    return d.year * 10000 + d.month * 100 + d.day


def date_of(v):
    return date(v // 10000, v // 100 % 100, v % 100)


def tree_bytes(tree, index):
    out = b''
    for name, ppm, below in tree:
        member = 0xffff if below else 0xfffe if name == 'BANK' else index[name]
        out += ppm.to_bytes(4, 'big') + member.to_bytes(2, 'big') + bytes([len(below), 0])
        out += tree_bytes(below, index)
    return out


def slots_of(p, index):
    """p: the model's parameters plus guar, reg, nfgf, first_payer, collector as member names or None."""
    slots = b''
    for name in SLOTS:
        v = p.get(name, {'class': 1, 'settle': 1, 'batch': 1, 'household_cap': 9 * 10**15, 'auto_limit': 9 * 10**15,
                         'auto_claim': 9 * 10**15, 'min_bank_share': 0, 'dd_wd': 10, 'offer_wd': 5, 'issue_wd': 10,
                         'review_wd': 10, 'pay_wd': 5, 'share_wd': 20, 'silence': 1, 'cap_period': 1, 'recovery_mode': 1,
                         'cost_limit': 9 * 10**15, 'file_later_days': 3000}.get(name, 0))
        if name in ('guar', 'reg', 'nfgf', 'first_payer', 'collector'):
            v = 0xffff if v is None else index[v]
        elif name == 'cover':
            v = {'PRINCIPAL': 1, 'INTEREST': 2}[v]
        elif name == 'cap_overflow':
            v = {'BANK': 1, 'REJECT': 2}[v]
        elif name == 'settle_months':
            v = sum(1 << (m - 1) for m in v)
        slots += v.to_bytes(8, 'big')
    return slots


def params(p, tree, index):
    return pack([slots_of(p, index), tree_bytes(tree, index), index['BANK'].to_bytes(2, 'big'), [], []])


def programme(p, tree, index, banks, evidence, tiers=None, grades=0):
    """tiers: [(highest amount, grade, tree)]; grades: the register's programme."""
    parts = [slots_of(p, index), tree_bytes(tree, index), b''.join(b.to_bytes(2, 'big') for b in banks), [], evidence]
    if tiers is not None:
        parts.append(grades.to_bytes(2, 'big') + b''.join(most.to_bytes(8, 'big') + bytes([grade, 0]) + tree_bytes(t, index)
                                                          for most, grade, t in tiers))
    return pack(parts)
