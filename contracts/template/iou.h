/* iou.h: the words of the template contract, for it, its tests and its clients. */
#ifndef ZYD_TEMPLATE_IOU_H
#define ZYD_TEMPLATE_IOU_H

#include <zyd/contract.h>

enum iou_event {
    IOU_PROMISE = 1, /* makes it; args [debtor str, creditor str, amount u64 fen, due date i32]; both sign */
    IOU_EXTEND = 2,  /* args [new due date i32]; both sign */
    IOU_NOTE = 3     /* args [text str 1..100]; either signs; only emits it */
};
enum iou_state { IOU_OPEN = 1, IOU_OVERDUE = 2, IOU_PAID = 3 };
enum iou_label { IOU_LABEL_PROMISE = 1 };
enum iou_emitted { IOU_EMIT_OVERDUE = 1, IOU_EMIT_PAID = 2, IOU_EMIT_NOTE = 3 };
enum iou_deadline { IOU_DEADLINE_DUE = 1 };
enum iou_code { IOU_OVER_LIMIT = 1108, IOU_RANGE = 9104, IOU_BAD_ID = 9105, IOU_BAD_STATE = 9111, IOU_BAD_DATE = 9112 };

/* The object's record: what a contract keeps is its own affair; a plain struct without pointers is enough. */
struct iou {
    uint16_t debtor, creditor;
    uint8_t state, reserved[3];
    int32_t due, made;
    int64_t amount;
    uint8_t obligation[CT_ID_SIZE];
};
_Static_assert(sizeof(struct iou) == 56, "no padding: these bytes are hashed");

#endif
