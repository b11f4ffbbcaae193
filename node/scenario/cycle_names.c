/* cycle_names.c: ids and hashes of a settlement cycle, as contracts/cycle/record.c makes them. */
#include <zyd/crypto.h>
#include <zyd/cycle_names.h>

void zyd_cycle_id(struct zyd_hash *out, uint16_t programme, uint64_t number)
{
    struct {
        char tag[16];
        uint64_t programme, number;
    } in = {ZYD_CYCLE_TAG_ID, programme, number};
    zyd_sha256(out, &in, sizeof in);
}

size_t zyd_cycle_part_name(uint8_t name[ZYD_CYCLE_PART_NAME], char kind, const struct zyd_hash *id, uint32_t number)
{
    name[0] = (uint8_t)kind;
    memcpy(name + 1, id->b, 32);
    zyd_put32(name + 33, number);
    return kind == 'M' || kind == 'P' ? 33 : ZYD_CYCLE_PART_NAME;
}

void zyd_cycle_statement_hash(struct zyd_hash *out, const struct zyd_hash *id, const struct zyd_cycle *c,
                              const struct zyd_cycle_member rows[ZYD_CYCLE_MEMBERS_MAX], uint16_t member)
{
    struct zyd_cycle_statement s = {.round = c->round, .member = member};
    zyd_assert(member < ZYD_CYCLE_MEMBERS_MAX);
    memcpy(s.tag, ZYD_CYCLE_TAG_STATEMENT, sizeof ZYD_CYCLE_TAG_STATEMENT - 1);
    memcpy(s.cycle, id->b, sizeof s.cycle);
    s.row = rows[member];
    memcpy(s.set_hash, c->set_hash, sizeof s.set_hash);
    memcpy(s.gross_hash, c->gross_hash, sizeof s.gross_hash);
    memcpy(s.position_hash, c->position_hash, sizeof s.position_hash);
    memcpy(s.plan_hash, c->plan_hash, sizeof s.plan_hash);
    zyd_sha256(out, &s, sizeof s);
}
