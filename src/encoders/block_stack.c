/* encoders/block_stack.c - an encoder's blocks, one after the other. */
#include "encoders/block_stack.h"

#include <string.h>

int64_t block_stack_frozen(const block_stack *s)
{
    int64_t first = s->layers;
    for (size_t i = 0; i < s->list->count; i++) {
        const listed_parameter *item = &s->list->items[i];
        if (!item->parameter->trainable || item->stage == STAGE_AFTER_BLOCKS)
            continue;
        /* a group's stage is its last layer; it is used from its first one on */
        int64_t used_from = item->stage == STAGE_BEFORE_BLOCKS ? -1 : item->stage - (s->shared - 1);
        first = used_from < first ? used_from : first;
    }
    return first;
}

static value *stack_embed(tape *t, const block_stack *s, const void *call)
{
    tape_mark mark = tape_scope_begin(t);
    return tape_scope_end(t, mark, s->embed(t, call));
}

static bool stack_context(tape *t, const block_stack *s, const void *call, block_context *context)
{
    *context = (block_context){0};
    return s->context == NULL || s->context(t, call, context);
}

static value *stack_run_layer(tape *t, const block_stack *s, int64_t layer, value *x, const block_context *context)
{
    const transformer_block *blocks = s->blocks + layer / s->shared * s->inner;
    for (int64_t i = 0; i < s->inner; i++)
        x = transformer_block_forward(t, &blocks[i], x, context);
    return x;
}

/* Layers [from, to).  Without a recording tape every layer leaves its result in the place of its input. */
static value *stack_run_layers(
    tape *t, const block_stack *s, int64_t from, int64_t to, value *x, const block_context *context, value **hidden)
{
    bool in_place = !tape_get_options(t)->record && hidden == NULL;
    for (int64_t i = from; i < to && x != NULL; i++) {
        tape_mark mark = tape_scope_begin(t);
        value *y = stack_run_layer(t, s, i, x, context);
        if (y == NULL)
            return NULL;
        if (in_place) {
            tape_copy(t, x, y);
            tape_scope_end(t, mark, NULL);
            continue;
        }
        x = tape_scope_end(t, mark, y);
        if (hidden != NULL)
            hidden[i + 1] = x;
    }
    return x;
}

/* The frozen front on a tape of its own, so that a recording tape keeps nothing of it. */
static value *stack_run_front(tape *t, const block_stack *s, const void *call, int64_t layers)
{
    tape_options options = *tape_get_options(t);
    options.record = options.training = false;
    tape *inner = tape_new(&options);
    if (inner == NULL) {
        tape_fail(t, SMAC_ERROR_MEMORY, __func__, "no memory for a tape");
        return NULL;
    }
    block_context context;
    value *x = stack_embed(inner, s, call), *result = NULL;
    if (stack_context(inner, s, call, &context))
        x = stack_run_layers(inner, s, 0, layers, x, &context, NULL);
    smac_error error;
    if (tape_status(inner, &error) != SMAC_OK)
        tape_fail_as(t, &error);
    else if (x != NULL)
        result = tape_value(t, 3, x->dim, tape_numbers(inner, x));
    tape_free(inner);
    return result;
}

value *block_stack_front(tape *t, const block_stack *s, const void *call)
{
    int64_t front = block_stack_frozen(s);
    return front >= 0 ? stack_run_front(t, s, call, front) : NULL;
}

value *block_stack_resume(tape *t, const block_stack *s, const void *call, value *front)
{
    block_context context;
    int64_t from = block_stack_frozen(s);
    if (front == NULL || from < 0 || !stack_context(t, s, call, &context))
        return NULL;
    return stack_run_layers(t, s, from, s->layers, front, &context, NULL);
}

value *block_stack_forward(tape *t, const block_stack *s, const void *call, value **hidden)
{
    int64_t front = tape_get_options(t)->record && hidden == NULL ? block_stack_frozen(s) : -1;
    value *x = front >= 0 ? stack_run_front(t, s, call, front) : stack_embed(t, s, call);
    block_context context;
    if (x == NULL || !stack_context(t, s, call, &context))
        return NULL;
    if (hidden != NULL)
        hidden[0] = x;
    return stack_run_layers(t, s, front > 0 ? front : 0, s->layers, x, &context, hidden);
}
