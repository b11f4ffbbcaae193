"""One side of the comparison: the driver over a pipe, and what an operation did.  The other side: what models have in common."""
import re
import subprocess
from collections import Counter
from datetime import date, timedelta

import wire


class Refused(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Silent(Exception):
    """The specification does not say; the history ends here and is counted."""


class Difference(Exception):
    pass


class Outcome:
    def __init__(self, text):
        words = text.split()
        self.code, self.event, self.deadline = (int(w) for w in words[:3])
        self.object, self.seq = words[3], int(words[4])
        self.warnings, self.rows, self.owed, self.changed = [], [], {}, '!' in words
        i = 5
        while i < len(words):
            w = words[i]
            if w[0] == '~':
                self.warnings.append(int(w[1:]))
            elif w[0] == '|':
                self.rows.append((int(w[1:]), int(words[i + 1]), int(words[i + 2]), words[i + 3], words[i + 4],
                                  int(words[i + 5]), words[i + 6]))
                i += 6
            elif w[0] == '@':
                self.owed[w[1:]] = (int(words[i + 1]), int(words[i + 2]), int(words[i + 3]))
                i += 5
            i += 1


def ms(day, minute=0):
    return ((day - date(1970, 1, 1)).days * 1440 + minute - 480) * 60000


class Driver:
    def __init__(self, path):
        self.p = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1 << 16)
        self.ops = 0
        self.log = []

    def tell(self, line):
        self.log.append(line)
        self.p.stdin.write(line + '\n')

    def ask(self, line):
        self.tell(line)
        self.p.stdin.flush()
        a = self.p.stdout.readline()
        if not a:
            raise Difference('the driver ended')
        return a[:-1]

    def ledger(self, members, plugins, programmes):
        """members: [(code, role)]; plugins: [(contract, name)]; programmes: [(id, contract, code, settlement, params)]"""
        self.log = []
        self.refs = 0
        self.tell(f'ledger {len(members)}')
        for i, (code, role) in enumerate(members):
            self.tell(f'member {i} {code} {role}')
        for number, name in plugins:
            self.tell(f'plugin {number} {name}')
        for p in programmes:
            self.tell(f'programme {p[0]} {p[1]} {p[2]} {p[3]} {p[4].hex()}')
        self.ask('start')
        self.now = 0

    def block(self, at):
        self.now = max(self.now + 1000, at)
        return [Outcome(o) for o in self.ask(f'block {self.now}').split(';')[:-1]]

    def op(self, contract, event, programme, member, obj, args, signers=()):
        self.ops += 1
        self.refs += 1
        a = self.ask(f'op {contract} {event} {programme} {member} {obj or "-"} REF{self.refs} '
                     f'{",".join(map(str, signers)) or "-"} {wire.pack(args).hex()}')
        return [Outcome(o) for o in a.split(';')[:-1]]

    def record(self, contract, obj):
        a = self.ask(f'record {contract} {obj}')
        return b'' if a == '-' else bytes.fromhex(a)

    def balance(self, member, programme, account):
        return int(self.ask(f'balance {member} {programme} {account}'))


class Owed:
    """An obligation of the model; settled: what happens then."""
    def __init__(self, debtor, creditor, amount, settled=None):
        self.key = (debtor, creditor, amount)
        self.debtor, self.creditor, self.amount, self.settled, self.id = debtor, creditor, amount, settled, None


class Books:
    """Postings and obligations of one call, and the sums of all."""
    def __init__(self, codes):
        self.codes = codes
        self.programme = 1
        self.sums = Counter()
        self.begin()

    def begin(self):
        self.rows, self.made, self.warnings = [], [], []

    def post(self, member, label, dr, cr, fen, owed=None):
        assert fen >= 0
        if fen:
            g = self.programme
            self.rows.append((member, g, label, dr, cr, fen, owed.key if owed else None))
            self.sums[member, g, dr] += fen
            self.sums[member, g, cr] -= fen

    def oblige(self, debtor, creditor, amount, settled=None):
        o = Owed(debtor, creditor, amount, settled)
        o.programme = self.programme
        self.made.append(o)
        return o

    def oblige_post(self, debtor, dr, creditor, cr, fen, label, settled=None):
        """debtor: dr / 2141.creditor; creditor: 1141.debtor / cr."""
        if fen == 0 or debtor == creditor:
            return None
        o = self.oblige(debtor, creditor, fen, settled)
        self.post(debtor, label, dr, '2141.' + self.codes[creditor], fen, o)
        self.post(creditor, label, '1141.' + self.codes[debtor], cr, fen, o)
        return o


class History:
    """Runs one life through both sides.  self.books belongs to the model."""
    CONTRACT = 0
    ROWLESS = ()

    def __init__(self, driver, rng, stats):
        self.d, self.r, self.stats = driver, rng, stats
        self.owed = []  # obligations not settled
        self.ids = set()
        self.last = ''
        self.paid = None

    def expect(self, what, mine, theirs):
        if mine != theirs:
            raise Difference(f'{what}\n   model {mine}\n   C     {theirs}\n   last  {self.last}')

    def compare_rows(self, what, outcomes):
        rows, owed = [], {}
        for o in outcomes:
            owed.update(o.owed)
            rows += [r[:6] + (owed.get(r[6]),) for r in o.rows]
        a, b = Counter(self.books.rows), Counter(rows)
        if a != b:
            raise Difference(f'{what}: postings\n   model only {sorted((a - b).elements(), key=str)}\n'
                             f'   C only     {sorted((b - a).elements(), key=str)}')
        new = [(i, k) for i, k in owed.items() if i not in self.ids]
        for o in self.books.made:
            for i, k in new:
                if k == o.key and i not in self.ids:
                    o.id = i
                    self.ids.add(i)
                    break
            else:
                raise Difference(f'{what}: obligation {o.key} of the model is not there')
            self.owed.append(o)
        left = [k for i, k in new if i not in self.ids]
        self.expect(what + ': obligations', [], left)

    def block(self, day=None, minute=540):
        """A block; what is due runs on both sides."""
        day = day or self.today
        self.books.begin()
        self.today = day
        out = self.d.block(ms(day, minute))
        bad = [o.code for o in out if o.code != 0]
        self.expect('SYS calls', [], bad)
        self.sys(out)
        self.compare_rows(f'SYS {day} {[(hex(o.event), o.deadline) for o in out]}', out)

    def sys(self, outcomes):
        raise NotImplementedError

    def act(self, name, event, programme, member, obj, args, signers, run, made=None):
        """run() is the model's; returns the object's id or None when refused."""
        self.block()
        self.books.begin()
        what = self.last = f'{self.today} {name} {args} by {member}'
        try:
            run()
            code = 0
        except Refused as e:
            code = e.code
            self.books.begin()
        out = self.d.op(self.CONTRACT, event, programme, member, obj, args, signers)
        last = out[-1]
        self.stats[f'{name} {code}'] += 1
        self.expect(what + ': code', code, last.code)
        if last.changed:
            raise Difference(what + ': refused, and something changed')
        self.compare_rows(what, [last])
        self.expect(what + ': warnings', sorted(self.books.warnings), sorted(last.warnings))
        if code == 0 and made is not None:
            made(last.object)
        self.block()
        return code == 0

    def pay(self, o):
        """PAID by both."""
        self.block()
        self.books.begin()
        d, c = o.debtor, o.creditor
        self.books.programme = o.programme
        self.books.post(d, 0xff01, '2141.' + self.codes[c], '1001', o.amount, o)
        self.books.post(c, 0xff01, '1001', '1141.' + self.codes[d], o.amount, o)
        out = self.d.op(0, 4, o.programme, d, o.id, ['REF'], [c])
        self.expect(f'PAID {o.key}', 0, out[-1].code)
        self.compare_rows(f'PAID {o.key}', out[-1:])
        self.owed.remove(o)
        self.stats['PAID 0'] += 1
        self.paid = o
        self.block()
        assert self.paid is None

    def end(self):
        """Balances, mirrors."""
        self.block()
        for (m, g, account), v in list(self.books.sums.items()):
            self.expect(f'balance {m} {g} {account}', v, self.d.balance(m, g, account))
            if account.startswith('1141.'):
                other = self.codes.index(account[5:])
                self.expect(f'mirror {m} {account}', v, -self.books.sums[other, g, '2141.' + self.codes[m]])


def defines(path, macro):
    """The numbers of a table of X(NAME, number, ...) in a header."""
    text = open(path, encoding='utf-8').read()
    body = re.search(r'#define %s\(X\)(.*?)\n\n' % macro, text, re.S).group(1)
    return {n: int(v) for n, v in re.findall(r'X\((\w+), (\d+),', body)}


def params(path, macro):
    """[(NAME, default)] of a parameter table."""
    text = open(path, encoding='utf-8').read()
    body = re.search(r'#define %s\(X\)(.*?)\n\n' % macro, text, re.S)
    body = body or re.search(r'#define %s\(X\)(.*?)\nenum' % macro, text, re.S)
    return [(n, int(v, 0)) for n, v in re.findall(r'X\((\w+), "[^"]*", \w+, (0x[0-9a-f]+|\d+),', body.group(1))]


def slots(table, values):
    for k in values:
        assert k in dict(table), k
    return b''.join(values.get(n, v).to_bytes(8, 'big') for n, v in table)


def workday(d):
    return d.weekday() < 5


def workday_add(d, n):
    while n > 0:
        d += timedelta(days=1)
        n -= workday(d)
    return d
