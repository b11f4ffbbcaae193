/* zoo.h: the events of the hostile guest (zoo.c), for it and its keeper (tests/unit/test_host_zoo.c). */
#ifndef ZYD_TESTS_ZOO_H
#define ZYD_TESTS_ZOO_H

enum zoo_event {
    ZOO_MAKE = 0,      /* makes an object; args [mode]: what its deadlines do */
    ZOO_RAW = 1,       /* args [count, n, a0 .. a5]: the same host call count times */
    ZOO_LOOP = 2,      /* for ever */
    ZOO_RECURSE = 3,   /* until the stack runs into what is below it */
    ZOO_STORE = 4,     /* args [address] */
    ZOO_LOAD = 5,      /* args [address] */
    ZOO_JUMP = 6,      /* args [address] */
    ZOO_RETURN = 7,    /* args [value] */
    ZOO_EBREAK = 8,
    ZOO_NOTHING = 9,
    ZOO_STACK = 10,    /* one frame larger than all memory */
    ZOO_FILL = 11,     /* writes all of memory below the stack, then refuses with 1001 */
    ZOO_PUTS = 12,     /* args [count, size]: records under different keys */
    ZOO_POSTS = 13,    /* args [count]: postings between different accounts of member 0 */
    ZOO_DUE = 14,      /* args [number, due_ms] */
    ZOO_OBLIGE = 15,   /* args [debtor, creditor, amount, gross] */
    ZOO_REQUIRE = 16,  /* args [look, member ...]: asks for signers; look 0: never calls require_end; then one posting */
    ZOO_WASTE = 17,    /* writes a record, a posting, a deadline, an event, a warning, then fails with args [code] */
    ZOO_DIVIDE = 18,   /* returns 0 if division by zero is as RISC-V says */
    ZOO_READBACK = 19, /* writes, posts, and refuses with 1002 unless it reads its own writes */
    ZOO_POST_AS = 20,  /* args [dr bin, cr bin, amount i64]: one posting in member 0's books; bytes are not checked here */
    ZOO_REVERSE = 21,  /* args [obligation id] */
    ZOO_EVENTS = 22    /* how many there are */
};
enum zoo_mode { /* of an object's deadlines */
    ZOO_EMITS = 0,     /* emit {number, due} */
    ZOO_REFUSES = 1,   /* refuse with 1003 */
    ZOO_LOOPS = 2,
    ZOO_REARMS = 3,    /* the same deadline again, due at once */
    ZOO_RECALLS = 4    /* sets deadline 1 an hour before this one (once), then as EMITS */
};

#endif
