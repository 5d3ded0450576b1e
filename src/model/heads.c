/* model/heads.c - residual perceptrons and projections. */
#include "model/heads.h"

#include <stdio.h>

enum { NAME_LENGTH = 192 };

smac_status residual_head_add(parameter_store *s, const char *prefix, int64_t width, int64_t outputs, float dropout,
    residual_head *head, smac_error *error)
{
    char name[NAME_LENGTH];
    head->dropout = dropout;
    snprintf(name, sizeof name, "%s.first", prefix);
    TRY(linear_add(s, name, width, width, true, &head->first, error));
    snprintf(name, sizeof name, "%s.second", prefix);
    TRY(linear_add(s, name, width, width, true, &head->second, error));
    snprintf(name, sizeof name, "%s.third", prefix);
    return linear_add(s, name, width, outputs, true, &head->third, error);
}

value *residual_head_forward(tape *t, const residual_head *head, value *x)
{
    value *inner = op_dropout(t, linear_forward_activation(t, &head->first, x, ACTIVATION_RELU), head->dropout);
    return linear_forward(t, &head->third, op_add(t, linear_forward(t, &head->second, inner), x));
}

smac_status projection_head_add(
    parameter_store *s, const char *prefix, int64_t width, int64_t projection, projection_head *head, smac_error *error)
{
    char name[NAME_LENGTH];
    snprintf(name, sizeof name, "%s.up", prefix);
    TRY(linear_add(s, name, width, width, true, &head->up, error));
    snprintf(name, sizeof name, "%s.down", prefix);
    return linear_add(s, name, width, projection, true, &head->down, error);
}

value *projection_head_forward(tape *t, const projection_head *head, value *x)
{
    return linear_forward(t, &head->down, linear_forward_activation(t, &head->up, x, ACTIVATION_GELU));
}
