/* guarantee_impl.h: the guarantee's own form of parameters: a share tree stands beside the slots (zyd/guarantee.h). */
#ifndef ZYD_GUARANTEE_IMPL_H
#define ZYD_GUARANTEE_IMPL_H

#include <zyd/product.h>

enum zyd_status zyd_guarantee_params_encode(struct zyd_wr *wr, char why[ZYD_WHY], const struct zyd_pair *pairs, size_t count,
                                            const struct zyd_members *members);
enum zyd_status zyd_guarantee_params_decode(zyd_emit *emit, void *ctx, struct zyd_span params,
                                            const struct zyd_members *members);

#endif
